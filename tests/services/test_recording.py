"""An answer is acknowledged only once it is committed; many at once share a commit; a slow database loses nothing."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from consent_server.domain.client import Client
from consent_server.domain.errors import Conflict, Invalid, Unavailable
from consent_server.domain.lifetime import add_months
from consent_server.domain.times import rfc3339, whole_milliseconds
from consent_server.services import clock, editing, publishing
from consent_server.services.recording import Recorded, Recorder
from consent_server.storage import consent_records
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow, ProofPendingRow
from consent_server.web.visitor.consents import read_answer
from tests.builders import consent, site_file
from tests.servers import eventually


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def record(app: Flask, body: dict) -> Recorded:
    recorder: Recorder = app.extensions["recorder"]
    with app.app_context():
        return recorder.record("example", read_answer(body), page_origin=None, client=Client())


def answer(app: Flask, **changes: object) -> dict:
    published = app.test_client().get("/v1/sites/example/config").json
    purposes = tuple(purpose["id"] for purpose in published["purposes"] if not purpose["exempt"])
    return consent(purposes, **changes)


def count(app: Flask, row: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(row)) or 0


def test_many_at_once_are_each_kept_once(app: Flask) -> None:
    before = count(app, ProofPendingRow)
    bodies = [answer(app, record_id=str(uuid.uuid4())) for _ in range(60)]
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda body: record(app, body), bodies + bodies))
    assert sum(result.new for result in results) == len(bodies)
    assert count(app, ConsentRecordRow) == len(bodies)
    assert count(app, ProofPendingRow) - before == len(bodies)


def test_what_is_returned_is_committed(app: Flask) -> None:
    recorded = record(app, answer(app))
    with app.app_context(), app.extensions["sessions"]() as other_session:
        found = consent_records.find_record(other_session, recorded.kept.site_id, recorded.kept.record_id)
    assert found == recorded.kept


def test_of_two_different_answers_with_one_id_only_the_first_is_kept(app: Flask) -> None:
    body = answer(app)
    other = {**body, "language": "en"}
    gate = threading.Barrier(2)

    def at_once(each: dict) -> bool:
        gate.wait()
        try:
            return record(app, each).new
        except Conflict:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(at_once, (body, other))) == [False, True]
    assert count(app, ConsentRecordRow) == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_database_that_is_held_by_somebody_else_acknowledges_nothing_and_a_retry_is_kept(
    app: Flask, database_url: str
) -> None:
    body = answer(app)
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        record(app, body)
    assert count(app, ConsentRecordRow) == 0
    holder.execute("ROLLBACK")
    holder.close()

    def is_kept() -> bool:
        try:
            return record(app, body).kept.record_id == body["record_id"]
        except Unavailable:
            return False

    eventually(is_kept, "the answer is kept")
    assert count(app, ConsentRecordRow) == 1


def test_records_are_never_back_dated(app: Flask) -> None:
    times = [record(app, answer(app)).kept.recorded_at for _ in range(5)]
    assert times == sorted(times)


def test_stopping_writes_what_is_queued(app: Flask) -> None:
    def recorded(body: dict) -> bool:
        try:
            return record(app, body).new
        except Unavailable:
            return False

    bodies = [answer(app) for _ in range(40)]
    with ThreadPoolExecutor(20) as pool:
        results = pool.map(recorded, bodies)
        app.extensions["recorder"].stop()
    assert sum(results) == count(app, ConsentRecordRow)
    with pytest.raises(Unavailable):
        record(app, answer(app))


def test_an_imported_choice_counts_from_when_it_was_made(app: Flask) -> None:
    made = clock.now() - timedelta(days=100)
    recorded = record(app, answer(app, action="import", client_time=rfc3339(made)))
    kept = json.loads(recorded.kept.record or "")
    assert kept["action"] == "import"
    assert kept["expires_at"] == rfc3339(add_months(whole_milliseconds(made), 6))
    assert json.loads(recorded.kept.personal or "")["client_time"] == rfc3339(made)


@pytest.mark.parametrize(
    "client_time",
    [None, "2020-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_an_imported_choice_that_does_not_count_any_more_is_refused(app: Flask, client_time: str | None) -> None:
    body = answer(app, action="import", client_time=client_time)
    if client_time is None:
        del body["client_time"]
    with pytest.raises(Invalid) as refused:
        record(app, body)
    assert list(refused.value.problems) == ["client_time"]
    assert count(app, ConsentRecordRow) == 0


def test_an_imported_choice_may_come_from_a_clock_that_is_fast(app: Flask) -> None:
    recorded = record(app, answer(app, action="import", client_time=rfc3339(clock.now() + timedelta(hours=1))))
    kept = json.loads(recorded.kept.record or "")
    assert kept["expires_at"] == rfc3339(add_months(recorded.kept.recorded_at, 6))


def test_a_clock_set_back_while_nobody_ran_dates_nothing_before_what_is_kept(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, body = record(app, answer(app)), answer(app)
    now = clock.now
    started_anew = Recorder(app.extensions["sessions"], app.extensions["keyring"], lambda: None)
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(days=366))
    with app.app_context():
        second = started_anew.record("example", read_answer(body), page_origin=None, client=Client())
    started_anew.stop()
    assert second.kept.recorded_at >= first.kept.recorded_at
