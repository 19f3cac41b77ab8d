"""Who may do what, for every route that there is: generated from the URL map, so that a new one without a rule fails.

A form that is sent without its token is refused after the permission was looked at and before anything is done. So
every page that changes something is tried by every role, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from consent_server.domain.account import PERMISSIONS, Permission, Role, command_line
from consent_server.services import clock, editing, issuing, publishing
from consent_server.storage import tokens, users
from consent_server.storage.database import db
from consent_server.web.admin.access import EVERYBODY, SIGNED_IN
from tests import admins
from tests.builders import site_file
from tests.web.test_api import bearer

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

ADMIN, API = "/admin/", "/api/v1/"
PUBLIC = ("/v1/", "/healthz", "/readyz", "/metrics", "/.well-known/", "/demo/", "/api/v1/openapi.json")

# Whoever adds a route to one of these has thought about it.
FOR_EVERYBODY = {
    "admin.language",
    "admin.nothing",
    "admin.static",
    "admin_design.declaration",  # for a preview without a session, whose address is signed
    "admin_design.logo_of_preview",  # likewise
    "admin_links.follow",
    "admin_sign_in.forgotten",
    "admin_sign_in.second",
    "admin_sign_in.sign_in",
}
FOR_WHOEVER_IS_SIGNED_IN = {
    "admin.home",
    "admin_account.add_second_factor",
    "admin_account.change_password",
    "admin_account.change_profile",
    "admin_account.code_to_scan",
    "admin_account.page",
    "admin_account.remove_second_factor",
    "admin_account.renew_codes",
    "admin_account.sign_out_everywhere",
    "admin_sign_in.sign_out",
}
# These ask for what exists already, in a form because that may take long.
READ_BY_FORM = {"admin_overview.look", "admin_proofs.export"}
READING = {Permission.SEE, Permission.PROVE, Permission.REVIEW}
SAFE = {"GET", "HEAD", "OPTIONS"}
OURS = "Ours and nobody else's"


@dataclass(frozen=True)
class Route:
    """One way to ask for something."""

    rule: Rule
    method: str
    permission: Any

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule} ({self.rule.endpoint})"

    @property
    def is_page(self) -> bool:
        return self.rule.rule.startswith(ADMIN)

    def permits(self, role: Role) -> bool:
        return self.permission in (EVERYBODY, SIGNED_IN) or Permission(self.permission) in PERMISSIONS[role]


class World:
    """A site with a publication, a person and a token, and how to ask for each."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            session, now = db.session(), clock.now()
            editing.import_site(session, site_file(name=OURS), now)
            publishing.publish(session, "example", "http://localhost", now)
        admins.token_of(app, Role.OWNER)
        with app.app_context():
            issuing.issue(db.session(), command_line(1), OURS, Role.VIEWER, None, 3, clock.now())
            self.user_id = users.list_users_of(db.session(), 1)[0].id
            self.token_id = tokens.list_tokens_of(db.session(), 1)[0].id
        self.elsewhere = admins.other_organisation(app)

    def address(self, rule: Rule) -> str:
        """Write an address of the rule, of what there is where it names that."""
        known = {"site_key": "example", "user_id": self.user_id, "token_id": self.token_id, "version": 1}
        values = {name: known.get(name, _any(rule, name)) for name in rule.arguments}
        with self.app.test_request_context():
            built = rule.build(values)
        assert built, f"{rule.rule}: give a value for its arguments"
        return str(built[1])

    def page_client(self, role: Role, organisation: int = 1) -> FlaskClient:
        return admins.sign_in(self.app, self.app.test_client(), role, organisation_id=organisation)


@pytest.fixture
def world(app: Flask) -> World:
    return World(app)


def _any(rule: Rule, name: str) -> Any:
    kind = type(rule._converters[name]).__name__
    return {"IntegerConverter": 1, "UUIDConverter": "00000000-0000-4000-8000-000000000000"}.get(kind, "x")


def _routes(app: Flask) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith((ADMIN, API)) and not rule.rule.startswith(PUBLIC):
            permission = getattr(app.view_functions[rule.endpoint], "rule", None)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield Route(rule, method, permission)


def _is_sent_to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code == 303 and answer.location.startswith("/admin/sign-in")


