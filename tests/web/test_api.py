"""The API's people, tokens and activity: who gets in with which token, and what lists look like."""

from __future__ import annotations

import dataclasses
import secrets
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from consent_server.app import create_app
from consent_server.domain.account import Actor, Role, command_line
from consent_server.services import clock, editing, issuing
from consent_server.services.noting import note
from consent_server.storage.database import db
from tests import admins, builders
from tests.accounts import add_person
from tests.builders import site_file
from tests.databases import close


@pytest.fixture
def owner(app: Flask) -> dict[str, str]:
    return bearer(app, Role.OWNER)


def bearer(app: Flask, role: Role, site_key: str | None = None, organisation: int = 1, days: int = 3) -> dict[str, str]:
    """Make a token, and give the header that carries it."""
    with app.app_context():
        given = command_line(organisation), f"a {role}", role, site_key, days, clock.now()
        _, secret = issuing.issue(db.session(), *given)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer consent_x", "Basic eDp4", "Token x", "Bearer \xe9"]
)
def test_without_a_token_that_counts_nobody_gets_in(client: FlaskClient, header: str) -> None:
    answer = client.get("/api/v1/users", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_ends_with_its_time_or_when_it_is_revoked(
    app: Flask, client: FlaskClient, owner: dict[str, str]
) -> None:
    revoked = bearer(app, Role.OWNER)
    assert client.delete("/api/v1/tokens/2", headers=owner).status_code == 204
    assert client.delete("/api/v1/tokens/2", headers=owner).status_code == 204
    assert client.get("/api/v1/users", headers=revoked).status_code == 401
    assert client.get("/api/v1/users", headers=owner).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=3)):
        assert client.get("/api/v1/users", headers=owner).status_code == 401


def test_each_token_may_ask_so_often_and_is_told_when_to_go_on(settings: builders.Settings) -> None:
    app = create_app(dataclasses.replace(settings, api_rate_limit="3 per minute"))
    try:
        client, first, second = app.test_client(), bearer(app, Role.OWNER), bearer(app, Role.VIEWER)
        asked = [
            client.get(path, headers=first)
            for path in ("/api/v1/users", "/api/v1/tokens", "/api/v1/users?x=y", "/api/v1/users")
        ]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
        assert asked[-1].content_type == "application/problem+json"
        assert 0 < int(asked[-1].headers["Retry-After"]) <= 60
        assert [client.get("/api/v1/users", headers=second).status_code for _ in range(4)] == [403, 403, 403, 429]
    finally:
        close(app)


def test_who_guesses_tokens_is_told_to_wait_and_a_right_one_from_there_goes_on(settings: builders.Settings) -> None:
    app = create_app(dataclasses.replace(settings, api_rate_limit="600 per minute"))
    try:
        right = bearer(app, Role.OWNER)

        def ask(token: dict[str, str] | None = None, sender: str = "203.0.113.7") -> Any:
            headers = token or {"Authorization": f"Bearer consent_{secrets.token_hex(16)}"}
            there = {"REMOTE_ADDR": sender}
            return app.test_client().get("/api/v1/users", headers=headers, environ_overrides=there)

        guesses = [ask(sender=f"203.0.113.{number}") for number in range(1, 33)]
        assert [answer.status_code for answer in guesses] == [401] * 30 + [429] * 2
        assert guesses[-1].content_type == "application/problem+json"
        assert 0 < int(guesses[-1].headers["Retry-After"]) <= 60
        assert ask(right).status_code == 200
        assert ask(sender="203.0.114.7").status_code == 401
        assert {ask(sender="127.0.0.1").status_code for _ in range(32)} == {401}, "it says nothing of who that is"
    finally:
        close(app)


def test_a_session_of_the_admin_is_no_token(app: Flask, client: FlaskClient) -> None:
    assert admins.sign_in(app, client, Role.OWNER).get("/api/v1/users").status_code == 401


def test_a_token_for_one_site_sees_nothing_else(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        session = db.session()
        for key in ("example", "other"):
            editing.import_site(session, site_file(site_key=key), clock.now())
            note(session, command_line(1), "site.changed", key, key, {}, clock.now())
        session.commit()
    limited = bearer(app, Role.OWNER, "example")
    assert client.get("/api/v1/users", headers=limited).status_code == 403
    assert client.post("/api/v1/tokens", json={"label": "x", "role": "owner"}, headers=limited).status_code == 403
    seen = client.get("/api/v1/activity", headers=limited).get_json()["items"]
    assert {each["site_key"] for each in seen} == {"example"}
    assert client.get("/api/v1/activity?site=other", headers=limited).get_json()["items"] == []


def test_people_are_invited_changed_and_listed(app: Flask, client: FlaskClient, owner: dict[str, str]) -> None:
    with app.app_context():
        add_person(db.session())
    answer = client.post("/api/v1/users", json={"email": "New@example.fr", "role": "viewer"}, headers=owner)
    assert answer.status_code == 201
    made = answer.get_json()
    assert made["link"].startswith("http://127.0.0.1:8000/admin/link/")
    assert (made["user"]["email"], made["user"]["invited"]) == ("new@example.fr", True)
    again = client.post("/api/v1/users", json={"email": "new@example.fr", "role": "viewer"}, headers=owner)
    assert again.status_code == 409

    address = f"/api/v1/users/{made['user']['id']}"
    changed = client.patch(address, json={"role": "editor", "disabled": True}, headers=owner).get_json()
    assert (changed["role"], changed["disabled_at"] is None) == ("editor", False)
    assert client.patch(address, json={"disabled": False}, headers=owner).get_json()["disabled_at"] is None
    assert client.get(address, headers=owner).get_json()["role"] == "editor"


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "viewer"}, {"role": "viewer", "disabled": True}])
def test_the_last_owner_stays(app: Flask, client: FlaskClient, owner: dict[str, str], change: dict[str, Any]) -> None:
    with app.app_context():
        actor, _ = add_person(db.session())
    assert client.patch(f"/api/v1/users/{actor.id}", json=change, headers=owner).status_code == 409
    kept = client.get(f"/api/v1/users/{actor.id}", headers=owner).get_json()
    assert (kept["role"], kept["disabled_at"]) == ("owner", None)


