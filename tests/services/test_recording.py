"""An answer is acknowledged only once it is committed; many at once share a commit; a slow database loses nothing."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select

from consent_server.domain.client import Client
from consent_server.domain.errors import Conflict, Unavailable
from consent_server.services import clock, editing, publishing
from consent_server.services.recording import Recorded, Recorder
from consent_server.storage import consent_records
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow, ProofPendingRow
from consent_server.web.visitor.consents import read_answer
from tests.builders import consent, site_file


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def record(app: Flask, body: dict) -> Recorded:
    recorder: Recorder = app.extensions["recorder"]
    with app.app_context():
        return recorder.record(db.session(), "example", read_answer(body), page_origin=None, client=Client())


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
    assert record(app, body).kept.record_id == body["record_id"]
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
