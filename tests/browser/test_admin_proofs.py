"""Answers and proofs in a real browser: for everybody, by keyboard, on a phone, on paper, without scripts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from consent_server.domain.account import Role
from tests.admin_server import DESKTOP, PHONE, AdminServer, admin_server, tab_to, violations
from tests.answers import VISITOR, publish_site, sequence, visitor_answers

BASE = "/admin/sites/example"
PAGES = ("/answers/", "/answers/?to=2020-01-01", "/proofs/", "/proofs/?code=nothing", "/proofs/?to=2020-01-01")
PAGES += ("/proofs/{record}", "/proofs/{record}/erase", "/proofs/export", "/proofs/log")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminServer]:
    with admin_server(tmp_path_factory.mktemp("proofs")) as started:
        yield started


@pytest.fixture(scope="module")
def records(server: AdminServer) -> list[str]:
    """Twelve answers and one more of the visitor, in the log."""
    publish_site(server.app)
    client = server.app.test_client()
    made = [visitor_answers(client, action="accept_all") for _ in range(12)] + [
        visitor_answers(client, consent_id=VISITOR)
    ]
    sequence(server.app)
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_on_any_page_nor_does_one_scroll_sideways_on_a_phone(
    language: str, scheme: Any, server: AdminServer, chromium: Browser, records: list[str]
) -> None:
    size = PHONE if scheme == "dark" else DESKTOP
    context = server.context(chromium, language=language, color_scheme=scheme, viewport=size)
    page = context.new_page()
    foreign: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(server.url) else None)
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    for path in PAGES:
        page.goto(BASE + path.format(record=records[-1]))
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert (foreign, refused) == ([], [])
    context.close()


def test_charts_are_drawn(server: AdminServer, chromium: Browser, records: list[str]) -> None:
    context = server.context(chromium)
    page = context.new_page()
    page.goto(f"{BASE}/answers/")
    expect(page.locator("img.chart")).to_have_count(2)
    for chart in page.locator("img.chart").all():
        chart.evaluate("image => image.decode()")
        assert chart.evaluate("image => image.naturalWidth") > 0
    context.close()


def test_a_record_is_found_by_keyboard_alone(server: AdminServer, chromium: Browser, records: list[str]) -> None:
    context = server.context(chromium)
    page = context.new_page()
    page.goto(f"{BASE}/proofs/")
    tab_to(page, page.locator("#code"))
    page.keyboard.type(VISITOR)
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    tab_to(page, page.locator("tbody a").first)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Enregistrement du")
    expect(page.locator("main")).to_contain_text(records[-1])
    context.close()


def test_evidence_is_fetched_without_scripts_and_the_page_says_when_it_is_whole(
    server: AdminServer, chromium: Browser, records: list[str], tmp_path: Path
) -> None:
    context = server.context(chromium, Role.AUDITOR, language="en", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{BASE}/proofs/export")
    page.get_by_role("button", name="Prepare").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Fetch the file").click()
    download.value.save_as(tmp_path / "evidence.zip")
    assert "README.html" in zipfile.ZipFile(tmp_path / "evidence.zip").namelist()
    expect(page.locator(".said.success")).to_contain_text("Fetched whole")
    context.close()


def test_a_visitor_is_erased_on_a_phone_without_scripts(
    server: AdminServer, chromium: Browser, records: list[str]
) -> None:
    record_id = visitor_answers(server.app.test_client())
    context = server.context(chromium, java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{BASE}/proofs/{record_id}")
    page.get_by_role("link", name="Effacer ce visiteur").click()
    expect(page.locator("main")).to_contain_text("Ce qui reste")
    page.get_by_label("Motif").fill("decided on request")
    page.get_by_label("J’ai lu ce qui disparaît").check()
    page.get_by_role("button", name="Effacer définitivement").click()
    expect(page.locator(".said.success")).to_have_text("1 enregistrement a été effacé.")
    context.close()


def test_on_paper_a_record_is_whole_and_the_menus_are_gone(
    server: AdminServer, chromium: Browser, records: list[str]
) -> None:
    context = server.context(chromium)
    page = context.new_page()
    page.goto(f"{BASE}/proofs/{records[0]}")
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator("nav.site")).to_be_hidden()
    expect(page.get_by_text(records[0]).first).to_be_visible()
    context.close()
