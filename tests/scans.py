"""Scans as a browser would have made them, without one: a site that sets what a test says, pass by pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consent_server.browser.crawl import Plan
from consent_server.domain.scan import (
    BEFORE,
    NEXT_VISIT,
    PASSES,
    Origin,
    Pass,
    Scan,
    SeenBanner,
    SeenCookie,
    SeenRequest,
)

ADDRESS = "https://www.example.fr/"
GTAG = "https://www.googletagmanager.com/gtag/js"
BANNER = SeenBanner("Consent Server", could_accept=True, could_refuse=True)
MONTH = 30 * 86_400


def cookie(name: str, **changes: Any) -> SeenCookie:
    """Give a cookie of the site, set by a script for a month."""
    values: dict[str, Any] = {
        "name": name,
        "domain": "www.example.fr",
        "path": "/",
        "size": 20,
        "lifetime": MONTH,
        "http_only": False,
        "secure": True,
        "same_site": "Lax",
        "partitioned": False,
        "shape": "number",
        "set_by": Origin("script", (f"{ADDRESS}site.js",)),
        "page": ADDRESS,
    }
    return SeenCookie(**{**values, **changes})


def request(address: str, **changes: Any) -> SeenRequest:
    """Give a request to somebody else."""
    values: dict[str, Any] = {"kind": "script", "third_party": True, "because_of": (ADDRESS,), "page": ADDRESS}
    return SeenRequest(address, **{**values, **changes})


def seen(**passes: Pass) -> Scan:
    """Give a scan whose passes saw nothing but what is said of them."""
    silent = {NEXT_VISIT: Pass(NEXT_VISIT, (ADDRESS,))}  # a refusal is remembered
    made = tuple(passes.get(name) or silent.get(name) or Pass(name, (ADDRESS,), BANNER) for name in PASSES)
    return Scan(ADDRESS, "2026-11-22T10:00:00.000Z", "2026-11-22T10:01:00.000Z", "consent-server/0", made)


def pass_of(name: str = BEFORE, *things: SeenCookie | SeenRequest, banner: SeenBanner | None = BANNER) -> Pass:
    """Give a pass that saw these."""
    cookies = tuple(each for each in things if isinstance(each, SeenCookie))
    requests = tuple(each for each in things if isinstance(each, SeenRequest))
    return Pass(name, (ADDRESS,), banner, cookies, requests=requests)


FAULTY = seen(before=pass_of(BEFORE, cookie("_ga"), cookie("own"), request(GTAG)))
"""A site that measures before it asks."""

CLEAN = seen()


class Visits:
    """Stands in for the browser: gives the scans that it is told to, in order, and remembers what was planned."""

    def __init__(self, *scans: Scan | BaseException, ended_early: str = "") -> None:
        self.scans = list(scans)
        self.ended_early = ended_early
        self.plans: list[Plan] = []

    def __call__(
        self, plan: Plan, on_pass: Callable[[Pass], None], on_start: Callable[[Callable[[], None]], None]
    ) -> tuple[Scan, str]:
        self.plans.append(plan)
        on_start(lambda: None)
        found = self.scans.pop(0)
        if isinstance(found, BaseException):
            raise found
        for each in found.passes:
            on_pass(each)
        return found, self.ended_early
