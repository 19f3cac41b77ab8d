"""The promise: the signed half of a receipt, given before the record has an index.

    <origin>/promise/v1\\n
    record <record id>\\n
    time <RFC 3339, ms, Z>\\n
    leaf <base64 of the leaf hash>\\n
    mmd <seconds>\\n

It says: this leaf will be under a checkpoint within mmd seconds of that time. Whoever holds it can prove a dropped
record. Line 2 is not a number, so a promise can never pass for a checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import parse_decimal
from consent_server.domain.proof_log.keys import promise_name
from consent_server.domain.proof_log.merkle import HASH_SIZE
from consent_server.domain.proof_log.signed_note import (
    Signature,
    Signer,
    Verifier,
    check_name,
    decode_base64,
    encode_base64,
    format_note,
    open_note,
)

MAX_MERGE_DELAY = 86_400
"""24 hours, in seconds: a promise that is missed is worse than a long one."""

_SUFFIX = "/promise/v1"
_RECORD_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z\Z", re.ASCII)


@dataclass(frozen=True)
class Promise:
    """What is promised of one record of the log ``origin``."""

    origin: str
    record_id: str
    time: str
    leaf_hash: bytes
    mmd: int = MAX_MERGE_DELAY

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not (_RECORD_ID.match(self.record_id) and _TIME.match(self.time) and len(self.leaf_hash) == HASH_SIZE):
            raise Invalid.because("A promise names a record, a time and a leaf hash.")

    @property
    def text(self) -> str:
        """The text that is signed."""
        leaf = encode_base64(self.leaf_hash)
        head = f"{self.origin}{_SUFFIX}\n"
        return f"{head}record {self.record_id}\ntime {self.time}\nleaf {leaf}\nmmd {self.mmd}\n"


def sign_promise(promise: Promise, signer: Signer) -> Signature:
    """Sign a promise; keep ``key_id`` and ``value`` with the record, so that a retry gets the same receipt."""
    assert signer.name == promise_name(promise.origin), "a promise is signed by its log's promise key"
    return signer.signature(promise.text)


def format_promise(promise: Promise, key_id: bytes, signature: bytes) -> str:
    """Return the note of a promise from its kept signature."""
    return format_note(promise.text, [Signature(promise_name(promise.origin), key_id, signature)])


def parse_promise(text: str) -> Promise:
    """Read the five lines of a promise."""
    lines = text.split("\n")
    if len(lines) != 6 or lines[5] or not lines[0].endswith(_SUFFIX):
        raise Invalid.because("A promise has five lines: origin, record, time, leaf, mmd.")
    record_id, time, leaf, mmd = (
        _after(line, word) for line, word in zip(lines[1:5], ("record ", "time ", "leaf ", "mmd "), strict=True)
    )
    return Promise(lines[0].removesuffix(_SUFFIX), record_id, time, decode_base64(leaf), parse_decimal(mmd))


def open_promise(note: str | bytes, verifiers: Sequence[Verifier], origin: str) -> Promise:
    """Verify and read a promise of the log ``origin``; only its promise keys count."""
    promise = parse_promise(open_note(note, [v for v in verifiers if v.name == promise_name(origin)]).text)
    if promise.origin != origin:
        raise Invalid.because(f"The promise is of {promise.origin}, not of {origin}.")
    return promise


def _after(line: str, word: str) -> str:
    if not line.startswith(word):
        raise Invalid.because(f"A line of the promise starts with “{word.strip()}”.")
    return line.removeprefix(word)
