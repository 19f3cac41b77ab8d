"""The consent record as it is kept: canonical text, and the salted commitments through which the log knows it.

    personal  = JCS(PersonalPart)                        everything that singles out a person or a device
    p         = SHA-256("consent-server/personal/v1\\n" personal_salt[32] personal)
    record    = JCS(all other fields, "personal": base64url(p) or null)
    c         = SHA-256("consent-server/record/v1\\n" salt[32] record)
    entry     = JCS({"c": base64url(c), "k": "consent", "v": 1})

Salts are random, one per record and part, and never derived: a derived salt cannot be forgotten one by one. Deleting
``personal`` and its salt leaves the record provable; deleting the record and its salt leaves 32 bytes of noise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from typing import Any

from consent_server.domain import canonical_json
from consent_server.domain.canonical_json import MAX_INTEGER, from_base64url, to_base64url
from consent_server.domain.errors import Invalid
from consent_server.domain.log_entry import format_consent
from consent_server.domain.proof_log.merkle import HASH_SIZE, leaf_hash

SCHEMA = 1
SALT_BYTES = 32

_PERSONAL_LABEL = b"consent-server/personal/v1\n"
_RECORD_LABEL = b"consent-server/record/v1\n"

Scalar = None | bool | int | str


@dataclass(frozen=True)
class PersonalPart:
    """What singles out a person or a device. What is ``None`` was never collected and has no key."""

    consent_id: str
    page_url: str | None = None
    client_time: str | None = None
    ip_prefix: str | None = None
    ua_family: str | None = None
    ua_major: str | None = None
    form_factor: str | None = None


@dataclass(frozen=True)
class ConsentRecord:
    """All other fields, named as in the contract; times are RFC 3339 UTC with milliseconds.

    What is ``None`` has no key in the text, except ``personal``, which is then null: there never was a personal part.
    """

    site_key: str
    record_id: str
    recorded_at: str
    action: str
    decisions: Mapping[str, bool]
    config_version: int
    config_digest: str
    services: Mapping[str, bool] | None = None
    runtime_digest: str | None = None
    language: str | None = None
    layer: int | None = None
    signals: Mapping[str, Scalar] | None = None
    not_removed: Sequence[str] | None = None
    expires_at: str | None = None
    software: str | None = None
    personal: bytes | None = None


@dataclass(frozen=True)
class SealedRecord:
    """A record as it is stored, and how the log knows it."""

    record: str
    salt: bytes = field(repr=False)
    personal: str | None
    personal_salt: bytes | None = field(repr=False)
    commitment: bytes

    @property
    def entry(self) -> str:
        """Text of the log entry."""
        return format_consent(self.commitment)

    @property
    def leaf_hash(self) -> bytes:
        """Leaf of the log's tree, which the promise names."""
        return leaf_hash(self.entry.encode())


def seal(
    record: ConsentRecord, salt: bytes, personal: PersonalPart | None = None, personal_salt: bytes | None = None
) -> SealedRecord:
    """Return the texts and commitments of a record; the salts are fresh random bytes, 32 each."""
    assert record.personal is None, "the commitment to the personal part is made here"
    assert (personal is None) == (personal_salt is None), "a personal part and its salt come together"
    personal_text = None
    if personal is not None and personal_salt is not None:
        personal_text = format_personal(personal)
        record = replace(record, personal=personal_commitment(personal_text, personal_salt))
    text = format_record(record)
    return SealedRecord(text, salt, personal_text, personal_salt, record_commitment(text, salt))


def personal_commitment(text: str, salt: bytes) -> bytes:
    """Return the commitment to the canonical text of a personal part."""
    return _commit(_PERSONAL_LABEL, salt, text)


def record_commitment(text: str, salt: bytes) -> bytes:
    """Return the commitment to the canonical text of a record: what its log entry says."""
    return _commit(_RECORD_LABEL, salt, text)


def format_personal(part: PersonalPart) -> str:
    """Return the canonical text of a personal part."""
    return _format(_given(part), check_personal)


