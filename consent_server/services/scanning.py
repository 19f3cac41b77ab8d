"""Scanning a site: visited in a real browser as planned, and told with the times of it. Nothing is kept here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from consent_server.browser.crawl import Plan, crawl
from consent_server.domain.errors import Invalid
from consent_server.domain.scan import Pass, Scan, without_query
from consent_server.domain.times import rfc3339
from consent_server.services import clock
from consent_server.services.recording import SOFTWARE

MOST_PAGES = 50


def scan(plan: Plan, on_pass: Callable[[Pass], None] = lambda _done: None) -> tuple[Scan, str]:
    """Return what was seen, and why it ended early, or nothing.

    Raises ``Invalid`` for an address that is none of the web, ``Unavailable`` without a browser or an answer.
    """
    parts = urlsplit(plan.address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise Invalid.because("Give a web address without name and password: https://www.example.fr/", "address")
    if not 1 <= plan.pages <= MOST_PAGES:
        raise Invalid.because(f"From 1 to {MOST_PAGES} pages are visited.", "pages")
    started = clock.now()
    crawled = crawl(plan, on_pass)
    times = rfc3339(started), rfc3339(clock.now())
    return Scan(without_query(plan.address), *times, SOFTWARE, crawled.passes, crawled.pictures), crawled.ended_early
