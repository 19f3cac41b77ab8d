"""What an export reads: entries with the records that are still there, in one snapshot, streamed by index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from consent_server.storage.proof_log import Entry, batches
from consent_server.storage.tables import ConfigurationRow, ConsentRecordRow, ProofEntryRow

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it is stored, with the index of its entry and what that entry commits to."""

    index: int
    commitment: bytes
    record: str
    salt: bytes = field(repr=False)
    personal: str | None
    personal_salt: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """The index of a record that is still there, and when it was recorded."""

    index: int
    record_id: str
    recorded_at: datetime
    record: str


@dataclass(frozen=True)
class Wanted:
    """Which records a list is to have; ``None`` is all. ``start`` and ``stop`` bound the time of recording."""

    start: datetime | None = None
    stop: datetime | None = None
    consent_id: str | None = None


def begin_snapshot(session: Session) -> None:
    """Begin a transaction that sees one state to its end; SQLite's read transactions are like that by themselves."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def entries_with_records(session: Session, site_id: int, size: int) -> Iterator[tuple[Entry, StoredRecord | None]]:
    """Give each of the first ``size`` entries, with its record when that is still there."""
    entry = ProofEntryRow
    for values in session.execute(_joined(site_id, size, outer=True).add_columns(entry.kind, entry.body)):
        stored = None if values.record is None else StoredRecord(*values[:6])
        yield Entry(values.idx, values.kind, values.commitment, values.body), stored


def records(session: Session, site_id: int, size: int, wanted: Wanted | None = None) -> Iterator[StoredRecord]:
    """Give each record below ``size`` that is still there, by index."""
    row, query = ConsentRecordRow, _joined(site_id, size, outer=False)
    query = query.where(row.record.is_not(None))
    wanted = wanted or Wanted()
    if wanted.start is not None:
        query = query.where(row.recorded_at >= wanted.start)
    if wanted.stop is not None:
        query = query.where(row.recorded_at < wanted.stop)
    if wanted.consent_id is not None:
        query = query.where(row.consent_id == wanted.consent_id)
    for values in session.execute(query):
        yield StoredRecord(*values)


def kept_from(session: Session, site_id: int, start: int, limit: int) -> list[KeptEntry]:
    """Return the first entries from ``start`` on whose record is still there."""
    entry, record = ProofEntryRow, ConsentRecordRow
    query = (
        select(entry.idx, record.record_id, record.recorded_at, record.record)
        .join(record, record.record_id == entry.record_id)
        .where(entry.site_id == site_id, entry.idx >= start, entry.record_id.is_not(None), record.record.is_not(None))
        .order_by(entry.idx)
        .limit(limit)
    )
    found = session.execute(query)
    return [KeptEntry(index, id_, recorded_at, text) for index, id_, recorded_at, text in found if text is not None]


def still_there(session: Session, site_id: int, indices: Iterable[int], *, personal: bool) -> dict[int, str]:
    """Return which of these entries' records are still there; with ``personal``, those with their personal part."""
    entry, record = ProofEntryRow, ConsentRecordRow
    found: dict[int, str] = {}
    for some in batches(indices):
        query = (
            select(entry.idx, record.record_id)
            .join(entry, record.record_id == entry.record_id)
            .where(entry.site_id == site_id, entry.idx.in_(some))
        )
        query = query.where(record.personal.is_not(None)) if personal else query
        found |= {row.idx: row.record_id for row in session.execute(query)}
    return found


def logged_configurations(session: Session, site_id: int, digests: list[str]) -> Iterator[str]:
    """Give the exact text of each configuration, in the order of the digests; one is in memory at a time."""
    row = ConfigurationRow
    for digest in digests:
        text = session.scalar(select(row.text).where(row.site_id == site_id, row.digest == digest))
        if text is not None:
            yield text


def bodies(session: Session, site_id: int, kind: str, size: int) -> list[str]:
    """Return the texts of the entries of a rare kind (config, key) below ``size``."""
    row = ProofEntryRow
    query = select(row.body).where(row.site_id == site_id, row.kind == kind, row.idx < size).order_by(row.idx)
    return [body for body in session.scalars(query) if body is not None]


def entries_of_kinds(session: Session, site_id: int, kinds: Collection[str], size: int) -> Iterator[tuple[int, str]]:
    """Give index and text of the entries below ``size`` that are of these kinds, none of them ``consent``."""
    row = ProofEntryRow
    query = select(row.idx, row.body).where(row.site_id == site_id, row.kind.in_(kinds), row.idx < size)
    for index, body in session.execute(query.order_by(row.idx).execution_options(yield_per=PAGE)):
        assert body is not None, "only consents have no text of their own"
        yield index, body


def _joined(site_id: int, size: int, *, outer: bool) -> Select[*tuple[Any, ...]]:
    """Return entries beside their records, by index, a page in memory at a time (PostgreSQL: a server-side cursor)."""
    entry, record = ProofEntryRow, ConsentRecordRow
    same = and_(record.record_id == entry.record_id, record.site_id == entry.site_id)
    query: Select[*tuple[Any, ...]] = (
        select(entry.idx, entry.commitment, record.record, record.salt, record.personal, record.personal_salt)
        .join(record, same, isouter=outer)
        .where(entry.site_id == site_id, entry.idx < size)
        .order_by(entry.idx)
        .execution_options(yield_per=PAGE)
    )
    return query
