"""What the database does for each question that is asked of large tables: an index, and only the months that count."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from consent_server.domain.statistics import first_of_month
from consent_server.services import clock
from consent_server.storage import anchors, consent_records, evidence, months, proof_log, statistics
from consent_server.storage.consent_records import Nearby, Sought
from consent_server.storage.evidence import Wanted
from consent_server.storage.tables import ConsentRecordRow, ProofEntryRow
from tests.conftest import ENGINES
from tests.databases import postgresql_database
from tests.proof_logs import Installation

PER_MONTH = 2_500
SITES = 5
DAY = timedelta(days=1)
FIRST = datetime.combine(first_of_month(clock.now().date()), datetime.min.time(), UTC)
MIDDLE = FIRST + 45 * DAY
"""Somewhere in the second of the three months that are filled."""

FILLED = {f"consent_record_{FIRST + number * 31 * DAY:%Y_%m}" for number in range(3)}
IDS = [str(uuid.uuid4()) for _ in range(3 * PER_MONTH)]
VISITOR = str(uuid.uuid4())


@pytest.fixture(scope="module", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Three months with records of several sites; the texts are long, and nobody's."""
    folder = tmp_path_factory.mktemp("plans")
    if request.param == "sqlite":
        copied = shutil.copy(request.getfixturevalue("sqlite_template"), folder / "consent.sqlite")
        yield from _filled(f"sqlite:///{copied}", folder)
        return
    server, template = request.getfixturevalue("postgresql_url"), request.getfixturevalue("postgresql_template")
    with postgresql_database(server, template) as url:
        yield from _filled(url, folder)


def _filled(url: str, folder: Path) -> Iterator[Installation]:
    made = Installation(url, folder)
    made.create()
    records = [
        {
            "record_id": record_id,
            "site_id": 1 + number % SITES,
            "recorded_at": FIRST + 90 * DAY * number / len(IDS),
            "action": ("accept_all", "refuse_all")[number % 2],
            "record": "r" * 600,
            "salt": bytes(32),
            "personal": "p" * 200,
            "personal_salt": bytes(32),
            "consent_id": str(uuid.UUID(int=number)),
            "leaf_hash": bytes(32),
            "body_digest": bytes(32),
        }
        for number, record_id in enumerate(IDS)
    ]
    entries = [
        {
            "site_id": 1 + number % SITES,
            "idx": 2 + number // SITES,
            "kind": "consent",
            "commitment": bytes(32),
            "record_id": record_id,
        }
        for number, record_id in enumerate(IDS)
    ]
    with made.sessions() as session:
        session.execute(sa.insert(ConsentRecordRow), records)
        session.execute(sa.insert(ProofEntryRow), entries)
        session.commit()
    for table in ("consent_record", "proof_entry"):
        made.execute(f"ANALYZE {table}")
    yield made
    made.engine.dispose()


def _near(session: Session) -> None:
    """Look for neighbours of what was found before."""
    nearby = Nearby(session, 1, "record")
    place = len(IDS) // 2 // SITES * SITES
    nearby.find(IDS[place : place + 10 * SITES : SITES])
    session.info["begin"]()
    nearby.find(IDS[place + 10 * SITES : place + 20 * SITES : SITES])


def _all(found: object) -> None:
    list(found)  # type: ignore[call-overload]


