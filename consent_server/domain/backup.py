"""What a backup says of itself: which database it is a copy of, at which schema, and how far each log was.

    {"database": {"name": "database.sqlite", "sha256": "<hex>", "size": 4096}, "engine": "sqlite",
     "format": "consent-server/backup/v1", "instance": "<uuid or null>",
     "logs": {"<origin>": {"root": "<base64>", "size": 3}}, "made_at": "…", "schema": "0012", "software": "0.1.0"}

The heads of the logs are those of the copy, not of some moment before or after it: whoever restores it compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import HASH_SIZE
from consent_server.domain.proof_log.signed_note import decode_base64, encode_base64

FORMAT = "consent-server/backup/v1"
DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
"""Under which name a backup holds the copy of each engine."""


@dataclass(frozen=True, slots=True)
class LogState:
    """How large a log was, and its root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class State:
    """What a database is: its schema's revision, its installation, its logs by origin."""

    schema: str
    instance: str | None
    logs: Mapping[str, LogState]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The state that was copied, and the copy; ``size`` is in bytes, ``sha256`` in hexadecimal digits."""

    engine: str
    made_at: str
    software: str
    state: State
    size: int
    sha256: str


def format_manifest(manifest: Manifest) -> str:
    """Return the text of a manifest."""
    logs = {origin: {"root": encode_base64(log.root), "size": log.size} for origin, log in manifest.state.logs.items()}
    values = {
        "database": {"name": DATABASES[manifest.engine], "sha256": manifest.sha256, "size": manifest.size},
        "engine": manifest.engine,
        "format": FORMAT,
        "instance": manifest.state.instance,
        "logs": logs,
        "made_at": manifest.made_at,
        "schema": manifest.state.schema,
        "software": manifest.software,
    }
    return json.dumps(values, indent=1, sort_keys=True) + "\n"


def parse_manifest(text: bytes) -> Manifest:
    """Read a manifest; raises ``Invalid`` when it is none of ours."""
    try:
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise ValueError("another format")
        engine, database = values["engine"], values["database"]
        if database["name"] != DATABASES[engine]:
            raise ValueError("another name")
        logs = {str(origin): _log_state(log) for origin, log in values["logs"].items()}
        state = State(_text(values["schema"]), values["instance"] and _text(values["instance"]), logs)
        size = _size(database["size"])
        made_at, software = _text(values["made_at"]), _text(values["software"])
        return Manifest(engine, made_at, software, state, size, _text(database["sha256"]))
    except (ValueError, LookupError, TypeError, AttributeError, Invalid):
        raise Invalid.because("This is no backup of Consent Server, or its manifest was damaged.") from None


def _log_state(value: Any) -> LogState:
    root = decode_base64(value["root"])
    if len(root) != HASH_SIZE:
        raise ValueError("not a root")
    return LogState(_size(value["size"]), root)


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a size")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value
