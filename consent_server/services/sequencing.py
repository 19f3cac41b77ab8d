"""Giving every entry its index: the one recipe that extends a log (ledger section 7), and the loop that runs it.

     1  begin, alone: advisory lock in PostgreSQL, BEGIN IMMEDIATE in SQLite    somebody else at it → leave
     2  read the head; frozen → stop; the clock went back → refuse
     3  recompute the root from tiles' roots and loose entries                  other root → freeze: edited, damaged
        genesis names another key than ours, or the mark another installation → refuse
     4  compare with the high-water mark outside the database                   behind it → freeze: restored
     5  take the next in line, at most ``LARGEST_BATCH``; insert as entries     primary key, UNIQUE: exactly once
     6  read them back, hash what is stored, insert the tiles that became full
     7  move the head, if it still is what step 2 read                          no → roll back: somebody else won
     8  take them out of the line; commit                                       ← the only commit point
     9  note the removals beyond the high-water mark beside it, raise the mark, durably
    10  sign the size and root that were committed; keep the checkpoint         ← never inside the transaction

A crash between any two lines is repaired by the next run of the same lines: there is no recovery code. Signing after
the commit means that no signature can exist for a tree that was rolled back; raising the mark before signing means
that no checkpoint is shown of which the mark does not know.

Any number of processes may run this on one PostgreSQL. Whoever has a log's lock is its leader, for one batch: no lease
runs out while somebody still believes in it. Who dies loses the lock with its connection; who is stopped in the middle
loses it to ``LONGEST_SILENCE_S``, together with the transaction, so that what it would have written never was. Each
takes the logs in an order of its own, and leaves those that another one has.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.errors import ConsentServerError, Invalid, LogFrozen, Unavailable
from consent_server.domain.log_entry import Erase, Purge, Scrub, format_entry, parse_entry
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.domain.proof_log.merkle import EMPTY_ROOT, Frontier, Read, tree_root
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.domain.proof_log.tiles import full_tiles, reader, tile_root
from consent_server.services import clock
from consent_server.services.keyring import Keyring
from consent_server.services.log_keys import log_signers, named_keys
from consent_server.services.logging_entries import first_entry
from consent_server.services.measuring import SEQUENCED, SEQUENCING, done
from consent_server.storage import high_water_mark, proof_log
from consent_server.storage.database import be_impatient, database_clock
from consent_server.storage.high_water_mark import Mark
from consent_server.storage.proof_log import Entry, Head, KeptCheckpoint, Pending, StoredTile

log = logging.getLogger(__name__)

LARGEST_BATCH = 1_000
LONG_LINE = 256
"""From how many in line on a ``wake`` does not wait for the interval."""

REFRESH_S = 300.0
"""How often the marks of logs are raised that other machines have extended meanwhile."""

_NO_FILE = "The high-water mark is missing beside an installation that has one: "
_MISSING = (
    "without it, nobody can tell whether the database is the newest one. "
    "Nothing is signed here. Bring the file of another worker's machine, or name the right one; if it is lost, "
    "`consent-server proofs adopt --checkpoint FILE` takes each log up again."
)

LONGEST_PASS_S = 600.0
"""How long a pass may take before somebody should look; a line of 200 000 takes a fraction."""

LEAST_ROOM = 2**18
"""Bytes on the disk of the high-water mark, below which no log grows."""

CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far the clock may be behind the last checkpoint's before nothing more is signed."""

Sessions = Callable[[], Session]
Step = Callable[[str], None]

STEPS = (
    "begun",
    "head read",
    "root checked",
    "mark checked",
    "entries inserted",
    "tiles inserted",
    "head moved",
    "line shortened",
    "committed",
    "mark raised",
    "checkpoint signed",
    "published",
)
"""What ``step`` is called with, right after each of these was done: where a test pulls the plug."""


class _Contradiction(Exception):
    """The log contradicts itself or what was seen of it; the message becomes the reason of the freeze."""


