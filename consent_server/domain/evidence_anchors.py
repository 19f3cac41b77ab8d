"""Anchors in evidence: checkpoints of this log that a log outside of it holds, with the time that an authority saw it.

    anchor/<m>/checkpoint.note   checkpoint of the anchor log at size m
    anchor/<m>/site.tlog-proof   that a checkpoint of this log (its body, in ``extra``) is a leaf of it
    anchor/<m>/token.tsr         RFC 3161 time stamp over the body of checkpoint.note, if there is one
    anchor/<m>/consistency.txt   in a part of a log: that the head's tree begins with that checkpoint's, a hash per line
    keys/anchor.vkeys            for convenience, never trusted

Lines have one line for each, with the same contents.

From a checked token follows, within five minutes: what its checkpoint covers was recorded before it, and what comes
after was recorded after it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import accumulate

from consent_server.domain.errors import Invalid
from consent_server.domain.evidence_layout import ANCHOR_CHECKPOINT as CHECKPOINT
from consent_server.domain.evidence_layout import ANCHOR_PROOF as PROOF
from consent_server.domain.evidence_layout import ANCHOR_TOKEN as TOKEN
from consent_server.domain.evidence_layout import ANCHORS, Lie
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_body, parse_decimal
from consent_server.domain.proof_log.cosignature import Witness
from consent_server.domain.proof_log.merkle import leaf_hash, verify_consistency, verify_inclusion
from consent_server.domain.proof_log.proof import parse_hashes, parse_proof
from consent_server.domain.proof_log.signed_note import Verifier, parse_note
from consent_server.domain.time_stamp import read_stamp
from consent_server.domain.times import rfc3339

KEYS = "keys/anchor.vkeys"

CONSISTENCY = "consistency.txt"

TOLERANCE = timedelta(minutes=5)
"""How far the clocks of server and authority may be apart, with the time that sequencing and stamping take."""

CheckToken = Callable[[bytes, bytes, datetime], str | None]
"""Says why a token is not one of a trusted authority over these bytes at that time; ``None`` when it is."""


@dataclass(frozen=True)
class Anchor:
    """What an export has of one anchor."""

    size: int
    checkpoint: str
    proof: str
    token: bytes | None = None
    consistency: str | None = None


def anchor_contents(anchors: Iterable[Anchor]) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Give the size of each anchor, and its files by name."""
    for anchor in anchors:
        files = {CHECKPOINT: anchor.checkpoint.encode()}
        if anchor.consistency is not None:
            files[CONSISTENCY] = anchor.consistency.encode()
        files[PROOF] = anchor.proof.encode()
        if anchor.token is not None:
            files[TOKEN] = anchor.token
        yield anchor.size, files


def anchor_files(anchors: Iterable[Anchor]) -> Iterator[tuple[str, list[bytes]]]:
    """Give path and content of each file in a bundle."""
    for size, files in anchor_contents(anchors):
        for name, data in files.items():
            yield f"{ANCHORS}{size}/{name}", [data]


@dataclass(frozen=True)
class Anchored:
    """A checkpoint of this log that stands in the anchor log, and the token that says since when."""

    size: int
    note: Checkpoint
    checkpoint: Checkpoint
    token: bytes | None
    consistency: bytes | None

    @property
    def name(self) -> str:
        """How a message names it."""
        return f"The anchor {self.size}"


def read_anchor(folder: str, files: Mapping[str, bytes], origin: str, verifiers: Sequence[Verifier]) -> Anchored:
    """Check one anchor as far as it can be without the log and without the authority; raises ``Lie``."""
    name = f"The anchor {folder}"
    missing = {CHECKPOINT, PROOF} - files.keys()
    unknown = files.keys() - {CHECKPOINT, PROOF, TOKEN, CONSISTENCY}
    if missing or unknown:
        raise Lie(f"{name} has not the files of an anchor: {', '.join(sorted(missing or unknown))}.")
    note = _note(name, files[CHECKPOINT], verifiers)
    try:
        if parse_decimal(folder) != note.size:
            raise Invalid.because(f"its checkpoint is of size {note.size}.")
        proof = parse_proof(files[PROOF].decode())
        body = (proof.extra or b"").decode()
        checkpoint = parse_body(body)
        if checkpoint.origin != origin:
            raise Invalid.because(f"it is of the log {checkpoint.origin}, not of {origin}.")
        if proof.checkpoint.encode() != files[CHECKPOINT]:
            raise Invalid.because("its proof is under another checkpoint.")
        verify_inclusion(proof.index, note.size, leaf_hash(body.encode()), proof.path, note.root)
    except (Invalid, UnicodeDecodeError) as error:
        raise Lie(f"{name} does not hold what it claims: {error}") from error
    return Anchored(note.size, note, checkpoint, files.get(TOKEN), files.get(CONSISTENCY))


