"""Months on PostgreSQL: made ahead of time, and dropped whole when the time of all that stands in one is up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from consent_server import verify
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, add_months
from consent_server.domain.log_entry import LogEntry, Purge, parse_entry
from consent_server.domain.statistics import first_of_month, next_month
from consent_server.services import clock, exporting, holding, making_months, purging, rechecking
from consent_server.services.making_months import MonthMaker, make_months
from consent_server.services.purging import WHOLE_MONTH, drop_months, purge_all
from consent_server.services.sequencing import integrate
from consent_server.storage import months, proof_log
from tests.proof_logs import KEYRING, ORIGIN, Installation, standing
from tests.servers import eventually

pytestmark = [pytest.mark.postgresql, pytest.mark.parametrize("engine", ["postgresql"], indirect=True)]

KEY = KEYRING.log_signer(ORIGIN).vkey
DAY = timedelta(days=1)


def _start(day: datetime) -> datetime:
    first = first_of_month(day.date())
    return datetime(first.year, first.month, 1, tzinfo=UTC)


THIS = _start(clock.now())
NEXT = _start(THIS + 31 * DAY)
TABLE = f"consent_record_{THIS:%Y_%m}"


def _due(moment: datetime) -> datetime:
    """Return when a record's time is up that was made at a moment and names no end."""
    return add_months(moment + timedelta(seconds=MAX_LIFETIME_SECONDS), 60)