@dataclass(frozen=True, slots=True)
class _Grown:
    """What one run did: entries added, entries left in line, and the head that is committed now."""

    added: int
    more: bool
    size: int
    root: bytes


def integrate(
    sessions: Sessions,
    site_id: int,
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    *,
    step: Step = lambda _name: None,
    expected: Head | None = None,
) -> int:
    """Sequence everything that stands in line for a site; return how many entries that were.

    Where the head is not as ``expected``, somebody else is doing so. A log that has nothing in line is checked all the
    same, and its mark raised.

    Raises ``LogFrozen`` when the log contradicts itself or the high-water mark, ``Unavailable`` when the clock went
    back, ``Invalid`` on a node without the log key or its mark. Returns 0 when another sequencer is at it.
    """
    total, more, started = 0, True, time.monotonic()
    while more:
        begun = time.monotonic()
        moment = now + timedelta(seconds=begun - started)  # a long line takes longer than the tolerance
        try:
            grown = _grow(sessions, site_id, keyring, high_water, moment, step, expected)
        except _Contradiction as contradiction:
            raise _freeze(sessions, site_id, str(contradiction)) from None
        if grown:
            which = "anchor" if site_id == proof_log.ANCHOR_LOG else "site"
            SEQUENCED.labels(which).inc(grown.added)
            SEQUENCING.labels(which).observe(time.monotonic() - begun)
            done("checkpoint")
        total, expected = total + (grown.added if grown else 0), None
        more = grown is not None and grown.more
    return total


def integrate_all(
    sessions: Sessions,
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    *,
    every: bool = False,
    said: dict[str, str] | None = None,
) -> int:
    """Sequence every log that has something in line; with ``every``, also check those that have nothing.

    What is wrong with one log is logged and does not hold up the others; ``said`` remembers what was logged already.
    """
    with sessions() as session:
        found = proof_log.heads(session) if every else proof_log.heads_with_work(session)
    return integrate_these(sessions, found, keyring, high_water, now, check=every, said=said)


def integrate_these(
    sessions: Sessions,
    found: Sequence[Head],
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    *,
    check: bool,
    said: dict[str, str] | None = None,
) -> int:
    """Sequence some logs, as ``integrate_all`` does with all."""
    total, said, started = 0, {} if said is None else said, time.monotonic()
    for head in _in_any_order(found):
        if head.frozen_reason is None:
            moment = now + timedelta(seconds=time.monotonic() - started)
            try:
                total += integrate(
                    sessions, head.site_id, keyring, high_water, moment, expected=None if check else head
                )
                said.pop(head.origin, None)
            except LogFrozen:
                continue  # said when it was frozen
            except (ConsentServerError, OSError) as error:
                _say_once(said, head.origin, str(error))
            except SQLAlchemyError as error:
                _say_once(said, head.origin, type(error).__name__)  # its text has the rows in it
    return total


def _in_any_order(found: Sequence[Head]) -> list[Head]:
    """Return them in an order that no other process has: two that follow each other would share the work badly."""
    shuffled = list(found)
    secrets.SystemRandom().shuffle(shuffled)
    return shuffled


def _say_once(said: dict[str, str], origin: str, trouble: str) -> None:
    if said.get(origin) != trouble and not (trouble.startswith(_NO_FILE) and trouble in said.values()):
        log.error("the log %s could not be sequenced: %s", origin, trouble)
    said[origin] = trouble


