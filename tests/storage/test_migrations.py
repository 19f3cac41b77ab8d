"""What migrations promise: any database arrives at the schema of the models with its rows, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from consent_server.storage.database import db
from tests import builders
from tests.databases import MIGRATIONS, PARTITION, fill, migrate, revisions

# What was published or proven never changes (DESIGN 5): the database itself says so.
IMMUTABLE = (
    "configuration",
    "runtime",
    "screenshot",
    "logo",
    "proof_entry",
    "proof_tile",
    "proof_checkpoint",
    "proof_anchor",
    "proof_anchor_leaf",
    "activity",
    "draft_change",
    "publication",
)


@pytest.fixture
def connected(database_url: str) -> Iterator[sa.Engine]:
    yield from _engine(database_url)


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[sa.Engine]:
    yield from _engine(empty_database_url)


def _engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def test_an_empty_database_becomes_the_models(connected: sa.Engine) -> None:
    with connected.connect() as connection:
        assert differences(connection) == []


def differences(connection: sa.Connection) -> list[object]:
    """Give what is different between the database and the models."""
    compared = {"compare_type": True, "compare_server_default": True, "include_name": _is_no_partition}
    return list(compare_metadata(MigrationContext.configure(connection, opts=compared), db.metadata))


def _is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name and PARTITION.match(name))


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_rows_survive_every_upgrade(empty: sa.Engine, empty_database_url: str, tmp_path: Path) -> None:
    settings = builders.settings(tmp_path, database_url=empty_database_url)
    kept: dict[str, int] = {}
    for revision in revisions():
        migrate(settings, revision)
        now = fill(empty)
        lost = {table for table, rows in kept.items() if table in now and now[table] < rows}
        assert not lost, f"{revision} lost rows of {lost}"
        kept = now
    assert kept


def test_migrating_again_changes_nothing(connected: sa.Engine, database_url: str, tmp_path: Path) -> None:
    rows = fill(connected)
    migrate(builders.settings(tmp_path, database_url=database_url))
    assert fill(connected) == rows


@pytest.mark.parametrize("table", IMMUTABLE)
@pytest.mark.parametrize("deed", ["UPDATE", "DELETE"])
def test_what_was_published_or_proven_never_changes(connected: sa.Engine, table: str, deed: str) -> None:
    before = fill(connected)
    statement = f"DELETE FROM {table}" if deed == "DELETE" else f"UPDATE {table} SET {_column(connected, table)} = '2'"

    with pytest.raises(sa.exc.DBAPIError, match=r"(?i)immutable|never|refus|append"), connected.begin() as connection:
        connection.exec_driver_sql(statement)

    assert fill(connected) == before


def _column(engine: sa.Engine, table: str) -> str:
    """Name a column that is no key, so that the trigger alone can refuse."""
    columns = sa.inspect(engine).get_columns(table)
    unkeyed = ("text", "source", "body", "hashes", "note", "data", "size", "changes", "patch", "why")
    return next(c["name"] for c in columns if c["name"] in unkeyed)
