"""Proofs in the admin: found, examined, taken along as evidence that verifies, erased as it was shown."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server import verify
from consent_server.domain.account import Role
from consent_server.services import handing_over
from consent_server.storage import activity
from consent_server.storage.activity import Sought
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests import admins
from tests.answers import VISITOR, publish_site, sequence, visitor_answers

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PAGE = "/admin/sites/example/proofs/"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    publish_site(app)


@pytest.fixture
def owner(app: Flask, client: FlaskClient) -> FlaskClient:
    return admins.sign_in(app, client, Role.OWNER)


def _post(client: FlaskClient, path: str, page: str, **fields: object):  # type: ignore[no-untyped-def]
    token = admins.csrf_of(client.get(page).text)
    return client.post(path, data={"csrf_token": token, **fields})


def _deeds(app: Flask) -> dict[str, object]:
    with app.app_context():
        listed = activity.list_activity(db.session(), FIRST_ORGANISATION, Sought(), None, 50)
        return {each.action: each.changes for each in listed}


def test_records_are_found_and_lead_to_their_pages(owner: FlaskClient) -> None:
    assert "There is no record yet." in owner.get(PAGE).text
    mine, other = visitor_answers(owner, consent_id=VISITOR, action="accept_all"), visitor_answers(owner)
    every = owner.get(PAGE).text
    assert mine in every
    assert other in every
    for query in (f"?code={mine[:8]}", f"?code={VISITOR}", "?action=accept_all", "?purpose=audience:yes"):
        found = owner.get(PAGE + query).text
        assert mine in found, query
        assert other not in found, query
    assert other in owner.get(f"{PAGE}?purpose=audience:no").text
    assert "No record is like this." in owner.get(f"{PAGE}?to=2020-01-01").text
    assert f'href="{PAGE}{mine}"' in every


@pytest.mark.parametrize("query", ["?code=%27", "?after=x", "?code=abc&from=x&to=y&action=z"])
def test_a_search_for_nonsense_is_answered_in_words(owner: FlaskClient, query: str) -> None:
    answer = owner.get(PAGE + query)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.text


def test_a_record_shows_what_was_answered_what_was_shown_and_its_proofs(app: Flask, owner: FlaskClient) -> None:
    record_id = visitor_answers(owner, consent_id=VISITOR)
    waiting = owner.get(PAGE + record_id).text
    assert "stands in line" in waiting
    sequence(app)
    page = owner.get(PAGE + record_id).text
    assert "Entry 2 of the log, which has 3 entries." in page
    assert page.count(">holds<") == 5
    assert "does not hold" not in page
    assert VISITOR in page
    assert "https://www.example.fr/page" in page
    texts = owner.get("/v1/sites/example/config").json["banner"]["texts"]["fr"]
    assert html.escape(texts["title"], quote=False) in html.unescape(page)
    assert "c2sp.org/tlog-proof@v1" in page


def test_evidence_that_is_taken_along_verifies(app: Flask, owner: FlaskClient, tmp_path: Path) -> None:
    visitor_answers(owner, consent_id=VISITOR)
    sequence(app)
    for form, filters in (("zip", {}), ("zip", {"consent_id": VISITOR}), ("csv", {}), ("jsonl", {}), ("pdf", {})):
        asked = _post(owner, f"{PAGE}export", f"{PAGE}export", format=form, **filters)
        assert asked.status_code == 303
        page = owner.get(asked.location)
        assert page.headers["Refresh"] == "3"
        made = owner.get(f"{asked.location}/file")
        assert made.status_code == 200
        assert made.headers["Content-Disposition"].endswith(f".{form}")
        path = tmp_path / f"evidence.{form}"
        path.write_bytes(made.data)
        if form in ("zip", "jsonl"):
            key = app.extensions["keyring"].log_signer("127.0.0.1:8000/v1/sites/example/log").vkey
            assert verify.main([str(path), "--key", key]) == 0
        after = owner.get(asked.location)
        assert "Fetched whole" in after.text
        assert "Refresh" not in after.headers
    assert _deeds(app)["proofs.exported"] == {}


def test_what_is_asked_for_in_vain_is_refused_beside_its_field(owner: FlaskClient) -> None:
    for fields, said in (
        ({"format": "zip", "consent_id": VISITOR}, "no record of that consent id"),
        ({"format": "jsonl", "action": "gpc"}, "JSONL is always of the whole log"),
        ({"format": "exe"}, "Not a valid choice"),
        ({"format": "zip", "service": "nobody"}, "No configuration of this site has the service"),
        ({"format": "csv", "start": "2026-02-01", "stop": "2026-01-01"}, "The period ends before it begins."),
    ):
        answer = _post(owner, f"{PAGE}export", f"{PAGE}export", **fields)
        assert answer.status_code == 422
        assert said in html.unescape(answer.text)


def test_a_download_that_breaks_off_is_said_to_be_broken(app: Flask, owner: FlaskClient) -> None:
    visitor_answers(owner)
    asked = _post(owner, f"{PAGE}export", f"{PAGE}export", format="jsonl")
    handover_id = asked.location.rpartition("/")[2]
    extensions = app.extensions
    mark, anchoring = extensions["settings"].high_water_mark, extensions["anchoring"]
    with app.app_context():
        _, chunks = handing_over.stream(
            extensions["sessions"], "example", handover_id, extensions["keyring"], mark, anchoring
        )
        assert next(chunks)
        chunks.close()  # type: ignore[attr-defined]
    assert "broken off" in owner.get(asked.location).text


def test_an_export_of_another_site_or_none_is_not_there(owner: FlaskClient) -> None:
    assert owner.get(f"{PAGE}exports/{'x' * 43}").status_code == 404
    assert owner.get(f"{PAGE}exports/{'x' * 43}/file").status_code == 404


def test_a_visitor_is_erased_as_it_was_shown(app: Flask, owner: FlaskClient) -> None:
    first, second = (visitor_answers(owner, consent_id=VISITOR) for _ in range(2))
    other = visitor_answers(owner)
    address = f"{PAGE}{first}/erase"
    page = owner.get(address).text
    assert set(re.findall(r'name="seen" value="([^"]+)"', page)) == {first, second}
    assert other not in page
    refused = _post(owner, address, address, seen=[first, second], why="asked for")
    assert refused.status_code == 422, "it has to be meant"
    assert _post(owner, address, address, seen=[first], why="asked for", sure="y").status_code == 422
    done = _post(owner, address, address, seen=[first, second], why="asked for", sure="y")
    assert done.status_code == 303
    assert "2 records were erased." in owner.get(PAGE).text
    assert owner.get(PAGE + first).status_code == 404
    assert owner.get(PAGE + other).status_code == 200
    assert _deeds(app)["visitor.erased"] == {"records": 2}


def test_a_hold_keeps_everything_until_it_is_lifted(app: Flask, owner: FlaskClient) -> None:
    record_id = visitor_answers(owner)
    assert _post(owner, f"{PAGE}hold", f"{PAGE}log", why="proceedings 26/1").status_code == 303
    assert "proceedings 26/1" in owner.get(f"{PAGE}log").text
    address = f"{PAGE}{record_id}/erase"
    assert "A legal hold stands" in owner.get(address).text
    held = _post(owner, address, f"{PAGE}log", seen=[record_id], why="asked for", sure="y")
    assert held.status_code == 422
    assert _post(owner, f"{PAGE}hold", f"{PAGE}log", why="settled", lift="1").status_code == 303
    assert "No hold stands." in owner.get(f"{PAGE}log").text
    assert {"hold.set", "hold.lifted"} <= set(_deeds(app))


@pytest.mark.parametrize(
    ("role", "may_see", "may_erase"),
    [(Role.AUDITOR, True, False), (Role.EDITOR, False, False), (Role.VIEWER, False, False), (Role.OWNER, True, True)],
)
def test_each_role_may_do_what_it_may(
    app: Flask, client: FlaskClient, role: Role, may_see: bool, may_erase: bool
) -> None:
    record_id = visitor_answers(client)
    someone = admins.sign_in(app, client, role)
    for path in ("", record_id, "export", "log"):
        assert someone.get(PAGE + path).status_code == (200 if may_see else 403)
    assert someone.get(f"{PAGE}{record_id}/erase").status_code == (200 if may_erase else 403)
    if may_see:
        assert ("Erase this visitor" in someone.get(PAGE + record_id).text) is may_erase


def test_the_pages_speak_french(app: Flask, client: FlaskClient) -> None:
    record_id = visitor_answers(client)
    someone = admins.sign_in(app, client, Role.OWNER, language="fr")
    assert "<h1>Preuves</h1>" in someone.get(PAGE).text
    assert "Preuves, vérifiées maintenant" in someone.get(PAGE + record_id).text
    assert "Ce qui reste" in someone.get(f"{PAGE}{record_id}/erase").text
