"""A scan's pictures as an editor looks at them: small beside each other, whole by keyboard, on a phone in the dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from consent_server.domain.account import Role
from tests.admin.conftest import Desk
from tests.admin_pages import scan_twice
from tests.admin_server import PHONE, AdminServer

pytestmark = pytest.mark.browser


def test_what_visitors_saw_is_looked_at_by_keyboard_on_a_phone(with_a_site: AdminServer, desk: Desk) -> None:
    scan_id = scan_twice(with_a_site.app)
    page = desk(with_a_site, Role.VIEWER, "fr", viewport=PHONE, color_scheme="dark")
    page.goto(f"/admin/sites/example/scans/{scan_id}")

    page.get_by_role("link", name="La fenêtre, avant toute réponse").first.click()
    assert page.url.endswith("#before.webp"), "a verdict leads to its picture on the page"
    pictures = page.locator(".thumbs img")
    for place in range(pictures.count()):
        pictures.nth(place).scroll_into_view_if_needed()
        expect(pictures.nth(place)).to_have_js_property("complete", value=True)
        assert _pixels(pictures.nth(place)) == (390 if place == 1 else 1280)
        assert _edges(pictures.nth(place))[1] <= PHONE["width"]

    page.locator(".thumbs a").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/pictures/before-phone\.webp$"))
    assert page.evaluate("[document.contentType, document.images[0].naturalHeight]") == ["image/webp", 844]


def _pixels(picture: Locator) -> int:
    return int(picture.evaluate("(image) => image.naturalWidth"))


def _edges(picture: Locator) -> tuple[float, float]:
    box = picture.bounding_box()
    assert box
    return box["x"], box["x"] + box["width"]
