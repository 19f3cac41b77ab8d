"""Signing in, one's account, people, tokens, activity: as pages, with what they tell and what they keep."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.app import create_app
from consent_server.domain.account import Role, command_line
from consent_server.services import clock, managing_people, signing_in
from consent_server.services.linking import read_linker
from consent_server.services.noting import note
from consent_server.storage import users
from consent_server.storage.database import db
from tests import admins, builders
from tests.accounts import ADDRESS, add_person
from tests.databases import close
from tests.mailbox import serving_mail
from tests.servers import eventually

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PASSWORD = "several words that rhyme"


@pytest.fixture
def password(app: Flask) -> str:
    with app.app_context():
        return add_person(db.session())[1]


@pytest.fixture
def owner(app: Flask, client: FlaskClient) -> FlaskClient:
    return admins.sign_in(app, client, Role.OWNER)


def _post(client: FlaskClient, address: str, data: dict[str, Any] | None = None, page: str = "") -> TestResponse:
    """Send a form with the token of the page that it stands on."""
    token = admins.csrf_of(client.get(page or address).text)
    return client.post(address, data={**(data or {}), "csrf_token": token})


def _sign_in(client: FlaskClient, password: str, address: str = "/admin/sign-in", **changes: str) -> TestResponse:
    return _post(client, address, {"email": ADDRESS, "password": password, **changes})


def _alone(page: str) -> str:
    """Give what stands in the page's first frame of text that is to be copied."""
    return re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1]  # type: ignore[index]


def _first_link(app: Flask) -> str:
    with app.app_context():
        linker = read_linker(app.extensions["settings"])
        link = managing_people.make_first_link(db.session(), linker, clock.now())
    assert link
    return link.removeprefix("http://127.0.0.1:8000")


def test_whoever_is_not_signed_in_signs_in_and_arrives_where_they_wanted(client: FlaskClient, password: str) -> None:
    sent = client.get("/admin/people/?x=1")
    assert sent.status_code == 303
    assert sent.location.startswith("/admin/sign-in?")
    assert _sign_in(client, password, sent.location, next="/admin/people/?x=1").location == "/admin/people/?x=1"
    assert ADDRESS in client.get("/admin/people/").text


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example/", "/admin//x", "/admin\\x"])
def test_signing_in_leads_nobody_elsewhere(client: FlaskClient, password: str, wanted: str) -> None:
    assert _sign_in(client, password, next=wanted).location == "/admin/"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(client: FlaskClient, password: str) -> None:
    wrong = _sign_in(client, "wrong")
    unknown = _post(client, "/admin/sign-in", {"email": "nobody@example.fr", "password": password})
    assert wrong.status_code == unknown.status_code == 401
    assert "L’adresse e-mail, le mot de passe ou le code n’est pas le bon." in wrong.text
    hide = re.compile(r'value="[^"]*"')
    assert hide.sub("", wrong.text) == hide.sub("", unknown.text)


def test_too_many_tries_are_told(client: FlaskClient, password: str) -> None:
    answers = [_sign_in(client, "wrong").status_code for _ in range(signing_in.TRIES_OF_ACCOUNT_FROM_NETWORK + 1)]
    assert answers == [401] * signing_in.TRIES_OF_ACCOUNT_FROM_NETWORK + [429]


def test_nothing_of_the_browser_before_is_carried_into_a_sign_in(client: FlaskClient, password: str) -> None:
    with client.session_transaction() as session:
        session["_user_id"], session["planted"] = "chosen by somebody else", "x"
    _sign_in(client, password)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"] != "chosen by somebody else"
        first = session["_user_id"]
    _sign_in(client, password)
    with client.session_transaction() as session:
        assert session["_user_id"] != first


