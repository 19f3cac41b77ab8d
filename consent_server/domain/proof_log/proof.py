"""Proofs as text: C2SP tlog-proof@v1 for inclusion, base64 lines for consistency.

    c2sp.org/tlog-proof@v1\\n
    extra <base64>\\n                       optional; not authenticated, so recompute the leaf from it
    index <decimal>\\n
    <base64 of a hash>\\n                   zero or more, the leaf's sibling first
    \\n
    <checkpoint, verbatim>

The checkpoint binds size and root together; the path alone would fit some other sizes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from consent_server.domain.proof_log.merkle import HASH_SIZE, verify_inclusion
from consent_server.domain.proof_log.signed_note import Verifier, decode_base64, encode_base64

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 64
"""A tree of 2^63 entries has audit paths of 63 hashes and consistency proofs of 64."""


@dataclass(frozen=True)
class Proof:
    """That a leaf is entry ``index`` of the log that ``checkpoint`` (a signed note) speaks of."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    @property
    def text(self) -> str:
        """The proof as tlog-proof@v1."""
        extra = "" if self.extra is None else f"extra {encode_base64(self.extra)}\n"
        return f"{_HEADER}\n{extra}index {self.index}\n{format_hashes(self.path)}\n{self.checkpoint}"


def parse_proof(text: str) -> Proof:
    """Read tlog-proof@v1; the checkpoint in it is not verified here."""
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines.pop(0) != _HEADER:
        raise Invalid.because(f"A proof starts with {_HEADER} and has an empty line before its checkpoint.")
    extra = decode_base64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise Invalid.because("A proof names its index.")
    index = parse_decimal(lines.pop(0).removeprefix("index "))
    return Proof(index, _parse_lines(lines), checkpoint, extra)


def verify_proof(proof: Proof, leaf: bytes, verifiers: Sequence[Verifier], origin: str) -> Checkpoint:
    """Return the verified checkpoint under which ``leaf`` stands at ``proof.index``; ``Invalid`` otherwise."""
    checkpoint = open_checkpoint(proof.checkpoint, verifiers, origin)
    verify_inclusion(proof.index, checkpoint.size, leaf, proof.path, checkpoint.root)
    return checkpoint


def format_hashes(hashes: Sequence[bytes]) -> str:
    """Return one base64 line per hash: the body of a consistency proof."""
    return "".join(f"{encode_base64(value)}\n" for value in hashes)


def parse_hashes(text: str) -> tuple[bytes, ...]:
    """Read a consistency proof."""
    if text and not text.endswith("\n"):
        raise Invalid.because("Every line of a proof ends in a newline.")
    return _parse_lines(text.split("\n")[:-1])


def _parse_lines(lines: Sequence[str]) -> tuple[bytes, ...]:
    hashes = tuple(map(decode_base64, lines))
    if len(hashes) > _MAX_HASHES or any(len(value) != HASH_SIZE for value in hashes):
        raise Invalid.because(f"A proof has at most {_MAX_HASHES} hashes of 32 bytes.")
    return hashes
