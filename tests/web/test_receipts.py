"""A visitor's receipt: the fields of ISO/IEC TS 27560 with DPV's words, and a page that can be read and printed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests.builders import consent, site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PURPOSES = ("audience", "marketing")
VISITOR = str(uuid.uuid4())


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    services = [{"library": name} for name in ("google-analytics", "google-ads", "php-session")]
    with app.app_context():
        editing.import_site(db.session(), site_file(services=services), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def _answer(client: FlaskClient, **changes: Any) -> str:
    """Answer as the one visitor; return the address of the receipt."""
    body = consent(PURPOSES, consent_id=VISITOR, **changes)
    assert client.post("/v1/sites/example/consents", json=body).status_code == 201
    return f"/v1/sites/example/receipts/{body['record_id']}?consent_id={VISITOR}"


def _states(client: FlaskClient, address: str) -> dict[str, str]:
    return {event["purpose"]: event["event_state"] for event in client.get(address).json["event"]}


def test_each_purpose_has_its_status_in_the_words_of_dpv(client: FlaskClient) -> None:
    assert _states(client, _answer(client, action="custom", decisions={"audience": True, "marketing": False})) == {
        "audience": "dpv:ConsentGiven",
        "marketing": "dpv:ConsentRefused",
    }
    assert _states(client, _answer(client, action="accept_all")) == {
        "audience": "dpv:RenewedConsentGiven",
        "marketing": "dpv:ConsentGiven",
    }
    withdrawn = _answer(client, action="withdraw")
    assert set(_states(client, withdrawn).values()) == {"dpv:ConsentWithdrawn"}
    assert set(_states(client, _answer(client, action="refuse_all")).values()) == {"dpv:ConsentRefused"}
    assert set(_states(client, withdrawn).values()) == {"dpv:ConsentWithdrawn"}, "what came later changes nothing"


def test_a_choice_that_came_to_its_term_is_expired(client: FlaskClient) -> None:
    _answer(client, action="accept_all")
    assert set(_states(client, _answer(client, action="expire")).values()) == {"dpv:ConsentExpired"}


def test_every_mandatory_field_of_the_standard_is_there(client: FlaskClient) -> None:
    receipt = client.get(_answer(client, action="accept_all")).json
    assert receipt["schema_version"].endswith("dpv-27560#record-eu-gdpr")
    assert receipt["receipt_id"] == receipt["record_id"]
    assert receipt["pii_principal_id"] == VISITOR
    configuration = client.get("/v1/sites/example/config").json
    for processing in receipt["processing"]:
        assert processing["privacy_notice"]["digest"] == configuration["digest"]
        assert processing["language"] == "fr"
        assert processing["lawful_basis"] == ["eu-gdpr:A6-1-a", "FR-LIL-82"]
        assert processing["pii_controllers"] == ["Example SAS"]
        assert processing["recipient_third_parties"] == ["Google"]
        assert processing["withdrawal_method"] == "Gérer mes cookies"
        assert processing["pii_information"]
        assert set(processing["retention_period"]) == set(processing["pii_information"])
    audience = next(each for each in receipt["processing"] if each["purpose"] == "audience")
    assert audience["purpose_type"] == "dpv:ServiceUsageAnalytics"
    assert audience["purpose_title"] == "Mesure de fréquentation"
    assert "_ga" in audience["pii_information"]
    for event in receipt["event"]:
        assert event["event_time"] == receipt["recorded_at"]
        assert event["validity_duration"] == "P6M"
        assert event["entity_id"] == VISITOR
        assert event["event_type"] == "dpv:ExpressedConsent"
    assert [(party["party_name"], party["party_role"]) for party in receipt["party"]] == [
        ("Example SAS", "controller"),
        ("Google", "recipient"),
    ]


def test_what_the_contract_says_of_a_receipt_is_still_there(client: FlaskClient) -> None:
    receipt = client.get(_answer(client)).json
    assert {"record", "salt", "leaf_hash", "promise", "proof_url", "receipt_url", "config_digest"} <= receipt.keys()


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_browsers_get_a_page_and_programs_get_data(client: FlaskClient, accept: str, mimetype: str) -> None:
    answer = client.get(_answer(client), headers={"Accept": accept})
    assert answer.mimetype == mimetype
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ("Reçu de votre choix", "Choix par finalité", "Mesure de fréquentation", "Accepté", "Refusé")),
        ("&lang=en", ("Receipt of your choice", "Chose by purpose", "Audience measurement", "Accepted", "Refused")),
    ],
)
def test_the_page_says_what_was_answered_in_the_language_of_the_answer(
    client: FlaskClient, query: str, words: tuple[str, ...]
) -> None:
    address = _answer(client, action="custom", decisions={"audience": True, "marketing": False})
    answer = client.get(address + query, headers={"Accept": "text/html"})
    for word in (*words, VISITOR, "Example SAS"):
        assert word in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_receipt_is_nobody_elses(client: FlaskClient) -> None:
    address = _answer(client)
    for accept in ("text/html", "application/json"):
        other = address.replace(VISITOR, str(uuid.uuid4()))
        assert client.get(other, headers={"Accept": accept}).status_code == 404
        assert client.get(address + "&lang=xx", headers={"Accept": "text/html"}).status_code == 422
