"""Scanning a site: visited in a real browser as planned, and told with the times of it. Nothing is kept here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from consent_server.browser.crawl import Plan, crawl
from consent_server.domain.errors import Invalid
from consent_server.domain.scan import Pass, Scan, without_query
from consent_server.domain.times import rfc3339
from consent_server.domain.tracker import Service
from consent_server.services import clock
from consent_server.services.recording import SOFTWARE
from consent_server.storage.library import load_library

MOST_PAGES = 50


def scan(
    plan: Plan,
    on_pass: Callable[[Pass], None] = lambda _done: None,
    on_start: Callable[[Callable[[], None]], None] = lambda _end: None,
) -> tuple[Scan, str]:
    """Return what was seen, and why it ended early, or nothing. ``on_start`` is given what ends the visit.

    Raises ``Invalid`` for an address that is none of the web, ``Unavailable`` without a browser or an answer.
    """
    check_plan(plan.address, plan.pages)
    started = clock.now()
    crawled = crawl(plan, on_pass, on_start)
    times = rfc3339(started), rfc3339(clock.now())
    return Scan(without_query(plan.address), *times, SOFTWARE, crawled.passes, crawled.pictures), crawled.ended_early


def check_plan(address: str, pages: int) -> None:
    """Raise ``Invalid`` for an address that is none of the web, or too many pages."""
    try:
        parts = urlsplit(address)
        port_is_one = parts.port != 0
    except ValueError:
        port_is_one = False
    if not port_is_one or parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Invalid.because("Give a web address without name and password: https://www.example.fr/", "address")
    if not 1 <= pages <= MOST_PAGES:
        raise Invalid.because(f"From 1 to {MOST_PAGES} pages are visited.", "pages")


def patterns_of(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the URL patterns, of a catalogue and of the library, that a query decides: a scan keeps no query."""
    own = (pattern for service in services for pattern in service.url_patterns)
    known = (pattern for service in load_library().services for pattern in service.url_patterns)
    return tuple(dict.fromkeys(pattern for pattern in (*own, *known) if "?" in pattern))


def purposes_of(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the purposes of a catalogue that a visitor may agree to alone."""
    return tuple(sorted({service.purpose for service in services if service.purpose and not service.exempt}))
