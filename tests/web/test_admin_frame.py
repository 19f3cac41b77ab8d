"""What every page of the admin has, whatever it is about."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def owner(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
    return admins.sign_in(app, client, Role.OWNER)


def test_a_site_shows_what_to_paste_once_it_is_published(app: Flask, owner: FlaskClient) -> None:
    before = owner.get("/admin/sites/example/").text
    assert "Nothing is published yet" in before
    assert "banner.js" not in before
    with app.app_context():
        publishing.publish(db.session(), "example", "http://localhost", clock.now())
    after = owner.get("/admin/sites/example/").text
    assert "/v1/sites/example/banner.js" in after
    assert "sha384-" in after
    assert "Example" in owner.get("/admin/sites/").text


def test_a_site_of_another_organisation_does_not_exist(app: Flask, owner: FlaskClient, client: FlaskClient) -> None:
    stranger = admins.sign_in(app, client, Role.OWNER, organisation_id=admins.other_organisation(app))
    answer = stranger.get("/admin/sites/example/")
    assert answer.status_code == 404
    assert "Example" not in answer.text
    assert "There is no site yet." in stranger.get("/admin/sites/").text


def test_a_page_that_is_not_there_is_said_in_words(owner: FlaskClient) -> None:
    answer = owner.get("/admin/nothing/of/the/kind")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "There is no such page." in answer.text


def test_a_form_without_its_token_changes_nothing(owner: FlaskClient) -> None:
    assert owner.post("/admin/language", data={"language": "fr"}).status_code == 400
    assert '<html lang="en">' in owner.get("/admin/sites/").text


def test_the_language_changes_and_one_stays_where_one_was(owner: FlaskClient) -> None:
    given = {"language": "fr", "csrf_token": admins.csrf_of(owner.get("/admin/sites/").text)}
    answer = owner.post("/admin/language", data=given, headers={"Referer": "http://localhost/admin/sites/"})
    assert answer.location == "/admin/sites/"
    assert '<html lang="fr">' in owner.get("/admin/sites/").text


@pytest.mark.parametrize("referrer", ["https://elsewhere.example/x", "http://localhost//elsewhere.example", "/v1/x"])
def test_nobody_is_led_elsewhere(owner: FlaskClient, referrer: str) -> None:
    given = {"language": "fr", "csrf_token": admins.csrf_of(owner.get("/admin/sites/").text)}
    assert owner.post("/admin/language", data=given, headers={"Referer": referrer}).location == "/admin/"


def test_pages_are_not_kept_and_run_nothing_of_others(owner: FlaskClient) -> None:
    answer = owner.get("/admin/sites/")
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    with owner.get("/admin/static/admin.css") as sheet:
        assert sheet.status_code == 200


def test_the_bare_address_leads_to_the_admin_and_the_admin_to_signing_in(client: FlaskClient) -> None:
    assert client.get("/").location == "/admin/"
    assert client.get("/admin/sites/").location == "/admin/sign-in?next=/admin/sites/"
