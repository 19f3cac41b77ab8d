"""Finding consent records, the newest first, a page at a time.

What has an index (time, action, visitor, receipt code) is found by it. What only a record's text says, an answer to a
purpose, is read for; at most ``MOST_READ`` records are read for one page, which then says how far back it looked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.errors import Invalid
from consent_server.domain.times import parse_rfc3339, rfc3339
from consent_server.storage import consent_records, sites
from consent_server.storage.consent_records import KeptRecord, Sought

PAGE = 50
MOST_READ = 5_000

_CODE = re.compile(
    r"[0-9a-f]{4,8}\Z|[0-9a-f]{8}(?:-[0-9a-f]{0,4}){1,3}\Z|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{0,12}\Z"
)
_WHOLE = 36


@dataclass(frozen=True)
class Wanted:
    """What is looked for. ``code`` is a receipt's, whole or its beginning, or a visitor's consent id."""

    code: str | None = None
    start: datetime | None = None
    stop: datetime | None = None
    action: str | None = None
    purpose: str | None = None
    granted: bool = True


@dataclass(frozen=True)
class Found:
    """A record as a list shows it; ``consent_id`` is None when its personal part is gone."""

    record_id: str
    recorded_at: datetime
    action: str
    decisions: Mapping[str, bool]
    config_version: int
    language: str | None
    consent_id: str | None


@dataclass(frozen=True)
class Page:
    """Records, and where to go on; ``looked_back_to`` when the page is not full because so many were read for it."""

    records: tuple[Found, ...]
    next: str | None
    looked_back_to: datetime | None


def search(session: Session, site_key: str, wanted: Wanted, after: str | None = None) -> Page:
    """Return a page of records; raises ``SiteNotFound``, or ``Invalid`` for a code or place that is none."""
    site = sites.find_site(session, site_key)
    sought = replace(_by_code(session, site.id, wanted), before=parse_place(after) if after else None)
    found: list[Found] = []
    # Canonical text spells an answer in one way: what does not have it is not worth reading.
    may_say = "" if wanted.purpose is None else f'"{wanted.purpose}":{"true" if wanted.granted else "false"}'
    read = 0
    last: KeptRecord | None = None
    with closing(consent_records.search(session, site.id, sought, MOST_READ)) as records:
        for kept in records:
            if len(found) == PAGE:
                return Page(tuple(found), _place(last), None)
            read, last = read + 1, kept
            each = _found(kept) if may_say in (kept.record or "") else None
            if each is not None and (wanted.purpose is None or each.decisions.get(wanted.purpose) is wanted.granted):
                found.append(each)
    if last is None or read < MOST_READ:
        return Page(tuple(found), None, None)
    return Page(tuple(found), _place(last), last.recorded_at)


def _by_code(session: Session, site_id: int, wanted: Wanted) -> Sought:
    """Return what is looked for: a code is a receipt's, or else a visitor's."""
    sought = Sought(wanted.start, wanted.stop, wanted.action)
    code = (wanted.code or "").strip().lower()
    if not code:
        return sought
    if not _CODE.match(code):
        raise Invalid.because(
            "A code is 32 digits and letters (a to f) in five groups; for a receipt its first four are enough.", "code"
        )
    if len(code) == _WHOLE and consent_records.records_of_visitor(session, site_id, code):
        return replace(sought, consent_id=code)
    return replace(sought, record_id_start=code)


def _found(kept: KeptRecord) -> Found | None:
    if kept.record is None:
        return None
    record = canonical_json.decode(kept.record)
    return Found(
        kept.record_id,
        kept.recorded_at,
        record["action"],
        record["decisions"],
        record["config_version"],
        record.get("language"),
        kept.consent_id,
    )


def _place(kept: KeptRecord | None) -> str | None:
    return None if kept is None else f"{rfc3339(kept.recorded_at)}~{kept.record_id}"


def parse_place(text: str) -> tuple[datetime, str]:
    """Read the place after which a page begins; raises ``Invalid``."""
    moment, _, record_id = text.partition("~")
    if len(record_id) != _WHOLE or not _CODE.match(record_id):
        raise Invalid.because("There is no such place in the list.", "after")
    return parse_rfc3339(moment), record_id