def _grow(
    sessions: Sessions,
    site_id: int,
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    step: Step,
    expected: Head | None,
) -> _Grown | None:
    """Run the ten steps once; None when there is no such log, or somebody else extended it."""
    _refuse_full_disk(high_water)
    with sessions() as session:
        be_impatient(session)
        if not proof_log.try_lock(session, site_id):  # 1
            return None
        step("begun")
        mark = _read_mark(session, site_id, high_water)  # before the head, which can only be further by then
        head = proof_log.find_head(session, site_id)  # 2
        if head is None or expected not in (None, head):
            return None  # or whoever had the lock before has done it
        _refuse_frozen(head)
        keyring.log_signer(head.origin)  # refused before anything is looked at
        moment = _moment(session, head, now)
        fresh = str(uuid.uuid4())
        instance = proof_log.instance_id(session, fresh, moment)
        _refuse_another_instance(high_water, instance, is_new=instance == fresh)
        step("head read")
        read = _reader(session, site_id)
        frontier = _frontier(head, read)  # 3
        signers = _signers(session, head, keyring)
        step("root checked")
        _check_mark(session, high_water, head, mark, read, moment)  # 4
        step("mark checked")
        line = proof_log.pending(session, site_id, LARGEST_BATCH)  # 5
        try:
            added = _add_entries(session, head, line, signers[0].vkey)
        except IntegrityError:
            _check_lost(session, head)
            return None
        step("entries inserted")
        for leaf in proof_log.leaves(session, site_id, head.size, head.size + added):  # 6
            frontier.append(leaf)
        _add_tiles(session, site_id, head.size, frontier.size)
        step("tiles inserted")
        known = mark.size if mark else 0
        has_removals = known < head.size or any(pending.kind in proof_log.REMOVED for pending in line)
        removals = removals_in(session, site_id, known, frontier.size) if has_removals else []
        grown = _Grown(added, len(line) == LARGEST_BATCH, frontier.size, frontier.root())
        assert grown.size == head.size + added, "what was inserted can be read back"
        if added and not proof_log.compare_and_swap_head(session, head, grown.size, grown.root):  # 7
            return None
        step("head moved")
        proof_log.delete_pending(session, [pending.seq for pending in line])  # 8
        step("line shortened")
        session.commit()
    step("committed")
    high_water_mark.note_removals(high_water, head.origin, removals)  # 9
    _raise_mark(high_water, head.origin, Mark(grown.size, grown.root), moment, instance)
    step("mark raised")
    note = sign_checkpoint(Checkpoint(head.origin, grown.size, grown.root), *signers)  # 10
    step("checkpoint signed")
    _publish(sessions, site_id, KeptCheckpoint(grown.size, grown.root, note, moment))
    step("published")
    return grown


def _refuse_full_disk(high_water: Path) -> None:
    """Extend nothing when the mark could not be raised after it: no checkpoint could be shown of what was added."""
    with suppress(FileNotFoundError):  # the mark's folder is made with it
        if shutil.disk_usage(high_water.parent).free < LEAST_ROOM:
            raise Unavailable(
                f"The disk of {high_water.name} is full: nothing is sequenced until there is room.", retry_after=60
            )


def _check_lost(session: Session, head: Head) -> None:
    """Leave when somebody else gave these indices out first; nobody did → they were taken by hand."""
    session.rollback()
    if proof_log.find_head(session, head.site_id) == head:
        raise _Contradiction(
            f"an entry beyond size {head.size}, or one of a record that is still in line, is stored already."
        )


def _read_mark(session: Session, site_id: int, high_water: Path) -> Mark | None:
    origin = proof_log.origin_of(session, site_id)
    try:
        return None if origin is None else high_water_mark.read_mark(high_water, origin)
    except LogFrozen as damaged:
        raise _Contradiction(str(damaged)) from None


def _refuse_frozen(head: Head) -> None:
    if head.frozen_reason is not None:
        raise LogFrozen(f"The log {head.origin} is frozen: {head.frozen_reason}")


def _signers(session: Session, head: Head, keyring: Keyring) -> list[Signer]:
    """Return who signs; refuse the key of another installation: a copy started elsewhere, a seed made anew."""
    with _missing_is_a_contradiction(head):
        named = named_keys(session, head)
    return log_signers(named, head, keyring)


