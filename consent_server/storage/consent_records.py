"""Consent records as they are kept: canonical texts, salts, commitment, and the promise given for each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent_server.domain.errors import RecordNotFound
from consent_server.storage.tables import ConsentRecordRow


@dataclass(frozen=True)
class KeptRecord:
    """One row. ``record`` is None once erased, ``personal`` None once scrubbed; ``body_digest`` tells a retry."""

    record_id: str
    site_id: int
    recorded_at: datetime
    record: str | None
    salt: bytes | None = field(repr=False)
    personal: str | None
    personal_salt: bytes | None = field(repr=False)
    consent_id: str | None
    leaf_hash: bytes
    promise_key: str | None
    promise_signature: bytes | None
    body_digest: bytes


_COLUMNS = (
    "record_id",
    "site_id",
    "recorded_at",
    "record",
    "salt",
    "personal",
    "personal_salt",
    "consent_id",
    "leaf_hash",
    "promise_key",
    "promise_signature",
    "body_digest",
)


def add_record(session: Session, kept: KeptRecord) -> None:
    """Keep a record."""
    session.add(ConsentRecordRow(**{column: getattr(kept, column) for column in _COLUMNS}))


def find_records(session: Session, record_ids: Collection[str]) -> dict[str, KeptRecord]:
    """Return those of the records that are kept, by id, whatever their site."""
    rows = session.scalars(select(ConsentRecordRow).where(ConsentRecordRow.record_id.in_(record_ids)))
    return {row.record_id: _kept(row) for row in rows}


def find_record(session: Session, site_id: int, record_id: str) -> KeptRecord:
    """Return one record of a site; raise ``RecordNotFound``."""
    row = session.get(ConsentRecordRow, record_id)
    if row is None or row.site_id != site_id:
        raise RecordNotFound("This site has no such consent record.")
    return _kept(row)


def records_of_visitor(session: Session, site_id: int, consent_id: str) -> tuple[KeptRecord, ...]:
    """Return the records of one consent id on one site, oldest first."""
    rows = session.scalars(
        select(ConsentRecordRow)
        .where(ConsentRecordRow.site_id == site_id, ConsentRecordRow.consent_id == consent_id)
        .order_by(ConsentRecordRow.recorded_at, ConsentRecordRow.record_id)
    )
    return tuple(_kept(row) for row in rows)


def scrub_record(session: Session, record_id: str) -> None:
    """Forget the personal part and its salt, and the copy that it was looked up by."""
    row = session.get_one(ConsentRecordRow, record_id)
    row.personal = row.personal_salt = row.consent_id = None


def _kept(row: ConsentRecordRow) -> KeptRecord:
    return KeptRecord(**{column: getattr(row, column) for column in _COLUMNS})
