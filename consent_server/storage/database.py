"""The database handle, and what each engine needs to be told so that a commit is durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, TypeDecorator, event, func, make_url, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as dialects_sqlite
from sqlalchemy.engine import Connection as Bound
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import Pool

from consent_server.storage.circuit import Circuit

HIGHEST_ID = 2**31 - 1
"""What a row's number can be; a database refuses to look for a higher one."""

BUSY_TIMEOUT_MS = 5_000
MENDED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
"""SQLite's versions, and those after them of the same line or of later ones, without the WAL-reset bug."""

IMPATIENT = {
    "connect_timeout": 2,
    "tcp_user_timeout": 2_000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}
"""What libpq is told: a server that acknowledges nothing for two seconds is away."""

AWAY = (OperationalError, InterfaceError, TimeoutError)

TRUNCATE_TIMEOUT_MS = 100
"""How long emptying the write-ahead log may keep those who write waiting."""

LONGEST_SILENCE_S = 5.0
"""How long who is impatient waits for an answer of PostgreSQL."""

CONSTRAINTS = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(naming_convention=CONSTRAINTS)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


class UtcDateTime(TypeDecorator[datetime]):
    """A time that knows it is UTC on both engines (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise AssertionError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def engine_options(url: str, threads: int) -> dict[str, Any]:
    """Return how connections are made and kept, so that a database that is away is noticed within seconds.

    At most half of the threads of a web process, and four more, wait for the database at any moment: the others answer
    what is in memory. What the address itself says of a connection goes before.
    """
    options: dict[str, Any] = {"hide_parameters": True}  # an error's text is no place for a visitor's answer
    if not url.startswith("postgresql"):
        return options
    said = make_url(url).query
    return options | {
        "pool_size": 8,
        "max_overflow": max(threads // 2 - 4, 4),
        "pool_timeout": 2,
        "connect_args": {name: value for name, value in IMPATIENT.items() if name not in said},
    }


def guard_connecting(engine: Engine) -> None:
    """After a connection was refused, let others fail at once for a second instead of waiting for the same."""
    if engine.dialect.name != "postgresql":
        return
    circuit = Circuit()

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Dialect, _record: Any, arguments: Any, options: Any) -> Any:
        if not circuit.admits():
            raise psycopg.OperationalError("the database was away a moment ago")
        try:
            connection = Connection.connect(*arguments, **options)
        except psycopg.OperationalError:
            circuit.failed()
            raise
        circuit.worked()
        return connection


def is_away(error: BaseException) -> bool:
    """Tell whether an error says something of the database, and nothing of what it was asked."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.errors.PipelineAborted):
        return False  # an earlier statement of the journey failed, for whatever reason
    return isinstance(error, AWAY)


