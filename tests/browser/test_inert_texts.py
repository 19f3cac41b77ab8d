"""What somebody writes stays a text: in the admin, on the public pages, and in the banner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from playwright.sync_api import Browser, BrowserContext, Page

from consent_server.domain.catalogue_files import write_rows
from consent_server.domain.catalogue_rows import rows_of
from consent_server.services import clock, editing, publishing
from consent_server.storage import sites
from consent_server.storage.database import db
from tests.admin_server import AdminServer, admin_server, press_in_frame
from tests.builders import site_file

PAYLOADS: list[str] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "html_payloads.json").read_text(encoding="utf-8")
)["payloads"]
PLAIN = [f"text {number}" for number in range(len(PAYLOADS))]
ELSEWHERE = "evil.example"

WATCH = "window.pwned = () => { (window.top || window).ran = true; }; window.alert = window.pwned;"
CENSUS = """(root) => {
  const found = {};
  for (const each of (root || document).querySelectorAll('*')) found[each.localName] = (found[each.localName] || 0) + 1;
  return found;
}"""
SUSPICIOUS = """() => [...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames().filter((name) =>
  name.startsWith('on') || (/^(href|src|action|formaction|data|srcdoc)$/.test(name) &&
    /^\\s*(javascript|data|vbscript):/i.test(each.getAttribute(name)))
  ).map((name) => `${each.localName} ${name}`))"""


def service(number: int, text: str) -> dict[str, Any]:
    name = "".join(c for c in text if ord(c) >= 32).strip() or "x"
    return {
        "id": f"s-{number}",
        "name": text,
        "vendor": text,
        "purpose": "marketing" if number % 2 else None,
        "trackers": [{"name": f"{name[:150]} {number}", "description": {"fr": text, "en": text}}],
    }


def a_site(key: str, texts: list[str], origin: str) -> dict[str, Any]:
    own = {"id": "own", "title": texts[0], "description": texts[1], "details": texts[2]}
    services = [service(number, text) for number, text in enumerate(texts)]
    services.append({**service(len(texts), texts[3]), "purpose": "own"})
    return site_file(
        site_key=key,
        name=texts[4],
        origins=[origin],
        purposes=[own],
        services=services,
        banner={"controller": texts[5]},
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminServer]:
    with admin_server(tmp_path_factory.mktemp("inert")) as started:
        started.app.add_url_rule("/page/<key>", "page_of_a_site", _page)
        with started.app.app_context():
            for key, texts in (("wild", PAYLOADS), ("tame", PLAIN)):
                editing.import_site(db.session(), a_site(key, texts, started.url), clock.now())
                publishing.publish(db.session(), key, started.url, clock.now())
        yield started


def _page(key: str) -> Response:
    script = f'<script src="/v1/sites/{key}/banner.js"></script>'
    page = Response(f"<!doctype html><html lang=fr><head>{script}<title>x</title></head><body><p>x</body></html>")
    page.headers["Content-Security-Policy"] = "default-src * 'unsafe-inline' 'unsafe-eval' data: blob:"  # all may run
    return page


class Watched:
    """A tab that tells what ran and who was asked."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.add_init_script(WATCH)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: dialog.dismiss())

    def is_quiet(self) -> bool:
        return not self.page.evaluate("window.ran") and not any(ELSEWHERE in url.split("?")[0] for url in self.asked)


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200


@pytest.mark.parametrize(
    "path",
    [
        "/admin/sites/",
        "/admin/sites/{key}/",
        "/admin/sites/{key}/catalogue/",
        "/admin/sites/{key}/catalogue/?edit={row}",
        "/admin/sites/{key}/catalogue/services",
        "/admin/sites/{key}/catalogue/library",
        "/admin/sites/{key}/banner/",
        "/admin/sites/{key}/configurations/next",
        "/admin/activity/",
        "/v1/sites/{key}/policy?lang=fr",
    ],
)
def test_pages_have_the_same_elements_whatever_was_written(path: str, server: AdminServer, chromium: Browser) -> None:
    context = server.context(chromium)
    found = {}
    for key in ("wild", "tame"):
        watched = Watched(context)
        watched.page.goto(path.format(key=key, row=_rows(server, key)[7]))
        found[key] = watched.page.evaluate(CENSUS)
        assert watched.page.evaluate(SUSPICIOUS) == []
        assert watched.is_quiet()
    assert found["wild"] == found["tame"]
    context.close()


