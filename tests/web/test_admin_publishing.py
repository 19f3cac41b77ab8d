"""Publishing from the admin: what will be different, what forbids it, and the history."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.services import clock, editing
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file

NEXT = "/admin/sites/example/configurations/next"
HISTORY = "/admin/sites/example/configurations/"


def _draft(app: Flask, **changes: object) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(**changes), clock.now())


@pytest.fixture
def editor(app: Flask, client: FlaskClient) -> FlaskClient:
    _draft(app, services=[{"library": "google-analytics"}])
    return admins.sign_in(app, client, Role.EDITOR)


def _publish(client: FlaskClient, why: str = "First") -> str:
    given = {"csrf_token": admins.csrf_of(client.get(NEXT).text), "why": why}
    return client.post(NEXT, data=given, follow_redirects=True).text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_will_be_live_is_told_before_and_is_live_after(editor: FlaskClient) -> None:
    page = editor.get(NEXT).text
    assert "Google Analytics is added, for the purpose Audience measurement." in page
    assert "Nobody has answered yet" in page
    assert "Configuration 1 is live." in _publish(editor)
    assert "The draft says what is live already." in editor.get(NEXT).text
    history = editor.get(HISTORY).text
    assert "The editor" in history
    assert "First" in history


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_is_asked_again_is_said(app: Flask, editor: FlaskClient) -> None:
    _publish(editor)
    _draft(app, services=[{"library": "google-analytics"}, {"library": "matomo"}])
    page = editor.get(NEXT).text
    assert "Everybody who has answered, about these purposes only" in page
    assert "<li>Audience measurement</li>" in page
    _publish(editor, "Second")
    compared = editor.get(f"{HISTORY}compare?one=2&other=1").text
    assert "Matomo is added, for the purpose Audience measurement." in compared


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_unfair_is_refused_with_its_source(app: Flask, editor: FlaskClient) -> None:
    texts = {"fr": {"refuse_all": "Continuer avec les finalités non essentielles, plus tard"}}
    _draft(app, banner={"controller": "Example SAS", "texts": texts})
    page = editor.get(NEXT).text
    assert "Not published" in page
    assert "mises en demeure du 12 décembre 2024" in page
    assert "Publish configuration" not in page, "there is nothing to press"
    answer = editor.post(NEXT, data={"csrf_token": admins.csrf_of(page), "why": ""})
    assert answer.status_code == 409
    assert "Nothing is published yet" in editor.get(HISTORY).text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_going_back_asks_first_and_gives_a_new_number(app: Flask, editor: FlaskClient) -> None:
    _publish(editor)
    _draft(app, services=[])
    _publish(editor, "Second")
    address = f"{HISTORY}1/take-back"
    page = editor.get(address).text
    assert "nothing is live before you publish" in page
    back = editor.post(address, data={"csrf_token": admins.csrf_of(page)}, follow_redirects=True).text
    assert "Publish configuration 3" in back
    assert "Google Analytics" in back


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_may_not_publish_sees_the_history_alone(app: Flask, editor: FlaskClient, client: FlaskClient) -> None:
    _publish(editor)
    viewer = admins.sign_in(app, app.test_client(), Role.VIEWER)
    assert viewer.get(NEXT).status_code == 403
    assert viewer.get(f"{HISTORY}1/take-back").status_code == 403
    page = viewer.get(HISTORY).text
    assert "Publish the draft" not in page
    assert "Google Analytics" in viewer.get(f"{HISTORY}1").text
    assert viewer.get(f"{HISTORY}9").status_code == 404
