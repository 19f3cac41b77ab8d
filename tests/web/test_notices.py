"""Notices are counted where a site asks for it: a number goes up, and nothing of the visitor is sent or kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select

from consent_server.domain.account import Role
from consent_server.services import clock, editing, publishing, reporting
from consent_server.storage.database import db
from consent_server.storage.tables import NoticeCountRow
from tests import admins
from tests.builders import consent, site_file

SHOWN = "/v1/sites/example/shown"
OURS = {"Origin": "https://www.example.fr"}
PAGE = "/admin/sites/example/answers/"


def _publish(app: Flask, **changes: Any) -> None:
    with app.app_context():
        document = site_file(services=[{"library": "google-analytics"}], **changes)
        editing.import_site(db.session(), document, clock.now())
        publishing.publish(db.session(), "example", "http://localhost", clock.now())


def _kept(app: Flask) -> list[tuple[Any, ...]]:
    app.extensions["noticing"].write()
    with app.app_context():
        row = NoticeCountRow
        return [
            tuple(each) for each in db.session.execute(select(row.version, row.language, row.form_factor, row.count))
        ]


def _answer(client: FlaskClient, count: int, **changes: object) -> None:
    asked = client.get("/v1/sites/example/config").get_json()["purposes"]
    purposes = tuple(purpose["id"] for purpose in asked if not purpose["exempt"])
    for _ in range(count):
        assert client.post("/v1/sites/example/consents", json=consent(purposes, **changes)).status_code == 201


def test_a_number_goes_up_and_that_is_all_that_is_kept(app: Flask, client: FlaskClient) -> None:
    _publish(app, count_notices=True)
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
    for _ in range(3):
        answer = client.post(f"{SHOWN}?version=1&lang=fr", headers={**OURS, "User-Agent": phone})
        assert answer.status_code == 204
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert _kept(app) == [(1, "fr", "mobile", 3)]
    client.post(f"{SHOWN}?version=1&lang=fr", headers={**OURS, "User-Agent": phone})
    assert _kept(app) == [(1, "fr", "mobile", 4)]
    columns = {column.name for column in inspect(NoticeCountRow).columns}
    assert columns == {"site_id", "day", "version", "language", "form_factor", "count"}


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("version=1&lang=fr", {"Origin": "https://elsewhere.example"}, 403),
        ("version=1&lang=fr", {"Origin": "null"}, 403),
        ("version=2&lang=fr", OURS, 404),
        ("version=1&lang=de", OURS, 404),
        ("version=x&lang=fr", OURS, 422),
        ("version=1", OURS, 422),
    ],
)
def test_what_is_not_a_notice_of_the_site_is_not_counted(
    app: Flask, client: FlaskClient, query: str, headers: dict[str, str], status: int
) -> None:
    _publish(app, count_notices=True)
    assert client.post(f"{SHOWN}?{query}", headers=headers).status_code == status
    assert _kept(app) == []


def test_a_site_that_does_not_ask_for_it_counts_nothing_and_publishes_nothing_of_it(
    app: Flask, client: FlaskClient
) -> None:
    _publish(app)
    assert client.post(f"{SHOWN}?version=1&lang=fr", headers=OURS).status_code == 404
    assert _kept(app) == []
    assert "count_notices" not in client.get("/v1/sites/example/config").get_json()
    with app.app_context():
        assert reporting.answers(app.extensions["sessions"], "example").seen is None


def test_the_page_tells_shown_answered_and_ignored_with_what_they_are_of(app: Flask, client: FlaskClient) -> None:
    _publish(app, count_notices=True)
    viewer = admins.sign_in(app, client, Role.VIEWER)
    _answer(viewer, 12)
    _answer(viewer, 3, action="withdraw")
    assert "no rate of those who ignored it" in viewer.get(PAGE).text
    for _ in range(48):
        viewer.post(f"{SHOWN}?version=1&lang=fr", headers=OURS)
    _kept(app)
    page = viewer.get(PAGE).text
    assert "no rate of those who ignored it" not in page
    assert "A page is not a person" in page
    with app.app_context():
        seen = reporting.answers(app.extensions["sessions"], "example").seen
    assert seen is not None
    assert (seen.pages, seen.answers, seen.unanswered) == (48, 12, 36)
    assert "75%" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_editor_has_notices_counted_from_the_next_publication_on(app: Flask, client: FlaskClient) -> None:
    _publish(app)
    editor = admins.sign_in(app, client, Role.EDITOR)
    page = editor.get(PAGE).text
    for wanted, said in (("yes", "Count notices no more"), ("no", "Count notices that are shown")):
        given = {"csrf_token": admins.csrf_of(page), "count": wanted}
        assert editor.post(f"{PAGE}notices", data=given).status_code == 303
        page = editor.get(PAGE).text
        assert said in page
    assert admins.sign_in(app, client, Role.VIEWER).post(f"{PAGE}notices", data=given).status_code == 403
