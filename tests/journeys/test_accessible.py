"""Acceptance 4: everybody can answer, by keyboard alone too, and the page is not disturbed by being asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browsers import FRENCH, WAIT_MS
from tests.journeys.visiting import SITES, Visitor
from tests.servers import ConsentServer

IMAGES = Path(__file__).parents[2] / "docs" / "images"

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value)))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 300);
})"""
FOCUSED = """() => {
  let active = document.activeElement;
  while (active && active.shadowRoot) active = active.shadowRoot.activeElement;
  return active && (active.dataset.consentAction || active.dataset.consentPurpose || active.id || active.localName);
}"""
CLEAR = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  const dialog = document.querySelector('[data-consent-banner]').shadowRoot.querySelector('dialog');
  return top >= 0 && bottom <= dialog.getBoundingClientRect().top;
}"""
LOOK = """(button) => {
  const style = getComputedStyle(button);
  const { width, height } = button.getBoundingClientRect();
  const properties = ['color', 'backgroundColor', 'fontSize', 'fontWeight', 'borderTopWidth', 'borderTopColor',
                      'opacity', 'borderTopLeftRadius', 'boxShadow', 'textDecorationLine'];
  return [button.localName, Math.round(width), Math.round(height), ...properties.map((name) => style[name])];
}"""


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["320", "1280"])
@pytest.mark.parametrize("key", SITES)
def test_axe_finds_nothing_on_either_layer(
    key: str, size: Any, running_server: ConsentServer, chromium: Browser
) -> None:
    for language in ("fr", "en"):
        context = chromium.new_context(viewport=size, **FRENCH)  # type: ignore[arg-type]  # locale and time zone
        visitor = Visitor(running_server, key, context)
        visitor.goto(f"?lang={language}")
        assert visitor.page.locator("dialog").get_attribute("lang") == language
        assert _violations(visitor.page) == []
        visitor.press("customize")
        visitor.action("save").wait_for()
        assert _violations(visitor.page) == []
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        context.close()


@pytest.mark.parametrize("key", SITES)
def test_accept_and_refuse_look_the_same(key: str, running_server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    assert visitor.action("accept-all").evaluate(LOOK) == visitor.action("refuse-all").evaluate(LOOK)
    visitor.press("customize")
    assert visitor.action("accept-all").evaluate(LOOK) == visitor.action("refuse-all").evaluate(LOOK)


@pytest.mark.parametrize("key", SITES)
def test_the_banner_shifts_nothing_and_locks_no_scrolling(
    key: str, running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    visitor.action("accept-all").wait_for()

    assert visitor.page.evaluate(SHIFTS) == 0
    assert visitor.page.evaluate("getComputedStyle(document.documentElement).overflowY") == "visible"
    assert visitor.page.evaluate("getComputedStyle(document.body).overflowY") == "visible"


@pytest.mark.parametrize("key", ["aquao", "imope", "iabako"], ids=["bar", "modal", "box"])
def test_the_keyboard_alone_chooses_purpose_by_purpose(
    key: str, running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    visitor.action("accept-all").wait_for()
    _tab_to(visitor.page, "customize")
    visitor.page.keyboard.press("Enter")
    visitor.action("save").wait_for()
    _tab_to(visitor.page, "audience")
    visitor.page.keyboard.press("Space")
    assert visitor.saved() is None, "a switch alone answers nothing (A11Y-17)"
    _tab_to(visitor.page, "save")
    visitor.page.keyboard.press("Enter")
    visitor.action("open").wait_for()

    [record] = visitor.wait_for_records(1)
    assert record["decisions"] == {purpose: purpose == "audience" for purpose in visitor.declared.asked}


@pytest.mark.parametrize("key", ["aquao", "imope", "iabako"], ids=["bar", "modal", "box"])
def test_refusing_takes_as_many_keys_as_accepting(
    key: str, running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    visitor.action("accept-all").wait_for()
    refuse, accept = _tab_to(visitor.page, "refuse-all"), _tab_to(visitor.page, "accept-all")

    assert refuse >= 1
    assert accept == 1, "the two stand next to each other"
    visitor.page.keyboard.press("Shift+Tab")
    visitor.page.keyboard.press("Enter")
    visitor.action("open").wait_for()
    assert [record["action"] for record in visitor.wait_for_records(1)] == ["refuse_all"]


def test_what_has_the_focus_is_never_under_the_banner_on_a_page_that_scrolls_smoothly(
    running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, "aquao", context)
    visitor.goto()
    visitor.action("accept-all").wait_for()
    _tab_to(visitor.page, "customize")
    links = visitor.page.evaluate("[...document.links].filter((link) => link.checkVisibility()).length")
    assert visitor.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"
    assert links > 10
    for _ in range(links):
        visitor.page.keyboard.press("Tab")
        visitor.page.wait_for_function(CLEAR)


@pytest.mark.parametrize("key", ["ubiq", "imope"], ids=["box", "modal"])
def test_escape_leaves_the_second_layer_without_an_answer(
    key: str, running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    visitor.press("customize")
    visitor.action("save").wait_for()
    visitor.page.keyboard.press("Escape")
    visitor.action("customize").wait_for()

    assert visitor.page.evaluate(FOCUSED) == "customize"
    visitor.page.keyboard.press("Escape")
    assert visitor.action("refuse-all").is_visible(), "the first layer is not left without an answer"
    assert visitor.saved() is None
    assert visitor.page.evaluate("localStorage.getItem('eu-consent-outbox')") in (None, "[]")


def test_focus_returns_to_what_opened_the_settings(running_server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(running_server, "ubiq", context)
    visitor.goto()
    visitor.answer("refuse-all")
    visitor.page.locator("[data-consent-open]").focus()
    visitor.page.keyboard.press("Enter")
    visitor.action("save").wait_for()
    visitor.page.keyboard.press("Escape")
    visitor.action("open").wait_for()

    assert visitor.page.evaluate("document.activeElement.hasAttribute('data-consent-open')")
    assert len(visitor.wait_for_records(1)) == 1


@pytest.mark.parametrize(
    ("name", "size"),
    [("banner-desktop", WIDE), ("banner-phone", {"width": 390, "height": 780})],
    ids=["desktop", "phone"],
)
def test_the_pictures_of_the_readme(
    name: str, size: Any, running_server: ConsentServer, chromium: Browser, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport=size, device_scale_factor=2, **FRENCH)  # type: ignore[arg-type]  # as above
    context.set_default_timeout(WAIT_MS)
    visitor = Visitor(running_server, "ubiq", context)
    visitor.goto()
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") == "1" else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=folder / f"{name}.png")
    context.close()

    assert (folder / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_declaration_is_whole_and_readable_by_itself_and_within_a_page_of_the_site(
    language: str, running_server: ConsentServer, chromium: Browser
) -> None:
    context = chromium.new_context(viewport=NARROW, **FRENCH)  # type: ignore[arg-type]  # locale and time zone
    visitor = Visitor(running_server, "ubiq", context)
    visitor.goto(f"confidentialite?lang={language}")
    told = context.request.get(f"{running_server.url}/v1/sites/ubiq/policy.json?lang={language}").json()
    within = visitor.page.locator("[data-consent-policy] > div")
    within.wait_for()
    by_itself = context.new_page()
    by_itself.goto(f"{running_server.url}/v1/sites/ubiq/policy?lang={language}")

    for place in (within, by_itself.locator("body")):
        text = " ".join(place.inner_text().split())
        wanted = [
            told["intro"],
            told["withdraw"],
            told["updated"],
            *(p["title"] for p in told["purposes"] if p["services"]),
        ]
        wanted += [f"{partner['name']} – {', '.join(partner['services'])}" for partner in told["partners"]]
        assert [each for each in wanted if " ".join(each.split()) not in text] == []
        assert {a.get_attribute("href") for a in place.locator("a").all()} >= {
            p["policy_url"] for p in told["partners"]
        }
    for page in (visitor.page, by_itself):
        found = Axe().run(page, context={"exclude": [["[data-consent-banner]"]]}).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    context.close()


def _violations(page: Page) -> list[str]:
    """Run axe on the page and inside the open shadow root; fail when it did not look there."""
    response = Axe().run(page).response
    nodes = [node for result in response["passes"] for node in result["nodes"]]
    assert any(isinstance(part, list) for node in nodes for part in node["target"]), "axe did not enter the shadow root"
    return [f"{found['id']}: {json.dumps([n['target'] for n in found['nodes']])}" for found in response["violations"]]


def _tab_to(page: Page, name: str) -> int:
    """Press Tab until this has the focus; return how often."""
    for count in range(1, 60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == name:
            return count
    raise AssertionError(f"Tab never reaches {name}")
