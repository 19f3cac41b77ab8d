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
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Invalid
from consent_server.domain.url_pattern import UrlPattern, parse_url_pattern

_ALWAYS = "'self' 'unsafe-inline' 'unsafe-eval' data: blob:"
_SOURCE = re.compile(r"(?:(?:https?|wss?)://)?(?:\*\.)?[A-Za-z0-9._-]+(?::(?:\d+|\*))?(?:/[^\s;,?#]*)?\Z", re.ASCII)
_ADDRESS = re.compile(r"[^\s;,]+\Z", re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]*[a-z][a-z0-9-]*(?::\d+)?\Z", re.ASCII)


@dataclass(frozen=True)
class PolicyOptions:
    """What the owner decides. ``consent_server`` is where the banner comes from: without it nobody could answer."""

    consent_server: str
    allow: tuple[str, ...] = ()
    report_only: bool = True
    report_uri: str | None = None

    def __post_init__(self) -> None:
        for field, sources in (("consent_server", (self.consent_server,)), ("allow", self.allow)):
            for source in sources:
                if not _SOURCE.match(source):
                    message = f"“{source[:80]}” is not a source: write host, *.host or https://host/path/."
                    raise Invalid.because(message, field)
        if self.report_uri is not None and not _ADDRESS.match(self.report_uri):
            raise Invalid.because("The address of the reports holds no spaces, commas or semicolons.", "report_uri")

    @property
    def header(self) -> str:
        """The name of the header that it is sent under."""
        return "Content-Security-Policy" + "-Report-Only" * self.report_only

    def can_say(self, blocks_unknown: bool) -> bool:
        """Whether a list tells the truth about a site that blocks, or allows, third parties nobody declared."""
        return blocks_unknown or self.report_only or bool(self.allow)


def write_policy(hosts: Iterable[str], patterns: Iterable[UrlPattern], options: PolicyOptions) -> str:
    """Return the policy of pages on ``hosts`` (``name`` or ``name:port``) that may load what ``patterns`` match."""
    sources = [source for host in hosts for source in _own(host)]
    sources += [options.consent_server, *options.allow]
    sources += [source for pattern in patterns for source in _sources(pattern)]
    text = f"default-src {_ALWAYS} {' '.join(_needed(sources))}"
    return f"{text}; report-uri {options.report_uri}" if options.report_uri else text


def policy_of(
    configuration: Configuration, origins: Iterable[str], granted: Collection[str], options: PolicyOptions
) -> str:
    """Return the policy of a site's pages once these purposes, and no others, are granted.

    Raises ``Invalid`` for purposes that were not asked, and where a list would not tell the truth.
    """
    document = configuration.document
    known = [purpose["id"] for purpose in document["purposes"]]
    unknown = sorted(set(granted) - set(known))
    if unknown:
        raise Invalid.because(f"“{unknown[0][:40]}” is none of this site's purposes: {', '.join(known)}.", "granted")
    if not options.can_say(document["unknown_third_parties"] == "block"):
        message = "This site allows third parties that nobody declared; a policy cannot: list its other hosts in allow."
        raise Invalid.because(message, "mode")
    hosts = [urlsplit(origin).netloc for origin in origins]
    return write_policy(hosts, _granted(document, granted), options)


def _granted(document: Any, granted: Collection[str]) -> list[UrlPattern]:
    """Return the patterns of every service that is exempt or whose purpose is granted; unclassified never is."""
    purposes = {purpose["id"] for purpose in document["purposes"] if purpose["exempt"]}.union(granted)
    services = [each for each in document["services"] if each["exempt"] or each["purpose"] in purposes]
    return [parse_url_pattern(text) for service in services for text in service["url_patterns"]]


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
