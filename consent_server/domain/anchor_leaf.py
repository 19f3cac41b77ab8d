"""The leaves of the anchor log: what one installation shows to witnesses outside, for all of its sites at once.

    <origin>/key/v1         always leaf 0: the key that signs this log; later: one that signs it from then on
    <vkey>

    <origin of a site>      the exact body of a site checkpoint
    <size>
    <root>

    <origin>/token/v1       what a time stamp of this log at that size was: the next one covers it, too
    <size>
    sha256 <hex>

Each line ends in a newline. No two kinds can be mistaken for each other: "sha256 …" is no root, a key has two lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import Checkpoint, parse_body, parse_decimal
from consent_server.domain.proof_log.signed_note import Verifier

_DIGEST = re.compile(r"sha256 ([0-9a-f]{64})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The digest of the token that time-stamped the anchor log at ``size``."""

    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class AddedKey:
    """A key that signs the anchor log from here on."""

    vkey: str


def format_key(origin: str, vkey: str) -> str:
    """Return leaf 0, or the leaf that names another key."""
    return f"{origin}/key/v1\n{vkey}\n"


def parse_key(text: str, origin: str) -> str:
    """Return the key that leaf 0, or a later one, names."""
    lines = text.split("\n")
    if len(lines) != 3 or lines[0] != f"{origin}/key/v1" or lines[2]:
        raise Invalid.because("Leaf 0 of the anchor log names its key.")
    verifier = Verifier.parse(lines[1])
    if verifier.name != origin:
        raise Invalid.because("Leaf 0 of the anchor log names a key of another log.")
    return verifier.vkey


def format_renewal(origin: str, size: int, token: bytes) -> str:
    """Return the leaf that covers an earlier token."""
    return f"{origin}/token/v1\n{size}\nsha256 {sha256(token).hexdigest()}\n"


def parse_leaf(text: str, origin: str) -> Checkpoint | Renewal | AddedKey:
    """Read any leaf but the first."""
    lines = text.split("\n")
    if len(lines) == 3:
        return AddedKey(parse_key(text, origin))
    digest = _DIGEST.match(lines[2]) if len(lines) == 4 and not lines[3] else None
    if digest is None:
        return parse_body(text)
    if lines[0] != f"{origin}/token/v1":
        raise Invalid.because("A renewal is of a token of its own log.")
    return Renewal(parse_decimal(lines[1]), bytes.fromhex(digest[1]))
