"""The visitor endpoints answer as CONTRACT 1 says, on both engines."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.configuration import digest_of
from consent_server.services import clock, editing, publishing
from consent_server.services.sequencing import integrate_all
from consent_server.storage import proof_log, sites
from consent_server.storage.database import db
from tests.builders import consent, site_file

PURPOSES = ("audience", "marketing")
ORIGIN = "https://www.example.fr"
CONSENTS = "/v1/sites/example/consents"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        publish(services=[{"library": "google-analytics"}, {"library": "meta-pixel"}])


def publish(**changes: Any) -> None:
    editing.import_site(db.session(), site_file(**changes), clock.now())
    publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def integrate(app: Flask) -> None:
    settings = app.extensions["settings"]
    integrate_all(app.extensions["sessions"], app.extensions["keyring"], settings.high_water_mark, clock.now())


def post(client: FlaskClient, body: Any, **options: Any) -> Any:
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    options.setdefault("content_type", "application/json")
    return client.post(CONSENTS, data=data, **options)


def answer(**changes: Any) -> dict[str, Any]:
    return consent(PURPOSES, **changes)


def test_the_banner_is_the_configuration_followed_by_the_runtime(client: FlaskClient) -> None:
    response = client.get("/v1/sites/example/banner.js")
    assert response.status_code == 200
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == (
        "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
    )
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers
    assert response.data.startswith(b'//# allFunctionsCalledOnLoad\n{const $consent={"banner":')


@pytest.mark.parametrize(("accept", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress), ("", bytes)])
def test_bytes_are_compressed_as_the_browser_likes(client: FlaskClient, accept: str, unpack: Any) -> None:
    plain = client.get("/v1/sites/example/banner.js").data
    response = client.get("/v1/sites/example/banner.js", headers={"Accept-Encoding": accept})
    assert response.headers.get("Content-Encoding", "") == accept
    assert response.headers["Vary"] == "Accept-Encoding"
    assert unpack(response.data) == plain


@pytest.mark.parametrize("path", ["banner.js", "config"])
def test_an_unchanged_answer_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(f"/v1/sites/example/{path}", headers={"Accept-Encoding": "br"})
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = client.get(f"/v1/sites/example/{path}", headers={"Accept-Encoding": "br", "If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/v1/sites/example/{path}").headers["ETag"] != etag


def test_a_pinned_banner_stays_after_another_publication(app: Flask, client: FlaskClient) -> None:
    digest = client.get("/v1/sites/example/config").json["digest"].removeprefix("sha256:")
    before = client.get(f"/v1/sites/example/banner.{digest}.js")
    assert "immutable" in before.headers["Cache-Control"]
    with app.app_context():
        publish(services=[{"library": "hotjar"}])
    assert client.get(f"/v1/sites/example/banner.{digest}.js").data == before.data
    assert client.get("/v1/sites/example/banner.0.js").status_code == 404


def test_editing_changes_nothing_that_was_published(app: Flask, client: FlaskClient) -> None:
    before = client.get("/v1/sites/example/config?version=1").data
    with app.app_context():
        editing.import_site(db.session(), site_file(name="Other", services=[]), clock.now())
    assert client.get("/v1/sites/example/config?version=1").data == before
    assert client.get("/v1/sites/example/config").data == before


def test_a_configuration_hashes_to_its_digest(client: FlaskClient) -> None:
    document = client.get("/v1/sites/example/config").json
    digest = document.pop("digest")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert digest_of(canonical.encode()) == digest


@pytest.mark.parametrize(("query", "status"), [("version=2", 404), ("version=x", 422), ("version=0", 422)])
def test_a_configuration_that_is_not_there_is_a_problem(client: FlaskClient, query: str, status: int) -> None:
    response = client.get(f"/v1/sites/example/config?{query}")
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_a_choice_is_kept_and_receipted(client: FlaskClient) -> None:
    body = answer(action="accept_all", page_url="https://u:p@www.example.fr/a?q=1#f", services={"meta-pixel": True})
    response = post(client, body, headers={"Origin": ORIGIN})
    assert response.status_code == 201
    receipt = response.json
    assert receipt["record_id"] == body["record_id"]
    assert receipt["decisions"] == {"audience": True, "marketing": True}
    assert receipt["config_digest"] == client.get("/v1/sites/example/config").json["digest"]
    assert receipt["promise"].startswith("consent.example/v1/sites/example/log/promise/v1\n")
    found = client.get(f"{CONSENTS}/{body['consent_id']}").json
    assert found == [receipt]
    full = client.get(f"/v1/sites/example/receipts/{body['record_id']}?consent_id={body['consent_id']}").json
    assert json.loads(full["personal"])["page_url"] == "https://www.example.fr/a"
    assert "q=1" not in json.dumps(full)


def test_the_same_post_again_is_recorded_once(client: FlaskClient) -> None:
    body = answer()
    first, again = post(client, body), post(client, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert len(client.get(f"{CONSENTS}/{body['consent_id']}").json) == 1


def test_the_same_id_with_another_answer_is_a_conflict(client: FlaskClient) -> None:
    body = answer()
    post(client, body)
    other = {**body, "action": "accept_all", "decisions": dict.fromkeys(PURPOSES, True)}
    assert post(client, other).status_code == 409
    assert client.get(f"{CONSENTS}/{body['consent_id']}").json[0]["action"] == "refuse_all"


def test_text_plain_carries_the_same_json(client: FlaskClient) -> None:
    assert post(client, answer(), content_type="text/plain;charset=UTF-8").status_code == 201


def test_missing_ids_are_made_and_unknown_fields_ignored(client: FlaskClient) -> None:
    body = answer(colour="vermilion")
    del body["record_id"], body["consent_id"]
    receipt = post(client, body).json
    assert uuid.UUID(receipt["record_id"])
    assert uuid.UUID(receipt["consent_id"])
    full = client.get(f"/v1/sites/example/receipts/{receipt['record_id']}?consent_id={receipt['consent_id']}").json
    assert "vermilion" not in json.dumps(full)


def test_an_older_configuration_may_still_be_answered(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        publish(services=[{"library": "hotjar"}])
    assert post(client, answer()).json["config_version"] == 1


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://www.example.fr.evil.example", "http://www.example.fr"]
)
def test_a_page_of_another_origin_may_not_record(client: FlaskClient, origin: str) -> None:
    assert post(client, answer(), headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b'{"a":1,"a":2}', {}, 400),
        (b"[" * 40 + b"]" * 40, {}, 400),
        (b'{"action":"\\u0000"}', {}, 400),
        (b"[]", {}, 422),
        (b"{}", {}, 422),
        (b"{}", {"content_type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"content_type": ""}, 415),
        (b"{" + b" " * 17_000 + b"}", {}, 413),
    ],
)
def test_bad_input_gets_a_clear_problem(client: FlaskClient, body: bytes, options: Any, status: int) -> None:
    response = post(client, body, **options)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert {"type", "title", "status"} <= set(response.json)
    assert response.json["status"] == status


@pytest.mark.parametrize(
    "change",
    [
        {"record_id": "1"},
        {"record_id": "A" * 36},
        {"consent_id": "<script>"},
        {"action": "agree"},
        {"action": "accept_all", "decisions": {"audience": False, "marketing": True}},
        {"decisions": {"audience": "false", "marketing": False}},
        {"decisions": {"audience": 0, "marketing": 0}},
        {"decisions": {"audience": False}},
        {"decisions": []},
        {"services": {"nonesuch": True}},
        {"config_version": "1"},
        {"config_version": 99},
        {"config_version": True},
        {"config_version": 1.0},
        {"language": "de"},
        {"language": "../"},
        {"layer": 3},
        {"page_url": "javascript:alert(1)"},
        {"page_url": "https://[::1"},
        {"client_time": "yesterday"},
        {"signals": {"gpc": "1"}},
        {"not_removed": ["x" * 300]},
        {"not_removed": "PHPSESSID"},
    ],
)
def test_an_impossible_answer_is_refused_with_its_field_and_nothing_is_kept(
    client: FlaskClient, change: dict[str, Any]
) -> None:
    body = answer(**change)
    response = post(client, body)
    assert response.status_code == 422
    assert response.json["errors"]
    assert client.get(f"{CONSENTS}/{answer()['consent_id']}").status_code == 404


@pytest.mark.parametrize("key", ["nonesuch", "%00", "a%00b", "..", "A", "x" * 100, "%F0%9F%8D%AA", "' OR 1=1 --"])
@pytest.mark.parametrize("path", ["banner.js", "config", f"consents/{uuid.UUID(int=0)}", "log/checkpoint", "log/key"])
def test_a_site_that_is_not_there_is_a_problem(client: FlaskClient, key: str, path: str) -> None:
    response = client.get(f"/v1/sites/{key}/{path}")
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_a_frozen_log_promises_nothing(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        proof_log.freeze(db.session(), sites.find_site(db.session(), "example").id, "a test froze it")
        db.session.commit()
    assert post(client, answer()).status_code == 503


def test_wrong_methods_name_the_right_ones(client: FlaskClient) -> None:
    response = client.put(CONSENTS)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.mimetype == "application/problem+json"


def test_a_page_may_ask_before_it_posts(client: FlaskClient) -> None:
    response = client.options(CONSENTS, headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
    assert response.status_code == 200
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_nothing_personal_is_stored_beyond_what_is_declared(app: Flask, client: FlaskClient) -> None:
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile Safari/604.1"
    )
    body = answer()
    post(
        client,
        body,
        headers={"User-Agent": agent, "X-Forwarded-For": "203.0.113.77", "Client-IP": "203.0.113.77"},
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    with app.app_context():
        rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(table.select()).all()]
    stored = "\n".join(row for row in rows if body["record_id"] in row)
    assert "203.0.113" not in "\n".join(rows)
    assert "AppleWebKit" not in stored
    assert '"ua_family":"Mobile Safari"' in stored
    assert '"ua_major":"17"' in stored
    assert '"form_factor":"mobile"' in stored


def test_another_visitors_receipts_are_nobodys(client: FlaskClient) -> None:
    body = answer()
    post(client, body)
    for path in (
        f"/v1/sites/example/receipts/{body['record_id']}?consent_id={uuid.uuid4()}",
        f"/v1/sites/example/receipts/{uuid.uuid4()}?consent_id={body['consent_id']}",
        f"/v1/sites/nonesuch/consents/{body['consent_id']}",
        f"/v1/sites/example/consents/{uuid.uuid4()}",
    ):
        assert client.get(path).status_code == 404


def test_a_withdrawal_adds_a_record_and_deletes_none(client: FlaskClient) -> None:
    accepted = answer(action="accept_all")
    post(client, accepted)
    post(client, answer(action="withdraw", consent_id=accepted["consent_id"], not_removed=["PHPSESSID"]))
    found = client.get(f"{CONSENTS}/{accepted['consent_id']}").json
    assert [receipt["action"] for receipt in found] == ["accept_all", "withdraw"]


def test_a_visitor_may_have_the_personal_part_deleted(app: Flask, client: FlaskClient) -> None:
    body = answer()
    post(client, body)
    with app.app_context():
        integrate(app)
    assert client.delete(f"{CONSENTS}/{body['consent_id']}").status_code == 204
    assert client.get(f"{CONSENTS}/{body['consent_id']}").status_code == 404
    assert client.delete(f"{CONSENTS}/{body['consent_id']}").status_code == 404
    with app.app_context():
        integrate(app)
        rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(table.select()).all()]
    assert body["consent_id"] not in "\n".join(rows)
    assert any('"k":"scrub"' in row for row in rows)
    proof = client.get(f"/v1/sites/example/records/{body['record_id']}/proof")
    assert (proof.status_code, proof.mimetype) == (200, "text/plain")


def test_an_installation_that_was_never_migrated_is_not_ready(client: FlaskClient, app: Flask) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        db.session.execute(db.text("DELETE FROM alembic_version"))
        db.session.commit()
    assert client.get("/readyz").status_code == 503


def test_security_txt_says_whom_to_tell(client: FlaskClient) -> None:
    text = client.get("/.well-known/security.txt").text
    assert "Contact: mailto:security@" in text
    assert "Expires: " in text


@pytest.mark.parametrize(
    ("header", "signals"), [("1", {"gpc": False, "gpc_header": True}), ("0", {"gpc": False}), ("true", {"gpc": False})]
)
def test_the_privacy_control_of_the_request_is_recorded(
    client: FlaskClient, header: str, signals: dict[str, bool]
) -> None:
    body = answer()
    assert post(client, body, headers={"Sec-GPC": header}).status_code == 201
    url = f"/v1/sites/example/receipts/{body['record_id']}?consent_id={body['consent_id']}"
    assert json.loads(client.get(url).json["record"])["signals"] == signals


def test_the_server_says_that_it_honours_privacy_control(client: FlaskClient) -> None:
    response = client.get("/.well-known/gpc.json")
    assert response.mimetype == "application/json"
    assert response.json == {"gpc": True, "lastUpdate": "2026-11-22"}
