"""What holds for every page of the admin, in both languages and both colour schemes, on a desktop and a phone.

The pages are those of the URL map: one that is new is visited here, or says below what its address is filled with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
from flask import Flask, url_for
from playwright.sync_api import Page
from werkzeug.routing import Rule

from consent_server.domain.account import Role, command_line
from consent_server.domain.catalogue_rows import rows_of
from consent_server.services import clock, editing, managing_people
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests import admins
from tests.admin.conftest import Desk
from tests.admin_server import PHONE, AdminServer, violations
from tests.answers import sequence, visitor_answers

pytestmark = pytest.mark.browser

PASSING = {
    "admin.home": "leads on",
    "admin.nothing": "is the page that is not there",
    "admin.static": "is no page",
    "admin_account.code_to_scan": "is a picture",
    "admin_activity.export": "is a file",
    "admin_answers.purposes_chart": "is a picture",
    "admin_answers.table": "is a file",
    "admin_answers.time_chart": "is a picture",
    "admin_catalogue.as_csv": "is a file",
    "admin_catalogue.as_json": "is a file",
    "admin_catalogue.fragment": "is a piece of a page",
    "admin_design.declaration": "is data for the preview",
    "admin_links.follow": "needs a link from a mail: tests/web/test_admin_accounts.py",
    "admin_proofs.file": "is a file",
    "admin_proofs.handover": "needs an export: tests/web/test_admin_proofs.py",
    "admin_sign_in.second": "needs a password before: tests/web/test_admin_accounts.py",
}
"""Endpoints that are not visited, and why."""

IMAGES = Path(__file__).parents[2] / "docs" / "images" / "admin"
BLANK_BYTES = 8_000
"""A page with nothing on it makes a smaller picture."""

WATCH = """
window.__wrong = [];
addEventListener('securitypolicyviolation', (event) => __wrong.push(`policy: ${event.violatedDirective}`));
addEventListener('error', (event) => __wrong.push(`error: ${event.message}`));
"""


Furnished = tuple[AdminServer, dict[str, Any]]


@pytest.fixture
def furnished(with_a_site: AdminServer) -> Furnished:
    """An installation in which every page has something to show, and what addresses are filled with."""
    app = with_a_site.app
    record_id = visitor_answers(app.test_client(), action="accept_all")
    with app.app_context():
        session, now = db.session(), clock.now()
        person, _ = managing_people.create_user(
            session, command_line(FIRST_ORGANISATION), "one@example.org", "One", Role.EDITOR, "fr", now
        )
        row = rows_of(editing.check_draft(sites.find_site(session, "example").draft))[0]
    sequence(app)
    return (
        with_a_site,
        {
            "site_key": "example",
            "version": 2,
            "record_id": record_id,
            "user_id": person.id,
            "row_id": row.id,
            "service_id": "google-analytics",
        },
    )


def _pages(app: Flask, filled: dict[str, Any]) -> Iterator[str]:
    with app.test_request_context():
        rules: list[Rule] = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for rule in rules:
            if rule.rule.startswith("/admin/") and "GET" in (rule.methods or ()) and rule.endpoint not in PASSING:
                path = url_for(rule.endpoint, **{name: filled[name] for name in rule.arguments})
                yield path + ("?one=1&other=2" if rule.endpoint == "admin_publishing.compare" else "")


def _open(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    assert page.evaluate("__wrong") == [], path


@pytest.mark.parametrize(("language", "scheme"), [("fr", "light"), ("en", "dark")])
def test_axe_finds_nothing(furnished: Furnished, desk: Desk, language: str, scheme: str) -> None:
    server, filled = furnished
    page = desk(server, Role.OWNER, language, color_scheme=scheme)
    page.add_init_script(WATCH)
    elsewhere: list[str] = []
    page.on("request", lambda it: None if it.url.startswith((server.url, "data:")) else elsewhere.append(it.url))
    found = []
    for path in _pages(server.app, filled):
        _open(page, path)
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1, path
        found += violations(page)
    assert found == []
    assert elsewhere == []


def test_on_a_phone_no_page_is_wider_than_the_screen(furnished: Furnished, desk: Desk) -> None:
    server, filled = furnished
    page = desk(server, Role.OWNER, "fr", viewport=PHONE)
    page.add_init_script(WATCH)
    wide = []
    for path in _pages(server.app, filled):
        _open(page, path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append((path, width))
    assert wide == []


def test_every_page_is_seen_as_the_documentation_shows_it(furnished: Furnished, desk: Desk, tmp_path: Path) -> None:
    """``UPDATE_SCREENSHOTS=1`` keeps the pictures in ``docs/images/admin``, for people to look at."""
    server, filled = furnished
    folder = IMAGES if os.environ.get("UPDATE_SCREENSHOTS") == "1" else tmp_path
    page = desk(server, Role.OWNER, "fr")
    sizes = {}
    for path in _pages(server.app, filled):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        picture = folder / f"{_named(path, filled)}.png"
        page.screenshot(path=picture)
        sizes[path] = picture.stat().st_size
    assert [path for path, size in sizes.items() if size < BLANK_BYTES] == []


def _named(path: str, filled: dict[str, Any]) -> str:
    """Name a picture after its page, without what is another each time."""
    parts = [part for part in path.partition("?")[0].split("/") if part and part not in ("admin", "example")]
    return "-".join("one" if part in map(str, filled.values()) else part for part in parts) or "home"


def test_the_markup_of_every_page_has_no_mistake(furnished: Furnished) -> None:
    server, filled = furnished
    client = admins.sign_in(server.app, server.app.test_client(), Role.OWNER)
    wrong = []
    for path in _pages(server.app, filled):
        parser = html5lib.HTMLParser()
        parser.parse(client.get(path).text)
        wrong += [(path, position, code) for position, code, _ in parser.errors]
        ids = re.findall(r'\sid="([^"]+)"', client.get(path).text)
        wrong += [(path, 0, f"twice: {each}") for each in set(ids) if ids.count(each) > 1]
    assert wrong == []


def test_every_page_can_be_used_by_keyboard(furnished: Furnished, desk: Desk) -> None:
    """Tab reaches what the mouse reaches, in the order of the page, and what has the focus is seen."""
    server, filled = furnished
    page = desk(server, Role.OWNER, "fr")
    page.add_init_script(WATCH)
    for path in _pages(server.app, filled):
        _open(page, path)
        positive = page.evaluate("[...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length")
        assert positive == 0, path
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", path
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", path