def test_every_route_says_who_may(app: Flask) -> None:
    assert [str(route) for route in _routes(app) if route.permission is None] == []
    open_to_all = {
        rule.endpoint for rule in app.url_map.iter_rules() if not rule.rule.startswith((ADMIN, API, *PUBLIC))
    }
    assert open_to_all <= {"start"}, "neither the admin, nor the API, nor what is public by contract"


def test_few_routes_ask_for_no_permission(app: Flask) -> None:
    found = {
        permission: {r.rule.endpoint for r in _routes(app) if r.permission == permission}
        for permission in (EVERYBODY, SIGNED_IN)
    }
    assert found[EVERYBODY] == FOR_EVERYBODY
    assert found[SIGNED_IN] == FOR_WHOEVER_IS_SIGNED_IN


def test_whoever_only_reads_changes_nothing(app: Flask) -> None:
    changing = [r for r in _routes(app) if r.method not in SAFE and r.permission not in (EVERYBODY, SIGNED_IN)]
    by_readers = {route.rule.endpoint for route in changing if Permission(route.permission) in READING}
    assert by_readers <= READ_BY_FORM


def test_nobody_gets_in_without_signing_in(app: Flask, world: World) -> None:
    wrong = []
    for route in _routes(app):
        answer = app.test_client().open(world.address(route.rule), method=route.method)
        if route.permission == EVERYBODY:
            right = answer.status_code in ((200, 404, 303) if route.method == "GET" else (400,))
        elif route.is_page:
            right = _is_sent_to_sign_in(answer)
        else:
            right = answer.status_code == 401
        if not right or OURS in answer.text:
            wrong.append(f"{route}: {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_where_it_may_and_nowhere_else(app: Flask, world: World, role: Role) -> None:
    pages, token = world.page_client(role), bearer(app, role)
    wrong = []
    for route in _routes(app):
        address = world.address(route.rule)
        if route.is_page:
            answer = pages.open(address, method=route.method)
            forged = route.method not in SAFE and answer.status_code == 400
            got_in = answer.status_code != 403 and not (_is_sent_to_sign_in(answer) and route.permission != EVERYBODY)
            right = got_in is route.permits(role) and (forged or route.method in SAFE or not got_in)
        else:
            answer = app.test_client().open(
                address, method=route.method, headers=token, data=b"{", content_type="text/x"
            )
            right = (answer.status_code not in (401, 403)) is route.permits(role)
        if not right or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code}")
        answer.close()
    assert wrong == []


def test_nothing_of_another_organisation_is_there(app: Flask, world: World) -> None:
    stranger, token = (
        world.page_client(Role.OWNER, world.elsewhere),
        bearer(app, Role.OWNER, organisation=world.elsewhere),
    )
    form = {"csrf_token": admins.csrf_of(stranger.get("/admin/account/").text)}
    wrong = []
    for route in _routes(app):
        if route.permission in (EVERYBODY, SIGNED_IN):
            continue
        address = world.address(route.rule)
        given: dict[str, Any] = {"data": form} if route.is_page else {"headers": token, "json": {}}
        if route.method in SAFE:
            given = {} if route.is_page else {"headers": token}
        names_ours = route.rule.arguments & {"site_key", "user_id", "token_id"}
        if not names_ours and route.method not in SAFE:
            continue  # makes something of their own
        answer = (stranger if route.is_page else app.test_client()).open(address, method=route.method, **given)
        hidden = answer.status_code in ((404, 422) if not route.is_page and "user_id" in names_ours else (404,))
        if OURS in answer.text or (names_ours and not hidden) or answer.status_code >= 500:
            wrong.append(f"{route}: {answer.status_code}")
        answer.close()
    assert wrong == []


def test_a_token_of_one_site_gets_to_no_other(app: Flask, world: World) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(site_key="another"), clock.now())
    token = bearer(app, Role.OWNER, "another")
    wrong = []
    for route in _routes(app):
        if not route.is_page:
            address = world.address(route.rule)
            answer = app.test_client().open(address, method=route.method, headers=token)
            view = app.view_functions[route.rule.endpoint]
            expected = 404 if "site_key" in route.rule.arguments else 200 if getattr(view, "of_site", False) else 403
            if answer.status_code != expected or OURS in answer.text:
                wrong.append(f"{route}: {answer.status_code}")
    assert wrong == []
