"""What a process finds in a write-ahead log is made durable before anything is acknowledged on top of it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from consent_server.storage.database import has_wal_reset_bug, settle


def _left_behind(tmp_path: Path) -> Path:
    """Leave a database and its write-ahead log as a process does that is killed."""
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    connection = sqlite3.connect(alive / "db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE kept (what TEXT)")
    connection.execute("INSERT INTO kept VALUES ('this')")
    shutil.copytree(alive, dead, ignore=shutil.ignore_patterns("*-shm"))
    connection.close()
    return dead / "db"


def test_what_the_write_ahead_log_says_is_in_the_database(tmp_path: Path) -> None:
    left = _left_behind(tmp_path)
    engine = sa.create_engine(f"sqlite:///{left}")
    assert settle(engine)

    alone = shutil.copy(left, tmp_path / "alone")
    engine.dispose()
    connection = sqlite3.connect(alone)
    assert connection.execute("SELECT what FROM kept").fetchall() == [("this",)]
    connection.close()


def test_it_says_when_somebody_who_reads_keeps_it_from_that(tmp_path: Path) -> None:
    left = _left_behind(tmp_path)
    engine, reader = sa.create_engine(f"sqlite:///{left}"), sqlite3.connect(left, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM kept").fetchall()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO kept VALUES ('that')")
    assert not settle(engine)
    reader.close()
    assert settle(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("version", "there"),
    [
        ((3, 7, 17), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_it_is_known_which_versions_of_sqlite_may_damage_it(version: tuple[int, int, int], there: bool) -> None:
    assert has_wal_reset_bug(version) is there
