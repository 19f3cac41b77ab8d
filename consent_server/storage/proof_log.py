"""The tables of the proof logs (ledger section 6): what waits in line, the entries, the tiles, the signed checkpoints.

Partial tiles are never stored: level 0 is hashed from the entries, every other level is the roots of the tiles below.
Only the head (``proof_log``) is ever updated, and only from the size that it was read with.

Log 0 is the anchor log of the installation (ledger section 5): the same tables, the same recipe, other leaves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, Select, Table, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consent_server.domain.log_entry import format_consent
from consent_server.domain.proof_log.merkle import EMPTY_ROOT, leaf_hash
from consent_server.domain.proof_log.tiles import WIDTH
from consent_server.storage.database import begin_immediate, insert_if_absent
from consent_server.storage.tables import (
    ONLY_KEYS,
    InstanceRow,
    ProofCheckpointRow,
    ProofEntryRow,
    ProofLogRow,
    ProofPendingRow,
    ProofTileRow,
    SiteRow,
)

LOCK_CLASS = 0x70726F6F
"""First half of the PostgreSQL advisory lock ("proo"); the second is the site."""

PURGE_LOCK_CLASS = 0x70726F70
"""The same for whoever purges a site: sequencing goes on meanwhile."""

LONGEST_SILENCE_S = 15.0
"""How long whoever has one of these locks may leave PostgreSQL without a word."""

ANCHOR_LOG = 0
"""The number under which the anchor log stands among the logs of the sites."""

REMOVALS = ("scrub", "erase")
REMOVED = (*REMOVALS, "purge")
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Head:
    """How large a log is and what its root is; ``frozen_reason`` says why nothing is signed any more."""

    site_id: int
    origin: str
    size: int
    root: bytes
    frozen_reason: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """What is committed but has no index yet.

    ``body`` is the entry's text; of a removal (scrub, erase) it is the record's id and the reason, because the index
    of that record may not be known yet.
    """

    seq: int
    kind: str
    commitment: bytes | None
    body: str | None
    record_id: str | None

    @property
    def removal(self) -> tuple[str, str] | None:
        """The record id and reason of a removal that still has to find its index."""
        if self.kind not in REMOVALS or self.body is None:
            return None
        values = json.loads(self.body)
        return (values["record_id"], values["why"]) if "record_id" in values else None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log."""

    index: int
    kind: str
    commitment: bytes | None
    body: str | None
    record_id: str | None = None

    @property
    def text(self) -> str:
        """The text that is hashed."""
        if self.commitment is not None:
            return format_consent(self.commitment)
        assert self.body is not None, "an entry has a commitment or a body"
        return self.body

    @property
    def leaf(self) -> bytes:
        """The leaf of the tree."""
        return leaf_hash(self.text.encode())


@dataclass(frozen=True, slots=True)
class StoredTile:
    """A full tile and the hash over it."""

    level: int
    n: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A signed checkpoint of a committed size."""

    size: int
    root: bytes
    note: str
    created_at: datetime


_INSERT_PENDING = insert(cast(Table, ProofPendingRow.__table__)).inline()

# The installation


def instance_id(session: Session, fresh: str, now: datetime) -> str:
    """Return which installation this database is of; ``fresh`` while it is of none."""
    found = session.scalar(select(InstanceRow.instance_id).where(InstanceRow.id == 1))
    if found is None:
        insert_if_absent(session, InstanceRow, {"id": 1, "instance_id": fresh, "created_at": now}, "id")
        found = session.scalar(select(InstanceRow.instance_id).where(InstanceRow.id == 1))
    assert found is not None, "it was there, or is now"
    return found


# The line


def open_log(session: Session, site_id: int, origin: str) -> None:
    """Begin a site's log unless it has begun; the origin it gets the first time is the one it keeps."""
    values = {"site_id": site_id, "origin": origin, "size": 0, "root": EMPTY_ROOT}
    insert_if_absent(session, ProofLogRow, values, "site_id")


def origin_of(session: Session, site_id: int) -> str | None:
    """Return the origin of a site's log, ``None`` before it has one."""
    return session.scalar(select(ProofLogRow.origin).where(ProofLogRow.site_id == site_id))


def add_pending(
    session: Session,
    site_id: int,
    kind: str,
    *,
    commitment: bytes | None = None,
    body: str | None = None,
    record_id: str | None = None,
) -> None:
    """Put an entry in line, in the caller's transaction."""
    values = {"site_id": site_id, "kind": kind, "commitment": commitment, "body": body, "record_id": record_id}
    session.execute(insert(ProofPendingRow).values(values))


def add_consents(session: Session, consents: Sequence[tuple[int, str, bytes]]) -> None:
    """Put consents in line, each a site, a record id and a commitment; the same as ``add_pending`` for each."""
    lines = [
        {"site_id": site_id, "kind": "consent", "record_id": record_id, "commitment": commitment, "body": None}
        for site_id, record_id, commitment in consents
    ]
    session.execute(_INSERT_PENDING, lines)