def test_one_of_two_owners_may_be_changed_in_every_way_at_once(
    app: Flask, client: FlaskClient, owner: dict[str, str]
) -> None:
    with app.app_context():
        actor, _ = add_person(db.session())
        add_person(db.session(), "second@example.fr")
    change = {"role": "viewer", "disabled": True}
    assert client.patch(f"/api/v1/users/{actor.id}", json=change, headers=owner).status_code == 200


def test_a_token_is_made_once_and_listed_without_its_secret(client: FlaskClient, owner: dict[str, str]) -> None:
    made = client.post("/api/v1/tokens", json={"label": "Nightly", "role": "auditor", "days": 2}, headers=owner)
    assert made.status_code == 201
    secret = made.get_json()["secret"]
    listed = client.get("/api/v1/tokens", headers=owner)
    assert secret not in listed.text
    assert [each["label"] for each in listed.get_json()["items"]] == ["a owner", "Nightly"]
    assert listed.get_json()["items"][0]["last_used_on"] == clock.now().date().isoformat()
    auditor = {"Authorization": f"bearer {secret}"}
    assert client.get("/api/v1/activity", headers=auditor).status_code == 200
    assert client.get("/api/v1/tokens", headers=auditor).status_code == 403


def test_lists_are_read_in_parts_that_miss_and_repeat_nothing(
    app: Flask, client: FlaskClient, owner: dict[str, str]
) -> None:
    with app.app_context():
        for number in range(6):
            note(db.session(), command_line(1), "x.y", None, str(number), {}, clock.now())
        db.session().commit()
    subjects: list[str] = []
    cursor = ""
    while cursor is not None:
        found = client.get(f"/api/v1/activity?action=x.y&limit=2{cursor}", headers=owner).get_json()
        subjects += [each["subject"] for each in found["items"]]
        cursor = f"&cursor={found['next_cursor']}" if found["next_cursor"] else None
    assert subjects == ["5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("get", "/users?cursor=x", {}, 422),
        ("get", "/users?limit=0", {}, 422),
        ("get", "/users?limit=201", {}, 422),
        ("get", "/activity?action=%00", {}, 422),
        ("get", "/activity?from=yesterday", {}, 422),
        ("get", "/users/99999999999999999999", {}, 404),
        ("get", "/users?cursor=999999999999999", {}, 200),
        ("patch", "/users/2147483648", {"json": {}}, 404),
        ("delete", "/tokens/2147483648", {}, 404),
        ("post", "/users", {"json": {"email": "nobody", "role": "viewer"}}, 422),
        ("post", "/users", {"json": {"email": "a@example.fr", "role": "king"}}, 422),
        ("post", "/users", {"json": {"email": "a@example.fr", "role": "viewer", "password": "x"}}, 422),
        ("post", "/users", {"json": []}, 422),
        ("post", "/users", {"data": "{", "content_type": "application/json"}, 400),
        ("post", "/users", {"data": '{"a": 1, "a": 1}', "content_type": "application/json"}, 400),
        ("post", "/users", {"data": "{}", "content_type": "text/plain"}, 415),
        ("post", "/tokens", {"json": {"label": "x", "role": "viewer", "days": 0}}, 422),
        ("post", "/tokens", {"json": {"label": " ", "role": "viewer"}}, 422),
        ("post", "/tokens", {"json": {"label": "x", "role": "viewer", "site_key": "nowhere"}}, 404),
        ("put", "/tokens", {"json": {}}, 405),
    ],
)
def test_what_makes_no_sense_is_never_more_than_a_problem(
    client: FlaskClient, owner: dict[str, str], method: str, path: str, given: dict[str, Any], status: int
) -> None:
    answer = getattr(client, method)(f"/api/v1{path}", headers=owner, **given)
    assert answer.status_code == status
    assert answer.content_type == ("application/json" if status == 200 else "application/problem+json")


def test_nothing_of_another_organisation_is_seen_or_changed(
    app: Flask, client: FlaskClient, owner: dict[str, str]
) -> None:
    with app.app_context():
        actor: Actor = add_person(db.session())[0]
    stranger = bearer(app, Role.OWNER, organisation=admins.other_organisation(app))
    assert client.get(f"/api/v1/users/{actor.id}", headers=stranger).status_code == 404
    assert client.patch(f"/api/v1/users/{actor.id}", json={"disabled": True}, headers=stranger).status_code == 404
    assert client.delete("/api/v1/tokens/1", headers=stranger).status_code == 404
    assert client.get("/api/v1/users", headers=stranger).get_json()["items"] == []
    assert [each["role"] for each in client.get("/api/v1/tokens", headers=stranger).get_json()["items"]] == ["owner"]
    assert "user.created" not in client.get("/api/v1/activity", headers=stranger).text