def _note(name: str, data: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Read the anchor log's checkpoint; it is signed by a key that was given, if one was."""
    try:
        note = parse_body(parse_note(data).text)
        return open_checkpoint(data, verifiers, note.origin) if verifiers else note
    except Invalid as error:
        raise Lie(f"{name} has no checkpoint of the anchor log that was given: {error}") from error


def count_cosignatures(folder: str, files: Mapping[str, bytes], witnesses: Sequence[Witness]) -> int:
    """Return how many of the witnesses cosigned an anchor; a wrong cosignature of one of them is a lie."""
    note, count = parse_note(files[CHECKPOINT]), 0
    for signature in note.signatures:
        for witness in witnesses:
            if witness.made(signature):
                try:
                    witness.time_of(note.text, signature)
                except Invalid as error:
                    raise Lie(f"The anchor {folder} was not cosigned as it says: {error}") from error
                count += 1
    return count


def check_one_log(anchors: Sequence[Anchored]) -> None:
    """All anchors are of one log, and that says one thing of each size."""
    for anchored in anchors[1:]:
        if anchored.note.origin != anchors[0].note.origin:
            raise Lie(f"{anchored.name} is of another anchor log than {anchors[0].size}: {anchored.note.origin}.")


def check_known(note: bytes, verifiers: Sequence[Verifier], anchors: Sequence[Anchored]) -> int | None:
    """Compare a checkpoint of the anchor log that somebody kept; return its size when nothing here is of that size."""
    known = _note(f"The known checkpoint of {verifiers[0].name}", note, verifiers)
    for anchored in anchors:
        if anchored.size == known.size:
            if anchored.note != known:
                raise Lie(f"SPLIT VIEW: the anchor log shows another root at size {known.size} than was known of it.")
            return None
    return known.size


def check_consistency(anchored: Anchored, head: Checkpoint) -> None:
    """In a part of a log: the head's tree begins with the one that was anchored."""
    try:
        path = parse_hashes((anchored.consistency or b"").decode())
        small = anchored.checkpoint
        verify_consistency(small.size, head.size, small.root, head.root, path)
    except (Invalid, UnicodeDecodeError) as error:
        raise Lie(f"{anchored.name} is of another history than the head of this part: {error}") from error


def time_of(anchored: Anchored, check: CheckToken | None) -> datetime | None:
    """Return when the token says that it was there; ``None`` without a token, or one that nobody could check."""
    if anchored.token is None:
        return None
    body = anchored.note.body.encode()
    try:
        stamp = read_stamp(anchored.token)
    except Invalid as error:
        raise Lie(f"The token of the anchor {anchored.size} cannot be read: {error}") from error
    if stamp.digest != sha256(body).digest():
        raise Lie(f"The token of the anchor {anchored.size} is over something else than its checkpoint.")
    if check is None:
        return None
    trouble = check(body, anchored.token, stamp.time)
    if trouble is not None:
        raise Lie(f"The token of the anchor {anchored.size} is not one of the authority that was given: {trouble}.")
    return stamp.time


@dataclass(frozen=True)
class Bracket:
    """A size of this log, and the time at which an authority saw exactly that much."""

    size: int
    time: datetime
    anchor: int


class Brackets:
    """Between which times the record of an index was made, by the tokens that were checked."""

    def __init__(self, brackets: Iterable[Bracket] = ()) -> None:
        found = sorted(brackets, key=lambda bracket: (bracket.size, bracket.time))
        self.all = found
        self.newest = found[-1] if found else None
        self._sizes = [bracket.size for bracket in found]
        earliest = lambda one, other: one if one.time <= other.time else other  # noqa: E731
        latest = lambda one, other: one if one.time > other.time else other  # noqa: E731
        self._before = [*accumulate(reversed(found), earliest)][::-1]
        self._after = [*accumulate(found, latest)]
        self._not_later = [rfc3339(bracket.time + TOLERANCE) for bracket in self._before]
        self._not_earlier = [rfc3339(bracket.time - TOLERANCE) for bracket in self._after]

    def before(self, index: int) -> Bracket | None:
        """Return the earliest that covers the entry."""
        at = bisect_right(self._sizes, index)
        return self._before[at] if at < len(self._sizes) else None

    def after(self, index: int) -> Bracket | None:
        """Return the latest that does not cover the entry yet."""
        at = bisect_right(self._sizes, index)
        return self._after[at - 1] if at else None

    def trouble(self, index: int, recorded_at: str) -> str | None:
        """Say why the record of an index cannot have been made when it says (RFC 3339, one spelling: text compares)."""
        at = bisect_right(self._sizes, index)
        if at < len(self._sizes) and recorded_at > self._not_later[at]:
            seen = self._before[at]
            return (
                f"it says that it was recorded at {recorded_at}, but the anchor {seen.anchor}, stamped at "
                f"{rfc3339(seen.time)}, covers it already: its time was made up"
            )
        if at and recorded_at < self._not_earlier[at - 1]:
            seen = self._after[at - 1]
            return (
                f"it says that it was recorded at {recorded_at}, but it was not there yet when the anchor "
                f"{seen.anchor} was stamped, at {rfc3339(seen.time)}: it was back-dated"
            )
        return None
