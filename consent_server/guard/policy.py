"""A Content Security Policy from the configuration and what is granted: the one lock that needs no script.

A policy can only list what may be loaded. "Everything but these" cannot be written in it, so:

- ``unknown_third_parties: block`` is an allow-list already: the site itself, the consent server, what is exempt, what
  is granted, what the owner adds. That is sent as it is.
- ``unknown_third_parties: allow`` cannot be said. Either the owner lists every other host that the site needs
  (``allow``) and lives with the rest being refused, or the policy is only reported (``report_only``), and the reports
  show what such a list would have to hold. With neither there is no policy.

Only hosts are restricted: inline code, ``eval``, ``data:`` and ``blob:`` pass, as with the banner. The site's own,
stricter policies are sent beside this one, and browsers apply each of several. What it cannot do: tell a tracker from
the rest of an allowed host when the pattern's path ends within a word; stop a tracker on the site's own hosts (paths,
cloaked subdomains); follow a choice without the page being loaded again; govern navigations and forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.url_pattern import UrlPattern
from consent_server.guard.choice import SavedChoice
from consent_server.guard.rules import Rules

LONGEST = 3000
"""Servers in front give up on large heads (nginx: 4 kB): a longer policy is not sent at all."""

_ALWAYS = "'self' 'unsafe-inline' 'unsafe-eval' data: blob:"
_SOURCE = re.compile(r"(?:(?:https?|wss?)://)?(?:\*\.)?[A-Za-z0-9._-]+(?::(?:\d+|\*))?(?:/[^\s;,?#]*)?\Z", re.ASCII)
_ADDRESS = re.compile(r"[^\s;,]+\Z", re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]*[a-z][a-z0-9-]*\Z", re.ASCII)


@dataclass(frozen=True)
class PolicyOptions:
    """What the owner decides. ``consent_server`` is where the banner comes from: without it nobody could answer."""

    consent_server: str
    allow: tuple[str, ...] = ()
    report_only: bool = True
    report_uri: str | None = None

    def __post_init__(self) -> None:
        for source in (self.consent_server, *self.allow):
            if not _SOURCE.match(source):
                raise Invalid.because(f"“{source[:80]}” is not a source: write host, *.host or https://host/path/.")
        if self.report_uri is not None and not _ADDRESS.match(self.report_uri):
            raise Invalid.because("The address of the reports holds no spaces, commas or semicolons.")

    @property
    def header(self) -> str:
        """The name of the header that it is sent under."""
        return "Content-Security-Policy" + "-Report-Only" * self.report_only


def content_security_policy(rules: Rules, choice: SavedChoice | None, host: str, options: PolicyOptions) -> str | None:
    """Return the policy for a page of ``host``; None when it cannot be said, or would be too long to send."""
    if not rules.blocks_unknown and not options.allow and not options.report_only:
        return None
    granted = [service for service in rules.services if rules.service_granted(choice, service)]
    sources = [*_own(host), options.consent_server, *options.allow]
    sources += [source for service in granted for pattern in service.patterns for source in _sources(pattern)]
    text = f"default-src {_ALWAYS} {' '.join(_needed(sources))}"
    if options.report_uri:
        text += f"; report-uri {options.report_uri}"
    return text if len(text) <= LONGEST else None


def _own(host: str) -> list[str]:
    """Return the site's hosts: itself, what is below it, and what is below it without ``www``.

    Where a registrable domain ends is not known here; a site on several subdomains lists the others in ``allow``.
    """
    if not _HOST.match(host):
        return []  # an address has no subdomains, and 'self' says the rest
    site = host.removeprefix("www.")
    return [site, f"*.{site}", f"wss://{host}"] if "." in site else [f"wss://{host}"]


def _sources(pattern: UrlPattern) -> list[str]:
    """Return a pattern as sources: a path counts up to its last whole folder, since only those match as a beginning."""
    port = f":{pattern.port}" if pattern.port else ""
    path = pattern.path
    if "*" in path:
        path = path.partition("*")[0].rpartition("/")[0] + "/"
    path = "" if path == "/" and "*" in pattern.path else path
    if any(character in path for character in ";, ?#'\"") or not path.isascii():
        path = ""  # cannot be written in a policy; the host can
    hosts = [pattern.host, f"*.{pattern.host}"] if pattern.subdomains else [pattern.host]
    return [scheme + host + port + path for host in hosts for scheme in ("", "wss://")]


def _needed(sources: Iterable[str]) -> list[str]:
    """Leave out what stands there twice, and what a shorter source covers already."""
    distinct = list(dict.fromkeys(sources))
    everything = set(distinct)
    return [source for source in distinct if not any(wider in everything for wider in _wider(source))]


def _wider(source: str) -> list[str]:
    """Return the sources that would cover this one: its host without the path, and every parent's ``*.``."""
    scheme, slashes, rest = source.rpartition("://")
    host, slash, _ = rest.partition("/")
    labels = host.removeprefix("*.").split(".")
    parents = [f"*.{'.'.join(labels[i:])}" for i in range(1, len(labels))]
    return [scheme + slashes + each for each in ([host] if slash else []) + parents]