@pytest.fixture(autouse=True)
def _years_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to ``now``: the clock of PostgreSQL is the real one."""
    for module in (purging, making_months):
        monkeypatch.setattr(module, "database_clock", lambda session: None)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    with standing(database_url, tmp_path) as made:
        yield made


def _integrate(installation: Installation, site_id: int | None = None) -> None:
    integrate(
        installation.sessions, site_id or installation.site_id, KEYRING, installation.high_water, NEXT + 3_000 * DAY
    )


def _purges(installation: Installation) -> list[Purge]:
    with installation.sessions() as session:
        entries: list[LogEntry] = [
            parse_entry(entry.text) for entry in proof_log.entries(session, installation.site_id, 0, 99_999)
        ]
    return [entry for entry in entries if isinstance(entry, Purge)]


def _tables(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return [month.table for month in months.months(session)]


def _holds(installation: Installation, folder: Path) -> bool:
    path = folder / "evidence.zip"
    with path.open("wb") as out:
        now = NEXT + 3_000 * DAY
        exporting.export(installation.sessions, "demo", "zip", out, KEYRING, installation.high_water, now)
    arguments = installation.sessions, installation.site_id, installation.high_water, lambda *_: None
    assert list(rechecking.recheck(*arguments)) == []
    return verify.main([str(path), "--key", KEY]) == verify.HOLDS


def test_a_month_whose_time_is_up_goes_whole_and_the_log_says_so(installation: Installation, tmp_path: Path) -> None:
    installation.put(3, recorded_at=THIS + DAY)
    (early,) = installation.put(1, recorded_at=NEXT + 15 * DAY)  # in the log before the last of its predecessors
    installation.put(2, recorded_at=THIS + 2 * DAY)
    later = [early, *installation.put(2, recorded_at=NEXT + 16 * DAY)]
    _integrate(installation)
    files = _files(installation, TABLE)

    assert purge_all(installation.sessions, _due(THIS + 3 * DAY)) == 5

    _integrate(installation)
    assert TABLE not in _tables(installation)
    assert [(purge.start, purge.stop) for purge in _purges(installation)] == [(2, 5), (6, 8)]
    assert installation.scalar("SELECT count(*) FROM consent_record") == len(later)
    assert installation.scalar("SELECT count(*) FROM proof_entry WHERE record_id IS NOT NULL") == len(later)
    assert _holds(installation, tmp_path)
    assert [path for path in files if path.exists() and path.stat().st_size] == []


def _files(installation: Installation, table: str) -> list[Path]:
    """Return the files of a table, of what is stored apart, and of its indexes."""
    with installation.engine.connect() as connection:
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        query = (
            "SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid = %(name)s::regclass OR oid IN (SELECT "
            "reltoastrelid FROM pg_class WHERE oid = %(name)s::regclass UNION SELECT indexrelid FROM pg_index "
            "WHERE indrelid = %(name)s::regclass)"
        )
        found = [folder / path for path in connection.exec_driver_sql(query, {"name": table}).scalars()]
    assert len(found) == 6
    assert found[0].exists()
    return found


def test_a_long_month_is_told_in_entries_that_the_sequencer_forgets_quickly(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "LONGEST_ENTRY", 4)
    installation.put(10, recorded_at=THIS + DAY)
    _integrate(installation)
    assert drop_months(installation.sessions, _due(THIS + 2 * DAY)) == 10
    _integrate(installation)
    assert [(purge.start, purge.stop) for purge in _purges(installation)] == [(2, 6), (6, 10), (10, 12)]


def test_a_month_stays_for_one_site_under_a_hold_while_the_others_records_go(installation: Installation) -> None:
    other = installation.create("other", "other.example/v1/sites/other/log")
    installation.put(3, recorded_at=THIS + DAY)
    installation.put(2, site_id=other, site_key="other", recorded_at=THIS + DAY)
    for site_id in (installation.site_id, other):
        _integrate(installation, site_id)
    with installation.sessions() as session:
        holding.hold(session, "other", "a dispute", clock.now())

    assert purge_all(installation.sessions, _due(THIS + 2 * DAY)) == 3
    assert installation.scalar(f"SELECT count(*) FROM {TABLE}") == 2


def test_a_month_stays_for_one_record_whose_time_is_not_up(installation: Installation) -> None:
    installation.put(3, recorded_at=THIS + DAY)
    installation.put(1, recorded_at=THIS + 2 * DAY, expires_at="2099-01-01T00:00:00.000Z")
    installation.put(1, recorded_at=THIS + 3 * DAY)
    _integrate(installation)
    assert drop_months(installation.sessions, _due(THIS + 4 * DAY)) == 0
    assert installation.scalar(f"SELECT count(*) FROM {TABLE}") == 5


def test_a_month_stays_while_one_of_its_records_stands_in_line(installation: Installation) -> None:
    installation.put(3, recorded_at=THIS + DAY)
    assert drop_months(installation.sessions, _due(THIS + 2 * DAY)) == 0
    assert installation.scalar(f"SELECT count(*) FROM {TABLE}") == 3


def test_a_crash_before_the_commit_leaves_the_month_and_no_word_of_its_going(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation.put(3, recorded_at=THIS + DAY)
    _integrate(installation)
    really = months.drop_month

    def die(session: sa.orm.Session, month: months.Month) -> bool:
        really(session, month)
        raise KeyboardInterrupt

    monkeypatch.setattr(months, "drop_month", die)
    with pytest.raises(KeyboardInterrupt):
        drop_months(installation.sessions, _due(THIS + 2 * DAY))
    assert installation.scalar(f"SELECT count(*) FROM {TABLE}") == 3
    assert installation.scalar("SELECT count(*) FROM proof_pending") == 0

    monkeypatch.setattr(months, "drop_month", really)
    assert drop_months(installation.sessions, _due(THIS + 2 * DAY)) == 3
    _integrate(installation)
    assert _holds(installation, tmp_path)


def test_a_month_that_somebody_reads_for_long_is_purged_row_by_row_and_dropped_when_they_are_done(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "LONGEST_LOCK", "50ms")
    installation.put(3, recorded_at=THIS + DAY)
    _integrate(installation)
    with installation.engine.connect() as reader:
        reader.exec_driver_sql(f"SELECT count(*) FROM {TABLE}")
        assert purge_all(installation.sessions, _due(THIS + 2 * DAY)) == 3
        assert installation.scalar(f"SELECT count(*) FROM {TABLE}") == 0
    assert purge_all(installation.sessions, _due(THIS + 2 * DAY)) == 0
    assert TABLE not in _tables(installation)


def test_with_a_grace_what_is_due_waits_for_the_rest_of_its_month(installation: Installation) -> None:
    installation.put(2, recorded_at=THIS + DAY)
    installation.put(2, recorded_at=THIS + 20 * DAY)
    _integrate(installation)
    assert purge_all(installation.sessions, _due(THIS + 10 * DAY), WHOLE_MONTH) == 0
    assert purge_all(installation.sessions, _due(THIS + 21 * DAY), WHOLE_MONTH) == 4
    assert TABLE not in _tables(installation)


def test_months_are_made_ahead_as_time_passes(installation: Installation) -> None:
    for year in range(2):
        now = NEXT + year * 366 * DAY
        make_months(installation.sessions, now)
        wanted = [first_of_month(now.date())]
        for _ in range(making_months.AHEAD):
            wanted.append(next_month(wanted[-1]))
        assert {f"consent_record_{month:%Y_%m}" for month in wanted} <= set(_tables(installation))
        assert make_months(installation.sessions, now) == []


def test_a_record_whose_month_nobody_made_is_kept_and_moves_when_it_is_made(installation: Installation) -> None:
    late = NEXT + 3_000 * DAY
    (record_id,) = installation.put(1, recorded_at=late)
    assert installation.scalar("SELECT record_id FROM consent_record_other") == record_id
    make_months(installation.sessions, late)
    assert installation.scalar(f"SELECT record_id FROM consent_record_{late:%Y_%m}") == record_id
    assert installation.scalar("SELECT count(*) FROM consent_record") == 1


def test_two_who_make_months_at_once_make_each_once(installation: Installation) -> None:
    now = NEXT + 500 * DAY
    with ThreadPoolExecutor(2) as pool:
        made = [
            each for found in pool.map(lambda _: make_months(installation.sessions, now), range(2)) for each in found
        ]
    made += make_months(installation.sessions, now)
    assert len(made) == len(set(made)) == making_months.AHEAD + 1


def test_the_loop_makes_months_at_its_start(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NEXT + 500 * DAY
    monkeypatch.setattr("consent_server.services.clock.now", lambda: now)
    maker = MonthMaker(installation.sessions)
    maker.start()
    try:
        eventually(lambda: f"consent_record_{now:%Y_%m}" in _tables(installation), "the month is made")
    finally:
        maker.stop()