def add_removal(session: Session, site_id: int, kind: Literal["scrub", "erase"], record_id: str, why: str) -> None:
    """Put in line that a record lost its personal part, or was deleted; the sequencer finds the record's index."""
    add_pending(session, site_id, kind, body=json.dumps({"record_id": record_id, "why": why}))


def pending(session: Session, site_id: int, limit: int) -> list[Pending]:
    """Return who stands first in line."""
    row = ProofPendingRow
    query = select(row.seq, row.kind, row.commitment, row.body, row.record_id).where(row.site_id == site_id)
    return [Pending(*values) for values in session.execute(query.order_by(row.seq).limit(limit))]


def count_pending(session: Session, most: int, site_id: int | None = None) -> int:
    """Return how long the line of a site or of all is, counting no further than ``most``."""
    row = ProofPendingRow
    query = select(row.seq) if site_id is None else select(row.seq).where(row.site_id == site_id)
    counted = query.limit(most).subquery()
    return session.scalar(select(func.count()).select_from(counted)) or 0


def is_pending(session: Session, site_id: int, record_id: str) -> bool:
    """Return whether a record stands in line."""
    row = ProofPendingRow
    return session.scalar(select(row.seq).where(row.site_id == site_id, row.record_id == record_id)) is not None


def removals_are_pending(session: Session, site_id: int) -> bool:
    """Return whether something was deleted of which the log does not speak yet."""
    row = ProofPendingRow
    found = select(row.seq).where(row.site_id == site_id, row.kind.in_(REMOVED)).limit(1)
    return session.scalar(found) is not None


def kind_is_pending(session: Session, site_id: int, kind: str) -> bool:
    """Return whether something of a kind stands in line."""
    row = ProofPendingRow
    return session.scalar(select(row.seq).where(row.site_id == site_id, row.kind == kind).limit(1)) is not None


def find_pending(session: Session, site_id: int, commitments: Collection[bytes]) -> dict[bytes, str]:
    """Return the records that still stand in line under these commitments."""
    row = ProofPendingRow
    query = select(row.commitment, row.record_id).where(row.site_id == site_id, row.kind == "consent")
    waiting = session.execute(query)
    return {c: record_id for c, record_id in waiting if c is not None and c in commitments and record_id is not None}


def delete_pending(session: Session, seqs: Sequence[int]) -> None:
    """Take exactly these out of the line; one that committed late has a smaller number and stays."""
    session.execute(delete(ProofPendingRow).where(ProofPendingRow.seq.in_(seqs)))


# The head


def find_head(session: Session, site_id: int) -> Head | None:
    """Return the head of a site's log."""
    values = session.execute(_heads().where(ProofLogRow.site_id == site_id)).one_or_none()
    return Head(*values) if values else None


def heads(session: Session) -> list[Head]:
    """Return the head of every log."""
    return [Head(*values) for values in session.execute(_heads().order_by(ProofLogRow.site_id))]


def heads_with_work(session: Session) -> list[Head]:
    """Return the logs that are not frozen and have something to sequence or to publish."""
    row, checkpoint = ProofLogRow, ProofCheckpointRow
    waiting = exists().where(ProofPendingRow.site_id == row.site_id)
    published = exists().where(checkpoint.site_id == row.site_id, checkpoint.size == row.size)
    query = _heads().where(row.frozen_reason.is_(None), or_(row.size == 0, waiting, ~published))
    return [Head(*values) for values in session.execute(query.order_by(row.site_id))]


def compare_and_swap_head(session: Session, old: Head, size: int, root: bytes) -> bool:
    """Move the head on from what it was read as; False when somebody else did, or froze it."""
    row = ProofLogRow
    result = session.execute(
        update(row)
        .where(row.site_id == old.site_id, row.size == old.size, row.root == old.root, row.frozen_reason.is_(None))
        .values(size=size, root=root)
        .execution_options(synchronize_session=False)
    )
    return _changed(result) == 1


def site_key_of(session: Session, site_id: int) -> str:
    """Return the key of the site that a log is of, archived or not."""
    return session.scalars(select(SiteRow.key).where(SiteRow.id == site_id)).one()


def freeze(session: Session, site_id: int, reason: str) -> None:
    """Say why nothing of this log is signed any more; the first reason stays."""
    row = ProofLogRow
    session.execute(
        update(row)
        .where(row.site_id == site_id, row.frozen_reason.is_(None))
        .values(frozen_reason=reason)
        .execution_options(synchronize_session=False)
    )