def _refuse_another_instance(high_water: Path, instance: str, *, is_new: bool) -> None:
    """Refuse a database whose mark is another installation's: a copy of production started as staging would sign.

    Refuse one, too, that was sequenced before, beside a file that never was: this machine is new, or lost its own.
    """
    try:
        other = high_water_mark.read_instance(high_water)
    except LogFrozen as damaged:
        raise _Contradiction(str(damaged)) from None
    if other not in (None, instance):
        raise Invalid.because(
            "This database is of another installation than the high-water mark: it is a copy, or CONSENT_HWM_FILE "
            "names the wrong file. Nothing is signed. A copy begins with an empty database and a LOG_KEY of its own.",
            "CONSENT_HWM_FILE",
        )
    if other is None and not is_new and not high_water.exists():
        raise Invalid.because(_NO_FILE + _MISSING, "CONSENT_HWM_FILE")


def _moment(session: Session, head: Head, now: datetime) -> datetime:
    """Return the time that all sequencers share; refuse to go on when it is before what was signed already."""
    moment = database_clock(session) or now
    last = proof_log.latest_checkpoint(session, head.site_id)
    if last is not None and moment < last.created_at - CLOCK_TOLERANCE:
        raise Unavailable(
            f"The clock is behind the last checkpoint of {head.origin}, signed at {last.created_at:%Y-%m-%d %H:%M:%S} "
            "UTC: nothing is signed until it has caught up.",
            retry_after=60,
        )
    return moment


def _reader(session: Session, site_id: int) -> Read:
    return reader(lambda level, n: proof_log.loose_hashes(session, site_id, level, n))


def _frontier(head: Head, read: Read) -> Frontier:
    """Return the frontier of what is stored, when it has the root that was committed."""
    with _missing_is_a_contradiction(head):
        frontier = Frontier.of(head.size, read)
    if frontier.root() != head.root:
        raise _Contradiction(
            f"what is stored does not lead to the root of size {head.size}: an entry or tile was edited or damaged."
        )
    return frontier


@contextmanager
def _missing_is_a_contradiction(head: Head) -> Iterator[None]:
    try:
        yield
    except (AssertionError, Invalid) as error:
        raise _Contradiction(
            f"entries or tiles below size {head.size} are missing or cannot be read: {error}"
        ) from None


def _check_mark(session: Session, high_water: Path, head: Head, mark: Mark | None, read: Read, now: datetime) -> None:
    """Freeze a log that is behind its mark.

    Where there should be a mark and is none, nothing is signed here: another machine may well have one.
    """
    if mark is None and head.size == 0:
        # Before the first entry: from now on a missing mark means that the file was lost, not that the log is new.
        _raise_mark(high_water, head.origin, Mark(0, EMPTY_ROOT), now)
    elif mark is None:
        if mark_is_lost(session, high_water, head):
            beside = f"The high-water mark is missing beside a log of {head.size} entries: "
            raise Invalid.because(beside + _MISSING, "CONSENT_HWM_FILE")
    elif head.size < mark.size:
        raise _Contradiction(
            f"the database has {head.size} entries, but {mark.size} were seen: it was restored from an older backup."
        )
    elif _root(head, mark.size, read) != mark.root:
        raise _Contradiction(
            f"the first {mark.size} entries are not those seen before: the database was restored or rewritten."
        )


def mark_is_lost(session: Session, high_water: Path, head: Head) -> bool:
    """Return whether this machine should have a mark of a log and has none.

    Of one that is younger than this machine's file it need not: another machine's worker began it.
    """
    if head.size == 0 or high_water_mark.read_mark(high_water, head.origin) is not None:
        return False
    made, first = high_water_mark.read_made(high_water), proof_log.first_checkpoint_over(session, head.site_id, 0)
    return made is None or first is None or first.created_at < made


def _root(head: Head, size: int, read: Read) -> bytes:
    with _missing_is_a_contradiction(head):
        return tree_root(size, read)


