"""``csv``: the records as a table for people. It proves nothing, so it can be filtered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from consent_server.domain import canonical_json
from consent_server.domain.assurance import read_assurance
from consent_server.domain.table_row import table_rows
from consent_server.services.exporting.filters import Filters, Record
from consent_server.services.exporting.snapshot import Snapshot
from consent_server.storage import configurations
from consent_server.storage.evidence import StoredRecord

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
    "signs",
)


def table(snapshot: Snapshot, filters: Filters) -> Iterator[bytes]:
    """Give one line per record, RFC 4180: a column per purpose, lists and objects as JSON.

    ``signs`` are those of a forged answer that were seen when it came; nothing, when nobody looked.
    """
    purposes = _purposes(snapshot)
    columns = (*_COLUMNS, *(f"decisions.{purpose}" for purpose in purposes), *_LAST_COLUMNS)
    rows = (map(_cells(stored, record).get, columns) for stored, record in filters.records(snapshot))
    yield from table_rows(chain([columns], rows))


def _purposes(snapshot: Snapshot) -> list[str]:
    """Return every purpose that some configuration asked for, in the order in which they came up."""
    found: dict[str, None] = {}
    for configuration in configurations.list_configurations(snapshot.session, snapshot.site.id):
        found.update(dict.fromkeys(configuration.asked_purposes))
    return list(found)


def _cells(stored: StoredRecord, record: Record) -> dict[str, Any]:
    personal = canonical_json.decode_kept(stored.personal) if stored.personal is not None else {}
    decisions = {f"decisions.{purpose}": answer for purpose, answer in record["decisions"].items()}
    assurance = read_assurance(stored.assurance)
    signs = " ".join(assurance.signs) or "none" if assurance is not None else None
    return {**record, **personal, **decisions, "index": stored.index, "signs": signs}
