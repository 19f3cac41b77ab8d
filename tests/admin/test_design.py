"""The designer: what is seen is the banner itself, and it is judged while it is made."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from consent_server.domain.account import Role
from consent_server.storage import sites
from consent_server.storage.database import db
from tests import pictures
from tests.admin.conftest import Desk
from tests.admin_server import PHONE, AdminServer, press_in_frame
from tests.browser.page_server import Answer, Asked, PageServer

pytestmark = pytest.mark.browser

ADDRESS = "/admin/sites/example/banner/"


def _banner(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[name=banner-preview]")


@pytest.fixture
def page(with_a_site: AdminServer, desk: Desk) -> Page:
    opened = desk(with_a_site, Role.EDITOR)
    opened.goto(ADDRESS)
    return opened


def test_the_preview_is_the_banner_and_follows_the_form(page: Page, with_a_site: AdminServer) -> None:
    expect(_banner(page).get_by_role("button", name="Tout refuser")).to_be_visible()
    page.locator("#text_fr_title").fill("Une question")
    expect(_banner(page).get_by_role("heading", name="Une question")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "text_fr_title", "the preview leaves the focus where one types"
    page.get_by_label("English", exact=True).check()
    expect(_banner(page).get_by_role("button", name="Refuse all")).to_be_visible()
    with with_a_site.app.app_context():
        assert "texts" not in sites.find_site(db.session(), "example").draft["banner"], "nothing was kept yet"


def test_the_previews_settings_tell_what_each_service_sets_and_an_answer_is_kept_nowhere(page: Page) -> None:
    posts = []
    page.on("request", lambda request: posts.append(request.url) if "/consents" in request.url else None)
    press_in_frame(_banner(page).get_by_role("button", name="Personnaliser mes choix"))
    expect(_banner(page).get_by_text("Services et traceurs").first).to_be_visible()
    _banner(page).get_by_role("button", name="Tout accepter").click()
    expect(_banner(page).locator("dialog")).to_have_count(0)
    assert page.context.cookies()[0]["name"] == "admin"
    assert len(page.context.cookies()) == 1
    assert posts == []


def test_a_colour_that_cannot_be_read_is_named_while_it_is_chosen(page: Page) -> None:
    expect(page.locator("#findings")).to_contain_text("Nothing speaks against it")
    page.locator("#light_accent").fill("#b2b2b2")
    expect(page.locator("#findings")).to_contain_text(
        "#ffffff on #b2b2b2 has a contrast of 2.1; at least 5.0 is needed."
    )
    expect(page.locator("#findings")).to_contain_text("WCAG 2.2")


def test_what_is_kept_is_what_differs_from_the_shipped_words(page: Page, with_a_site: AdminServer) -> None:
    page.locator("#text_fr_title").fill("Une question")
    page.locator("summary", has_text="Publicité").click()
    page.locator("#order_marketing").fill("1")
    page.get_by_role("button", name="Keep in the draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Kept in the draft.")
    with with_a_site.app.app_context():
        draft = sites.find_site(db.session(), "example").draft
    assert draft["banner"]["texts"] == {"fr": {"title": "Une question"}}
    order = [purpose["id"] for purpose in draft["purposes"]]
    assert order.index("marketing") < order.index("audience")


def test_without_javascript_the_preview_is_a_button_away(with_a_site: AdminServer, desk: Desk) -> None:
    page = desk(with_a_site, Role.EDITOR, java_script_enabled=False)
    page.goto(ADDRESS)
    page.locator("#text_fr_title").fill("")
    page.get_by_role("button", name="Show").click()
    expect(_banner(page).get_by_role("heading", name="A page of the site")).to_be_visible()
    page.locator("#controller").fill("Autre SAS")
    page.get_by_role("button", name="Keep in the draft").click()
    expect(page.locator("#controller")).to_have_value("Autre SAS")


def test_on_a_phone_nothing_is_wider_than_the_screen(with_a_site: AdminServer, desk: Desk) -> None:
    page = desk(with_a_site, Role.EDITOR, "fr", viewport=PHONE)
    page.goto(ADDRESS)
    expect(_banner(page).get_by_role("button", name="Tout refuser")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def _seen(image: Locator) -> bool:
    image.wait_for()
    return bool(image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))


def test_a_logo_is_uploaded_previewed_published_and_seen_on_a_page(
    page: Page, with_a_site: AdminServer, chromium: Browser
) -> None:
    page.get_by_role("link", name="Add a logo").click()
    page.get_by_label("Picture").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": pictures.encoded()}
    )
    page.get_by_label("What it says (français)").fill("Exemple")
    page.get_by_role("button", name="Keep in the draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Kept in the draft.")
    assert _seen(_banner(page).get_by_role("img", name="Exemple"))

    page.get_by_role("radio", name="dark").check()
    ground = "element => getComputedStyle(element).backgroundColor"
    dialog = _banner(page).locator("dialog")
    expect(dialog).to_have_css("background-color", "rgb(23, 28, 38)")
    assert _banner(page).get_by_role("img").evaluate(ground) == "rgb(255, 255, 255)"

    page.goto("/admin/sites/example/configurations/next")
    expect(page.get_by_text("The banner shows a logo, which says: en: Example, fr: Exemple")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Configuration 3 is live.")).to_be_visible()

    def respond(asked: Asked) -> Answer:
        ours = f'<script src="{with_a_site.url}/v1/sites/example/banner.js"></script>'
        return Answer(f'<!doctype html><html lang="fr"><head><title>x</title>{ours}</head><body>')

    context = chromium.new_context()
    with PageServer(respond) as pages:
        visit = context.new_page()
        visit.goto(pages.host("www"))
        assert _seen(visit.get_by_role("img", name="Exemple"))
    context.close()


def test_a_device_that_is_dark_does_not_darken_the_light_preview(with_a_site: AdminServer, desk: Desk) -> None:
    page = desk(with_a_site, Role.EDITOR, color_scheme="dark")
    page.goto(ADDRESS)
    expect(_banner(page).locator("dialog")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_a_purpose_is_added_and_removed_by_keyboard_and_mouse_alike(page: Page) -> None:
    page.get_by_role("link", name="Add or remove purposes").click()
    for language, title in (("fr", "Lettre"), ("en", "Newsletter")):
        page.locator(f"#title_{language}").fill(title)
        page.locator(f"#description_{language}").fill(title)
    page.locator(f"#description_{language}").press("Tab")
    page.get_by_role("button", name="Keep in the draft").press("Enter")
    expect(page.get_by_role("row", name="Newsletter")).to_contain_text("nothing: not shown")
    page.get_by_role("button", name="Remove Newsletter").click()
    expect(page.get_by_role("row", name="Newsletter")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name="Newsletter")).to_be_visible()
