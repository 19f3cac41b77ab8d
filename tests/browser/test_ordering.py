"""Acceptance 3: after a yes, the scripts that were held have the effects that they have on the same page without us."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.ordering_site import OrderingSite
from tests.browser.random_pages import PURPOSES
from tests.servers import ConsentServer, eventually

PAGES = 200
BATCH = 10

SETTLED = """async (least) => {
  const start = performance.now();
  const quiet = () => document.readyState === 'complete' && T.pending === 0 && performance.now() - T.last > 50;
  const late = () => performance.now() - start > 5000;
  while (!late() && !(quiet() && T.log.length >= least)) await new Promise((next) => setTimeout(next, 10));
}"""

EFFECTS = """() => {
  const root = document.documentElement.cloneNode(true);
  for (const one of root.querySelectorAll('#ours, [data-consent-banner]')) one.remove();
  // Of a script that the page's own script wrote, held by what the parser was given.
  for (const one of root.querySelectorAll('[data-consent-service]')) {
    for (const name of ['data-consent-service', 'data-type']) one.removeAttribute(name);
  }
  for (const script of root.querySelectorAll('script')) {
    const named = [...script.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of named) script.removeAttribute(name);
    for (const { name, value } of named) script.setAttribute(name, value);
  }
  root.normalize();
  const stored = (area) => Object.keys(area).filter((key) => !key.startsWith('eu-consent')).sort();
  return {
    log: T.log,
    cookies: document.cookie.split('; ').filter((pair) => pair && !pair.startsWith('eu-consent')).sort(),
    local: stored(localStorage),
    session: stored(sessionStorage),
    html: root.outerHTML,
  };
}"""


@dataclass
class Effects:
    """What a page did, as far as HTML defines it (random_pages.py)."""

    lanes: dict[str, list[str]]
    kept: dict[str, list[str]]
    html: str
    asked: dict[str, list[Any]] = field(default_factory=dict)


def _visit(site: OrderingSite, page: Page, number: int, without: Effects | None = None) -> Effects:
    page.context.clear_cookies()
    site.server.asked.clear()
    page.goto(f"{site.server.host('own')}/p/{number}", wait_until="load")
    if site.banner and site.page(number).accept != "dcl":
        assert [asked.path for asked in site.server.asked if asked.host in PURPOSES] == [], (
            f"page {number}: before a yes"
        )
        _accept(page, site.page(number).accept)
    if without:
        expected = sum(map(len, without.asked.values()))
        with contextlib.suppress(TimeoutError):  # the difference is told in full
            eventually(lambda: site.asked() >= expected, "as many requests as without us", seconds=5)
    page.evaluate(SETTLED, sum(map(len, without.lanes.values())) if without else 0)
    found = page.evaluate(EFFECTS)
    page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    lanes = defaultdict(list)
    for lane, text in found["log"]:
        lanes[lane].append(text)
    lanes["errors"].sort()
    kept = {name: found[name] for name in ("cookies", "local", "session")}
    return Effects(dict(lanes), kept, found["html"], site.requests())


def _accept(page: Page, how: str) -> None:
    if how == "load":
        page.evaluate("consent.acceptAll()")
    elif how == "steps":
        page.evaluate("consent.set({ audience: true })")
        page.evaluate(SETTLED, 0)
        page.evaluate("consent.set({ marketing: true })")


@pytest.mark.parametrize("first", range(0, PAGES, BATCH))
def test_after_a_yes_random_pages_have_the_effects_they_have_without_us(
    ordering: OrderingSite, running_server: ConsentServer, context: BrowserContext, first: int
) -> None:
    page = context.new_page()
    differences = []
    for number in range(first, first + BATCH):
        ordering.banner = None
        without = _visit(ordering, page, number)
        ordering.banner = f"{running_server.url}/v1/sites/ordering/banner.js"
        ours = _visit(ordering, page, number, without)
        differences += _differences(number, without, ours)
    assert differences == []


def _differences(number: int, without: Effects, ours: Effects) -> list[str]:
    found = []
    for part in ("lanes", "kept", "asked"):
        expected, got = getattr(without, part), getattr(ours, part)
        found += [
            f"page {number}: {key}: without us {expected.get(key)}, with us {got.get(key)}"
            for key in sorted({*expected, *got})
            if expected.get(key) != got.get(key)
        ]
    if without.html != ours.html:
        pairs = zip(without.html, ours.html, strict=False)
        at = next((i for i, (one, other) in enumerate(pairs) if one != other), 0)
        here = slice(max(0, at - 60), at + 100)
        found.append(f"page {number}: document: without us …{without.html[here]}…, with us …{ours.html[here]}…")
    return found
