"""A site is added without a word of configuration, and ends with the lines to paste."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.domain.account import Role
from consent_server.storage import activity, sites
from consent_server.storage.database import db
from tests import admins

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SITE = {
    "name": "Boutique",
    "addresses": "www.boutique.fr",
    "languages": ["fr", "en"],
    "controller": "Boutique SAS",
    "privacy_url": "/confidentialite",
}


@pytest.fixture
def owner(app: Flask, client: FlaskClient) -> FlaskClient:
    return admins.sign_in(app, client, Role.OWNER)


def post(client: FlaskClient, address: str, **data: Any) -> TestResponse:
    token = admins.csrf_of(client.get("/admin/sites/").text)
    return client.post(address, data={"csrf_token": token, **data}, follow_redirects=True)


def test_from_nothing_to_the_lines_to_paste(owner: FlaskClient) -> None:
    page = post(owner, "/admin/sites/new", **SITE)
    assert page.request.path == "/admin/sites/boutique-fr/catalogue/library"
    table = post(owner, page.request.path, service=["google-analytics", "php-session"]).text
    assert "See what will be published" in table
    overview = post(owner, "/admin/sites/boutique-fr/configurations/next", why="First")
    assert overview.request.path == "/admin/sites/boutique-fr/"
    assert re.search(r"script src=.{0,40}/v1/sites/boutique-fr/banner\.js", overview.text)
    assert "integrity=" in overview.text


def test_the_site_is_the_organisations_and_its_making_is_noted(app: Flask, owner: FlaskClient) -> None:
    elsewhere = admins.other_organisation(app)
    stranger = admins.sign_in(app, app.test_client(), Role.EDITOR, organisation_id=elsewhere)
    post(stranger, "/admin/sites/new", **SITE)
    assert post(owner, "/admin/sites/new", **SITE).request.path.startswith("/admin/sites/boutique-fr-2/")
    assert owner.get("/admin/sites/boutique-fr/").status_code == 404
    with app.app_context():
        assert [site.key for site in sites.list_sites_of(db.session(), elsewhere)] == ["boutique-fr"]
        (noted,) = activity.list_activity(db.session(), elsewhere, activity.Sought(action="site.created"))
        assert noted.site_key == "boutique-fr"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "", "This is required."),
        ("addresses", "https://", "is not an origin"),
        ("controller", "", "This is required."),
        ("languages", [], "Choose one at least."),
        ("privacy_url", "javascript:alert(1)", "is not a web address"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_stays_filled_in(
    owner: FlaskClient, field: str, value: Any, told: str
) -> None:
    page = post(owner, "/admin/sites/new", **{**SITE, field: value})
    assert told in page.text
    assert ("Boutique SAS" in page.text) == (field != "controller")
    assert "boutique-fr" not in owner.get("/admin/sites/").text


def test_who_may_not_edit_adds_no_site(app: Flask) -> None:
    viewer = admins.sign_in(app, app.test_client(), Role.VIEWER)
    assert viewer.get("/admin/sites/new").status_code == 403
    assert "Add a site" not in viewer.get("/admin/sites/").text