def unfreeze(session: Session, site_id: int) -> None:
    """Let a log go on that an operator has looked at."""
    row = ProofLogRow
    session.execute(
        update(row)
        .where(row.site_id == site_id)
        .values(frozen_reason=None)
        .execution_options(synchronize_session=False)
    )


def try_lock(session: Session, site_id: int, lock_class: int = LOCK_CLASS) -> bool:
    """Begin a transaction that alone may extend the log (or purge the site); False when another has it.

    SQLite has one write lock for everything and waits for it as long as the busy timeout says. PostgreSQL takes the
    lock, and the transaction, from a process that was stopped in between.
    """
    if session.get_bind().dialect.name == "postgresql":
        silence = func.set_config("idle_in_transaction_session_timeout", str(round(LONGEST_SILENCE_S * 1000)), True)
        got, _ = session.execute(select(func.pg_try_advisory_xact_lock(lock_class, site_id), silence)).one()
        return bool(got)
    try:
        begin_immediate(session)
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


# Entries


def add_entries(session: Session, site_id: int, added: Iterable[Entry]) -> None:
    """Give entries their index: the primary key and UNIQUE(record_id) refuse a second one."""
    rows = [
        {
            "site_id": site_id,
            "idx": entry.index,
            "kind": entry.kind,
            "commitment": entry.commitment,
            "body": entry.body,
            "record_id": entry.record_id,
        }
        for entry in added
    ]
    if rows:
        session.execute(insert(ProofEntryRow), rows)


def entries(session: Session, site_id: int, start: int, stop: int) -> Iterator[Entry]:
    """Give the entries ``[start, stop)`` that are there, by index; a page of them is in memory at a time."""
    row = ProofEntryRow
    query = select(row.idx, row.kind, row.commitment, row.body, row.record_id)
    query = query.where(row.site_id == site_id, row.idx >= start, row.idx < stop).order_by(row.idx)
    if stop - start > PAGE:
        query = query.execution_options(yield_per=PAGE)  # a server-side cursor in PostgreSQL
    for values in session.execute(query):
        yield Entry(*values)


def removals(session: Session, site_id: int, start: int, stop: int) -> list[Entry]:
    """Return the removals among the entries ``[start, stop)``."""
    row = ProofEntryRow
    query = select(row.idx, row.kind, row.commitment, row.body).where(
        row.site_id == site_id, row.idx >= start, row.idx < stop, row.kind.in_(REMOVED)
    )
    return [Entry(*values) for values in session.execute(query.order_by(row.idx))]


def key_entries(session: Session, site_id: int, size: int) -> list[tuple[int, str]]:
    """Return index and text of the entries below ``size`` that name a key; they have an index of their own."""
    row = ProofEntryRow
    # "+ 0" keeps SQLite from the primary key, by which it would read every entry: it does not know how rare these are.
    query = select(row.idx, row.body).where(row.site_id + 0 == site_id, ONLY_KEYS, row.idx + 0 < size)
    return sorted((index, body) for index, body in session.execute(query) if body is not None)


def find_commitments(session: Session, site_id: int, indices: Iterable[int]) -> dict[int, bytes]:
    """Return what the consent entries among these indices commit to, by index."""
    row = ProofEntryRow
    found: dict[int, bytes] = {}
    for some in batches(indices):
        query = select(row.idx, row.commitment).where(row.site_id == site_id, row.idx.in_(some)).order_by(row.idx)
        found |= {index: commitment for index, commitment in session.execute(query) if commitment is not None}
    return found


def leaves(session: Session, site_id: int, start: int, stop: int) -> list[bytes]:
    """Return the leaf hashes of entries, computed from what is stored."""
    return [entry.leaf for entry in entries(session, site_id, start, stop)]


def count_entries(session: Session, site_id: int, kind: str, size: int) -> int:
    """Return how many of the first ``size`` entries are of a kind."""
    row = ProofEntryRow
    query = select(func.count()).where(row.site_id == site_id, row.kind == kind, row.idx < size)
    return session.scalar(query) or 0


def forget_records(session: Session, site_id: int, start: int, stop: int) -> None:
    """Forget which records the entries ``[start, stop)`` were of: the one change that their triggers let pass."""
    row = ProofEntryRow
    session.execute(
        update(row)
        .where(row.site_id == site_id, row.idx >= start, row.idx < stop, row.record_id.is_not(None))
        .values(record_id=None)
        .execution_options(synchronize_session=False)
    )


def find_index(session: Session, site_id: int, record_id: str) -> int | None:
    """Return the index of a record's entry."""
    row = ProofEntryRow
    return session.scalar(select(row.idx).where(row.record_id == record_id, row.site_id == site_id))


