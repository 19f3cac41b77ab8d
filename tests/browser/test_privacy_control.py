"""Global Privacy Control is heard as a no to advertising and embeds, once; the rest is asked, a later yes stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.sites import Sites, Visit
from tests.journeys.visiting import receipts
from tests.servers import ConsentServer, eventually

PURPOSES = ("preferences", "audience", "marketing", "social")
ON = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true })"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    services = [
        {"id": purpose, "name": purpose, "vendor": "x", "purpose": purpose, "url_patterns": [f"{purpose}.localhost/*"]}
        for purpose in PURPOSES
    ]
    with ConsentServer(tmp_path_factory.mktemp("gpc"), "run", CONSENT_RATE_LIMIT="") as server:
        found = Sites(server)
        with found.vendors:
            found.publish("shop", services, signals={"data_layer": True, "gpc": {"purposes": ["audience"]}})
            found.serve("shop", "")
            yield found


def records(sites: Sites, visit: Visit, count: int) -> list[dict[str, Any]]:
    """Wait for so many records of this visitor, and give them all."""
    consent_id = visit.page.evaluate("consent.get().id")
    eventually(lambda: len(receipts(sites.server, "shop", consent_id)) >= count, f"{count} records")
    return receipts(sites.server, "shop", consent_id)


def test_it_refuses_once_asks_for_the_rest_and_yields_to_a_yes(sites: Sites, context: BrowserContext) -> None:
    context.add_init_script(ON)
    visit = Visit(sites, "shop", context)
    for _page in range(3):
        visit.goto()
    state = visit.page.evaluate("consent.get()")
    assert state["answered"] is False
    assert visit.page.get_by_text("Global Privacy Control").is_visible()
    assert [record["action"] for record in records(sites, visit, 1)] == ["gpc"]
    assert visit.page.evaluate("dataLayer.length") == 1, "told what the saved choice says, once"

    visit.press("customize")
    switches = visit.page.locator("[data-consent-purpose]")
    assert [switches.nth(at).is_checked() for at in range(switches.count())] == [False] * len(PURPOSES)
    visit.press("accept-all")
    visit.goto()
    assert visit.page.evaluate("consent.has('marketing')")
    assert [record["action"] for record in records(sites, visit, 2)] == ["gpc", "accept_all"]
    assert visit.errors == []


def test_a_yes_from_before_it_was_on_ends_with_it(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "shop", context)
    visit.goto()
    assert not visit.page.get_by_text("Global Privacy Control").is_visible()
    visit.press("accept-all")
    before = visit.page.evaluate("consent.get()")
    context.add_init_script(ON)
    visit.goto()

    after = visit.page.evaluate("consent.get()")
    assert after["decisions"] == {"necessary": True, "preferences": True, **dict.fromkeys(PURPOSES[1:], False)}
    assert after["time"] == before["time"], "what was answered lives no longer"
    assert [record["action"] for record in records(sites, visit, 2)] == ["accept_all", "gpc"]


def test_that_it_is_missing_says_nothing(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "shop", context)
    visit.goto()

    assert visit.page.evaluate("consent.get().id") is None
    assert visit.page.evaluate("window.dataLayer ? dataLayer.length : 0") == 0
