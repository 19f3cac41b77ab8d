"""Migrations run while old and new nodes serve (A11, F22, F23): they add, they give way, they are never half.

Of each that came after 0012, PostgreSQL is asked what it did. One that takes something away says so in ``TAKES_AWAY``,
with why no node that still runs misses it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import re
import signal
from collections.abc import Iterable, Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests import builders
from tests.databases import MIGRATIONS, fill, migrate, revisions
from tests.servers import eventually
from tests.storage.test_migrations import differences

FIRST = "0012"
"""The last migration that needs to hold to nothing: before it, nobody had an installation to upgrade."""

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)
only_postgresql = pytest.mark.parametrize("engine", [POSTGRESQL], indirect=True)
EVERY_KILL = bool(os.environ.get("CONSENT_TEST_CLUSTER"))
LIVES = multiprocessing.get_context("forkserver")
LIVES.set_forkserver_preload(["consent_server.app"])

TAKEN_AWAY = {
    "something is dropped": r"\bDROP\b(?! (TRIGGER|FUNCTION) IF EXISTS)",
    "something has another name": r"\bRENAME\b",
    "a column is required": r"\bSET NOT NULL\b|\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bNOT NULL\b",
    "a column is of another type": r"\bALTER COLUMN\b.*\bTYPE\b",
}
LOCKED_FOR_LONG = {
    "an index is made while nobody can write": r"\bCREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON (?:ONLY )?(\w+)",
    "a constraint reads the table while nobody can": r"\bALTER TABLE (\w+) ADD CONSTRAINT\b(?!.*\bNOT VALID\b)",
    "every row is written": r"^\s*UPDATE (\w+)",
}


def _later() -> list[str]:
    return [revision for revision in revisions() if revision > FIRST]


def _module(revision: str) -> Any:
    (path,) = (MIGRATIONS / "versions").glob(f"{revision}_*.py")
    spec = importlib.util.spec_from_file_location(f"migration_{revision}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _told() -> Iterator[list[str]]:
    """Listen to every statement that any engine sends."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)


def broken_rules(statements: list[str]) -> list[str]:
    """Say which of the rules these statements break."""
    made = {name for each in statements for name in re.findall(r"\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)", each)}
    broken = [rule for rule, taking in TAKEN_AWAY.items() for each in statements if re.search(taking, each, re.DOTALL)]
    for rule, locking in LOCKED_FOR_LONG.items():
        tables = {name for each in statements for name in re.findall(locking, each)}
        broken += [f"{rule}: {table}" for table in sorted(tables - made - {"alembic_version"})]
    return sorted(set(broken))


@pytest.fixture
def at_first(engine: str, empty_database_url: str, tmp_path: Path) -> builders.Settings:
    settings = builders.settings(tmp_path, database_url=empty_database_url)
    migrate(settings, FIRST)
    return settings


@only_postgresql
def test_what_is_added_is_all_that_a_migration_does_unless_it_says_why(at_first: builders.Settings) -> None:
    broken = {}
    for revision in _later():
        with _told() as statements:
            migrate(at_first, revision)
        rules = broken_rules(statements)
        if rules and not getattr(_module(revision), "TAKES_AWAY", None):
            broken[revision] = rules
    assert broken == {}


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("CREATE TABLE logo (digest VARCHAR NOT NULL)", False),
        ("ALTER TABLE site ADD COLUMN note TEXT", False),
        ("ALTER TABLE site ADD COLUMN note TEXT DEFAULT '' NOT NULL", False),
        ("ALTER TABLE site ADD COLUMN note TEXT NOT NULL", True),
        ("ALTER TABLE site DROP COLUMN name", True),
        ("ALTER TABLE site RENAME COLUMN name TO title", True),
        ("ALTER TABLE site ALTER COLUMN name SET NOT NULL", True),
        ("ALTER TABLE site ALTER COLUMN name TYPE TEXT", True),
        ("CREATE INDEX ix_site_name ON site (name)", True),
        ("CREATE INDEX CONCURRENTLY ix_site_name ON site (name)", False),
        ("ALTER TABLE site ADD CONSTRAINT c CHECK (name <> '')", True),
        ("ALTER TABLE site ADD CONSTRAINT c CHECK (name <> '') NOT VALID", False),
        ("UPDATE consent_record SET action = ''", True),
        ("UPDATE alembic_version SET version_num = '0015'", False),
    ],
)
def test_the_rules_tell_what_old_nodes_would_miss(statement: str, broken: bool) -> None:
    assert bool(broken_rules([statement])) is broken


def test_an_index_of_a_table_that_was_just_made_keeps_nobody_waiting() -> None:
    assert broken_rules(["CREATE TABLE logo (digest TEXT)", "CREATE INDEX ix_logo ON logo (digest)"]) == []


@only_postgresql
def test_a_migration_gives_way_to_whoever_uses_the_table(at_first: builders.Settings) -> None:
    """A long transaction holds up the migration, and the migration holds up nobody for longer than a second."""
    migrate(at_first, "0013")
    address = at_first.database_url.replace("+psycopg", "")
    migrating = LIVES.Process(target=migrate, args=(at_first, "0014"))
    with psycopg.connect(address) as long, psycopg.connect(address, autocommit=True) as other:
        long.execute("LOCK TABLE publication IN ROW EXCLUSIVE MODE")
        migrating.start()
        eventually(lambda: _waits(other), "the migration waits for its lock")
        other.execute("SET lock_timeout = '5s'")
        other.execute("DELETE FROM publication WHERE site_id = 0")  # behind the migration, until that gives way
        assert _version(other) == "0013"
        long.rollback()
    migrating.join()
    with psycopg.connect(address) as after:
        assert _version(after) == "0014"


def _waits(connection: psycopg.Connection[Any]) -> bool:
    found = connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'publication'::regclass")
    return found.fetchone() is not None


def _version(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


@only_postgresql
def test_two_nodes_that_migrate_at_once_migrate_once(at_first: builders.Settings) -> None:
    nodes = [LIVES.Process(target=migrate, args=(at_first,)) for _ in range(2)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert [node.exitcode for node in nodes] == [0, 0]
    with psycopg.connect(at_first.database_url.replace("+psycopg", "")) as connection:
        assert _version(connection) == revisions()[-1]


def _migrate_and_die(settings: builders.Settings, revision: str, before: int) -> None:
    """Migrate in a process of its own, which is killed before its statement of this number."""
    left = before

    def listen(*_statement: Any) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    migrate(settings, revision)


@pytest.mark.parametrize(("before", "after"), list(pairwise([FIRST, *_later()]))[0 if EVERY_KILL else -1 :])
def test_a_migration_that_is_killed_again_and_again_is_finished_by_the_next_start(
    at_first: builders.Settings, before: str, after: str
) -> None:
    migrate(at_first, before)
    connected = sa.create_engine(at_first.database_url, poolclass=sa.NullPool)
    rows = fill(connected)
    kills = 0
    for number in count(0, 1 if EVERY_KILL else 7):
        life = LIVES.Process(target=_migrate_and_die, args=(at_first, after, number))
        life.start()
        life.join()
        assert _count(connected, rows) == rows
        if life.exitcode == 0:
            break
        assert life.exitcode == -signal.SIGKILL
        kills += 1

    assert kills
    migrate(at_first)
    assert _count(connected, rows) == rows
    with connected.connect() as connection:
        assert differences(connection) == []
    connected.dispose()


def _count(connected: sa.Engine, tables: Iterable[str]) -> dict[str, int]:
    with connected.connect() as connection:
        return {each: connection.exec_driver_sql(f"SELECT count(*) FROM {each}").scalar_one() for each in tables}
