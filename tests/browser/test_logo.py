"""A logo on the banner: seen where it is asked for, on any ground, and never missed where it does not come."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from consent_server.domain.account import command_line
from consent_server.domain.theme import DARK, Palette
from consent_server.services import branding, clock, editing, publishing
from consent_server.services.photographing import photograph_configuration
from consent_server.storage import configurations, sites
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests import pictures
from tests.admin_server import RULES, AdminServer, admin_server
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer
from tests.builders import site_file

ALT = {"fr": "Exemple", "en": "Example"}
LAYOUTS = ("box", "bar", "modal")
STRICT = "img-src 'self'"
FOLDER = os.environ.get("TEST_LOGO_PICTURES", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminServer]:
    with admin_server(tmp_path_factory.mktemp("logos")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(server: AdminServer) -> Iterator[PageServer]:
    """One site for each shape of the banner, and one whose title says what the logo would."""

    def respond(asked: Asked) -> Answer:
        tag = f'<script src="{server.url}/v1/sites/{asked.host}/banner.js"></script>'
        page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>x</title>{tag}</head><body><p>x'
        policy = {"Content-Security-Policy": STRICT} if asked.path == "/strict" else {}
        return Answer(page, headers=policy) if asked.path in ("/", "/strict") else NOT_FOUND

    with PageServer(respond) as started, server.app.app_context():
        for layout in LAYOUTS:
            _publish(server, started, layout, ALT, layout=layout)
        named = {language: {"title": "Example SAS and cookies"} for language in ALT}
        _publish(server, started, "named", {}, texts=named)
        yield started


def _publish(server: AdminServer, pages: PageServer, key: str, alt: dict[str, str], **banner: Any) -> None:
    session, now = db.session(), clock.now()
    banner = {"controller": "Example SAS", **banner}
    services = [{"library": "google-analytics"}, {"library": "meta-pixel"}]
    strict = {"unknown_third_parties": "block", "privacy_url": "/privacy"}
    banner["privacy_url"] = strict.pop("privacy_url")
    file = site_file(site_key=key, origins=[pages.host(key)], services=services, banner=banner, **strict)
    editing.import_site(session, file, now)
    actor = command_line(FIRST_ORGANISATION)
    branding.keep_logo(session, sites.find_site(session, key), pictures.encoded(), alt, actor, now)
    publishing.publish(session, key, server.url, now)


def _visit(context: BrowserContext, pages: PageServer, site: str, path: str = "/") -> tuple[Page, list[Request]]:
    page = context.new_page()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/logo." in request.url else None)
    page.goto(pages.host(site) + path)
    expect(page.locator('[data-consent-action="refuse-all"]')).to_be_visible()
    page.wait_for_function("document.querySelector('[data-consent-banner]').shadowRoot.querySelector('img').complete")
    return page, asked


def _logo(page: Page) -> Locator:
    return page.locator("[data-consent-banner] img")


def _places(page: Page) -> dict[str, Any]:
    """Where everything on the banner is."""
    return dict(
        page.evaluate(
            """() => Object.fromEntries([...document.querySelector('[data-consent-banner]').shadowRoot
              .querySelectorAll('dialog *')].map((element, at) => {
                const { x, y, width, height } = element.getBoundingClientRect();
                return [`${at} ${element.localName}`, [x, y, width, height].map(Math.round)];
              }))"""
        )
    )


def _keep(page: Page, name: str) -> None:
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"{name}.png")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_seen_and_its_size_is_known_before_it_comes(
    context: BrowserContext, pages: PageServer, layout: str, width: int
) -> None:
    context.route("**/logo.*", lambda route: route.abort())
    page, asked = _visit(context, pages, layout)
    page.set_viewport_size({"width": width, "height": 740})
    without = _places(page)
    assert len(asked) == 1
    _keep(page, f"{layout}-{width}-without")
    context.unroute("**/logo.*")

    page, _ = _visit(context, pages, layout)
    page.set_viewport_size({"width": width, "height": 740})
    _keep(page, f"{layout}-{width}")
    logo = page.get_by_role("img", name="Example")
    expect(logo).to_be_in_viewport(ratio=1)
    assert logo.evaluate("image => [image.naturalWidth, image.width, image.height]") == [384, 192, 48]
    assert _places(page) == without, "nothing moves, and nothing is missed"
    for action in ("refuse-all", "accept-all", "customize"):
        expect(page.locator(f'[data-consent-action="{action}"]')).to_be_in_viewport(ratio=1)


def test_where_the_title_says_it_too_it_only_decorates_and_keeps_its_place_as_well(
    context: BrowserContext, pages: PageServer
) -> None:
    context.route("**/logo.*", lambda route: route.abort())
    without = _places(_visit(context, pages, "named")[0])
    context.unroute("**/logo.*")
    page, _ = _visit(context, pages, "named")
    assert _logo(page).get_attribute("alt") == ""
    expect(page.locator("[data-consent-banner]").get_by_role("img")).to_have_count(0)
    assert _places(page) == without


def test_a_page_whose_policy_forbids_it_asks_all_the_same(context: BrowserContext, pages: PageServer) -> None:
    page, _ = _visit(context, pages, "box", "/strict")
    assert _logo(page).evaluate("image => image.naturalWidth") == 0
    _keep(page, "strict")
    page.locator('[data-consent-action="refuse-all"]').click()
    page.wait_for_function("consent.get() && consent.get().decisions.audience === false")


def test_who_has_answered_does_not_ask_for_it(context: BrowserContext, pages: PageServer) -> None:
    page, asked = _visit(context, pages, "bar")
    assert [request.url.partition("/logo.")[2][64:] for request in asked] == [".webp"]
    page.locator('[data-consent-action="refuse-all"]').click()
    asked.clear()
    page.reload()
    expect(page.locator('[data-consent-action="open"]')).to_be_visible()
    assert asked == []


@pytest.mark.parametrize("forced", ["none", "active"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_stands_on_light_ground_whatever_is_around_it(
    context: BrowserContext, pages: PageServer, scheme: Any, forced: Any
) -> None:
    page, _ = _visit(context, pages, "box")
    page.emulate_media(color_scheme=scheme, forced_colors=forced)
    _keep(page, f"{scheme}-{forced}")
    taken = Image.open(io.BytesIO(_logo(page).screenshot())).convert("RGB")
    ground, drawn = taken.getpixel((1, 1)), taken.getpixel((24, 24))
    assert _hex(ground) == Palette().background
    assert _hex(drawn) == "#1f3a8a"
    around = page.locator("[data-consent-banner] dialog").evaluate("d => getComputedStyle(d).backgroundColor")
    if forced == "none" and scheme == "dark":
        assert around == f"rgb({', '.join(str(int(DARK.background[at : at + 2], 16)) for at in (1, 3, 5))})"


def _hex(pixel: Any) -> str:
    return "#" + "".join(f"{part:02x}" for part in pixel)


@pytest.mark.parametrize("site", ["box", "named"])
def test_axe_finds_nothing_wrong_with_it(context: BrowserContext, pages: PageServer, site: str) -> None:
    page, _ = _visit(context, pages, site)
    found = Axe().run(page, context={"include": [["[data-consent-banner]"]]}, options=RULES).response
    assert [each["id"] for each in found["violations"]] == []
    assert "image-alt" in [each["id"] for each in found["passes"]]


def test_the_pictures_that_are_kept_with_a_configuration_show_it(server: AdminServer, pages: PageServer) -> None:
    with server.app.app_context():
        session, now = db.session(), clock.now()
        banner = {"controller": "Example SAS"}
        file = site_file(site_key="pictured", origins=[pages.host("pictured")], languages=["fr"], banner=banner)
        editing.import_site(session, {**file, "services": [{"library": "google-analytics"}]}, now)
        red = pictures.encoded(pictures.logo(colour="#aa0000"))
        actor = command_line(FIRST_ORGANISATION)
        branding.keep_logo(session, sites.find_site(session, "pictured"), red, {"fr": "Exemple"}, actor, now)
        published = publishing.publish(session, "pictured", server.url, now, photograph_configuration).configuration
        for shot in published.screenshots:
            png = configurations.find_screenshot(session, shot.digest)
            colours = Image.open(io.BytesIO(png or b"")).convert("RGB").getcolors(1 << 24) or []
            seen = sum(count for count, colour in colours if colour == (0xAA, 0, 0))
            assert (seen > 1_000) == (shot.layer == 1)
