"""Consent records as they are kept: canonical texts, salts, commitment, and the promise given for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select
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


_AT_ONCE = 500
"""How many ids stand in one statement."""

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


def oldest(session: Session, site_id: int) -> datetime | None:
    """Return when the oldest record of a site was recorded, ``None`` when it has none."""
    row = ConsentRecordRow
    return session.scalar(select(func.min(row.recorded_at)).where(row.site_id == site_id))


def lock_records(session: Session, site_id: int, consent_id: str) -> None:
    """Keep others from removing the records of a visitor meanwhile; SQLite has one writer anyhow."""
    row = ConsentRecordRow
    mine = select(row.record_id).where(row.site_id == site_id, row.consent_id == consent_id)
    session.execute(mine.order_by(row.record_id).with_for_update())


def delete_records(session: Session, site_id: int, record_ids: Sequence[str]) -> None:
    """Delete records whole, with their salts and promises."""
    row = ConsentRecordRow
    for start in range(0, len(record_ids), _AT_ONCE):
        some = record_ids[start : start + _AT_ONCE]
        session.execute(delete(row).where(row.site_id == site_id, row.record_id.in_(some)))


def scrub_record(session: Session, record_id: str) -> None:
    """Forget the personal part and its salt, and the copy that it was looked up by."""
    row = session.get_one(ConsentRecordRow, record_id)
    row.personal = row.personal_salt = row.consent_id = None


def _kept(row: ConsentRecordRow) -> KeptRecord:
    return KeptRecord(**{column: getattr(row, column) for column in _COLUMNS})
