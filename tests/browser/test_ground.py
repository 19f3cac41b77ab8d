"""The ground of the browser tests: the browser renders, the demo answers, one visitor knows nothing of another."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.servers import ConsentServer


def test_a_demo_site_shows_its_notice(page: Page, running_server: ConsentServer) -> None:
    page.goto(f"{running_server.host('ubiq')}/")

    page.locator("[data-consent-action=refuse-all]").wait_for()
    page.locator("[data-consent-action=accept-all]").wait_for()


def test_visitors_share_nothing(chromium: Browser, running_server: ConsentServer) -> None:
    one, other = chromium.new_context(), chromium.new_context()
    one.add_cookies([{"name": "seen", "value": "1", "url": running_server.url}])

    assert other.cookies() == []

    one.close()
    other.close()
