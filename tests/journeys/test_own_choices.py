"""From the banner to the page of one's own choices and back, with nothing but a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsers import FRENCH, WAIT_MS
from tests.journeys.visiting import Visitor, receipts
from tests.servers import ConsentServer

PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1280, "height": 800}
LINK = "[data-consent-banner] dialog a[href*='/choices']"


@pytest.fixture(params=[(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
def visitor(request: pytest.FixtureRequest, running_server: ConsentServer, chromium: Browser) -> Iterator[Visitor]:
    size, scheme = request.param
    context = chromium.new_context(viewport=size, color_scheme=scheme, **FRENCH)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    yield Visitor(running_server, "ubiq", context)
    context.close()


def _answer(visitor: Visitor) -> str:
    """Refuse, then accept one purpose; return the visitor's id."""
    visitor.goto()
    visitor.answer("refuse-all")
    visitor.choose("audience")
    visitor.wait_for_records(2)
    return str((visitor.saved() or {})["id"])


def _open(visitor: Visitor) -> Page:
    """Follow the link in the settings."""
    visitor.press("open")
    with visitor.context.expect_page() as opened:
        visitor.page.locator(LINK).click()
    mine = opened.value
    mine.locator("#answers").wait_for()
    return mine


def _violations(page: Page) -> list[Any]:
    return [found["id"] for found in Axe().run(page).response["violations"]]


def _width(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


def test_the_settings_lead_to_every_answer_receipt_and_erasure(visitor: Visitor, tmp_path: Path) -> None:
    consent_id = _answer(visitor)
    mine = _open(visitor)
    expect(mine.get_by_role("heading", level=3).first).to_have_text("Choix par finalité (la plus récente)")
    expect(mine.locator(".record")).to_have_count(2)
    assert (_violations(mine), _width(mine)) == ([], 0)

    with mine.expect_download() as loading:
        mine.get_by_role("button", name="Télécharger tous mes reçus").click()
    loading.value.save_as(tmp_path / "receipts.json")
    kept = json.loads((tmp_path / "receipts.json").read_text())
    assert [each["record_id"] for each in kept] == [each["record_id"] for each in visitor.records()]

    mine.get_by_role("button", name="Reçu à lire ou à imprimer").first.click()
    expect(mine.get_by_role("heading", level=1)).to_have_text("Reçu de votre choix")
    assert (_violations(mine), _width(mine)) == ([], 0)
    mine.get_by_role("button", name="Tous mes choix").click()
    mine.locator("#answers").wait_for()

    erase = mine.get_by_role("button", name="Effacer", exact=True)
    erase.click()
    assert mine.locator("input[name=sure]").evaluate("(box) => box.validity.valueMissing"), "it takes a tick"
    assert len(receipts(visitor.server, visitor.key, consent_id)) == 2
    mine.locator("input[name=sure]").check()
    erase.click()
    expect(mine.get_by_role("heading", level=1)).to_have_text("C’est effacé")
    assert (_violations(mine), _width(mine)) == ([], 0)
    assert receipts(visitor.server, visitor.key, consent_id) == []


def test_changing_opens_the_settings_on_the_page_of_the_site(visitor: Visitor) -> None:
    _answer(visitor)
    mine = _open(visitor)
    with mine.expect_navigation():
        mine.get_by_role("link", name="Ouvrir les réglages").click()
    there = Visitor(visitor.server, visitor.key, visitor.context, mine)
    expect(there.switch("audience")).to_be_checked()
    assert mine.url == visitor.server.host(visitor.key) + "/#"
    with mine.expect_navigation(wait_until="load"):
        there.press("withdraw")
    there.action("open").wait_for()
    assert not there.action("save").is_visible(), "the page that is loaded again does not open them again"
    assert [record["action"] for record in there.wait_for_records(3)][-1] == "withdraw"


def test_no_address_log_history_or_referer_has_the_id(running_server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(running_server, "ubiq", context)
    consent_id = _answer(visitor)
    sent: list[str] = []
    context.on("request", lambda request: sent.extend([request.url, *request.all_headers().values()]))
    mine = _open(visitor)
    mine.get_by_role("button", name="Reçu à lire ou à imprimer").first.click()
    mine.get_by_role("button", name="Tous mes choix").click()
    mine.get_by_text("Ce qui vous a été montré").first.click()
    mine.get_by_role("link", name="Configuration 1").first.click()
    mine.get_by_role("heading", level=1, name="Versions publiées").wait_for()
    assert len(sent) > 20
    assert [text for text in sent if consent_id in text.partition("#")[0]] == []
    assert [url for url in sent if urlsplit(url).fragment and consent_id in url and "/choices" not in url] == []
    addresses = [entry["url"] for entry in context.new_cdp_session(mine).send("Page.getNavigationHistory")["entries"]]
    assert len(addresses) > 2
    assert [address for address in addresses if consent_id in address] == []
    assert [c for c in context.cookies() if c["domain"] == "127.0.0.1"] == []
    assert consent_id not in running_server.output()


def test_without_scripts_the_id_is_typed(running_server: ConsentServer, chromium: Browser) -> None:
    context = chromium.new_context(**FRENCH)
    consent_id = _answer(Visitor(running_server, "ubiq", context))
    bare = chromium.new_context(java_script_enabled=False, **FRENCH)
    mine = bare.new_page()
    mine.goto(f"{running_server.url}/v1/sites/ubiq/choices")
    mine.get_by_label("Votre identifiant sur ce site").fill(consent_id)
    mine.get_by_role("button", name="Voir mes choix").click()
    expect(mine.locator(".record")).to_have_count(2)
    mine.locator("input[name=sure]").check()
    mine.get_by_role("button", name="Effacer", exact=True).click()
    expect(mine.get_by_role("status")).to_contain_text("2 enregistrements")
    bare.close()
    context.close()


def test_a_page_of_the_site_opens_its_settings_at_the_fragment_and_nowhere_else(
    running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, "ubiq", context)
    visitor.goto("#eu-consent")
    visitor.action("save").wait_for()
    visitor.answer("refuse-all")
    visitor.goto("?other#eu-consent-not")
    visitor.action("open").wait_for()
    assert not visitor.action("save").is_visible()
