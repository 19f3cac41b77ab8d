"""The entries of a site's log, as canonical text: exact keys, one spelling, nothing else.

genesis   the first: whose log it is, which key signs it, which log it succeeds
config    a configuration, logged before it is served
consent   the commitment to a consent record
scrub     the personal part of an earlier record was deleted
erase     an earlier record was deleted altogether
purge     all records of a range were deleted because their time was up
key       a signing key was added or retired
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from consent_server.domain import canonical_json
from consent_server.domain.canonical_json import MAX_INTEGER, from_base64url, to_base64url
from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import HASH_SIZE
from consent_server.domain.proof_log.signed_note import Verifier, check_name

VERSION = 1

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")
_POLICY = re.compile(r"P[0-9YMWDTHS]{2,40}\Z")
_WHY = re.compile(r"[\x20-\x7e]{1,200}\Z")

_CONSENT_START, _CONSENT_END = '{"c":"', '","k":"consent","v":1}'
_CONSENT_LENGTH = 71


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The last checkpoint of the log that a log succeeds."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Genesis:
    """Always entry 0, and only there."""

    site_key: str
    vkey: str
    prev: Predecessor | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration ``version`` has this digest (``sha256:<hex>``)."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent record exists that opens this commitment."""

    commitment: bytes


@dataclass(frozen=True, slots=True)
class Scrub:
    """The personal part of the record of entry ``index`` was deleted."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Erase:
    """The record of entry ``index`` was deleted."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Purge:
    """All records of the entries ``[start, stop)`` were deleted under a retention ``policy`` (``P5Y``)."""

    start: int
    stop: int
    policy: str


@dataclass(frozen=True, slots=True)
class Key:
    """From here on, the key signs (``add``) or no longer signs (``retire``) this log's checkpoints."""

    op: Literal["add", "retire"]
    vkey: str


LogEntry = Genesis | Config | Consent | Scrub | Erase | Purge | Key


def format_consent(commitment: bytes) -> str:
    """Return the 71 bytes of a consent entry: the one kind that is kept as its commitment only."""
    return f"{_CONSENT_START}{to_base64url(commitment)}{_CONSENT_END}"


def format_entry(entry: LogEntry) -> str:
    """Return the text that is hashed into the log; ``Invalid`` when the entry could not be read back."""
    text = canonical_json.encode(_values(entry))
    parse_entry(text)
    return text


def parse_consent(text: str) -> bytes | None:
    """Return the commitment of a consent entry, ``None`` for anything else: the fast path for a million of them."""
    if len(text) != _CONSENT_LENGTH or not (text.startswith(_CONSENT_START) and text.endswith(_CONSENT_END)):
        return None
    return from_base64url(text[len(_CONSENT_START) : -len(_CONSENT_END)], HASH_SIZE)


def parse_entry(text: str) -> LogEntry:
    """Read an entry; ``Invalid`` unless it has exactly the keys of its kind, in canonical text."""
    commitment = parse_consent(text)
    if commitment is not None:
        return Consent(commitment)
    values = canonical_json.decode(text)
    if not isinstance(values, dict) or not isinstance(values.get("k"), str):
        raise Invalid.because("A log entry is an object with a kind.")
    keys, read = _KINDS.get(values["k"], (frozenset(), None))
    if read is None:
        raise Invalid.because("There is no such kind of log entry.")
    if values.keys() != keys or type(values["v"]) is not int or values["v"] != VERSION:
        raise Invalid.because(f"A log entry of kind {values['k']} has exactly the keys {', '.join(sorted(keys))}.")
    return read(values)


def _values(entry: LogEntry) -> dict[str, object]:
    values: dict[str, object]
    match entry:
        case Genesis():
            values = {"k": "genesis", "site_key": entry.site_key, "vkey": entry.vkey, "prev": _prev_values(entry.prev)}
        case Config():
            values = {"k": "config", "n": entry.version, "h": entry.digest}
        case Consent():
            values = {"k": "consent", "c": to_base64url(entry.commitment)}
        case Scrub():
            values = {"k": "scrub", "i": entry.index, "why": entry.why}
        case Erase():
            values = {"k": "erase", "i": entry.index, "why": entry.why}
        case Purge():
            values = {"k": "purge", "from": entry.start, "to": entry.stop, "policy": entry.policy}
        case Key():
            values = {"k": "key", "op": entry.op, "vkey": entry.vkey}
    return values | {"v": VERSION}


def _prev_values(prev: Predecessor | None) -> dict[str, object] | None:
    return None if prev is None else {"origin": prev.origin, "root": to_base64url(prev.root), "size": prev.size}


def _genesis(values: dict[str, Any]) -> Genesis:
    return Genesis(_text(values["site_key"], _SITE_KEY), _vkey(values["vkey"]), _prev(values["prev"]))


def _prev(value: object) -> Predecessor | None:
    if value is None:
        return None
    if (
        not isinstance(value, dict)
        or value.keys() != {"origin", "root", "size"}
        or not isinstance(value["origin"], str)
    ):
        raise Invalid.because("A predecessor has exactly the keys origin, root, size.")
    return Predecessor(check_name(value["origin"]), _number(value["size"]), from_base64url(value["root"], HASH_SIZE))


def _config(values: dict[str, Any]) -> Config:
    return Config(_number(values["n"], least=1), _text(values["h"], _DIGEST))


def _consent(values: dict[str, Any]) -> Consent:
    return Consent(from_base64url(values["c"], HASH_SIZE))


def _scrub(values: dict[str, Any]) -> Scrub:
    return Scrub(_number(values["i"]), _text(values["why"], _WHY))


def _erase(values: dict[str, Any]) -> Erase:
    return Erase(_number(values["i"]), _text(values["why"], _WHY))


def _purge(values: dict[str, Any]) -> Purge:
    start, stop = _number(values["from"]), _number(values["to"])
    if start >= stop:
        raise Invalid.because("A purge names a range that is not empty.")
    return Purge(start, stop, _text(values["policy"], _POLICY))


def _key(values: dict[str, Any]) -> Key:
    if values["op"] not in ("add", "retire"):
        raise Invalid.because("A key is added or retired.")
    return Key(values["op"], _vkey(values["vkey"]))


def _number(value: object, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= MAX_INTEGER:
        raise Invalid.because("An index or version is a number that is not negative.")
    return value


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise Invalid.because("A text of the log entry has the wrong form.")
    return value


def _vkey(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid.because("A key is a text.")
    return Verifier.parse(value).vkey


_KINDS: dict[str, tuple[frozenset[str], Callable[[dict[str, Any]], LogEntry]]] = {
    "genesis": (frozenset({"k", "prev", "site_key", "v", "vkey"}), _genesis),
    "config": (frozenset({"h", "k", "n", "v"}), _config),
    "consent": (frozenset({"c", "k", "v"}), _consent),
    "scrub": (frozenset({"i", "k", "v", "why"}), _scrub),
    "erase": (frozenset({"i", "k", "v", "why"}), _erase),
    "purge": (frozenset({"from", "k", "policy", "to", "v"}), _purge),
    "key": (frozenset({"k", "op", "v", "vkey"}), _key),
}
