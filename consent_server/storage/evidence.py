"""What an export reads: entries with the records that are still there, in one snapshot, streamed by index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from consent_server.storage.consent_records import Nearby
from consent_server.storage.proof_log import Entry, batches, entries
from consent_server.storage.tables import ConfigurationRow, ConsentRecordRow, ProofEntryRow

PAGE = 1_000

_STORED = ("record", "salt", "personal", "personal_salt", "assurance")


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it is stored, with the index of its entry and what that entry commits to."""

    index: int
    commitment: bytes
    record: str
    salt: bytes = field(repr=False)
    personal: str | None
    personal_salt: bytes | None = field(repr=False)
    assurance: int | None = None


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
    nearby = Nearby(session, site_id, *_STORED)
    for some in _pages(entries(session, site_id, 0, size)):
        found = nearby.find([entry.record_id for entry in some if entry.record_id is not None])
        for entry in some:
            row = found.get(entry.record_id) if entry.record_id is not None else None
            yield entry, None if row is None or row.record is None else _stored(entry, row)


def records(session: Session, site_id: int, size: int, wanted: Wanted | None = None) -> Iterator[StoredRecord]:
    """Give each record below ``size`` that is still there, by index."""
    if wanted in (None, Wanted()):
        yield from (stored for _, stored in entries_with_records(session, site_id, size) if stored is not None)
        return
    for values in session.execute(_chosen(site_id, size, wanted or Wanted())):
        yield StoredRecord(*values)


def kept_from(session: Session, site_id: int, start: int, limit: int) -> list[KeptEntry]:
    """Return the first entries from ``start`` on whose record is still there."""
    row, nearby = ProofEntryRow, Nearby(session, site_id, "record")
    query = select(row.idx, row.record_id).where(row.site_id == site_id, row.record_id.is_not(None)).order_by(row.idx)
    kept: list[KeptEntry] = []
    while len(kept) < limit and (some := session.execute(query.where(row.idx >= start).limit(limit - len(kept))).all()):
        found = nearby.find([record_id for _, record_id in some if record_id is not None])
        for index, record_id in some:
            its = found.get(record_id or "")
            if its is not None and its.record is not None:
                kept.append(KeptEntry(index, its.record_id, its.recorded_at, its.record))
        start = some[-1].idx + 1
    return kept


def still_there(session: Session, site_id: int, indices: Iterable[int], *, personal: bool) -> dict[int, str]:
    """Return which of these entries' records are still there; with ``personal``, those with their personal part."""
    entry, nearby = ProofEntryRow, Nearby(session, site_id, "personal")
    found: dict[int, str] = {}
    for some in batches(indices):
        query = select(entry.idx, entry.record_id).where(entry.site_id == site_id, entry.idx.in_(some))
        ids = {index: record_id for index, record_id in session.execute(query) if record_id is not None}
        there = nearby.find(list(ids.values()))
        found |= {
            index: record_id
            for index, record_id in ids.items()
            if record_id in there and not (personal and there[record_id].personal is None)
        }
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


def _pages(every: Iterable[Entry]) -> Iterator[list[Entry]]:
    every = iter(every)
    while some := list(islice(every, PAGE)):
        yield some


def _stored(entry: Entry, row: Any) -> StoredRecord:
    assert entry.commitment is not None, "the entry of a record commits to it"
    return StoredRecord(entry.index, entry.commitment, *(getattr(row, column) for column in _STORED))


def _chosen(site_id: int, size: int, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """Return the records that are wanted beside their entries, by index, a page in memory at a time."""
    entry, record = ProofEntryRow, ConsentRecordRow
    same = and_(record.record_id == entry.record_id, record.site_id == entry.site_id)
    query: Select[*tuple[Any, ...]] = (
        select(entry.idx, entry.commitment, *(getattr(record, column) for column in _STORED))
        .join(record, same)
        .where(entry.site_id == site_id, entry.idx < size, record.record.is_not(None))
        # + 0: else whoever comes by the order of the log reads all of it, and looks for each one's record.
        .order_by(entry.idx + 0)
        .execution_options(yield_per=PAGE)
    )
    if wanted.start is not None:
        query = query.where(record.recorded_at >= wanted.start)
    if wanted.stop is not None:
        query = query.where(record.recorded_at < wanted.stop)
    if wanted.consent_id is not None:
        query = query.where(record.consent_id == wanted.consent_id)
    return query