def test_every_payload_is_shown_and_edited_as_what_it_is(server: AdminServer, chromium: Browser) -> None:
    context = server.context(chromium)
    watched = Watched(context)
    watched.page.goto("/admin/sites/wild/catalogue/services")
    shown = watched.page.locator("tbody th a").all_text_contents()
    assert [text.split() for text in shown[:-1]] == [text.split() for text in PAYLOADS]
    rows = _rows(server, "wild")
    for number in range(0, len(PAYLOADS), 25):
        watched.page.goto(f"/admin/sites/wild/catalogue/trackers/{rows[number]}")
        written = watched.page.locator("#description_fr").input_value()
        assert written == PAYLOADS[number].replace("\r\n", "\n")
        assert watched.page.evaluate(SUSPICIOUS) == []
    assert watched.is_quiet()
    context.close()


def test_payloads_are_inert_in_a_preview_a_search_a_policy_and_the_history(
    server: AdminServer, chromium: Browser
) -> None:
    with server.app.app_context():
        wild = editing.check_draft(sites.find_site(db.session(), "wild").draft)
    file = write_rows(wild)
    context = server.context(chromium)
    watched = Watched(context)
    page = watched.page
    page.goto("/admin/sites/tame/catalogue/import")
    page.locator("#text").fill(file)
    page.locator("form:has(#text) button").click()
    page.locator("input[name=revision]").wait_for(state="attached")
    assert page.evaluate(SUSPICIOUS) == []
    assert page.locator("main h3 + ul li code").count() >= len(PAYLOADS)
    page.goto("/admin/sites/tame/catalogue/policy")
    page.locator("#text").fill("Cookies.\n" + "\n".join(f"The cookie “x_{n}” is {t}" for n, t in enumerate(PAYLOADS)))
    page.locator("form:has(#text) button").click()
    page.wait_for_load_state()
    assert page.evaluate(SUSPICIOUS) == []
    for text in PAYLOADS[::20]:
        page.goto("/admin/sites/tame/catalogue/library")
        page.locator("#search").fill(text)
        page.keyboard.press("Enter")
        page.wait_for_url("**search=*")
        assert page.evaluate(SUSPICIOUS) == []
    with server.app.app_context():
        draft = sites.find_site(db.session(), "tame").draft
        editing.import_site(db.session(), {**draft, "purposes": _wild_purposes(server)}, clock.now())
    page.goto("/admin/sites/tame/catalogue/history")
    page.locator("summary").first.click()
    assert page.evaluate(SUSPICIOUS) == []
    assert watched.is_quiet()
    context.close()


def test_the_banner_shows_every_payload_as_text(server: AdminServer, chromium: Browser) -> None:
    context = chromium.new_context(base_url=server.url, locale="fr-FR")
    found = {}
    for key in ("wild", "tame"):
        watched = Watched(context)
        watched.page.goto(f"/page/{key}")
        watched.page.locator("[data-consent-action=customize]").click()
        watched.page.locator("[data-consent-action=save]").wait_for()
        watched.page.locator("summary").first.wait_for()  # what each service is for has come
        for details in watched.page.locator("summary").all():
            details.click()
        host = watched.page.locator("[data-consent-banner]")
        found[key] = host.evaluate(f"(host) => ({CENSUS})(host.shadowRoot)")
        assert watched.page.evaluate("window.ran") is None
        assert watched.is_quiet()
        watched.page.close()
    assert found["wild"] == found["tame"]
    assert sum(found["wild"].values()) > len(PAYLOADS)
    context.close()


def test_the_preview_of_the_banner_shows_every_payload_as_text(server: AdminServer, chromium: Browser) -> None:
    context = server.context(chromium)
    found = {}
    for key in ("wild", "tame"):
        watched = Watched(context)
        watched.page.goto(f"/admin/sites/{key}/banner/")
        frame = watched.page.frame_locator("iframe[name=banner-preview]")
        press_in_frame(frame.locator("[data-consent-action=customize]"))
        frame.locator("[data-consent-action=save]").wait_for()
        frame.locator("summary").first.wait_for()
        host = frame.locator("[data-consent-banner]")
        found[key] = host.evaluate(f"(host) => ({CENSUS})(host.shadowRoot)")
        assert not host.evaluate("() => window.ran")
        assert watched.is_quiet()
        watched.page.close()
    assert found["wild"] == found["tame"]
    context.close()


def _rows(server: AdminServer, key: str) -> list[str]:
    with server.app.app_context():
        return [row.id for row in rows_of(editing.check_draft(sites.find_site(db.session(), key).draft))]


def _wild_purposes(server: AdminServer) -> Any:
    return sites.find_site(db.session(), "wild").draft["purposes"]