def was_cut_off(error: BaseException) -> bool:
    """Tell whether the connection is gone; every one of before is then made anew, and may work."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


class Connection(psycopg.Connection[Any]):
    """A connection that may be impatient: a server that is silent for too long is taken for dead.

    A paused server, or one behind a network that swallows packets, refuses nothing and answers nothing: whoever waits
    for it without an end is dead, too.
    """

    longest_silence: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for an answer as psycopg does, but not for ever."""
        try:
            return super().wait(gen, interval, self.longest_silence if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.longest_silence and self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # whatever comes now is the answer to something else
            raise


@event.listens_for(Pool, "checkin")
def _be_patient(connection: Any, _record: Any) -> None:
    if isinstance(connection, Connection):
        connection.longest_silence = None


def be_impatient(session: Session) -> None:
    """Let the session's transaction fail when PostgreSQL is silent for too long; nothing on SQLite.

    For who has others waiting, and asks only what is answered quickly.
    """
    if session.get_bind().dialect.name == "postgresql":
        connection = session.connection().connection.driver_connection
        if isinstance(connection, Connection):  # made by ``guard_connecting``
            connection.longest_silence = LONGEST_SILENCE_S


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Tell SQLite what durability means here; PostgreSQL is durable by its own defaults.

    ``synchronous=FULL`` syncs the write-ahead log at every commit (the default of WAL builds may be NORMAL, which loses
    the last commits when power fails). ``secure_delete`` overwrites what is deleted: erased means erased.
    The driver's own transaction handling is switched off so that BEGIN IMMEDIATE below is the only one.
    """
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    """Begin explicitly; a writer takes its lock at once, so that it never fails half-way with "busy"."""
    if connection.dialect.name == "sqlite":
        write = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def begin_immediate(session: Session) -> None:
    """Make the session's next transaction take SQLite's write lock at its start; nothing on PostgreSQL."""
    session.connection(execution_options={"immediate": True})


def begin_batch(session: Session) -> None:
    """Begin what reads once and then writes once, as the recorder does.

    SQLite takes its write lock. PostgreSQL is asked outside of a transaction, which saves a journey; what it answers
    may be overtaken, and a constraint says so.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
    else:
        begin_immediate(session)


@contextmanager
def in_one_journey(session: Session) -> Iterator[Session]:
    """Give a session whose writes, and their commit, are sent without awaiting the answer to each (pipeline mode).

    What fails is raised by the commit, which the block ends with. Nothing can be read in it. SQLite makes no journeys.
    """
    engine = session.get_bind()
    if engine.dialect.name != "postgresql":
        yield session
        return
    assert isinstance(engine, Engine), "the session of a batch borrows its connection"
    session.commit()  # of nothing: what was read stood outside of a transaction
    be_impatient(session)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection), "the one driver for PostgreSQL that is installed"
        try:
            with driver.pipeline(), Session(connection, expire_on_commit=False) as writing:
                yield writing
        except psycopg.OperationalError:  # at the journey's own end, which SQLAlchemy does not know of
            try:
                connection.exec_driver_sql("SELECT 1")  # now it does, and closes every connection of before
            finally:
                connection.invalidate()
            raise
        except BaseException:
            connection.invalidate()  # answers of the failed journey may still be on their way
            raise


def begin_deed(session: Session) -> None:
    """End whatever reading went before in this session, and begin the transaction of a deed, which writes.

    What was read before on SQLite is no ground to write on: somebody else may have written since, and the database
    would refuse. A deed reads anew, under its lock.
    """
    session.rollback()
    begin_immediate(session)


def database_clock(session: Session) -> datetime | None:
    """Return the one clock that all nodes share: PostgreSQL's; None with SQLite, whose clock is the process's own."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    moment = session.execute(select(func.clock_timestamp())).scalar_one()
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC)


def forget_old_pages(engine: Engine) -> bool:
    """Let go of what the database files still hold of rows that are gone; return False when somebody still reads there.

    SQLite: pages from before a removal stay in the write-ahead log until it is emptied. Most of it is copied without a
    lock first; the emptying itself waits for readers no longer than ``TRUNCATE_TIMEOUT_MS``, because writers wait with
    it. PostgreSQL: row versions from before go with a plain VACUUM, which locks nobody out.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM consent_record")
        return True
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        cursor.execute(f"PRAGMA busy_timeout={TRUNCATE_TIMEOUT_MS}").fetchall()
        try:
            ((busy, _frames, _copied),) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").fetchall()
    finally:
        raw.close()
    return not busy


def has_wal_reset_bug(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Tell whether two connections that write and copy the write-ahead log at the same moment may damage it.

    Fixed in 3.51.3, and in 3.50.7 and 3.44.6 for those who stay (https://sqlite.org/wal.html#walresetbug).
    """
    return version < MENDED[-1] and not any(version[:2] == each[:2] and version >= each for each in MENDED)


def settle(engine: Engine | Bound) -> bool:
    """Copy SQLite's write-ahead log into the database, synced; return whether all of it was. Nothing on PostgreSQL.

    A log whose last sync failed may be read back from memory by a new process, as if it were on the disk. Copying it
    writes every page again.
    """
    if engine.dialect.name != "sqlite":
        return True
    raw = engine.engine.raw_connection()
    try:
        ((_busy, frames, copied),) = raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        raw.close()
    return bool(frames == copied)


def insert_if_absent(session: Session, table: type[Base], values: Mapping[str, Any], *key: str) -> None:
    """Insert a row unless there is one with that key; any other constraint still raises."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else dialects_sqlite
    session.execute(dialect.insert(table).values(values).on_conflict_do_nothing(index_elements=key))
