"""Records are found by code, visitor, time, action and answer, page by page, and no query reads the whole table."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from consent_server.domain.errors import Invalid
from consent_server.services import searching
from consent_server.services.searching import Page, Wanted
from consent_server.storage import consent_records, statistics
from consent_server.storage.consent_records import Sought
from consent_server.storage.statistics import Chosen
from tests.proof_logs import NOW, Installation, standing

VISITOR = "0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a"
YES, NO = {"audience": True}, {"audience": False}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with standing(database_url, tmp_path) as made:
        yield made


def _search(installation: Installation, after: str | None = None, **wanted: object) -> Page:
    with installation.sessions() as session:
        return searching.search(session, "demo", Wanted(**wanted), after)  # type: ignore[arg-type]


def _every(installation: Installation, **wanted: object) -> list[str]:
    page = _search(installation, **wanted)
    ids = [found.record_id for found in page.records]
    while page.next is not None:
        page = _search(installation, page.next, **wanted)
        ids += [found.record_id for found in page.records]
    return ids


def test_every_record_is_on_one_page_the_newest_first(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "PAGE", 7)
    same_time = installation.put(20)
    later = [installation.put(1, recorded_at=NOW + n * MINUTE)[0] for n in range(1, 6)]
    assert _every(installation) == later[::-1] + sorted(same_time, reverse=True)


def test_records_that_come_meanwhile_move_no_page(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PAGE", 3)
    made = sorted(installation.put(6), reverse=True)
    first = _search(installation)
    installation.put(2, recorded_at=NOW + MINUTE)
    second = _search(installation, first.next)
    assert [found.record_id for found in first.records + second.records] == made


def test_a_receipt_is_found_by_its_code_or_the_beginning_of_it(installation: Installation) -> None:
    made = installation.put(5)
    for code in (made[0], made[0][:13], f" {made[0][:8].upper()} "):
        assert made[0] in _every(installation, code=code)
    assert _every(installation, code=made[0]) == [made[0]]
    assert _every(installation, code=str(uuid.uuid4())) == []


def test_a_visitor_is_found_by_the_consent_id(installation: Installation) -> None:
    mine = {installation.put(1, consent_id=VISITOR, recorded_at=NOW + n * MINUTE)[0] for n in range(2)}
    installation.put(3)
    page = _search(installation, code=VISITOR)
    assert {found.record_id for found in page.records} == mine
    assert {found.consent_id for found in page.records} == {VISITOR}


@pytest.mark.parametrize("code", ["abc", "no code", "0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a0", "%", "0b6f3c52'"])
def test_what_is_no_code_is_said_to_be_none(installation: Installation, code: str) -> None:
    with pytest.raises(Invalid):
        _search(installation, code=code)


@pytest.mark.parametrize("after", ["x", "2026-11-22T10:15:00.123Z~x", f"yesterday~{VISITOR}", VISITOR])
def test_what_is_no_place_is_said_to_be_none(installation: Installation, after: str) -> None:
    with pytest.raises(Invalid):
        _search(installation, after)


def test_records_are_found_by_time_action_and_answer(installation: Installation) -> None:
    (yes,) = installation.put(1, action="accept_all", decisions=YES)
    (no,) = installation.put(1, action="refuse_all", decisions=NO, recorded_at=NOW + MINUTE)
    (old,) = installation.put(1, action="custom", decisions=YES, recorded_at=NOW - MINUTE)
    assert _every(installation, action="accept_all") == [yes]
    assert _every(installation, purpose="audience") == [yes, old]
    assert _every(installation, purpose="audience", granted=False) == [no]
    assert _every(installation, purpose="nothing") == []
    assert _every(installation, start=NOW) == [no, yes]
    assert _every(installation, stop=NOW) == [old]
    assert _every(installation, start=NOW, stop=NOW + MINUTE, purpose="audience") == [yes]


def test_a_rare_answer_is_looked_for_in_bounded_steps(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_READ", 10)
    (rare,) = installation.put(1, decisions=YES, action="accept_all", recorded_at=NOW - MINUTE)
    installation.put(25)
    first = _search(installation, purpose="audience")
    assert (first.records, first.looked_back_to) == ((), NOW)
    assert _every(installation, purpose="audience") == [rare]


def test_records_of_another_site_are_not_found(installation: Installation) -> None:
    other = installation.create("other", "other.example/v1/sites/other/log")
    (theirs,) = installation.put(1, site_id=other, site_key="other", consent_id=VISITOR)
    assert _every(installation) == []
    assert _every(installation, code=theirs) == []
    assert _every(installation, code=VISITOR) == []


# What the database does for each question that is asked of a large site


def _plan(installation: Installation, query: sa.ClauseElement) -> str:
    """Return how the engine would answer, when it has every reason to use an index that there is."""
    dialect = postgresql.dialect() if installation.engine.dialect.name == "postgresql" else sqlite.dialect()
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN" if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with installation.engine.connect() as connection:
        if dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        rows = connection.exec_driver_sql(f"{explain} {str(compiled).replace('%', '%%')}").all()
    return "\n".join(str(row[-1]) for row in rows)


def _reads(plan: str, index: str) -> bool:
    """Whether every read is by this index: of SQLite's table, or of each month's."""
    index = index.replace("consent_record", r"consent_record(_past|_other|_\d{4}_\d\d)?") + r"\b"
    index = f"({index}|sqlite_autoindex_consent_record_1)" if index.startswith("pk") else index
    return re.search(index, plan) is not None and "Seq Scan" not in plan


BEFORE = (NOW, VISITOR)

SEARCHES = {
    "all": (Sought(), "ix_consent_record_site_recorded"),
    "the next page": (Sought(before=BEFORE), "ix_consent_record_site_recorded"),
    "a period": (Sought(NOW - MINUTE, NOW, before=BEFORE), "ix_consent_record_site_recorded"),
    "an action": (Sought(action="gpc"), "ix_consent_record_site_action"),
    "an action, the next page": (Sought(action="gpc", before=BEFORE), "ix_consent_record_site_action"),
}


@pytest.mark.parametrize("what", SEARCHES)
def test_a_page_is_read_in_the_order_of_an_index(installation: Installation, what: str) -> None:
    sought, index = SEARCHES[what]
    plan = _plan(installation, consent_records.searching(installation.site_id, sought, 50))
    assert _reads(plan, index), plan
    assert "B-TREE" not in plan, "nothing is sorted"
    assert "Sort  (" not in plan


@pytest.mark.parametrize(
    ("sought", "index"),
    [
        (Sought(consent_id=VISITOR), "ix_consent_record_site_consent"),
        (Sought(record_id_start=VISITOR), "pk_consent_record"),
    ],
)
def test_a_code_is_found_without_reading_others(installation: Installation, sought: Sought, index: str) -> None:
    if installation.engine.dialect.name == "postgresql":
        installation.put(2_000)
        installation.execute("ANALYZE consent_record")
    plan = _plan(installation, consent_records.searching(installation.site_id, sought, 50))
    assert _reads(plan, index), plan


def test_a_visitors_records_are_found_without_reading_others(installation: Installation) -> None:
    asked: list[sa.ClauseElement] = []

    class Reads:
        def scalars(self, query: sa.ClauseElement) -> list[object]:
            asked.append(query)
            return []

        execute = scalars

    reads: sa.orm.Session = Reads()  # type: ignore[assignment]
    consent_records.records_of_visitor(reads, 1, VISITOR)
    consent_records.lock_records(reads, 1, VISITOR)
    if installation.engine.dialect.name == "postgresql":
        installation.put(2_000)
        installation.execute("ANALYZE consent_record")
    for query in asked:
        plan = _plan(installation, query)
        assert _reads(plan, "ix_consent_record_site_consent"), plan


def test_statistics_read_the_days_of_the_site_alone(installation: Installation) -> None:
    seen: list[sa.ClauseElement] = []

    class Reads:
        def execute(self, query: sa.ClauseElement) -> list[object]:
            seen.append(query)
            return []

    first, last = date(2026, 1, 1), date(2026, 2, 1)
    reads: sa.orm.Session = Reads()  # type: ignore[assignment]
    statistics.days(reads, 1, Chosen(language="fr"))
    list(statistics.series(reads, 1, first, last, Chosen()))
    list(statistics.cells(reads, 1, first, last))
    list(statistics.pages(reads, 1, first, last))
    assert len(seen) == 4
    for query in seen:
        plan = _plan(installation, query)
        searched = "PRIMARY KEY (site_id=?" in plan or "pk_answer_count" in plan or "pk_page_count" in plan
        assert searched, plan
