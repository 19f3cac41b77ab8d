"""``consent-server user``, ``token``, ``organisation``: what is secret is printed alone, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from consent_server import cli
from consent_server.domain.account import Role
from consent_server.domain.errors import NotSignedIn
from consent_server.services import clock, issuing, managing_people, signing_in
from consent_server.storage import users
from consent_server.storage.database import db
from tests.accounts import SEALER, trying

Run = Callable[..., int]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def run(app: Flask) -> Run:
    return lambda *arguments: cli.main(lambda: app, [str(each) for each in arguments])


def _printed(run: Run, capsys: Captured, *arguments: object) -> str:
    capsys.readouterr()
    assert run(*arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    (line,) = captured.out.splitlines()
    return line


def test_a_user_signs_in_with_what_was_printed(app: Flask, run: Run, capsys: Captured) -> None:
    password = _printed(run, capsys, "user", "create", "Owner@example.fr", "--role", "owner", "--name", "Somebody")
    with app.extensions["sessions"]() as session:
        token = signing_in.sign_in(session, SEALER, trying(password), "", clock.now())
        actor = signing_in.actor_of(session, token, clock.now())
    assert actor is not None
    assert (actor.name, actor.role, actor.organisation_id) == ("Somebody", Role.OWNER, 1)

    assert run("user", "create", "owner@EXAMPLE.fr", "--role", "viewer") == 2
    assert "already" in capsys.readouterr().err
    assert _printed(run, capsys, "user", "list") == "owner@example.fr\towner\tactive\tSomebody"


def test_a_token_acts_in_its_role_until_it_is_revoked(app: Flask, run: Run, capsys: Captured) -> None:
    assert run("site", "create", "example", "--origin", "https://www.example.fr") == 0
    secret = _printed(run, capsys, "token", "create", "--role", "auditor", "--site", "example", "--days", 3)
    with app.extensions["sessions"]() as session:
        actor = issuing.bearer_of(session, secret, clock.now())
        assert (actor.role, actor.site_key, actor.organisation_id) == (Role.AUDITOR, "example", 1)
    assert _printed(run, capsys, "token", "list").split("\t")[1:3] == ["auditor", "example"]
    assert secret not in _printed(run, capsys, "token", "list")
    assert run("token", "revoke", actor.id) == 0
    with app.extensions["sessions"]() as session, pytest.raises(NotSignedIn):
        issuing.bearer_of(session, secret, clock.now())


@pytest.mark.parametrize(
    "arguments",
    [
        ("user", "create", "nobody", "--role", "owner"),
        ("user", "create", "a@example.fr", "--role", "king"),
        ("user", "create", "a@example.fr\r\nBcc: b@example.fr", "--role", "owner"),
        ("user", "create", "a@example.fr", "--role", "owner", "--organisation", "7"),
        ("user", "disable", "nobody@example.fr"),
        ("token", "create", "--role", "owner", "--days", "0"),
        ("token", "create", "--role", "owner", "--site", "nowhere"),
        ("token", "revoke", "7"),
        ("organisation", "create", " "),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(run: Run, capsys: Captured, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_the_last_owner_stays(run: Run, capsys: Captured) -> None:
    for name in ("first", "second"):
        assert run("user", "create", f"{name}@example.fr", "--role", "owner") == 0
    assert run("user", "disable", "first@example.fr") == 0
    assert run("user", "disable", "second@example.fr") == 2
    assert managing_people.LAST_OWNER in capsys.readouterr().err
    assert run("user", "enable", "first@example.fr") == 0
    assert run("user", "disable", "second@example.fr") == 0


def test_a_link_is_printed_for_those_who_forgot_their_password(run: Run, capsys: Captured) -> None:
    _printed(run, capsys, "user", "create", "owner@example.fr", "--role", "owner")
    assert _printed(run, capsys, "user", "reset", "owner@example.fr").startswith("http://127.0.0.1:8000/admin/link/")


def test_a_second_factor_that_nobody_has_any_more_is_removed(app: Flask, run: Run, capsys: Captured) -> None:
    _printed(run, capsys, "user", "create", "owner@example.fr", "--role", "owner")
    with app.app_context():
        session, user = db.session(), users.find_by_email(db.session(), "owner@example.fr")
        assert user
        users.set_second_factor(session, user.id, "x" * 64, clock.now())
        session.commit()
    for arguments, left in ((), True), (("--second-factor",), False):
        _printed(run, capsys, "user", "reset", "owner@example.fr", *arguments)
        with app.app_context():
            assert users.find_user(db.session(), user.id).second_factor is left


def test_an_organisation_has_users_of_its_own(run: Run, capsys: Captured) -> None:
    number = _printed(run, capsys, "organisation", "create", "Other")
    assert number == "2"
    _printed(run, capsys, "user", "create", "other@example.fr", "--role", "owner", "--organisation", number)
    assert _printed(run, capsys, "user", "list", "--organisation", number).startswith("other@example.fr\t")
    assert run("user", "list") == 0
    assert capsys.readouterr().out == ""