def test_signing_out_ends_the_session_itself(app: Flask, client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    kept = client.get_cookie("admin")
    assert kept
    assert _post(client, "/admin/sign-out", page="/admin/account/").location == "/admin/sign-in"
    thief = app.test_client()
    thief.set_cookie("admin", kept.value)
    assert thief.get("/admin/account/").status_code == 303


@pytest.mark.parametrize(("scheme", "name", "secure"), [("https", "__Host-admin", True), ("http", "admin", False)])
def test_the_cookie_is_for_this_host_alone_and_no_script(
    settings: builders.Settings, scheme: str, name: str, secure: bool, tmp_path: Path
) -> None:
    app = create_app(
        builders.settings(tmp_path, database_url=settings.database_url, public_url=f"{scheme}://a.example")
    )
    try:
        with app.app_context():
            _, password = add_person(db.session())
        client = app.test_client()
        token = admins.csrf_of(client.get("/admin/sign-in", base_url=f"{scheme}://a.example").text)
        answer = client.post(
            "/admin/sign-in",
            base_url=f"{scheme}://a.example",
            headers={"Referer": f"{scheme}://a.example/admin/sign-in"},
            data={"email": ADDRESS, "password": password, "csrf_token": token},
        )
        assert answer.status_code == 303
        (cookie,) = answer.headers.getlist("Set-Cookie")
        parts = {part.strip() for part in cookie.split(";")[1:]}
        assert cookie.startswith(f"{name}=")
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert ("Secure" in parts) is secure
        assert not any(part.startswith("Domain") for part in parts)
    finally:
        close(app)


def test_the_first_owner_comes_by_a_link_that_works_once(app: Flask, client: FlaskClient) -> None:
    earlier, link = _first_link(app), _first_link(app)
    assert client.get(earlier).status_code == 404
    given = {"organisation": "Example SAS", "email": "First@example.fr", "name": "First", "password": PASSWORD}
    again = _post(client, link, {**given, "password": "short"})
    assert again.status_code == 422
    assert "First@example.fr" in again.text
    assert "short" not in again.text
    answer = _post(client, link, given)
    assert answer.location == "/admin/"
    assert "first@example.fr" in client.get("/admin/people/").text
    assert "Example SAS" in client.get("/admin/people/").text
    assert app.test_client().get(link).status_code == 404
    with app.app_context():
        linker = read_linker(app.extensions["settings"])
        assert managing_people.make_first_link(db.session(), linker, clock.now()) is None


def test_a_first_link_is_void_once_there_is_somebody(app: Flask, client: FlaskClient) -> None:
    link = _first_link(app)
    with app.app_context():
        add_person(db.session())
    given = {"organisation": "", "email": "second@example.fr", "name": "", "password": PASSWORD}
    assert _post(client, link, given).status_code == 422
    with app.app_context():
        assert users.count_users(db.session()) == 1


def test_an_invitation_is_shown_to_whoever_made_it_and_leads_in(app: Flask, owner: FlaskClient) -> None:
    made = _post(owner, "/admin/people/", {"email": "new@example.fr", "role": "editor", "language": "fr"})
    link = _alone(made.text)
    assert link.startswith("http://127.0.0.1:8000/admin/link/")
    guest = app.test_client()
    path = link.removeprefix("http://127.0.0.1:8000")
    assert guest.get(path).status_code == guest.get(path).status_code == 200  # looking uses nothing up
    assert _post(guest, path, {"name": "New", "password": PASSWORD}).location == "/admin/"
    assert '<html lang="fr">' in guest.get("/admin/sites/").text
    assert guest.get("/admin/people/").status_code == 403
    assert guest.get("/admin/activity/").status_code == 403
    assert app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("link", ["nonsense", "IjEi.AAAA"])
def test_a_link_that_nobody_made_is_told_in_words(client: FlaskClient, link: str) -> None:
    answer = client.get(f"/admin/link/{link}", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert "Ce lien ne fonctionne pas" in answer.text


def test_links_are_void_when_their_time_is_over_or_another_was_made(app: Flask, owner: FlaskClient) -> None:
    made = _post(owner, "/admin/people/", {"email": "new@example.fr", "role": "viewer", "language": "en"})
    first = _alone(made.text).removeprefix("http://127.0.0.1:8000")
    with app.app_context():
        user = users.find_by_email(db.session(), "new@example.fr")
    assert user
    again = _post(owner, f"/admin/people/{user.id}/link", page=f"/admin/people/{user.id}")
    second = _alone(again.text).removeprefix("http://127.0.0.1:8000")
    assert app.test_client().get(first).status_code == 404
    assert app.test_client().get(second).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=7)):
        assert app.test_client().get(second).status_code == 404


def test_another_password_ends_every_sign_in_and_passes_no_second_factor(
    app: Flask, client: FlaskClient, password: str
) -> None:
    _sign_in(client, password)
    with app.app_context():
        user = users.find_by_email(db.session(), ADDRESS)
        assert user
        linker = read_linker(app.extensions["settings"])
        link = managing_people.make_link(db.session(), command_line(1), linker, user, clock.now())
    other = app.test_client()
    answer = _post(other, link.removeprefix("http://127.0.0.1:8000"), {"password": PASSWORD})
    assert answer.location == "/admin/sign-in"
    assert other.get("/admin/account/").status_code == 303
    assert client.get("/admin/account/").status_code == 303
    assert _sign_in(other, PASSWORD).status_code == 303