def _add_entries(session: Session, head: Head, line: Sequence[Pending], vkey: str) -> int:
    """Insert who stood in line; return how many entries that makes."""
    added = list(_entries(session, head, line, vkey))
    proof_log.add_entries(session, head.site_id, added)
    _forget_erased(session, head, added)
    return len(added)


def _forget_erased(session: Session, head: Head, added: Sequence[Entry]) -> None:
    """Let go of the ids of records that are gone: until here, a removal that stood in line may have needed them."""
    for entry in added:
        if entry.kind in ("erase", "purge"):
            removal = parse_entry(entry.text)
            if isinstance(removal, Erase):
                proof_log.forget_records(session, head.site_id, removal.index, removal.index + 1)
            elif isinstance(removal, Purge):
                proof_log.forget_records(session, head.site_id, removal.start, removal.stop)


def _entries(session: Session, head: Head, line: Sequence[Pending], vkey: str) -> Iterator[Entry]:
    """Give each one in line its index, after the genesis entry where there is none yet."""
    index = head.size
    if index == 0 and not (line and line[0].kind == "genesis"):  # a successor's stands in line, and names the other log
        yield Entry(0, "genesis", None, first_entry(session, head, vkey))
        index = 1
    known = _record_indices(session, head.site_id, line)
    for pending in line:
        if pending.removal is not None:
            yield Entry(index, pending.kind, None, _removal(pending, known))
        else:
            if pending.record_id is not None:
                known[pending.record_id] = index
            yield Entry(index, pending.kind, pending.commitment, pending.body, pending.record_id)
        index += 1


def _record_indices(session: Session, site_id: int, line: Sequence[Pending]) -> dict[str, int]:
    wanted = [pending.removal[0] for pending in line if pending.removal is not None]
    return proof_log.find_indices(session, site_id, wanted) if wanted else {}


def _removal(pending: Pending, known: dict[str, int]) -> str:
    """Return the entry of a removal: its record stood in line before it, so the index is known by now."""
    assert pending.removal is not None, "only removals find their index here"
    record_id, why = pending.removal
    if record_id not in known:
        raise _Contradiction(f"a removal in line names the record {record_id}, which the log does not have.")
    make = Scrub if pending.kind == "scrub" else Erase
    return format_entry(make(known[record_id], why))


def removals_in(session: Session, site_id: int, start: int, stop: int) -> list[tuple[str, bytes | None]]:
    """Return the removals that the mark does not know of, each with what its record's entry commits to."""
    entries = [(entry.text, parse_entry(entry.text)) for entry in proof_log.removals(session, site_id, start, stop)]
    targets = [entry.index for _, entry in entries if isinstance(entry, Scrub | Erase)]
    known = proof_log.find_commitments(session, site_id, targets)
    return [(text, known.get(entry.index) if isinstance(entry, Scrub | Erase) else None) for text, entry in entries]


def _add_tiles(session: Session, site_id: int, old: int, new: int) -> None:
    """Keep the tiles that became full, lower levels first: the upper ones are made of their roots."""
    for tile in full_tiles(old, new):
        hashes = proof_log.loose_hashes(session, site_id, tile.level, tile.n)
        proof_log.add_tile(session, site_id, StoredTile(tile.level, tile.n, hashes, tile_root(hashes)))


def _raise_mark(high_water: Path, origin: str, mark: Mark, now: datetime, instance: str | None = None) -> None:
    """Raise the mark; the installation is named only once it is committed itself."""
    try:
        high_water_mark.raise_mark(high_water, origin, mark, instance, now)
    except LogFrozen as contradiction:
        raise _Contradiction(str(contradiction)) from None


def _publish(sessions: Sessions, site_id: int, checkpoint: KeptCheckpoint) -> None:
    with sessions() as session:
        proof_log.add_checkpoint(session, site_id, checkpoint)
        session.commit()


