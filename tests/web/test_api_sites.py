"""The API's sites, drafts and publications: a program does what the admin does, and two programs lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file
from tests.web.test_api import bearer

SITES = "/api/v1/sites"
SITE = f"{SITES}/example"
NEW = {"name": "Shop", "origins": ["www.shop.fr"], "languages": ["fr"], "controller": "Shop SAS"}
LIBRARY = [{"library": "google-analytics"}]


def _draft(app: Flask, *, published: bool = False, organisation: int = 1, **changes: Any) -> None:
    with app.app_context():
        given = site_file(**changes)
        editing.import_site(db.session(), given, clock.now(), organisation_id=organisation)
        if published:
            publishing.publish(db.session(), given["site_key"], "http://localhost", clock.now())


@pytest.fixture
def editor(app: Flask) -> dict[str, str]:
    return bearer(app, Role.EDITOR)


def test_a_site_is_added_filled_and_published_by_a_program(client: FlaskClient, editor: dict[str, str]) -> None:
    made = client.post(SITES, json=NEW, headers=editor)
    assert (made.status_code, made.location) == (201, "/api/v1/sites/shop-fr")
    told = made.get_json()
    assert (told["site_key"], told["origins"]) == ("shop-fr", ["https://www.shop.fr", "https://shop.fr"])
    assert (told["version"], told["tags"]) == (None, None)

    draft = client.get(f"{made.location}/catalogue", headers=editor).get_json()
    filled = client.put(f"{made.location}/catalogue", json={**draft, "services": LIBRARY}, headers=editor)
    assert filled.get_json()["services"] == LIBRARY
    live = client.post(f"{made.location}/publish", json={"why": "First"}, headers=editor)
    assert (live.status_code, live.location) == (201, "/api/v1/sites/shop-fr/configurations/1")
    served = client.get("/v1/sites/shop-fr/config").get_json()
    remembered = {"published_by": "a editor", "why": "First", "asked_again": []}
    assert live.get_json() == client.get(live.location, headers=editor).get_json() == {**served, **remembered}

    shown = client.get(made.location, headers=editor).get_json()
    assert shown["version"] == 1
    assert "/v1/sites/shop-fr/banner.js" in shown["tags"]["following"]
    assert f"banner.{served['digest'].removeprefix('sha256:')}.js" in shown["tags"]["pinned"]
    deeds = client.get("/api/v1/activity?site=shop-fr", headers=bearer(client.application, Role.AUDITOR)).get_json()
    done = [(each["action"], each["actor_name"]) for each in deeds["items"]]
    assert done == [(deed, "a editor") for deed in ("configuration.published", "catalogue.imported", "site.created")]


def test_a_wanted_key_is_given_unless_it_is_taken(client: FlaskClient, editor: dict[str, str]) -> None:
    wanted = {**NEW, "site_key": "the-shop"}
    assert client.post(SITES, json=wanted, headers=editor).get_json()["site_key"] == "the-shop"
    assert client.post(SITES, json=wanted, headers=editor).status_code == 409
    assert [each["site_key"] for each in client.get(SITES, headers=editor).get_json()["items"]] == ["the-shop"]


def test_sites_are_listed_in_parts_by_key(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    for key in ("cc", "aa", "bb"):
        _draft(app, site_key=key)
    _draft(app, site_key="ab", organisation=admins.other_organisation(app))
    first = client.get(f"{SITES}?limit=2", headers=editor).get_json()
    assert ([each["site_key"] for each in first["items"]], first["next_cursor"]) == (["aa", "bb"], "bb")
    second = client.get(f"{SITES}?limit=2&cursor=bb", headers=editor).get_json()
    assert ([each["site_key"] for each in second["items"]], second["next_cursor"]) == (["cc"], None)
    limited = client.get(SITES, headers=bearer(app, Role.EDITOR, "bb")).get_json()
    assert [each["site_key"] for each in limited["items"]] == ["bb"]


def test_of_two_programs_the_second_is_told_and_loses_nothing(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    _draft(app)
    seen = client.get(f"{SITE}/catalogue", headers=editor)
    mine, theirs = site_file(name="Mine"), site_file(name="Theirs")
    asked = {**editor, "If-Match": seen.headers["ETag"]}
    first = client.put(f"{SITE}/catalogue", json=theirs, headers=asked)
    assert first.status_code == 200
    late = client.put(f"{SITE}/catalogue", json=mine, headers=asked)
    assert (late.status_code, late.content_type) == (412, "application/problem+json")
    now = client.get(f"{SITE}/catalogue", headers=editor)
    assert (now.get_json()["name"], now.headers["ETag"]) == ("Theirs", first.headers["ETag"])
    again = client.put(f"{SITE}/catalogue", json=mine, headers={**editor, "If-Match": now.headers["ETag"]})
    assert again.get_json()["name"] == "Mine"
    for whatever in ({}, {"If-Match": "*"}):
        assert client.put(f"{SITE}/catalogue", json=mine, headers={**editor, **whatever}).status_code == 200
    for never in ("nonsense", f"W/{again.headers['ETag']}"):
        assert client.put(f"{SITE}/catalogue", json=mine, headers={**editor, "If-Match": never}).status_code == 412


def test_a_draft_that_is_the_same_is_not_sent_again(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    _draft(app)
    tag = client.get(f"{SITE}/catalogue", headers=editor).headers["ETag"]
    same = client.put(f"{SITE}/catalogue", json=site_file(), headers=editor)
    assert same.headers["ETag"] == tag
    assert client.get(f"{SITE}/catalogue", headers={**editor, "If-None-Match": tag}).status_code == 304


def test_a_draft_is_refused_with_every_mistake_at_once(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    _draft(app)
    wrong = site_file(origins=["nowhere"], unknown=1, services=[{"library": "no-such-thing"}])
    answer = client.put(f"{SITE}/catalogue", json=wrong, headers=editor)
    assert answer.status_code == 422
    assert {"origins.0", "unknown", "services.0.library"} <= set(answer.get_json()["errors"])
    assert client.get(f"{SITE}/catalogue", headers=editor).get_json() == site_file()
    other = client.put(f"{SITE}/catalogue", json=site_file(site_key="other"), headers=editor)
    assert list(other.get_json()["errors"]) == ["site_key"]


def _put_yaml(client: FlaskClient, editor: dict[str, str], text: str) -> Any:
    return client.put(f"{SITE}/catalogue", data=text.encode(), content_type="application/yaml", headers=editor)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_site_file_may_be_yaml(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    _draft(app)
    exemption = {
        "ground": "EXM-03",
        "justification": "Basket",
        "author": "Ours",
        "decided_at": "2026-11-22T10:00:00.000Z",
    }
    tracker = {"name": "basket", "purpose": "necessary", "exemption": exemption}
    wanted = site_file(services=[{"id": "own", "name": "Own", "purpose": "necessary", "trackers": [tracker]}])
    text = yaml.safe_dump(wanted).replace("'2026-11-22T10:00:00.000Z'", "2026-11-22T10:00:00.000Z")
    answer = _put_yaml(client, editor, text)
    assert (answer.status_code, answer.get_json()) == (200, wanted)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("name: [", 400),
        ("name: a\nname: b", 400),
        ("name: &a [x]\nlanguages: *a", 400),
        ("name: !!python/object/apply:os.getpid []", 400),
        ("name: " + "[" * 60 + "]" * 60, 400),
        ("name: .nan", 400),
        ("name: !!binary aGk=", 400),
        ("name: \x00", 400),
        ("- name", 422),
        ("name: 1", 422),
        ("", 422),
    ],
)
def test_yaml_says_nothing_that_json_could_not(
    app: Flask, client: FlaskClient, editor: dict[str, str], text: str, status: int
) -> None:
    _draft(app)
    answer = _put_yaml(client, editor, text)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_publishing_what_is_live_changes_nothing(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    _draft(app)
    assert client.post(f"{SITE}/publish", headers=editor).status_code == 201
    again = client.post(f"{SITE}/publish", json={"why": "Again"}, headers=editor)
    assert (again.status_code, again.get_json()["version"], again.get_json()["why"]) == (200, 1, "")


def test_what_is_unfair_is_not_published_and_says_on_what_that_rests(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    _draft(app, banner={"controller": "Example SAS", "theme": {"background": "#ffffff", "text": "#dddddd"}})
    answer = client.post(f"{SITE}/publish", json={}, headers=editor)
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    findings = answer.get_json()["findings"]
    assert findings
    assert all(set(each) == {"requirement", "where", "message", "source"} for each in findings)
    assert "A11Y-07" in {each["requirement"] for each in findings}
    assert client.get(f"{SITE}/configurations", headers=editor).get_json()["items"] == []


def test_configurations_are_listed_and_compared(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    _draft(app, published=True)
    _draft(app, published=True, services=LIBRARY)
    _draft(app, published=True, services=[*LIBRARY, {"library": "matomo"}])
    first = client.get(f"{SITE}/configurations?limit=2", headers=editor).get_json()
    assert ([each["version"] for each in first["items"]], first["next_cursor"]) == ([3, 2], "2")
    assert first["items"][0]["asked_again"] == ["audience"]
    second = client.get(f"{SITE}/configurations?limit=2&cursor=2", headers=editor).get_json()
    assert ([each["version"] for each in second["items"]], second["next_cursor"]) == ([1], None)

    compared = client.get(f"{SITE}/configurations/compare?one=3&other=2", headers=editor).get_json()
    assert (compared["older"], compared["newer"], compared["asked_again"]) == (2, 3, ["audience"])
    assert compared["differences"][0] == {
        "kind": "service added",
        "subject": "Matomo",
        "before": None,
        "after": "audience",
    }
    assert client.get(f"{SITE}/configurations/4", headers=editor).status_code == 404
    assert client.get(f"{SITE}/configurations/compare?one=1&other=4", headers=editor).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("post", "", {"json": {**NEW, "origins": ["https://["]}}, 422),
        ("post", "", {"json": {**NEW, "origins": []}}, 422),
        ("post", "", {"json": {**NEW, "languages": ["xx"]}}, 422),
        ("post", "", {"json": {**NEW, "languages": []}}, 422),
        ("post", "", {"json": {**NEW, "name": " "}}, 422),
        ("post", "", {"json": {**NEW, "privacy_url": "javascript:x"}}, 422),
        ("post", "", {"json": {**NEW, "more": 1}}, 422),
        ("get", "?cursor=%00", {}, 422),
        ("get", "/nowhere", {}, 404),
        ("put", "/example/catalogue", {"json": []}, 422),
        ("put", "/example/catalogue", {"data": "{", "content_type": "application/json"}, 400),
        ("put", "/example/catalogue", {"data": "{}", "content_type": "text/plain"}, 415),
        ("put", "/example/catalogue", {"json": {"name": "x" * 1_100_000}}, 413),
        ("post", "/example/publish", {"json": {"why": "x" * 501}}, 422),
        ("post", "/example/publish", {"json": {"because": "x"}}, 422),
        ("get", "/example/configurations/compare?one=1", {}, 422),
        ("get", "/example/configurations/compare?one=0&other=1", {}, 422),
        ("get", "/example/configurations/99999999999", {}, 404),
        ("delete", "/example", {}, 405),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_makes_no_sense_is_a_problem(
    app: Flask,
    client: FlaskClient,
    editor: dict[str, str],
    method: str,
    path: str,
    given: dict[str, Any],
    status: int,
) -> None:
    _draft(app)
    answer = getattr(client, method)(f"{SITES}{path}", headers=editor, **given)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