def test_invitations_and_links_go_by_mail_where_a_sender_is_set(tmp_path: Path, settings: builders.Settings) -> None:
    with serving_mail() as server:
        app = create_app(
            builders.settings(
                tmp_path, database_url=settings.database_url, smtp_url=server.url, mail_from="us@example.fr"
            )
        )
        try:
            owner = admins.sign_in(app, app.test_client(), Role.OWNER)
            answer = _post(owner, "/admin/people/", {"email": "new@example.fr", "role": "viewer", "language": "fr"})
            assert answer.status_code == 303
            (mail,) = server.messages
            assert (mail["To"], mail["From"]) == ("new@example.fr", "us@example.fr")
            text = mail.get_content()
            link = re.search(r"http://127\.0\.0\.1:8000(/admin/link/\S+)", text)
            assert link
            guest = app.test_client()
            assert _post(guest, link[1], {"name": "New", "password": PASSWORD}).location == "/admin/"

            forgetful = app.test_client()
            told = {
                _post(forgetful, "/admin/forgotten", {"email": email}).text.partition("<main")[2]
                for email in ("nobody@example.fr", "new@example.fr")
            }
            assert len(told) == 1
            eventually(lambda: len(server.messages) == 2, "a mail for another password")
            assert server.messages[1]["To"] == "new@example.fr"

            server.refuses = True
            shown = _post(owner, "/admin/people/", {"email": "third@example.fr", "role": "viewer", "language": "fr"})
            assert "/admin/link/" in _alone(shown.text)
        finally:
            close(app)


