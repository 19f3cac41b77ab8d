"""Reading a whole log again: entries, then tiles, then every checkpoint, then the records that entries commit to.

The sequencer looks at the right edge before each batch; this looks at everything, weekly and before a migration
(ledger section 14). It changes nothing: what it finds is for an operator to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.anchor_leaf import AddedKey, parse_leaf
from consent_server.domain.consent_record import check_record, personal_commitment, record_commitment
from consent_server.domain.errors import Invalid, LogFrozen
from consent_server.domain.log_entry import Genesis, Key, parse_entry
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.merkle import HASH_SIZE, Frontier
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.domain.proof_log.tiles import WIDTH, full_tiles, tile_root
from consent_server.services.logging_entries import key_in_first_entry
from consent_server.storage import evidence, high_water_mark, proof_log
from consent_server.storage.evidence import StoredRecord
from consent_server.storage.proof_log import ANCHOR_LOG, Entry, Head, KeptCheckpoint

Sessions = Callable[[], Session]
Progress = Callable[[int, int], None]

_STEP = 1_000


def recheck(sessions: Sessions, site_id: int, high_water: Path, progress: Progress) -> Iterator[str]:
    """Give one sentence for each thing that is wrong with a site's log; nothing when all is well.

    The anchor log is log 0; its leaves are no entries of a site, and commit to no records.
    """
    with sessions() as session:
        evidence.begin_snapshot(session)
        head = proof_log.find_head(session, site_id)
        if head is not None:
            yield from _check_head(head, high_water)
            yield from _Reading(session, head, progress).findings()


def _check_head(head: Head, high_water: Path) -> Iterator[str]:
    if head.frozen_reason is not None:
        yield f"The log is frozen: {head.frozen_reason}"
    try:
        mark = high_water_mark.read_mark(high_water, head.origin)
    except LogFrozen as damaged:
        yield str(damaged)
        return
    if mark is None and head.size:
        yield f"The high-water mark is missing beside a log of {head.size} entries."
    elif mark is not None and mark.size > head.size:
        yield f"The log has {head.size} entries, but {mark.size} were seen: it was restored from an older backup."


class _Reading:
    """One reading of a log, from the first entry to the last; a page of rows is in memory at a time."""

    def __init__(self, session: Session, head: Head, progress: Progress) -> None:
        self._session = session
        self._head = head
        self._progress = progress
        self._frontier = Frontier()
        self._tile: list[bytes] = []
        self._verifiers: list[Verifier] = []

    def findings(self) -> Iterator[str]:
        """Read everything."""
        yield from self._entries_and_checkpoints()
        yield from self._upper_tiles()
        yield from self._records()

    def _entries_and_checkpoints(self) -> Iterator[str]:
        head, size = self._head, 0
        checkpoints = proof_log.checkpoints(self._session, head.site_id)
        checkpoint = next(checkpoints, None)
        for entry in proof_log.entries(self._session, head.site_id, 0, head.size):
            if entry.index != size:
                break
            yield from self._read(entry)
            size += 1
            if checkpoint is not None and checkpoint.size == size:
                yield from self._check_checkpoint(checkpoint)
                checkpoint = next(checkpoints, None)
            if size % _STEP == 0 or size == head.size:
                self._progress(size, head.size)
        if size != head.size:
            yield f"Entry {size} is missing; the log has {head.size}."
        elif self._frontier.root() != head.root:
            yield f"The entries do not lead to the root that is kept for size {head.size}."
        if checkpoint is not None:
            yield f"The checkpoint of size {checkpoint.size} cannot be checked against {size} entries."
        for beyond in proof_log.entries(self._session, head.site_id, head.size, head.size + 1):
            yield f"Entry {beyond.index} is stored beyond the log's size."

    def _read(self, entry: Entry) -> Iterator[str]:
        """Take one entry in, and compare the tile that it fills."""
        leaf = bytes(HASH_SIZE)
        try:
            leaf = entry.leaf
            if entry.index == 0:
                self._verifiers.append(Verifier.parse(key_in_first_entry(self._head, entry.text)))
            elif self._head.site_id == ANCHOR_LOG:
                leaf_read = parse_leaf(entry.text, self._head.origin)
                if isinstance(leaf_read, AddedKey):
                    self._verifiers.append(Verifier.parse(leaf_read.vkey))
            else:
                read = parse_entry(entry.text)
                if isinstance(read, Genesis):
                    yield f"Entry {entry.index} is a second genesis."
                elif isinstance(read, Key) and read.op == "add":
                    self._verifiers.append(Verifier.parse(read.vkey))
        except (Invalid, AssertionError) as error:
            yield f"Entry {entry.index} cannot be read: {error}"
        self._frontier.append(leaf)
        self._tile.append(leaf)
        if len(self._tile) == WIDTH:
            yield from self._check_tile(0, entry.index // WIDTH, b"".join(self._tile))
            self._tile.clear()

    def _check_tile(self, level: int, n: int, hashes: bytes) -> Iterator[str]:
        stored = proof_log.find_tile(self._session, self._head.site_id, level, n)
        if stored is None:
            yield f"Tile {level}/{n} is missing."
        elif stored.hashes != hashes:
            at = next(i for i in range(WIDTH) if stored.hashes[i * 32 : i * 32 + 32] != hashes[i * 32 : i * 32 + 32])
            below = f"entry {n * WIDTH + at}" if level == 0 else f"tile {level - 1}/{n * WIDTH + at}"
            yield f"Tile {level}/{n} does not have the hash of {below}: one of the two was altered."
        elif stored.root != tile_root(hashes):
            yield f"Tile {level}/{n} does not have the root of its hashes."

    def _upper_tiles(self) -> Iterator[str]:
        """Compare each tile above level 0 with the roots of the tiles below it."""
        for tile in full_tiles(0, self._head.size):
            if tile.level > 0:
                below = proof_log.loose_hashes(self._session, self._head.site_id, tile.level, tile.n)
                if len(below) == WIDTH * HASH_SIZE:
                    yield from self._check_tile(tile.level, tile.n, below)

    def _check_checkpoint(self, checkpoint: KeptCheckpoint) -> Iterator[str]:
        if checkpoint.root != self._frontier.root():
            yield f"The checkpoint of size {checkpoint.size} has another root than its entries lead to."
        try:
            signed = open_checkpoint(checkpoint.note, self._verifiers, self._head.origin)
        except Invalid as error:
            yield f"The checkpoint of size {checkpoint.size} is not signed by the log: {error}"
            return
        if (signed.size, signed.root) != (checkpoint.size, checkpoint.root):
            yield f"The note of the checkpoint of size {checkpoint.size} says something else than its row."

    def _records(self) -> Iterator[str]:
        for stored in evidence.records(self._session, self._head.site_id, self._head.size):
            trouble = _trouble_with(stored)
            if trouble:
                yield f"The record of entry {stored.index} {trouble}."


def _trouble_with(stored: StoredRecord) -> str | None:
    try:
        if record_commitment(stored.record, stored.salt) != stored.commitment:
            return "does not open its commitment: it was altered"
        named = check_record(canonical_json.decode(stored.record))["personal"]
        if stored.personal is None or stored.personal_salt is None:
            return None
        made = canonical_json.to_base64url(personal_commitment(stored.personal, stored.personal_salt))
        return None if made == named else "has another personal part than it commits to"
    except Invalid as error:
        return f"cannot be read: {error}"
