"""Copies of a whole database, made while it is in use: one state of it, and what that state is.

SQLite copies itself (its online backup) under one read transaction, so that writers neither wait nor make it begin
again; the write-ahead log grows meanwhile. PostgreSQL's own programs copy and bring back, from one exported snapshot.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from consent_server.domain.backup import LogState, State
from consent_server.domain.errors import Conflict, Unavailable
from consent_server.storage import proof_log
from consent_server.storage.tables import InstanceRow
from consent_server.storage.whole_file import sync_folder

Progress = Callable[[int, int], None]

PAGES_AT_ONCE = 1_024
LONGEST_PAUSE_S = 0.25
MOST_DUMPS = 5
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
SQLITE_FILES = ("", "-wal", "-shm", "-journal")


def copy_database(engine: Engine, target: Path, progress: Progress) -> State:
    """Write a copy to ``target``, durably, and return what it is a copy of."""
    copy = _copy_sqlite if engine.dialect.name == "sqlite" else _dump
    state = copy(engine, target, progress)
    sync_file(target)
    return state


def read_state(connection: Connection) -> State:
    """Return what the database is that this connection sees."""
    schema = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if schema is None:
        raise Unavailable("The database was never migrated: there is nothing to back up.")
    with Session(bind=connection) as session:
        instance = session.scalar(select(InstanceRow.instance_id).where(InstanceRow.id == 1))
        logs = {head.origin: LogState(head.size, head.root) for head in proof_log.heads(session)}
    return State(schema, instance, logs)


def is_empty(engine: Engine) -> bool:
    """Tell whether there is nothing yet where a copy is to go; SQLite's leftovers would be played into it."""
    if engine.dialect.name == "sqlite":
        return not any(Path(sqlite_file(engine) + suffix).exists() for suffix in SQLITE_FILES)
    with engine.connect() as connection:
        return not inspect(connection).get_table_names()


def sqlite_file(engine: Engine) -> str:
    """Return the path of an embedded database."""
    database = engine.url.database
    if not database:
        raise Unavailable("A database in memory has no file.")
    return database


def sync_file(path: Path) -> None:
    """Make a file's content durable, and that it is there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


# SQLite


def _copy_sqlite(engine: Engine, target: Path, progress: Progress) -> State:
    with engine.connect() as connection:
        state = read_state(connection)  # the first read: from here on the connection sees this state
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection), "this engine is SQLite's"
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            source.backup(copy, pages=PAGES_AT_ONCE, progress=_at_half_speed(progress))
        finally:
            copy.close()
    checked = create_engine(f"sqlite:///{target}", poolclass=NullPool)
    check_sqlite(checked)  # closing it leaves one file and nothing beside it
    return state


def _at_half_speed(progress: Progress) -> Callable[[int, int, int], None]:
    """Rest as long as the last step took: the disk is for those who write, too."""
    began = time.monotonic()

    def rest(_status: int, remaining: int, total: int) -> None:
        nonlocal began
        progress(total - remaining, total)
        time.sleep(min(time.monotonic() - began, LONGEST_PAUSE_S))
        began = time.monotonic()

    return rest


def check_sqlite(copy: Engine) -> None:
    """Raise ``Conflict`` when SQLite finds the file damaged."""
    try:
        with copy.connect() as connection:
            finding = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    except DatabaseError as error:
        finding = str(error.orig)
    if finding != "ok":
        raise Conflict(f"The database is damaged: {finding}")


# PostgreSQL


def _dump(engine: Engine, target: Path, _progress: Progress) -> State:
    """Dump, and begin again when a month was dropped after the snapshot was taken and before it was held."""
    for _ in range(MOST_DUMPS - 1):
        try:
            return _dump_once(engine, target)
        except Unavailable as gone:
            if "does not exist" not in str(gone):
                raise
    return _dump_once(engine, target)


def _dump_once(engine: Engine, target: Path) -> State:
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        state = read_state(connection)
        snapshot = connection.scalar(select(func.pg_export_snapshot()))
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}")
        _run(_program("pg_dump", _major(connection)), engine, *options)
    return state


def restore_dump(engine: Engine, dump: Path) -> None:
    """Bring a dump back into an empty database, whole or not at all."""
    with engine.connect() as connection:
        program = _program("pg_restore", _major(connection))
    _run(program, engine, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(dump))


def _major(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


def _program(name: str, major: int) -> str:
    """Find one of PostgreSQL's programs that knows this server: it has to be of its version, or newer."""
    found: dict[int, str] = {}
    for path in (shutil.which(name), *map(str, DEBIAN_PROGRAMS.glob(f"*/bin/{name}"))):
        if path is not None:
            found.setdefault(_version(path), path)
    knowing = [version for version in found if version >= major]
    if knowing:
        return found[min(knowing)]
    others = f" (found: {max(found)})" if found else ""
    raise Unavailable(
        f"{name} of PostgreSQL {major} or newer was not found{others}: install it (Debian: "
        f"postgresql-client-{major}), or put its folder on PATH."
    )


def _version(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", answer)
    return int(found.group(1)) if found else 0


def _run(program: str, engine: Engine, *arguments: str) -> None:
    address, environment = _address(engine)
    command = [program, "--no-password", f"--dbname={address}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"{Path(program).name} failed: {said[0] if said else f'exit code {done.returncode}'}")


def _address(engine: Engine) -> tuple[str, Mapping[str, str]]:
    """Return the address without the password, which is nobody's to see in a list of processes."""
    url = make_url(engine.url)
    bare = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    return bare, environment