def format_record(record: ConsentRecord) -> str:
    """Return the canonical text of a record."""
    values = _given(record) | {"schema": SCHEMA, "personal": record.personal and to_base64url(record.personal)}
    for name in ("decisions", "services", "signals"):
        if name in values:
            values[name] = dict(values[name])
    if "not_removed" in values:
        values["not_removed"] = list(values["not_removed"])
    return _format(values, check_record)


def parse_personal(text: str) -> PersonalPart:
    """Read a personal part from its canonical text."""
    return PersonalPart(**check_personal(canonical_json.decode(text)))


def parse_record(text: str) -> ConsentRecord:
    """Read a record from its canonical text."""
    values = dict(check_record(canonical_json.decode(text)))
    del values["schema"]
    if values["personal"] is not None:
        values["personal"] = from_base64url(values["personal"], HASH_SIZE)
    return ConsentRecord(**values)


def check_personal(values: Any) -> dict[str, Any]:
    """Return the values of a personal part when they have the right keys and types."""
    return _check(values, _PERSONAL_FIELDS, _PERSONAL_REQUIRED, "personal part")


def check_record(values: Any) -> dict[str, Any]:
    """Return the values of a record when they have the right keys and types. Meaning is not judged here."""
    return _check(values, _RECORD_FIELDS, _RECORD_REQUIRED, "record")


def _commit(label: bytes, salt: bytes, text: str) -> bytes:
    # The fixed label and salt length make the preimage unambiguous, the random salt makes it hiding.
    if len(salt) != SALT_BYTES:
        raise Invalid.because("A salt has 32 bytes.")
    return sha256(label + salt + text.encode()).digest()


def _given(value: PersonalPart | ConsentRecord) -> dict[str, Any]:
    pairs = ((item.name, getattr(value, item.name)) for item in fields(value))
    return {name: given for name, given in pairs if given is not None}


def _format(values: dict[str, Any], check: Callable[[Any], dict[str, Any]]) -> str:
    return canonical_json.encode(check(values))


def _check(
    values: Any, known: Mapping[str, Callable[[Any], bool]], required: frozenset[str], what: str
) -> dict[str, Any]:
    if not isinstance(values, dict) or not required <= values.keys() <= known.keys():
        raise Invalid.because(f"The keys of the {what} are not those of schema {SCHEMA}.")
    for name, value in values.items():
        if not known[name](value):
            raise Invalid.because(f"This is not what a {what} says here.", name)
    return values


_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")


def _is_text(value: Any) -> bool:
    return type(value) is str


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    match = pattern.match
    return lambda value: type(value) is str and match(value) is not None


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_INTEGER


def _is_answers(value: Any) -> bool:
    return type(value) is dict and all(type(answer) is bool for answer in value.values())


def _is_scalars(value: Any) -> bool:
    return type(value) is dict and all(item is None or type(item) in (bool, int, str) for item in value.values())


def _is_texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _is_commitment(value: Any) -> bool:
    return value is None or (type(value) is str and bool(from_base64url(value, HASH_SIZE)))


_PERSONAL_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "consent_id": _matches(_UUID),
    "page_url": _is_text,
    "client_time": _is_text,
    "ip_prefix": _is_text,
    "ua_family": _is_text,
    "ua_major": _is_text,
    "form_factor": _is_text,
}
_PERSONAL_REQUIRED = frozenset({"consent_id"})

_RECORD_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "schema": lambda value: type(value) is int and value == SCHEMA,
    "site_key": _matches(_SITE_KEY),
    "record_id": _matches(_UUID),
    "recorded_at": _matches(_TIME),
    "action": _is_text,
    "decisions": _is_answers,
    "services": _is_answers,
    "config_version": _is_number,
    "config_digest": _matches(_DIGEST),
    "runtime_digest": _matches(_DIGEST),
    "language": _is_text,
    "layer": _is_number,
    "signals": _is_scalars,
    "not_removed": _is_texts,
    "expires_at": _matches(_TIME),
    "software": _is_text,
    "personal": _is_commitment,
}
_RECORD_REQUIRED = frozenset(
    {
        "schema",
        "site_key",
        "record_id",
        "recorded_at",
        "action",
        "decisions",
        "config_version",
        "config_digest",
        "personal",
    }
)
