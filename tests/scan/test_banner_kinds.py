"""The ways through banners that come in no package: pages with the names their makers document. In a real browser.

They tell that the ways fit those names, on either layer. Whether a maker has changed them, only a site can tell.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from consent_server.browser.banners import KINDS
from consent_server.browser.pressing import press

pytestmark = pytest.mark.browser

BEHAVIOUR = """
<script>{
  const root = document.querySelector('template')?.parentElement.attachShadow({ mode: 'open' });
  root?.append(document.querySelector('template').content);
  const all = (selector) => [...document.querySelectorAll(selector), ...(root?.querySelectorAll(selector) ?? [])];
  const show = (layer) => all('[data-layer]').forEach((each) => { each.hidden = each.dataset.layer !== layer; });
  const wants = () => all('input').some((each) => each.checked && !each.disabled);
  for (const each of all('button'))
    each.onclick = () => {
      if (each.dataset.opens) return show(each.dataset.opens);
      if (each.dataset.sets) return all('input').forEach((box) => { box.checked = false; });
      document.title = each.dataset.says ?? (wants() ? 'agreed' : 'refused');
      show('');
    };
  show('1');
}</script>"""

TICKED = "<input type=checkbox checked {}> <input type=checkbox checked disabled {}>"
"""Two switches, of which one cannot be turned off."""

BANNERS = {
    "Axeptio": """<div id=axeptio_overlay><div><template><div data-layer=1>
      <button id=axeptio_btn_acceptAll data-says=agreed>Yes</button> {refusal}</div></template></div></div>""",
    "Didomi": """<div id=didomi-host><div id=didomi-notice data-layer=1>
      <button id=didomi-notice-agree-button data-says=agreed>Yes</button> {refusal}
      <button id=didomi-notice-learn-more-button data-opens=2>More</button></div>
      <div class=didomi-consent-popup-preferences data-layer=2><input type=checkbox checked>
      <button id=didomi-radio-option-disagree-to-all data-sets=off>No to all</button>
      <div class=didomi-consent-popup-actions><button>Save</button></div></div></div>""",
    "Cookiebot": """<div id=CybotCookiebotDialog><div data-layer=1>
      <button id=CybotCookiebotDialogBodyLevelButtonLevelOptinAllowAll data-says=agreed>Yes</button> {refusal}
      <button id=CybotCookiebotDialogBodyLevelButtonCustomize data-opens=2>More</button></div><div data-layer=2>"""
    + TICKED.format(
        "id=CybotCookiebotDialogBodyLevelButtonMarketing", "id=CybotCookiebotDialogBodyLevelButtonNecessary"
    )
    + "<button id=CybotCookiebotDialogBodyLevelButtonLevelOptinAllowallSelection>Save</button></div></div>",
    "OneTrust": """<div id=onetrust-banner-sdk data-layer=1>
      <button id=onetrust-accept-btn-handler data-says=agreed>Yes</button> {refusal}
      <button id=onetrust-pc-btn-handler data-opens=2>More</button></div><div id=onetrust-pc-sdk data-layer=2>"""
    + TICKED.format("class=category-switch-handler", "class=category-switch-handler")
    + "<button class='save-preference-btn-handler onetrust-close-btn-handler'>Save</button></div>",
    "Complianz": """<div class='cmplz-cookiebanner cmplz-show'><div data-layer=1>
      <button class='cmplz-btn cmplz-accept' data-says=agreed>Yes</button> {refusal}
      <button class='cmplz-btn cmplz-view-preferences' data-opens=2>More</button></div><div data-layer=2>"""
    + TICKED.format("class=cmplz-consent-checkbox", "class=cmplz-consent-checkbox")
    + "<button class='cmplz-btn cmplz-save-preferences'>Save</button></div></div>",
}

REFUSALS = {
    "Axeptio": "<button id=axeptio_btn_dismiss data-says=refused>No</button>",
    "Didomi": "<button id=didomi-notice-disagree-button data-says=refused>No</button>",
    "Cookiebot": "<button id=CybotCookiebotDialogBodyButtonDecline data-says=refused>No</button>",
    "OneTrust": "<button id=onetrust-reject-all-handler data-says=refused>No</button>",
    "Complianz": "<button class='cmplz-btn cmplz-deny' data-says=refused>No</button>",
}


def stand(page: Page, name: str, refusal: str) -> None:
    body = f"<button>Menu</button>{BANNERS[name].replace('{refusal}', refusal)}"
    page.set_content(f"<!doctype html><title>asked</title>{body}{BEHAVIOUR}")


@pytest.mark.parametrize("name", BANNERS)
def test_a_banner_is_told_by_its_makers_names_and_answered_on_its_first_layer(page: Page, name: str) -> None:
    for answer in ("agreed", "refused"):
        stand(page, name, REFUSALS[name])
        kind = next(each for each in KINDS if page.locator(each.seen).first.is_visible())

        assert kind.name == name
        assert press(page, kind.accept if answer == "agreed" else kind.refuse)
        assert page.title() == answer


@pytest.mark.parametrize("name", [name for name in BANNERS if name != "Axeptio"])
def test_who_cannot_refuse_on_the_first_layer_does_on_the_second(page: Page, name: str) -> None:
    stand(page, name, "")
    kind = next(each for each in KINDS if each.name == name)

    assert press(page, kind.refuse)
    assert page.title() == "refused"


def test_a_way_that_is_not_there_is_not_said_to_be_gone(page: Page) -> None:
    stand(page, "Axeptio", "")
    kind = next(each for each in KINDS if each.name == "Axeptio")

    assert not press(page, kind.refuse)
    assert page.title() == "asked"
