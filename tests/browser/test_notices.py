"""The banner tells that it is shown only where the site asks for it: once a page, without a word about the visitor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests.admin_server import AdminServer, admin_server
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer
from tests.builders import site_file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminServer]:
    with admin_server(tmp_path_factory.mktemp("notices")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(server: AdminServer) -> Iterator[PageServer]:
    """Two sites with one page each: the first has its notices counted."""

    def respond(asked: Asked) -> Answer:
        tag = f'<script src="{server.url}/v1/sites/{asked.host}/banner.js"></script>'
        page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>x</title>{tag}</head><body><p>x'
        return Answer(page) if asked.path == "/secret?who=me" else NOT_FOUND

    with PageServer(respond) as started, server.app.app_context():
        for key, counted in (("counted", True), ("silent", False)):
            document = site_file(
                site_key=key,
                origins=[started.host(key)],
                services=[{"library": "google-analytics"}],
                count_notices=counted,
            )
            editing.import_site(db.session(), document, clock.now())
            publishing.publish(db.session(), key, server.url, clock.now())
        yield started


def _visit(context: BrowserContext, pages: PageServer, site: str) -> tuple[Page, list[Request]]:
    page = context.new_page()
    told: list[Request] = []
    page.on("request", lambda request: told.append(request) if "/shown" in request.url else None)
    page.goto(f"{pages.host(site)}/secret?who=me")
    expect(page.locator('[data-consent-action="refuse-all"]')).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page, told


def test_a_notice_that_is_shown_is_told_once_and_one_that_was_answered_is_not(
    server: AdminServer, pages: PageServer, context: BrowserContext
) -> None:
    page, told = _visit(context, pages, "counted")
    (request,) = told
    assert request.url == f"{server.url}/v1/sites/counted/shown?lang=en&version=1"
    assert request.post_data is None
    sent = request.all_headers()
    assert "cookie" not in sent
    assert "secret" not in str(sent)
    answer = request.response()
    assert answer is not None
    assert answer.status == 204
    with page.expect_response(lambda answer: answer.url.endswith("/consents")):
        page.locator('[data-consent-action="refuse-all"]').click()
    page.reload()
    page.wait_for_load_state("networkidle")
    assert len(told) == 1


def test_a_site_that_does_not_ask_for_it_is_told_nothing(
    server: AdminServer, pages: PageServer, context: BrowserContext
) -> None:
    _page, told = _visit(context, pages, "silent")
    assert told == []
