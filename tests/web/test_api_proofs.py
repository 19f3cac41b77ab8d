"""The API's statistics, records and evidence: the same as the admin shows, for tokens whose role permits it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server import verify
from consent_server.domain.account import Role
from consent_server.services import clock
from tests import admins
from tests.answers import VISITOR, publish_site, sequence, visitor_answers
from tests.web.test_api import bearer

SITE = "/api/v1/sites/example"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    publish_site(app)


@pytest.fixture
def auditor(app: Flask) -> dict[str, str]:
    return bearer(app, Role.AUDITOR)


def test_statistics_are_rates_with_what_they_are_of(app: Flask, client: FlaskClient) -> None:
    viewer = bearer(app, Role.VIEWER)
    empty = client.get(f"{SITE}/statistics", headers=viewer).get_json()
    assert (empty["ever"], empty["whole"], empty["moments"]) == (0, None, [])
    visitor_answers(client, 8, action="accept_all")
    visitor_answers(client, 4)
    told = client.get(f"{SITE}/statistics?by=month", headers=viewer).get_json()
    assert told["ever"] == 12
    today = clock.now().date().isoformat()
    assert (told["whole"]["from"], told["whole"]["to"]) == (today, today)
    assert told["whole"]["actions"] == {"accept_all": 8, "refuse_all": 4}
    assert told["whole"]["purposes"]["audience"] == {"asked": 12, "yes": 8}
    assert told["configurations"][0]["answers"]["in_the_notice"] == 12
    assert told["languages"]["groups"]["fr"]["answers"] == 12
    assert client.get(f"{SITE}/statistics?to=2020-01-01", headers=viewer).get_json()["whole"] is None


def test_records_are_found_and_examined(app: Flask, client: FlaskClient, auditor: dict[str, str]) -> None:
    mine, other = visitor_answers(client, consent_id=VISITOR, action="accept_all"), visitor_answers(client)
    sequence(app)
    every = client.get(f"{SITE}/proofs", headers=auditor).get_json()
    assert {each["record_id"] for each in every["items"]} == {mine, other}
    assert every["next_cursor"] is None
    for query in (f"code={mine}", f"code={VISITOR}", "action=accept_all", "purpose=audience"):
        found = client.get(f"{SITE}/proofs?{query}", headers=auditor).get_json()["items"]
        assert [each["record_id"] for each in found] == [mine], query
    refused = client.get(f"{SITE}/proofs?purpose=audience&granted=false", headers=auditor).get_json()["items"]
    assert [each["record_id"] for each in refused] == [other]
    whole = client.get(f"{SITE}/proofs/{mine}", headers=auditor).get_json()
    assert whole["record"]["record_id"] == mine
    assert whole["personal"]["consent_id"] == VISITOR
    assert {check["good"] for check in whole["checks"]} == {True, None}
    assert whole["proof"].startswith("c2sp.org/tlog-proof@v1")
    assert client.get(f"{SITE}/proofs/{uuid.uuid4()}", headers=auditor).status_code == 404


def test_evidence_streams_and_verifies(
    app: Flask, client: FlaskClient, auditor: dict[str, str], tmp_path: Path
) -> None:
    visitor_answers(client, consent_id=VISITOR)
    key = app.extensions["keyring"].log_signer("127.0.0.1:8000/v1/sites/example/log").vkey
    for query in ("format=zip", "format=jsonl", f"format=zip&consent_id={VISITOR}"):
        answer = client.get(f"{SITE}/proofs/export?{query}", headers=auditor)
        assert answer.status_code == 200
        path = tmp_path / f"evidence.{query[7:].partition('&')[0]}"
        path.write_bytes(answer.data)
        assert verify.main([str(path), "--key", key]) == 0
    table = client.get(f"{SITE}/proofs/export?format=csv&from=2020-01-01T00:00:00Z", headers=auditor)
    assert table.mimetype == "text/csv"
    assert VISITOR in table.text


@pytest.mark.parametrize(
    "path",
    [
        "/proofs?code=x",
        "/proofs?cursor=x",
        "/proofs?from=0001-01-01T00:00:00%2B14:00",
        "/proofs?from=2026-01-01",
        "/proofs?action=x",
        "/proofs?purpose=%22",
        "/proofs/export",
        "/proofs/export?format=exe",
        "/proofs/export?format=jsonl&action=gpc",
        "/proofs/export?format=zip&purpose=nothing",
        "/proofs/export?format=zip&consent_id=0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a",
        "/statistics?by=year",
        "/statistics?from=yesterday",
        "/statistics?device=fridge",
    ],
)
def test_what_makes_no_sense_is_a_problem(client: FlaskClient, auditor: dict[str, str], path: str) -> None:
    answer = client.get(SITE + path, headers=auditor)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["errors"]


def test_tokens_see_what_their_role_and_site_permit(app: Flask, client: FlaskClient) -> None:
    record_id = visitor_answers(client)
    paths = ("/proofs", f"/proofs/{record_id}", "/proofs/export?format=csv")
    for role, status in ((Role.OWNER, 200), (Role.AUDITOR, 200), (Role.EDITOR, 403), (Role.VIEWER, 403)):
        token = bearer(app, role)
        assert [client.get(SITE + path, headers=token).status_code for path in paths] == [status] * 3
        assert client.get(f"{SITE}/statistics", headers=token).status_code == 200
    elsewhere = bearer(app, Role.OWNER, organisation=admins.other_organisation(app))
    assert {client.get(SITE + path, headers=elsewhere).status_code for path in (*paths, "/statistics")} == {404}
