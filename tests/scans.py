"""Scans as a browser would have made them, without one: a site that sets what a test says, pass by pass."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PIL import Image, ImageDraw

from consent_server.browser.crawl import Plan
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    NEXT_VISIT,
    PASSES,
    REFUSED,
    WITHDRAWN,
    Origin,
    Pass,
    Scan,
    SeenBanner,
    SeenCookie,
    SeenRequest,
    on_phone,
)

SITE = "www.example.fr"
ADDRESS = f"https://{SITE}/"
GTAG = "https://www.googletagmanager.com/gtag/js"
BANNER = SeenBanner("Consent Server", could_accept=True, could_refuse=True)
MONTH = 30 * 86_400


def cookie(name: str, **changes: Any) -> SeenCookie:
    """Give a cookie of the site, set by a script for a month."""
    values: dict[str, Any] = {
        "name": name,
        "domain": SITE,
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
    return scan_of(*made)


def scan_of(*passes: Pass) -> Scan:
    """Give a scan with these passes alone."""
    return Scan(ADDRESS, "2026-11-22T10:00:00.000Z", "2026-11-22T10:01:00.000Z", "consent-server/0", passes)


def pass_of(name: str = BEFORE, *things: SeenCookie | SeenRequest, banner: SeenBanner | None = BANNER) -> Pass:
    """Give a pass that saw these."""
    cookies = tuple(each for each in things if isinstance(each, SeenCookie))
    requests = tuple(each for each in things if isinstance(each, SeenRequest))
    return Pass(name, (ADDRESS,), banner, cookies, requests=requests)


FAULTY = seen(before=pass_of(BEFORE, cookie("_ga"), cookie("own"), request(GTAG)))
"""A site that measures before it asks."""

CLEAN = seen()


def pictured(scan: Scan) -> Scan:
    """Give the same scan with a picture of what each visitor saw: a page, with a banner where one asks."""
    return replace(scan, pictures=_pictures())


@functools.cache
def _pictures() -> Mapping[str, bytes]:
    asks = {BEFORE, on_phone(BEFORE), WITHDRAWN}
    names = (BEFORE, on_phone(BEFORE), REFUSED, NEXT_VISIT, ACCEPTED, WITHDRAWN)
    sizes = {on_phone(BEFORE): (390, 844)}
    return {name: _drawn(sizes.get(name, (1280, 800)), asks=name in asks) for name in names}


def _drawn(size: tuple[int, int], *, asks: bool) -> bytes:
    """Draw a page: a head, some lines, and the banner at its foot."""
    width, height = size
    page = Image.new("RGB", size, "#ffffff")
    pen, file = ImageDraw.Draw(page), io.BytesIO()
    pen.rectangle((0, 0, width, 90), fill="#23395d")
    for line in range(12):
        pen.rectangle((40, 130 + 40 * line, width - 40 - 70 * (line % 3), 148 + 40 * line), fill="#d5dbe3")
    if asks:
        pen.rectangle((0, height - 200, width, height), fill="#f4f1de", outline="#444444", width=3)
        for button in range(2):
            pen.rectangle((40 + 160 * button, height - 80, 180 + 160 * button, height - 40), fill="#1f6f54")
    page.save(file, "WEBP", quality=75)
    return file.getvalue()


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
