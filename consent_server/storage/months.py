"""The tables that consent records stand in on PostgreSQL, one for each month; SQLite has one for all.

What is older than the first month is the past; what has no month of its own stands among the others, so that no record
is ever refused. A month is made beside the others without keeping anybody waiting, and dropped whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consent_server.domain.statistics import next_month
from consent_server.storage.consent_records import by_month

LOCK_CLASS = 0x6D6F6E74
"""Of the PostgreSQL advisory lock of whoever makes or drops months ("mont")."""

LONGEST_LOCK = "1s"
LOCK_NOT_AVAILABLE = "55P03"

_OTHERS = "consent_record_other"
_BOUND = re.compile(r"FOR VALUES FROM \((?:MINVALUE|'([^']+)')\) TO \('([^']+)'\)")
_INDEXES = (
    ("site_recorded", "site_id, recorded_at, record_id"),
    ("site_action", "site_id, action, recorded_at, record_id"),
    ("site_consent", "site_id, consent_id"),
)


@dataclass(frozen=True, slots=True)
class Month:
    """One table and the time that its records are of; the past has no ``start``."""

    table: str
    start: datetime | None
    stop: datetime


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest record of a site in a month."""

    site_id: int
    recorded_at: datetime
    record: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a month has of one site; ``start`` and ``stop`` are the indices that its entries lie between.

    ``expires_at`` is the latest end that a record names, ``unending`` whether there is one that names none.
    """

    site_id: int
    records: int
    recorded_at: datetime
    expires_at: str | None
    unending: bool
    entries: int
    start: int
    stop: int


def months(session: Session) -> list[Month]:
    """Return the months that there are, the past first; none where the records stand in one table."""
    if not by_month(session):
        return []
    found = session.execute(
        text(
            "SELECT relname, pg_get_expr(relpartbound, pg_class.oid) FROM pg_inherits JOIN pg_class "
            "ON pg_class.oid = inhrelid WHERE inhparent = to_regclass('consent_record') AND relname <> :others"
        ),
        {"others": _OTHERS},
    )
    every = [_month(table, bound) for table, bound in found]
    return sorted(every, key=lambda month: month.stop)


def _month(table: str, bound: str) -> Month:
    found = _BOUND.fullmatch(bound)
    if found is None:
        raise AssertionError(f"{table} is no month: {bound}")
    start, stop = found.groups()
    return Month(table, _moment(start) if start else None, _moment(stop))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def count_others(session: Session, most: int) -> int:
    """Return how many records have no month of their own, counting no further than ``most``."""
    query = f"SELECT count(*) FROM (SELECT 1 FROM {_OTHERS} LIMIT :most) AS strays"  # a name of our own
    return int(session.scalar(text(query), {"most": most}) or 0)


def try_lock(session: Session) -> bool:
    """Begin a transaction that alone may make or drop months; False when another has it."""
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK_CLASS}))


def make_month(session: Session, first: date) -> None:
    """Make the table of a month; what of it stands among the others moves there. Raises when somebody reads those."""
    table = f"consent_record_{first:%Y_%m}"
    bounds = {"start": datetime(first.year, first.month, 1, tzinfo=UTC)}
    later = next_month(first)
    bounds["stop"] = datetime(later.year, later.month, 1, tzinfo=UTC)
    _wait_briefly(session)
    session.execute(
        text(
            f"CREATE TABLE {table} (LIKE consent_record INCLUDING DEFAULTS INCLUDING STORAGE, "
            f"CONSTRAINT pk_{table} PRIMARY KEY (record_id, site_id))"
        )
    )
    for name, columns in _INDEXES:
        session.execute(text(f"CREATE INDEX ix_{table}_{name} ON {table} ({columns})"))
    session.execute(text(f"LOCK TABLE {_OTHERS} IN ACCESS EXCLUSIVE MODE"))
    session.execute(
        text(
            f"WITH moved AS (DELETE FROM {_OTHERS} WHERE recorded_at >= :start AND recorded_at < :stop RETURNING *) "
            f"INSERT INTO {table} SELECT * FROM moved"
        ),
        bounds,
    )
    # ATTACH lets others write meanwhile; CREATE TABLE … PARTITION OF would not.
    session.execute(
        text(
            f"ALTER TABLE consent_record ATTACH PARTITION {table} "
            f"FOR VALUES FROM ('{bounds['start'].isoformat()}') TO ('{bounds['stop'].isoformat()}')"
        )
    )


def hold_still(session: Session, month: Month) -> None:
    """Let nobody change what stands in a month until the transaction ends; it may be read."""
    _wait_briefly(session)
    session.execute(text(f"LOCK TABLE {month.table} IN SHARE ROW EXCLUSIVE MODE"))


def newest_of_each(session: Session, month: Month) -> list[Newest]:
    """Return the newest record of each site in a month: one look into its index for each site that there is."""
    query = (
        "SELECT site.id, its.recorded_at, its.record FROM site CROSS JOIN LATERAL (SELECT recorded_at, record "
        f"FROM {month.table} WHERE site_id = site.id ORDER BY recorded_at DESC LIMIT 1) AS its"
    )
    return [Newest(*values) for values in session.execute(text(query))]


def kept_of_each(session: Session, month: Month) -> list[Kept]:
    """Return what a month has of each site; reads all of it."""
    # Canonical text spells the end of a choice in one way, and no text within it has bare quotation marks.
    query = f"""
        SELECT its.site_id, count(*), max(its.recorded_at),
            max(substring(its.record FROM '"expires_at":"([^"]+)"') COLLATE "C"),
            bool_or(its.record IS NULL OR its.record NOT LIKE '%"expires_at":"%'),
            count(entry.idx), coalesce(min(entry.idx), 0), coalesce(max(entry.idx) + 1, 0)
        FROM {month.table} AS its
        LEFT JOIN proof_entry AS entry ON entry.record_id = its.record_id AND entry.site_id = its.site_id
        GROUP BY its.site_id ORDER BY its.site_id
    """
    return [Kept(*values) for values in session.execute(text(query))]


def strangers(session: Session, month: Month, kept: Kept, limit: int) -> list[int]:
    """Return the indices between a month's entries of one site whose records stand elsewhere, in order."""
    query = f"""
        SELECT idx FROM proof_entry AS entry WHERE site_id = :site_id AND idx >= :start AND idx < :stop
            AND record_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM {month.table} AS its WHERE its.record_id = entry.record_id AND its.site_id = :site_id)
        ORDER BY idx LIMIT :limit
    """
    values = {"site_id": kept.site_id, "start": kept.start, "stop": kept.stop, "limit": limit}
    return list(session.scalars(text(query), values))


def drop_month(session: Session, month: Month) -> bool:
    """Drop a month with all that stands in it; False when somebody reads or writes for so long that others would wait.

    Its files are emptied with the commit, and removed with the next checkpoint.
    """
    _wait_briefly(session)
    try:
        with session.begin_nested():
            session.execute(text(f"DROP TABLE {month.table}"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def uncovered(every: Sequence[Month], first: date) -> bool:
    """Return whether a month has no table yet."""
    moment = datetime(first.year, first.month, 1, tzinfo=UTC)
    return not any((month.start is None or month.start <= moment) and moment < month.stop for month in every)


def _wait_briefly(session: Session) -> None:
    """Let whoever waits for a lock give up before those behind it notice."""
    session.execute(text(f"SET LOCAL lock_timeout = '{LONGEST_LOCK}'"))
