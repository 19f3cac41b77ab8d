"""What holds for every page of the admin, in both languages and both colour schemes, on a desktop and a phone.

The pages are those of the URL map (``tests/admin_pages.py``).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import html5lib
import pytest
from playwright.sync_api import Page

from consent_server.domain.account import Role
from tests import admins
from tests.admin.conftest import Desk
from tests.admin_pages import furnish, pages
from tests.admin_server import DESKTOP, PHONE, AdminServer, violations

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[2] / "docs" / "images" / "admin"
MOST_SHIFT = 0.001
"""The cumulative layout shift; 0.1 is called good."""

BLANK_BYTES = 8_000
"""A page with nothing on it makes a smaller picture."""

WATCH = """
window.__wrong = [];
addEventListener('securitypolicyviolation', (event) => __wrong.push(`policy: ${event.violatedDirective}`));
addEventListener('error', (event) => __wrong.push(`error: ${event.message}`));
window.__shift = 0;
const watching = new PerformanceObserver((list) => list.getEntries().forEach(__moved));
window.__moved = (entry) => { if (!entry.hadRecentInput) __shift += entry.value; };
watching.observe({ type: 'layout-shift', buffered: true });
window.__settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  watching.takeRecords().forEach(__moved);
  done(__shift);
})));
"""


Furnished = tuple[AdminServer, dict[str, Any]]


@pytest.fixture
def furnished(with_a_site: AdminServer) -> Furnished:
    return with_a_site, furnish(with_a_site.app)


def _open(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    assert page.evaluate("__wrong") == [], path
    assert page.evaluate("__settled()") < MOST_SHIFT, f"{path} moves while it is loaded"


@pytest.mark.parametrize(
    ("language", "scheme", "viewport"), [("en", "light", DESKTOP), ("fr", "dark", PHONE)], ids=["desktop", "phone"]
)
def test_nobody_is_shut_out_of_any_page(
    furnished: Furnished, desk: Desk, language: str, scheme: str, viewport: dict[str, int]
) -> None:
    """Axe finds nothing, no page is wider than the screen, and Tab reaches what the mouse reaches."""
    server, filled = furnished
    page = desk(server, Role.OWNER, language, color_scheme=scheme, viewport=viewport)
    page.add_init_script(WATCH)
    elsewhere: list[str] = []
    page.on("request", lambda it: None if it.url.startswith((server.url, "data:")) else elsewhere.append(it.url))
    found, wide = [], []
    for path in pages(server.app, filled):
        _open(page, path)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1, path
        found += violations(page)
        wide += [path] if page.evaluate("document.documentElement.scrollWidth") > viewport["width"] else []
        _press_tab(page, path)
    assert found == []
    assert wide == []
    assert elsewhere == []


def _press_tab(page: Page, path: str) -> None:
    """Reach what Tab reaches first, in the order of the page, and see where the focus is."""
    positive = page.evaluate("[...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length")
    assert positive == 0, path
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", path
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", path


def test_every_page_is_seen_as_the_documentation_shows_it(furnished: Furnished, desk: Desk, tmp_path: Path) -> None:
    """``UPDATE_SCREENSHOTS=1`` keeps the pictures in ``docs/images/admin``, for people to look at."""
    server, filled = furnished
    kept = os.environ.get("UPDATE_SCREENSHOTS") == "1"
    folder = IMAGES if kept else tmp_path
    page = desk(server, Role.OWNER, "fr")
    sizes = {}
    for path in pages(server.app, filled):
        page.goto(path)
        page.wait_for_load_state("networkidle" if kept else "load")
        picture = folder / f"{_named(path, filled)}.png"
        page.screenshot(path=picture)
        sizes[path] = picture.stat().st_size
    assert [path for path, size in sizes.items() if size < BLANK_BYTES] == []


def _named(path: str, filled: dict[str, Any]) -> str:
    """Name a picture after its page, without what is another each time."""
    parts = [part for part in path.partition("?")[0].split("/") if part and part not in ("admin", "example")]
    return "-".join("one" if part in map(str, filled.values()) else part for part in parts) or "home"


def test_the_markup_of_every_page_has_no_mistake(furnished: Furnished) -> None:
    server, filled = furnished
    client = admins.sign_in(server.app, server.app.test_client(), Role.OWNER)
    wrong = []
    for path in pages(server.app, filled):
        parser = html5lib.HTMLParser()
        parser.parse(client.get(path).text)
        wrong += [(path, position, code) for position, code, _ in parser.errors]
        ids = re.findall(r'\sid="([^"]+)"', client.get(path).text)
        wrong += [(path, 0, f"twice: {each}") for each in set(ids) if ids.count(each) > 1]
    assert wrong == []
