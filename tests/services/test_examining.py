"""A record in full says of each proof whether it holds now; what somebody altered is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from consent_server.domain.account import command_line
from consent_server.domain.client import Client
from consent_server.domain.errors import Conflict, Held, RecordNotFound
from consent_server.services import clock, editing, erasing, examining, holding, publishing
from consent_server.services.examining import LOGGED, PERSONAL, PROMISED, SHOWN, STAMPED, TEXT, Examined
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from consent_server.web.visitor.consents import read_answer
from tests.builders import consent, site_file

OWNER = command_line(FIRST_ORGANISATION)
VISITOR = "0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a"


@pytest.fixture(autouse=True)
def _inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
        yield


def _record(app: Flask, **changes: object) -> str:
    published = app.test_client().get("/v1/sites/example/config").json
    purposes = tuple(purpose["id"] for purpose in published["purposes"] if not purpose["exempt"])
    answer = read_answer(consent(purposes, consent_id=VISITOR, **changes))
    recorder = app.extensions["recorder"]
    db.session.rollback()  # what this test reads next is what the recorder wrote
    kept = recorder.record("example", answer, page_origin=None, client=Client("Firefox", "150", "mobile"))
    return str(kept.kept.record_id)


def _sequence(app: Flask) -> None:
    site = sites.find_site(db.session(), "example")
    db.session.rollback()
    mark = app.extensions["settings"].high_water_mark
    integrate(app.extensions["sessions"], site.id, app.extensions["keyring"], mark, clock.now())


def _examine(app: Flask, record_id: str) -> Examined:
    db.session.expire_all()
    return examining.examine(db.session(), "example", record_id, app.extensions["keyring"])


def _said(examined: Examined) -> dict[str, bool | None]:
    return {check.name: check.good for check in examined.checks}


def _by_hand(statement: str) -> None:
    db.session.connection().exec_driver_sql(statement)
    db.session.commit()


def test_every_proof_of_a_record_is_checked(app: Flask) -> None:
    record_id = _record(app)
    waiting = _examine(app, record_id)
    assert _said(waiting) == {TEXT: True, PERSONAL: True, SHOWN: True, PROMISED: True, LOGGED: None, STAMPED: None}
    assert (waiting.index, waiting.size, waiting.proof) == (None, None, None)
    _sequence(app)
    examined = _examine(app, record_id)
    assert _said(examined) == {**_said(waiting), LOGGED: True}
    assert (examined.index, examined.size) == (2, 3)
    assert examined.record["action"] == "refuse_all"
    assert examined.personal["form_factor"] == "mobile"
    assert examined.configuration.version == 1


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE consent_record SET record = replace(record, '\"layer\":1', '\"layer\":2')", {TEXT}),
        ("UPDATE consent_record SET personal = replace(personal, 'page', 'other')", {PERSONAL}),
        ("UPDATE consent_record SET leaf_hash = salt", {TEXT, PROMISED, LOGGED}),
        ("UPDATE consent_record SET promise_signature = leaf_hash", {PROMISED}),
    ],
)
def test_what_was_altered_is_named(app: Flask, statement: str, wrong: set[str]) -> None:
    record_id = _record(app)
    _sequence(app)
    _by_hand(statement)
    assert {name for name, good in _said(_examine(app, record_id)).items() if good is False} == wrong


def test_a_record_without_its_personal_part_still_proves_the_rest(app: Flask) -> None:
    record_id = _record(app)
    erasing.scrub_visitor(db.session(), "example", VISITOR)
    _sequence(app)
    examined = _examine(app, record_id)
    assert _said(examined)[PERSONAL] is None
    assert _said(examined)[LOGGED] is True
    assert examined.personal == {}


def test_everything_of_one_visitor_goes_as_it_was_shown(app: Flask) -> None:
    first, second = _record(app), _record(app)
    _sequence(app)
    third = _record(app)
    seen = erasing.would_erase(db.session(), "example", first)
    assert {kept.record_id for kept in seen.records} == {first, second, third}
    assert set(seen.indices) == {first, second}
    with pytest.raises(Conflict):
        erasing.erase_visitor(db.session(), "example", first, [first, second], "asked for", OWNER, clock.now())
    every = [kept.record_id for kept in seen.records]
    assert erasing.erase_visitor(db.session(), "example", second, every, "asked for", OWNER, clock.now()) == 3
    with pytest.raises(RecordNotFound):
        _examine(app, first)


def test_nothing_of_a_visitor_goes_while_a_hold_stands(app: Flask) -> None:
    record_id = _record(app)
    holding.hold(db.session(), "example", "proceedings", clock.now())
    seen = erasing.would_erase(db.session(), "example", record_id)
    assert seen.hold is not None
    db.session.rollback()
    with pytest.raises(Held):
        erasing.erase_visitor(db.session(), "example", record_id, [record_id], "asked for", OWNER, clock.now())
    db.session.rollback()
    assert _examine(app, record_id).hold == seen.hold