ASKED: dict[str, Callable[[Session], object]] = {
    "ids that may have been recorded before": lambda s: consent_records.find_records_now(s, IDS[:3]),
    "a record": lambda s: consent_records.find_record(s, 1, IDS[0]),
    "a visitor's records": lambda s: consent_records.records_of_visitor(s, 1, VISITOR),
    "a visitor's records, locked": lambda s: consent_records.lock_records(s, 1, VISITOR),
    "a page": lambda s: _all(consent_records.search(s, 1, Sought(), 50)),
    "the next page": lambda s: _all(consent_records.search(s, 1, Sought(before=(MIDDLE, IDS[0])), 50)),
    "a page of an action": lambda s: _all(consent_records.search(s, 1, Sought(action="gpc"), 50)),
    "a receipt code": lambda s: _all(consent_records.search(s, 1, Sought(record_id_start=IDS[0][:8]), 50)),
    "a visitor by code": lambda s: _all(consent_records.search(s, 1, Sought(consent_id=VISITOR), 50)),
    "the oldest": lambda s: consent_records.oldest(s, 1),
    "the newest": lambda s: consent_records.newest(s, 1),
    "who stands in line": lambda s: proof_log.pending(s, 1, 100),
    "who stands first in line": lambda s: anchors.oldest_in_line(s, 1),
    "the index of a record": lambda s: proof_log.find_index(s, 1, IDS[0]),
    "the indices of records": lambda s: proof_log.find_indices(s, 1, IDS[:3]),
    "candidates of a purge": lambda s: evidence.kept_from(s, 1, 0, 20),
    "what is still there": lambda s: evidence.still_there(s, 1, range(20), personal=True),
    "what an export reads": lambda s: next(iter(evidence.entries_with_records(s, 1, 50))),
    "an export of one visitor": lambda s: _all(evidence.records(s, 1, 9_999, Wanted(consent_id=VISITOR))),
    "what is counted": lambda s: statistics.entries_said(s, 1, 100, 150),
}

OF_ONE_MONTH: dict[str, Callable[[Session], object]] = {
    "a page of a day": lambda s: _all(consent_records.search(s, 1, Sought(MIDDLE, MIDDLE + DAY), 50)),
    "neighbours": _near,
    "an export of a day": lambda s: _all(evidence.records(s, 1, 9_999, Wanted(MIDDLE, MIDDLE + DAY))),
    "a deletion": lambda s: consent_records.delete_records(s, 1, IDS[:3], [MIDDLE, MIDDLE]),
    "a scrub": lambda s: consent_records.scrub_record(s, 1, IDS[0], [MIDDLE]),
}


def _plans(installation: Installation, deed: Callable[[Session], object]) -> list[str]:
    """Return the plan of each statement that a deed asks of the large tables."""
    asked: list[tuple[str, object]] = []

    def gather(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    engine = installation.engine
    with installation.sessions() as session:
        session.info["begin"] = asked.clear
        sa.event.listen(engine, "before_cursor_execute", gather)
        try:
            deed(session)
        finally:
            sa.event.remove(engine, "before_cursor_execute", gather)
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with engine.connect() as connection:
        found = [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", values))  # type: ignore[arg-type]
            for statement, values in asked
            if re.search(r"consent_record|proof_entry", statement)
        ]
        connection.rollback()
    assert asked
    return found


READ_WHOLE = re.compile(
    r"Seq Scan on (?:consent_record_(?:past|\d{4}_\d\d)|proof_entry)|^SCAN (?:consent_record|proof_entry)(?! USING)",
    re.MULTILINE,
)


@pytest.mark.parametrize("what", ASKED)
def test_no_question_reads_a_large_table_to_its_end(installation: Installation, what: str) -> None:
    for plan in _plans(installation, ASKED[what]):
        whole = [found for found in READ_WHOLE.findall(plan) if found.rpartition(" ")[2] not in _empty(installation)]
        assert whole == [], plan


@pytest.mark.parametrize("what", OF_ONE_MONTH)
def test_who_knows_the_time_looks_into_no_other_month(installation: Installation, what: str) -> None:
    for plan in _plans(installation, OF_ONE_MONTH[what]):
        assert READ_WHOLE.findall(plan) == [], plan
        touched = set(re.findall(r"consent_record_(?:past|other|\d{4}_\d\d)\b", plan))
        if installation.engine.dialect.name == "postgresql":
            assert len(touched) <= 2, plan
            assert touched <= FILLED, plan


@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_whether_a_month_may_go_is_told_by_its_newest_records(installation: Installation) -> None:
    with installation.sessions() as session:
        month = next(month for month in months.months(session) if month.start == FIRST)
    (plan,) = _plans(installation, lambda session: months.newest_of_each(session, month))
    assert f"ix_{month.table}_site_recorded" in plan
    assert READ_WHOLE.findall(plan) == [], plan


def _empty(installation: Installation) -> set[str]:
    """Return the months that have no records, which are as soon read as looked up."""
    if installation.engine.dialect.name != "postgresql":
        return set()
    with installation.sessions() as session:
        return {month.table for month in months.months(session)} - FILLED
