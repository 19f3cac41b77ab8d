"""A scan's pictures as an editor looks at them: small beside each other, whole by keyboard, on a phone in the dark."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from consent_server.domain.account import Role
from tests.admin.conftest import Desk
from tests.admin.test_every_page import BLANK_BYTES, IMAGES
from tests.admin_pages import scan_twice
from tests.admin_server import PHONE, AdminServer

pytestmark = pytest.mark.browser

DRAWN = "() => Promise.all([...document.images].map((it) => { it.loading = 'eager'; return it.decode(); }))"


def test_what_visitors_saw_is_looked_at_by_keyboard_on_a_phone(with_a_site: AdminServer, desk: Desk) -> None:
    scan_id = scan_twice(with_a_site.app)
    page = desk(with_a_site, Role.VIEWER, "fr", viewport=PHONE, color_scheme="dark")
    page.goto(f"/admin/sites/example/scans/{scan_id}")

    page.get_by_role("link", name="La fenêtre, avant toute réponse").first.click()
    assert page.url.endswith("#before.webp"), "a verdict leads to its picture on the page"
    pictures = page.locator(".thumbs img")
    for place in range(pictures.count()):
        pictures.nth(place).scroll_into_view_if_needed()
        expect(pictures.nth(place)).to_have_js_property("naturalWidth", 390 if place == 1 else 1280)
        assert _edges(pictures.nth(place))[1] <= PHONE["width"]

    page.locator(".thumbs a").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/pictures/before-phone\.webp$"))
    assert page.evaluate("[document.contentType, document.images[0].naturalHeight]") == ["image/webp", 844]


def test_the_page_of_a_scan_is_as_the_documentation_shows_it(
    with_a_site: AdminServer, desk: Desk, tmp_path: Path
) -> None:
    """``UPDATE_SCREENSHOTS=1`` keeps the picture, as for other pages (``test_every_page.py``)."""
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") == "1" else tmp_path
    page = desk(with_a_site, Role.OWNER, "fr")
    page.goto(f"/admin/sites/example/scans/{scan_twice(with_a_site.app)}")
    expect(page.get_by_role("link", name="Rapport (PDF)")).to_be_visible()

    section = page.locator("section", has=page.locator("#pictures"))
    page.evaluate(DRAWN)
    section.screenshot(path=(picture := folder / "sites-scans-one-pictures.png"))
    assert picture.stat().st_size > BLANK_BYTES


def _edges(picture: Locator) -> tuple[float, float]:
    box = picture.bounding_box()
    assert box
    return box["x"], box["x"] + box["width"]