def find_indices(session: Session, site_id: int, record_ids: Sequence[str]) -> dict[str, int]:
    """Return the indices of the records that have one."""
    row = ProofEntryRow
    # + 0: else SQLite takes the index of the site, and reads a whole log to find a few records.
    query = select(row.record_id, row.idx).where(row.site_id + 0 == site_id, row.record_id.in_(record_ids))
    return {record_id: index for record_id, index in session.execute(query) if record_id is not None}


# Tiles


def add_tile(session: Session, site_id: int, tile: StoredTile) -> None:
    """Keep a tile that became full."""
    session.execute(
        insert(ProofTileRow).values(site_id=site_id, level=tile.level, n=tile.n, hashes=tile.hashes, root=tile.root)
    )


def find_tile(session: Session, site_id: int, level: int, n: int) -> StoredTile | None:
    """Return a full tile."""
    row = ProofTileRow
    query = select(row.level, row.n, row.hashes, row.root).where(row.site_id == site_id, row.level == level, row.n == n)
    values = session.execute(query).one_or_none()
    return StoredTile(*values) if values else None


def tile_hashes(session: Session, site_id: int, level: int, n: int) -> bytes:
    """Return what is there of a tile: the full one, or the hashes that it has so far."""
    full = find_tile(session, site_id, level, n)
    return full.hashes if full else loose_hashes(session, site_id, level, n)


def loose_hashes(session: Session, site_id: int, level: int, n: int) -> bytes:
    """Return the hashes of a tile from what is below it: entries, or the roots of full tiles."""
    start, stop = n * WIDTH, (n + 1) * WIDTH
    if level == 0:
        return b"".join(leaves(session, site_id, start, stop))
    row = ProofTileRow
    query = select(row.root).where(row.site_id == site_id, row.level == level - 1, row.n >= start, row.n < stop)
    return b"".join(session.scalars(query.order_by(row.n)))


# Checkpoints


def add_checkpoint(session: Session, site_id: int, checkpoint: KeptCheckpoint) -> None:
    """Keep a signed checkpoint unless there is one of this size."""
    values = {
        "site_id": site_id,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "note": checkpoint.note,
        "created_at": checkpoint.created_at,
    }
    insert_if_absent(session, ProofCheckpointRow, values, "site_id", "size")


def find_checkpoint(session: Session, site_id: int, size: int) -> KeptCheckpoint | None:
    """Return the checkpoint of a size."""
    return _first(session, _checkpoints(site_id).where(ProofCheckpointRow.size == size))


def latest_checkpoint(session: Session, site_id: int) -> KeptCheckpoint | None:
    """Return the newest checkpoint."""
    return _first(session, _checkpoints(site_id).order_by(ProofCheckpointRow.size.desc()).limit(1))


def first_checkpoint_over(session: Session, site_id: int, index: int) -> KeptCheckpoint | None:
    """Return the smallest checkpoint whose tree has the entry ``index``."""
    row = ProofCheckpointRow
    return _first(session, _checkpoints(site_id).where(row.size > index).order_by(row.size).limit(1))


def published_size(session: Session, site_id: int) -> int:
    """Return the size of the newest checkpoint, 0 without one."""
    row = ProofCheckpointRow
    return session.scalar(select(func.max(row.size)).where(row.site_id == site_id)) or 0


def checkpoints(session: Session, site_id: int) -> Iterator[KeptCheckpoint]:
    """Give every checkpoint, smallest first."""
    query = _checkpoints(site_id).order_by(ProofCheckpointRow.size).execution_options(yield_per=PAGE)
    for values in session.execute(query):
        yield KeptCheckpoint(*values)


def partial_is_published(session: Session, site_id: int, level: int, n: int, width: int) -> bool:
    """Return whether some checkpoint's size has a partial tile of exactly this width."""
    unit = WIDTH**level
    start = (n * WIDTH + width) * unit
    row = ProofCheckpointRow
    found = select(row.size).where(row.site_id == site_id, row.size >= start, row.size < start + unit).limit(1)
    return session.scalar(found) is not None


def batches(indices: Iterable[int], most: int = 500) -> Iterator[list[int]]:
    """Give the indices, each once, as many at a time as may stand in one statement."""
    every = sorted(set(indices))
    return (every[start : start + most] for start in range(0, len(every), most))


def _heads() -> Select[int, str, int, bytes, str | None]:
    row = ProofLogRow
    return select(row.site_id, row.origin, row.size, row.root, row.frozen_reason)


def _checkpoints(site_id: int) -> Select[int, bytes, str, datetime]:
    row = ProofCheckpointRow
    return select(row.size, row.root, row.note, row.created_at).where(row.site_id == site_id)


def _first(session: Session, query: Select[int, bytes, str, datetime]) -> KeptCheckpoint | None:
    values = session.execute(query).one_or_none()
    return KeptCheckpoint(*values) if values else None


def _changed(result: Any) -> int:
    assert isinstance(result, CursorResult), "an UPDATE tells how many rows it changed"
    return result.rowcount
