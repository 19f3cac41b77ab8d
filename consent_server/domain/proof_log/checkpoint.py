"""Checkpoints (C2SP tlog-checkpoint): a signed note that says how large a log is and what its root is.

    <origin>\\n
    <size, decimal>\\n
    <base64 of the root>\\n

Exactly these three lines: our logs have no extension lines, and a checkpoint with some is refused. No time either:
time comes from tokens and cosignatures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from consent_server.domain.proof_log.signed_note import (
    Signer,
    Verifier,
    check_name,
    decode_base64,
    encode_base64,
    open_note,
    sign_note,
)

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)


def parse_decimal(text: str) -> int:
    """Read a size or an index: ASCII digits, no sign, no leading zero, below 2**63."""
    if not _DECIMAL.match(text) or int(text) > MAX_SIZE:
        raise Invalid.because("This is not a decimal number below 2^63.")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: the first ``size`` entries have ``root``."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise Invalid.because("A checkpoint has a size below 2^63 and a root of 32 bytes.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise Invalid.because("An empty log has the empty root.")

    @property
    def body(self) -> str:
        """The text that is signed, and that the anchor log keeps."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_body(text: str) -> Checkpoint:
    """Read the three lines of a checkpoint."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise Invalid.because("A checkpoint has three lines: origin, size, root.")
    return Checkpoint(lines[0], parse_decimal(lines[1]), decode_base64(lines[2]))


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> str:
    """Return the signed note; every signer is named as the origin."""
    assert all(signer.name == checkpoint.origin for signer in signers), "a log's key is named as its origin"
    return sign_note(checkpoint.body, *signers)


def open_checkpoint(note: str | bytes, verifiers: Sequence[Verifier], origin: str) -> Checkpoint:
    """Verify and read the checkpoint of the log ``origin``; only keys with the origin's name count."""
    checkpoint = parse_body(open_note(note, [v for v in verifiers if v.name == origin]).text)
    if checkpoint.origin != origin:
        raise Invalid.because(f"The checkpoint is of {checkpoint.origin}, not of {origin}.")
    return checkpoint