def _freeze(sessions: Sessions, site_id: int, reason: str) -> LogFrozen:
    with sessions() as session:
        proof_log.freeze(session, site_id, reason)
        session.commit()
        head = proof_log.find_head(session, site_id)
    origin = head.origin if head else f"of site {site_id}"
    log.critical("the log %s is frozen: %s", origin, reason)
    return LogFrozen(f"The log {origin} is frozen: {reason}")


class Sequencer:
    """The loop of one process: a pass every ``interval`` seconds, at once when the line is long and somebody wakes it.

    Waiting for the interval is on purpose: small batches would tell in public tiles who answered when, cost a
    checkpoint each, and compete with those who record.
    """

    def __init__(self, sessions: Sessions, keyring: Keyring, high_water: Path, interval: float = 1.0) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._high_water = high_water
        self._interval = interval
        self._said: dict[str, str] = {}
        self._passed = time.monotonic()
        self._unchecked: list[Head] = []
        self._refresh_at = 0.0
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, in the process that is to run it; nothing on a node without the log key."""
        if self._keyring.master is None:
            log.warning("this process has no LOG_KEY: another one has to sequence the proof logs")
        elif self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the pass that is under way, sequence what is still in line, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            self._awake.set()
            thread.join()

    def wake(self) -> None:
        """Say that something was put in line. Costs nothing, and does nothing where no thread runs."""
        self._awake.set()

    def is_at_work(self) -> bool:
        """Whether the thread lives and a pass came to its end not long ago; true where no thread is to run."""
        thread = self._thread
        return thread is None or (thread.is_alive() and time.monotonic() - self._passed < LONGEST_PASS_S)

    def integrate_now(self) -> int:
        """Run one pass in the caller's thread; return how many entries it added. Nothing on a node without log key."""
        if self._keyring.master is None:
            return 0
        return self._pass()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._careful_pass()
            self._wait(0 if self._unchecked else self._interval)
        self._careful_pass()

    def _careful_pass(self) -> None:
        try:
            self._pass()
            self._check_others()
            self._passed = time.monotonic()
            done("sequencer")
        except Exception:  # a dead sequencer would break every promise of this process
            log.exception("the proof logs could not be sequenced")

    def _pass(self) -> int:
        return integrate_all(self._sessions, self._keyring, self._high_water, clock.now(), said=self._said)

    def _check_others(self) -> None:
        """Look at logs in which nothing stands in line, some at a time: what has to be added comes first.

        At the start at all of them, because a restored database shows; later at those that are beyond the mark of this
        machine, because another one extended them.
        """
        if not self._unchecked and time.monotonic() >= self._refresh_at:
            every, self._refresh_at = self._refresh_at == 0, time.monotonic() + REFRESH_S
            with self._sessions() as session:
                found = proof_log.heads(session)
            self._unchecked = [head for head in found if every or self._is_beyond_mark(head)]
        end = time.monotonic() + self._interval
        while self._unchecked and time.monotonic() < end and not self._stopping.is_set():
            some, self._unchecked = self._unchecked[:10], self._unchecked[10:]
            arguments = some, self._keyring, self._high_water, clock.now()
            integrate_these(self._sessions, *arguments, check=True, said=self._said)

    def _is_beyond_mark(self, head: Head) -> bool:
        mark = high_water_mark.read_mark(self._high_water, head.origin)
        return head.size > (mark.size if mark else 0)

    def _wait(self, interval: float) -> None:
        """Wait for the interval to end, for a long line, or for the end."""
        end = time.monotonic() + interval
        while (left := end - time.monotonic()) > 0 and not self._stopping.is_set():
            if self._awake.wait(left):
                self._awake.clear()
                if self._line_is_long():
                    return
                self._stopping.wait(min(left, self._interval / 20))

    def _line_is_long(self) -> bool:
        try:
            with self._sessions() as session:
                return proof_log.count_pending(session, LONG_LINE) >= LONG_LINE
        except SQLAlchemyError:
            return False
