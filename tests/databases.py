"""Migrates databases, fills every table of one whatever its schema, makes PostgreSQL databases for one test each."""

from __future__ import annotations

import contextlib
import datetime
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask

from consent_server.config import Settings
from consent_server.storage.database import db

PARTITION = re.compile(r"consent_record_(past|other|\d{4}_\d\d)\Z")

OTHERWISE = {"proof_pending": {"record_id": "2"}}
"""What stands in line has no entry yet."""

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def revisions() -> list[str]:
    """Give every migration's revision, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


@contextlib.contextmanager
def postgresql_database(server: str, template: str = "template1") -> Iterator[str]:
    """Make a database as a copy of ``template``, give its address, and drop it."""
    name = f"test_{uuid.uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the database of these settings to a revision."""
    from consent_server.app import create_app  # here, so that the domain's tests start without it

    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision=revision)
    close(app)


def close(app: Flask) -> None:
    """End the application's threads and give every connection back: an open one is a warning, a warning is an error."""
    deeds = (
        "anchorer",
        "counter",
        "follower",
        "limiter",
        "months",
        "noticing",
        "purger",
        "recorder",
        "sequencer",
        "surveyor",
        "sweeper",
        "warner",
    )
    for deed in deeds:
        app.extensions[deed].stop()
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def fill(engine: sa.Engine) -> dict[str, int]:
    """Put one row in every table that has none, by its columns' types alone, and give the rows of each."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    tables = [t for t in metadata.sorted_tables if t.name != "alembic_version" and not PARTITION.match(t.name)]
    with engine.begin() as connection:
        for table in tables:
            if not connection.scalar(sa.select(sa.func.count()).select_from(table)):
                values = {c.name: _sample(c) for c in table.columns} | OTHERWISE.get(table.name, {})
                connection.execute(table.insert().values(values))
        return {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}


def _sample(column: sa.Column[Any]) -> Any:
    # Foreign keys hold because every row of the sample has the same value in columns of the same type.
    kind = column.type.python_type
    if kind is str:
        return "1"
    if kind is datetime.datetime:
        return datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    if kind is datetime.date:
        return datetime.date(2026, 11, 22)
    if kind is bytes:
        return b"1"
    return kind(1)
