"""The policy helper says what the configuration allows, and refuses to say what a list cannot."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.guard.choice import parse_choice
from consent_server.guard.policy import PolicyOptions, content_security_policy
from consent_server.guard.rules import compile_rules
from consent_server.services import clock, editing, publishing
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from tests.builders import site_file
from tests.guard.visits import NOW, choice

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

CSP = "/v1/sites/example/csp"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        publish(unknown_third_parties="block")


def publish(**changes: Any) -> None:
    """The consent server itself is at 127.0.0.1:8000 (tests/builders.py)."""
    services = [{"library": name} for name in ("google-analytics", "meta-pixel")]
    unclassified = {"id": "mystery", "name": "Mystery", "purpose": None, "url_patterns": ["mystery.example/*"]}
    file = site_file(services=[*services, unclassified], origins=["https://www.example.fr:8443"], **changes)
    editing.import_site(db.session(), file, clock.now())
    publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def policy(client: FlaskClient, query: str = "") -> dict[str, Any]:
    found = client.get(f"{CSP}?{query}", headers={"Accept": "application/json"})
    assert found.status_code == 200
    document: dict[str, Any] = found.json
    return document


def test_each_purpose_lets_its_own_hosts_in(client: FlaskClient) -> None:
    nothing, audience, both = (
        policy(client, f"granted={each}")["value"] for each in ("", "audience", "audience,marketing")
    )
    for found in (nothing, audience, both):
        assert "mystery.example" not in found
        for own in (
            "'self'",
            "example.fr:8443",
            "*.example.fr:8443",
            "wss://www.example.fr:8443",
            "http://127.0.0.1:8000",
        ):
            assert own in found.split()
    assert "google-analytics.com" not in nothing
    assert "google-analytics.com" in audience
    assert "facebook" not in audience
    assert "facebook" in both


def test_the_header_is_named_after_what_is_asked(client: FlaskClient) -> None:
    assert policy(client)["header"] == "Content-Security-Policy-Report-Only"
    assert policy(client, "mode=enforce")["header"] == "Content-Security-Policy"
    assert policy(client, "mode=enforce&report_uri=/csp")["value"].endswith("; report-uri /csp")


def test_it_says_which_configuration_it_was_made_from(client: FlaskClient) -> None:
    document = client.get("/v1/sites/example/config").json
    found = policy(client, "granted=marketing")
    assert (found["site_key"], found["granted"]) == ("example", ["marketing"])
    assert (found["version"], found["digest"]) == (document["version"], document["digest"])


def test_the_guard_says_the_same(client: FlaskClient) -> None:
    rules = compile_rules(client.get("/v1/sites/example/config").json)
    yes = parse_choice(choice({"audience": True}).removeprefix("eu-consent="), NOW)
    options = PolicyOptions("http://127.0.0.1:8000", ("cdn.example",))
    of_guard = content_security_policy(rules, yes, "www.example.fr:8443", options)
    assert policy(client, "granted=audience&allow=cdn.example")["value"] == of_guard


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "", "text/html"])
def test_as_text_it_is_the_value_alone(client: FlaskClient, accept: str) -> None:
    found = client.get(f"{CSP}?granted=audience", headers={"Accept": accept})
    assert found.mimetype == "text/plain"
    assert found.text == policy(client, "granted=audience")["value"] + "\n"


@pytest.mark.parametrize("accept", ["text/plain", "application/json"])
def test_an_unchanged_policy_is_not_sent_again(client: FlaskClient, accept: str) -> None:
    first = client.get(CSP, headers={"Accept": accept})
    assert (first.headers["Vary"], first.headers["Cache-Control"]) == ("Accept", "public, max-age=300")
    again = client.get(CSP, headers={"Accept": accept, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(f"{CSP}?granted=audience", headers={"Accept": accept, "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("granted=telepathy", "granted"),
        ("granted=audience,telepathy", "granted"),
        ("granted=audience,,marketing", "granted"),
        ("granted=audience%0a", "granted"),
        ("granted='none'", "granted"),
        ("granted=" + "a" * 3000, "granted"),
        ("mode=strict", "mode"),
        ("allow=a;script-src", "allow"),
        ("allow='none'", "allow"),
        ("report_uri=/a;x", "report_uri"),
        ("report_uri=", "report_uri"),
    ],
)
def test_what_cannot_stand_in_a_policy_is_refused_by_name(client: FlaskClient, query: str, field: str) -> None:
    found = client.get(f"{CSP}?{query}", headers={"Accept": "application/json"})
    assert (found.status_code, found.mimetype) == (422, "application/problem+json")
    assert any(name.endswith(field) for name in found.json["errors"])


def test_a_site_that_allows_unknown_third_parties_cannot_be_enforced_without_a_list(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        publish(unknown_third_parties="allow")
    app.extensions["shelf"] = Shelf()
    assert client.get(f"{CSP}?mode=enforce").status_code == 422
    assert policy(client)["value"]
    listed = policy(client, "mode=enforce&allow=cdn.example,*.fonts.example")
    assert listed["value"].endswith("cdn.example *.fonts.example")


def test_a_site_that_does_not_exist_has_no_policy(client: FlaskClient) -> None:
    assert client.get("/v1/sites/nobody/csp").status_code == 404
