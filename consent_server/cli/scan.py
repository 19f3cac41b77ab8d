"""``consent-server scan|audit``: visit a site in a real browser, tell what it does, and what of that is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from consent_server.browser.crawl import Plan
from consent_server.domain.audit import FAILS, UNDECIDED, audit
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.classification import Classified, Classifier
from consent_server.domain.scan import Pass, Scan, host_of
from consent_server.domain.tracker import Service
from consent_server.services import scanning
from consent_server.services.editing import check_draft
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.library import load_library

FOUND = 1
"""The exit code when a check found something (CONTRACT 4)."""


@click.command("scan")
@click.argument("address", metavar="URL")
@click.option("--site", "site_key", metavar="KEY", help="Compare with the catalogue of this site.")
@click.option("--pages", default=3, show_default=True, help="How many pages of the site are visited.")
@click.option("--seconds", default=300, show_default=True, help="After how long the visit is ended.")
@click.option("--allow-private", is_flag=True, help="Also visit addresses that only this machine or its network has.")
@click.option(
    "--resolve", multiple=True, metavar="HOST=ADDRESS:PORT", help="Look for a host elsewhere, as before a move."
)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def scan_(
    address: str,
    site_key: str | None,
    pages: int,
    seconds: int,
    allow_private: bool,
    resolve: tuple[str, ...],
    output: str,
) -> None:
    """Visit URL before any choice, after a refusal, an agreement and a withdrawal, and tell what was set and asked for.

    No value of a cookie is read, and nothing is kept.
    """
    services = _services(site_key)
    done = _visit(_plan(address, services, pages, seconds, allow_private, resolve))
    if output == "json":
        click.echo(json.dumps(done.to_json(), ensure_ascii=False, indent=2))
        return
    classifier = Classifier(load_library(), host_of(done.address), services)
    for each in done.passes:
        click.echo("\n".join(_report(each, classifier)))


@click.command("audit")
@click.argument("address", metavar="URL")
@click.option("--site", "site_key", metavar="KEY", help="Judge by the catalogue of this site.")
@click.option("--pages", default=3, show_default=True, help="How many pages of the site are visited.")
@click.option("--seconds", default=300, show_default=True, help="After how long the visit is ended.")
@click.option("--allow-private", is_flag=True, help="Also visit addresses that only this machine or its network has.")
@click.option(
    "--resolve", multiple=True, metavar="HOST=ADDRESS:PORT", help="Look for a host elsewhere, as before a move."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "unknown", "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 when a check fails; or when it fails or cannot tell; or never.",
)
@click.option("--format", "output", type=click.Choice(list(FORMATS)), default="text", show_default=True)
def audit_(
    address: str,
    site_key: str | None,
    pages: int,
    seconds: int,
    allow_private: bool,
    resolve: tuple[str, ...],
    fail_on: str,
    output: str,
) -> None:
    """Visit URL and say what breaks the rules on cookies, who does it, and what to do. Any banner, not ours alone."""
    services = _services(site_key)
    done = _visit(_plan(address, services, pages, seconds, allow_private, resolve))
    library = load_library()
    verdicts = audit(done, Classifier(library, host_of(done.address), services), library)
    click.echo(FORMATS[output](done, verdicts), nl=False)
    stops = {"error": {FAILS}, "unknown": {FAILS, UNDECIDED}, "never": set()}[fail_on]
    if any(verdict.verdict in stops for verdict in verdicts):
        sys.exit(FOUND)


def _services(site_key: str | None) -> tuple[Service, ...]:
    if site_key is None:
        return ()
    return tuple(check_draft(sites.find_site(db.session(), site_key).draft).services)


def _plan(
    address: str, services: Sequence[Service], pages: int, seconds: int, private: bool, resolve: Sequence[str]
) -> Plan:
    purposes = sorted({service.purpose for service in services if service.purpose and not service.exempt})
    elsewhere = dict(each.partition("=")[::2] for each in resolve)
    return Plan(address, pages, purposes=tuple(purposes), private=private, seconds=seconds, resolve=elsewhere)


def _visit(plan: Plan) -> Scan:
    """Scan, with a line for each pass on a terminal."""
    done, ended_early = scanning.scan(plan, _told if sys.stderr.isatty() else lambda _pass: None)
    if ended_early:
        click.echo(f"The visit ended early: {ended_early}.", err=True)
    return done


def _told(done: Pass) -> None:
    click.echo(f"{done.name}: {len(done.pages)} pages, {len(done.requests)} addresses", err=True)


def _report(seen: Pass, classifier: Classifier) -> list[str]:
    banner = seen.banner.name if seen.banner else "no banner"
    lines = [f"{seen.name}: {', '.join(seen.pages) or 'no page'}; {banner}"]
    lines += [f"  {_line(each)}" for each in classifier.of_pass(seen)]
    lines += [f"  frame {frame}" for frame in seen.frames]
    lines += [f"  service worker {worker}" for worker in seen.service_workers]
    lines += [f"  limit: {limit}" for limit in seen.limits]
    return lines


def _line(each: Classified) -> str:
    needs = {True: "needs consent", False: "exempt", None: "unknown"}[each.needs_consent]
    return (
        f"{each.kind.replace('_', ' ')} {each.name} on {each.domain}: {each.purpose or '–'}, {needs} ({each.because})"
    )


SCANNING = (scan_, audit_)
