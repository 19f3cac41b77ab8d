"""The second layer: what is behind each purpose comes when it is asked for, and the choice never waits for it."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.journeys.visiting import Visitor
from tests.servers import ConsentServer

IN_LAYER = "[data-consent-banner] dialog"


@pytest.fixture
def visitor(running_server: ConsentServer, context: BrowserContext) -> Visitor:
    return Visitor(running_server, "ubiq", context)


def test_a_page_asks_for_one_file_of_ours_until_the_settings_are_opened(visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url) if "/v1/sites/" in request.url else None)
    visitor.goto()
    assert [url.rpartition("/")[2] for url in asked] == ["banner.js"]

    visitor.press("customize")
    expect(visitor.page.locator(IN_LAYER).get_by_text("_ga", exact=True)).to_have_count(1)
    assert [url.rpartition("/")[2].partition("?")[0] for url in asked] == ["banner.js", "policy.json"]


def test_the_settings_say_what_each_tracker_is_for_and_how_long_it_lives(visitor: Visitor) -> None:
    visitor.goto()
    visitor.press("customize")
    layer = visitor.page.locator(IN_LAYER)
    layer.get_by_text("Services et traceurs").nth(1).click()

    expect(layer.get_by_text("2 ans (éditeur), limité ici à 13 mois").first).to_be_visible()
    expect(layer.get_by_text("Traceurs non classés")).to_have_count(1)


def test_the_choice_does_not_wait_for_a_server_that_is_away(visitor: Visitor) -> None:
    visitor.goto()
    visitor.page.route("**/policy.json*", lambda route: route.abort())
    visitor.press("customize")
    link = visitor.page.locator(IN_LAYER).get_by_role("link", name="Services et traceurs")
    expect(link).to_be_visible()
    assert "/v1/sites/ubiq/policy?lang=fr" in str(link.get_attribute("href"))

    visitor.switch("audience").check()
    visitor.answer("save")
    assert visitor.saved()["purposes"]["audience"] is True  # type: ignore[index]
