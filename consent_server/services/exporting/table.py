"""``csv``: the records as a table for people. It proves nothing, so it can be filtered."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from consent_server.domain import canonical_json
from consent_server.services.exporting.filters import Filters, Record
from consent_server.services.exporting.snapshot import Snapshot
from consent_server.storage import configurations
from consent_server.storage.evidence import StoredRecord

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet run a cell instead of showing it (ASVS 1.2.10), also in full width."""

_COLUMNS = (
    "index",
    "record_id",
    "recorded_at",
    "expires_at",
    "action",
    "config_version",
    "config_digest",
    "runtime_digest",
    "language",
    "layer",
)
_LAST_COLUMNS = (
    "services",
    "signals",
    "not_removed",
    "consent_id",
    "page_url",
    "client_time",
    "ip_prefix",
    "ua_family",
    "ua_major",
    "form_factor",
)


def table(snapshot: Snapshot, filters: Filters) -> Iterator[bytes]:
    """Give one line per record, RFC 4180: a column per purpose, lists and objects as JSON."""
    purposes = _purposes(snapshot)
    columns = (*_COLUMNS, *(f"decisions.{purpose}" for purpose in purposes), *_LAST_COLUMNS)
    yield _row(columns)
    for stored, record in filters.records(snapshot):
        cells = _cells(stored, record)
        yield _row([cells.get(column) for column in columns])


def _purposes(snapshot: Snapshot) -> list[str]:
    """Return every purpose that some configuration asked for, in the order in which they came up."""
    found: dict[str, None] = {}
    for configuration in configurations.list_configurations(snapshot.session, snapshot.site.id):
        found.update(dict.fromkeys(configuration.asked_purposes))
    return list(found)


def _cells(stored: StoredRecord, record: Record) -> dict[str, Any]:
    personal = canonical_json.decode(stored.personal) if stored.personal is not None else {}
    decisions = {f"decisions.{purpose}": answer for purpose, answer in record["decisions"].items()}
    return {**record, **personal, **decisions, "index": stored.index}


def _row(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(_cell, cells))
    return line.getvalue().encode()


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet runs: what would be a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(_FORMULA) else text
