"""An anchor log made by hand, and time stamps that no authority made: what anchors say, without anybody's signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from consent_server.domain.anchor_leaf import format_key
from consent_server.domain.evidence_anchors import Anchor
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.domain.proof_log.keys import log_signer
from consent_server.domain.proof_log.merkle import Frontier, leaf_hash, prove_inclusion
from consent_server.domain.proof_log.proof import Proof
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.domain.proof_log.tiles import reader

ANCHOR_ORIGIN = "demo.example/v1/log"
ANCHOR_SIGNER = log_signer(bytes(range(32)), ANCHOR_ORIGIN)


class AnchorLog:
    """The leaves of an anchor log. Other sites' checkpoints stand between those of the one that is looked at."""

    def __init__(self, signer: Signer = ANCHOR_SIGNER) -> None:
        self.signer = signer
        self.leaves = [format_key(signer.name, signer.vkey)]

    def add(self, body: str) -> int:
        self.leaves.append(body)
        return len(self.leaves) - 1

    def note(self) -> str:
        frontier = Frontier()
        for leaf in self.leaves:
            frontier.append(leaf_hash(leaf.encode()))
        return sign_checkpoint(Checkpoint(self.signer.name, frontier.size, frontier.root()), self.signer)

    def anchor(self, body: str, time: datetime | None = None) -> Anchor:
        """Add a checkpoint's body, and have what there is then stamped."""
        index = self.add(body)
        self.add(Checkpoint("demo.example/v1/sites/other/log", len(self.leaves), bytes(32)).body)
        hashes = b"".join(leaf_hash(leaf.encode()) for leaf in self.leaves)
        path = prove_inclusion(index, len(self.leaves), reader(lru_cache(lambda _level, _n: hashes)))
        note = self.note()
        token = None if time is None else answer(note.partition("\n\n")[0].encode() + b"\n", time)
        return Anchor(len(self.leaves), note, Proof(index, tuple(path), note, body.encode()).text, token)


def der(tag: int, *parts: bytes) -> bytes:
    """Encode one value."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content


def answer(message: bytes, time: datetime, **changes: bytes) -> bytes:
    """Encode an answer over ``message`` at ``time``; it has everything but a signature."""
    values: Mapping[str, bytes] = {
        "status": b"\x00",
        "algorithm": bytes.fromhex("608648016503040201"),
        "digest": sha256(message).digest(),
        "moment": time.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode(),
        "kind": bytes.fromhex("2a864886f70d0109100104"),
    } | changes
    one = der(0x02, b"\x01")
    imprint = der(0x30, der(0x30, der(0x06, values["algorithm"])), der(0x04, values["digest"]))
    info = der(0x30, one, der(0x06, b"\x2a\x03\x04"), imprint, one, der(0x18, values["moment"]))
    encapsulated = der(0x30, der(0x06, values["kind"]), der(0xA0, der(0x04, info)))
    signed = der(0x30, one, der(0x31), encapsulated, der(0x31))
    token = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010702")), der(0xA0, signed))
    return der(0x30, der(0x30, der(0x02, values["status"])), token)
