"""Scans through the API: asked for, followed, read, audited."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.domain.scan import Scan, scan_from_json
from consent_server.services import clock, editing
from consent_server.services.surveying import Surveyor
from consent_server.storage.database import db
from tests.builders import site_file
from tests.scans import CLEAN, FAULTY, Visits, cookie, pass_of, pictured, seen
from tests.web.test_api import bearer

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SCANS = "/api/v1/sites/example/scans"


@pytest.fixture
def editor(app: Flask) -> dict[str, str]:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
    return bearer(app, Role.EDITOR)


def _ask(client: FlaskClient, editor: dict[str, str], **given: object) -> dict[str, Any]:
    answer = client.post(SCANS, json=given, headers=editor)
    assert answer.status_code == 202, answer.text
    asked: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"{SCANS}/{asked['id']}"
    return asked


def _survey(app: Flask, *scans: Scan) -> None:
    surveyor = Surveyor(app.extensions["sessions"], visit=Visits(*scans))
    for _ in scans:
        surveyor.turn()


def test_a_scan_is_asked_for_and_read(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    asked = _ask(client, editor, pages=2)
    assert (asked["state"], asked["pages"], asked["address"]) == ("asked", 2, "https://www.example.fr/")
    one = client.get(f"{SCANS}/{asked['id']}", headers=editor).get_json()
    assert (one["scan"], one["changes"], one["counts"]) == (None, [], None)
    again = client.post(SCANS, headers=editor)
    assert (again.status_code, again.content_type) == (409, "application/problem+json")

    _survey(app, CLEAN)
    later = _ask(client, editor)
    _survey(app, FAULTY)
    one = client.get(f"{SCANS}/{later['id']}", headers=editor).get_json()
    assert scan_from_json(one["scan"]) == FAULTY
    assert (one["state"], one["compared_with"], one["counts"]["early"]) == ("ended", asked["id"], 2)
    assert {each["name"] for each in one["changes"]} == {"_ga", "own", "www.googletagmanager.com"}
    assert {each["sort"] for each in one["changes"]} == {"appeared"}


def test_its_pictures_are_named_and_given(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    asked = _ask(client, editor)
    assert client.get(f"{SCANS}/{asked['id']}", headers=editor).get_json()["pictures"] == []
    _survey(app, pictured(FAULTY))
    named = client.get(f"{SCANS}/{asked['id']}", headers=editor).get_json()["pictures"]
    assert [each["seen_in"] for each in named] == ["before", "before", "refused", "next_visit", "accepted", "withdrawn"]
    phone = named[1]
    kept = pictured(FAULTY).pictures["before-phone"]
    assert phone == {
        "file": "before-phone.webp",
        "address": f"{SCANS}/{asked['id']}/pictures/before-phone.webp",
        "what": "At a phone’s width, before any answer",
        "seen_in": "before",
        "width": 390,
        "height": 844,
        "size": len(kept),
    }
    answer = client.get(phone["address"], headers=editor)
    assert (answer.mimetype, answer.data) == ("image/webp", kept)
    assert client.get(phone["address"]).status_code == 401
    for other in (f"{SCANS}/{asked['id']}/pictures/x.webp", f"{SCANS}/{asked['id'] + 1}/pictures/before.webp"):
        assert client.get(other, headers=editor).status_code == 404


def test_its_report_is_given_as_it_was_printed(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    asked = _ask(client, editor)
    address = f"{SCANS}/{asked['id']}/audit?format=pdf&language="
    Surveyor(app.extensions["sessions"], visit=Visits(FAULTY), printer=_print).turn()
    french = client.get(f"{address}fr", headers=editor)
    assert (french.mimetype, french.data) == ("application/pdf", b"%PDF")
    away = client.get(f"{address}en", headers=editor)
    assert (away.status_code, away.get_json()["detail"][:11]) == (409, "No PDF is k")


def _print(_scan: Scan, _verdicts: object, _languages: object) -> dict[str, bytes]:
    return {"fr": b"%PDF"}


def test_the_list_is_read_in_parts(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    for _ in range(3):
        _ask(client, editor)
        _survey(app, CLEAN)
    first = client.get(f"{SCANS}?limit=2", headers=editor).get_json()
    rest = client.get(f"{SCANS}?limit=2&cursor={first['next_cursor']}", headers=editor).get_json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("form", "media_type", "has"),
    [
        ("json", "application/json", '"verdicts"'),
        ("sarif", "application/sarif+json", '"2.1.0"'),
        ("junit", "application/xml", "<testsuite"),
        ("text", "text/plain; charset=utf-8", "_ga"),
        ("html", "text/html; charset=utf-8", "<h1>"),
    ],
)
def test_its_audit_has_many_forms(
    app: Flask, client: FlaskClient, editor: dict[str, str], form: str, media_type: str, has: str
) -> None:
    asked = _ask(client, editor)
    address = f"{SCANS}/{asked['id']}/audit?format={form}&language=fr"
    assert client.get(address, headers=editor).status_code == 409
    _survey(app, FAULTY)
    answer = client.get(address, headers=bearer(app, Role.VIEWER))
    assert (answer.status_code, answer.content_type.replace("xml; charset=utf-8", "xml")) == (200, media_type)
    assert has in answer.text
    assert client.get(f"{SCANS}/{asked['id']}/audit?format=docx", headers=editor).status_code == 422


def test_the_policys_text_that_is_kept_is_compared_and_named(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    asked = _ask(client, editor)
    _survey(app, FAULTY)
    one, audit = f"{SCANS}/{asked['id']}", f"{SCANS}/{asked['id']}/audit"
    assert client.get(one, headers=editor).get_json()["policy_text"] is None
    policy = {"text": "Nous utilisons le cookie _ga, conservé 24 heures.", "source": "https://www.example.fr/privacy"}
    kept = client.put("/api/v1/sites/example/policy-text", json=policy, headers=editor).get_json()
    told = {name: value for name, value in kept.items() if name != "text"}
    assert client.get(one, headers=editor).get_json()["policy_text"] == told
    assert "DRIFT-03" in {each["requirement"] for each in client.get(audit, headers=editor).get_json()["verdicts"]}


def test_it_is_cancelled_once(client: FlaskClient, editor: dict[str, str]) -> None:
    address = f"{SCANS}/{_ask(client, editor)['id']}/cancel"
    assert client.post(address, headers=editor).get_json()["state"] == "cancelled"
    assert client.post(address, headers=editor).status_code == 409
    assert client.post(f"{SCANS}/999/cancel", headers=editor).status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"address": "https://elsewhere.example/"}, "address"),
        ({"pages": 51}, "pages"),
        ({"seconds": 9}, "seconds"),
        ({"private": True}, "private"),
    ],
)
def test_what_cannot_be_scanned_is_refused_by_its_field(
    client: FlaskClient, editor: dict[str, str], given: dict[str, object], field: str
) -> None:
    answer = client.post(SCANS, json=given, headers=editor)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [field]


def test_without_a_browser_it_is_said(
    app: Flask, client: FlaskClient, editor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    asked = _ask(client, editor)
    Surveyor(app.extensions["sessions"]).turn()
    one = client.get(f"{SCANS}/{asked['id']}", headers=editor).get_json()
    assert one["state"] == "failed"
    assert one["why_failed"].startswith("A browser is missing")


def test_names_that_no_encoding_has_are_kept_and_told(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    asked = _ask(client, editor)
    _survey(app, seen(before=pass_of("before", cookie("half\ud800\x00"))))
    one = client.get(f"{SCANS}/{asked['id']}", headers=editor).get_json()
    assert one["state"] == "ended"
    assert one["scan"]["passes"][0]["cookies"][0]["name"] == "half?\x00"


WATCH = f"{SCANS}/watch"
HOOK = "https://hook.example/scans"


def test_a_site_is_watched_and_the_secret_is_told_once(client: FlaskClient, editor: dict[str, str]) -> None:
    never = {"schedule": "never", "next_at": None, "mail_to": [], "webhook_url": ""}
    assert client.get(WATCH, headers=editor).get_json() == never
    given = {"schedule": "weekly", "mail_to": ["DPO@example.org", "dpo@example.org"], "webhook_url": HOOK}
    answer = client.put(WATCH, json=given, headers=editor).get_json()
    secret, next_at = answer.pop("secret"), answer["next_at"]
    assert secret.startswith("whsec_")
    assert next_at.endswith("Z")
    assert answer == {**given, "mail_to": ["dpo@example.org"], "next_at": next_at}
    assert client.get(WATCH, headers=editor).get_json() == answer

    assert client.put(WATCH, json=given, headers=editor).get_json()["secret"] is None
    renewed = client.put(WATCH, json={**given, "renew_secret": True}, headers=editor).get_json()["secret"]
    assert renewed not in (None, secret)
    assert client.put(WATCH, json={"schedule": "never"}, headers=editor).get_json() == {**never, "secret": None}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_how_a_site_is_watched_is_for_whoever_may_change_it(app: Flask, client: FlaskClient, role: Role) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
    token = bearer(app, role)
    assert client.put(WATCH, json={"schedule": "daily"}, headers=token).status_code == 403
    assert [client.get(each, headers=token).status_code for each in (WATCH, f"{SCANS}/warnings")] == [403, 403]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "schedule"),
        ({"schedule": "hourly"}, "schedule"),
        ({"mail_to": ["nobody"]}, "mail_to"),
        ({"mail_to": ["a@example.org,b@example.org"]}, "mail_to.0"),
        ({"mail_to": "a@example.org"}, "mail_to"),
        ({"mail_to": [f"a{number}@example.org" for number in range(6)]}, "mail_to"),
        ({"webhook_url": "ftp://hook.example/"}, "webhook_url"),
        ({"webhook_url": "https://a:b@hook.example/"}, "webhook_url"),
        ({"webhook_url": None}, "webhook_url"),
        ({"renew_secret": 1}, "renew_secret"),
        ({"next_at": "2026-11-22T10:00:00Z"}, "next_at"),
    ],
    ids=str,
)
def test_what_cannot_be_watched_is_refused_by_its_field(
    client: FlaskClient, editor: dict[str, str], given: dict[str, Any], field: str
) -> None:
    answer = client.put(WATCH, json={"schedule": "daily", **given} if given else {}, headers=editor)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert list(answer.get_json()["errors"]) == [field]
    assert client.get(WATCH, headers=editor).get_json()["schedule"] == "never"


def test_warnings_are_read_in_parts(app: Flask, client: FlaskClient, editor: dict[str, str]) -> None:
    warnings = f"{SCANS}/warnings"
    assert client.get(warnings, headers=editor).get_json() == {"items": [], "next_cursor": None}
    given = {"schedule": "never", "mail_to": ["dpo@example.org"], "webhook_url": HOOK}
    assert client.put(WATCH, json=given, headers=editor).status_code == 200
    asked = _ask(client, editor)
    _survey(app, FAULTY)
    first = client.get(f"{warnings}?limit=1", headers=editor).get_json()
    rest = client.get(f"{warnings}?limit=1&cursor={first['next_cursor']}", headers=editor).get_json()
    found = first["items"] + rest["items"]
    assert {each["channel"] for each in found} == {"mail", "webhook"}
    assert {(each["scan_id"], each["state"], each["tries"]) for each in found} == {(asked["id"], "waiting", 0)}
    assert all(each["next_at"] == each["made_at"] for each in found)
    assert rest["next_cursor"] is None