def test_a_second_factor_is_set_up_and_asked_for(client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    with time_machine.travel(clock.now(), tick=False) as time:
        page = client.get("/admin/account/second-factor").text
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
        assert secret
        totp = pyotp.TOTP(secret[1].replace(" ", ""))
        picture = client.get("/admin/account/second-factor.svg")
        assert picture.mimetype == "image/svg+xml"
        assert secret[1].replace(" ", "") not in picture.text
        wrong = _post(client, "/admin/account/second-factor", {"code": totp.now(), "current": "wrong"})
        assert wrong.status_code == 422
        shown = _post(client, "/admin/account/second-factor", {"code": totp.now(), "current": password})
        codes = _alone(shown.text).split()
        assert len(codes) == 10
        assert codes[0] not in client.get("/admin/account/").text

        time.shift(60)
        assert _sign_in(client, password, next="/admin/tokens/").location == "/admin/sign-in/code?next=/admin/tokens/"
        assert client.get("/admin/people/").status_code in (200, 303)
        assert _post(client, "/admin/sign-in/code", {"code": "000000"}).status_code == 401
        at_last = _post(client, "/admin/sign-in/code", {"code": totp.now(), "next": "/admin/tokens/"})
        assert at_last.location == "/admin/tokens/"


def test_whoever_has_the_password_alone_is_not_in_yet(app: Flask, client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    page = client.get("/admin/account/second-factor").text
    totp = pyotp.TOTP(re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", ""))  # type: ignore[index]
    assert _post(client, "/admin/account/second-factor", {"code": totp.now(), "current": password}).status_code == 200
    fresh = app.test_client()
    assert _sign_in(fresh, password).location == "/admin/sign-in/code"
    assert fresh.get("/admin/people/").status_code == 303
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        assert fresh.get("/admin/sign-in/code").location == "/admin/sign-in"
    assert app.test_client().get("/admin/sign-in/code").location == "/admin/sign-in"


def test_ones_own_name_language_and_password_are_changed(app: Flask, client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    other = app.test_client()
    _sign_in(other, password)
    answer = _post(client, "/admin/account/", {"name": "  Some   Body ", "language": "en"})
    assert answer.status_code == 303
    page = client.get("/admin/account/").text
    assert 'value="Some Body"' in page
    assert '<html lang="en">' in page
    wrong = _post(client, "/admin/account/password", {"current": "x", "password": PASSWORD}, page="/admin/account/")
    assert wrong.status_code == 422
    weak = _post(client, "/admin/account/password", {"current": password, "password": "aaa"}, page="/admin/account/")
    assert weak.status_code == 422
    right = {"current": password, "password": PASSWORD}
    assert _post(client, "/admin/account/password", right, page="/admin/account/").status_code == 303
    assert client.get("/admin/account/").status_code == 200
    assert other.get("/admin/account/").status_code == 303
    assert _sign_in(app.test_client(), PASSWORD).status_code == 303


def test_every_other_browser_is_signed_out(app: Flask, client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    other = app.test_client()
    _sign_in(other, password)
    assert _post(client, "/admin/account/sign-out-everywhere", page="/admin/account/").status_code == 303
    assert other.get("/admin/account/").status_code == 303
    assert client.get("/admin/account/").status_code == 200


def test_the_last_owner_is_neither_disabled_nor_given_less(app: Flask, client: FlaskClient, password: str) -> None:
    _sign_in(client, password)
    with app.app_context():
        user = users.find_by_email(db.session(), ADDRESS)
    assert user
    page = f"/admin/people/{user.id}"
    for deed, data in (("disable", {}), ("role", {"role": "viewer"})):
        _post(client, f"{page}/{deed}", data, page=page)
        assert "C’est le dernier propriétaire" in client.get(page).text
    assert client.get("/admin/people/").status_code == 200


def test_a_token_is_shown_once_and_revoked(owner: FlaskClient) -> None:
    given = {"label": "Nightly export", "role": "auditor", "site": "", "days": "30"}
    made = _post(owner, "/admin/tokens/", given)
    secret = _alone(made.text)
    assert secret.startswith("consent_")
    listed = owner.get("/admin/tokens/").text
    assert "Nightly export" in listed
    assert secret not in listed
    assert _post(owner, "/admin/tokens/1/revoke", page="/admin/tokens/").status_code == 303
    assert "revoked" in owner.get("/admin/tokens/").text
    assert _post(owner, "/admin/tokens/", {**given, "days": "367"}).status_code == 422
    assert _post(owner, "/admin/tokens/", {**given, "days": "many"}).status_code == 422
    assert _post(owner, "/admin/tokens/", {**given, "site": "nowhere"}).status_code == 404


def test_activity_is_found_by_who_what_and_when(app: Flask, owner: FlaskClient) -> None:
    with app.app_context():
        session = db.session()
        for number in range(60):
            note(
                session,
                command_line(1),
                "tracker.changed",
                "example",
                f"tracker {number}",
                {"purpose": [None, "x"]},
                clock.now(),
            )
        session.commit()
    page = owner.get("/admin/activity/").text
    assert "tracker 59" in page
    assert "tracker 0<" not in page
    older = re.search(r'href="(/admin/activity/\?before=\d+)"', page)
    assert older
    assert "tracker 0<" in owner.get(older[1]).text
    assert "tracker 59" not in owner.get("/admin/activity/?action=user.created").text
    assert "tracker 59" in owner.get("/admin/activity/?actor=command+line&from=2020-01-01&to=2999-12-31").text
    assert "Nothing was found." in owner.get("/admin/activity/?to=2020-01-01").text
    assert owner.get("/admin/activity/?from=never&before=x&to=9999-12-31").status_code == 200


def test_activity_is_exported_as_a_table_that_runs_no_formula(app: Flask, owner: FlaskClient) -> None:
    with app.app_context():
        session = db.session()
        for number in range(600):
            note(session, command_line(1), "x.y", None, f'=HYPERLINK("{number}")', {}, clock.now())
        session.commit()
    answer = owner.get("/admin/activity/activity.csv?action=x.y")
    assert answer.headers["Content-Disposition"] == "attachment; filename=activity.csv"
    names, *rows = csv.reader(io.StringIO(answer.text))
    assert len(rows) == 600
    subjects = [row[names.index("subject")] for row in rows]
    assert subjects[0] == '\'=HYPERLINK("0")'
    assert subjects[-1] == '\'=HYPERLINK("599")'


def test_nothing_of_another_organisation_is_seen_or_changed(app: Flask, owner: FlaskClient, password: str) -> None:
    with app.app_context():
        user = users.find_by_email(db.session(), ADDRESS)
    assert user
    made = _post(owner, "/admin/tokens/", {"label": "Ours", "role": "viewer", "site": "", "days": "3"})
    assert made.status_code == 200
    stranger = admins.sign_in(app, app.test_client(), Role.OWNER, organisation_id=admins.other_organisation(app))
    for page in ("/admin/people/", "/admin/tokens/", "/admin/activity/", "/admin/activity/activity.csv"):
        shown = stranger.get(page).text
        assert ADDRESS not in shown
        assert "Ours" not in shown
    assert stranger.get(f"/admin/people/{user.id}").status_code == 404
    for deed in ("role", "disable", "enable", "link", "second-factor/remove"):
        address = f"/admin/people/{user.id}/{deed}"
        assert _post(stranger, address, {"role": "viewer"}, page="/admin/people/").status_code == 404
    assert _post(stranger, "/admin/tokens/1/revoke", page="/admin/tokens/").status_code == 404
    with app.app_context():
        assert users.find_user(db.session(), user.id) == user


def test_what_is_done_is_noted_without_secrets(app: Flask, owner: FlaskClient) -> None:
    made = _post(owner, "/admin/people/", {"email": "new@example.fr", "role": "editor", "language": "fr"})
    link = _alone(made.text).rpartition("/")[2]
    secret = _alone(_post(owner, "/admin/tokens/", {"label": "T", "role": "viewer", "site": "", "days": "3"}).text)
    _post(app.test_client(), f"/admin/link/{link}", {"name": "New", "password": PASSWORD})
    table = owner.get("/admin/activity/activity.csv").text
    for action in ("user.invited", "token.created", "user.password_set", "user.signed_in"):
        assert f",{action}," in table
    for hidden in (link, secret, PASSWORD):
        assert hidden not in table
