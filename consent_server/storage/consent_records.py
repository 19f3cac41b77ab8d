"""Consent records as they are kept: canonical texts, salts, commitment, and the promise given for each."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    Table,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from consent_server.domain.errors import RecordNotFound
from consent_server.storage.database import UtcDateTime
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
    action: str | None = None
    """A copy of what the text says, to search by."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which records are looked for; ``None`` is all. ``before`` is the last one that was seen."""

    start: datetime | None = None
    stop: datetime | None = None
    action: str | None = None
    consent_id: str | None = None
    record_id_start: str | None = None
    before: tuple[datetime, str] | None = None


_LOWEST, _HIGHEST = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "0f")

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
    "action",
)


_SELECT: Select[*tuple[Any, ...]] = select(*(getattr(ConsentRecordRow, column) for column in _COLUMNS))
_INSERT = insert(cast(Table, ConsentRecordRow.__table__)).inline()
_SELECT_WITH_CLOCK: Select[*tuple[Any, ...]] = select(
    func.clock_timestamp(), *(getattr(ConsentRecordRow, column) for column in _COLUMNS)
).select_from(
    select(literal(1).label("now"))
    .subquery()
    .outerjoin(ConsentRecordRow, ConsentRecordRow.record_id == any_(bindparam("record_ids", type_=ARRAY(String))))
)


def add_records(session: Session, kept: Sequence[KeptRecord]) -> None:
    """Keep records, in one statement."""
    session.execute(_INSERT, [{column: getattr(each, column) for column in _COLUMNS} for each in kept])


def find_records(session: Session, record_ids: Collection[str]) -> dict[str, KeptRecord]:
    """Return those of the records that are kept, by id, whatever their site."""
    found = session.execute(_SELECT.where(ConsentRecordRow.record_id.in_(record_ids)))
    return {values[0]: KeptRecord(*values) for values in found}


def find_records_now(session: Session, record_ids: Collection[str]) -> tuple[datetime | None, dict[str, KeptRecord]]:
    """Return what ``database_clock`` and ``find_records`` do, in one statement."""
    if session.get_bind().dialect.name != "postgresql":
        return None, find_records(session, record_ids)
    rows = session.execute(_SELECT_WITH_CLOCK, {"record_ids": list(record_ids)}).all()
    return rows[0][0].astimezone(UTC), {values[0]: KeptRecord(*values) for _, *values in rows if values[0]}


def find_record(session: Session, site_id: int, record_id: str) -> KeptRecord:
    """Return one record of a site; raise ``RecordNotFound``."""
    row = session.get(ConsentRecordRow, record_id)
    if row is None or row.site_id != site_id:
        raise RecordNotFound("This site has no such consent record.")
    return _kept(row)


def records_of_visitor(session: Session, site_id: int, consent_id: str) -> tuple[KeptRecord, ...]:
    """Return the records of one consent id on one site, oldest first."""
    row = ConsentRecordRow
    rows = session.scalars(select(row).where(row.site_id == site_id, row.consent_id == consent_id))
    # Put in order here: SQLite would read every record of the site to have them so.
    return tuple(sorted(map(_kept, rows), key=lambda kept: (kept.recorded_at, kept.record_id)))


def search(session: Session, site_id: int, sought: Sought, limit: int) -> Generator[KeptRecord]:
    """Give at most ``limit`` of the records that are looked for, the newest first; a page is in memory at a time."""
    with session.execute(searching(site_id, sought, limit).execution_options(yield_per=_AT_ONCE)) as found:
        for values in found:
            yield KeptRecord(*values)


def searching(site_id: int, sought: Sought, limit: int) -> Select[*tuple[Any, ...]]:
    """Return the query of ``search``."""
    row = ConsentRecordRow
    query: Select[*tuple[Any, ...]] = select(*(getattr(row, column) for column in _COLUMNS))
    # SQLite does not know how few a code finds: "+ 0" and coalesce keep it from reading every record of the site.
    if sought.record_id_start is None:
        query = query.where(row.site_id == site_id)
    else:
        query = query.where(row.site_id + 0 == site_id)
        # Ids are all of one shape, so that these two hold in every collation.
        given = sought.record_id_start
        low, high = given + _LOWEST[len(given) :], given + _HIGHEST[len(given) :]
        query = query.where(row.record_id >= low, row.record_id <= high)
    if sought.consent_id is not None:
        query = query.where(row.consent_id == sought.consent_id)
    if sought.action is not None:
        query = query.where(row.action == sought.action)
    if sought.start is not None:
        query = query.where(row.recorded_at >= sought.start)
    if sought.stop is not None:
        query = query.where(row.recorded_at < sought.stop)
    if sought.before is not None:
        seen = tuple_(literal(sought.before[0], UtcDateTime), literal(sought.before[1]))
        query = query.where(tuple_(row.recorded_at, row.record_id) < seen)
    order: ColumnElement[datetime] = row.recorded_at.expression
    if sought.record_id_start is not None or sought.consent_id is not None:
        order = func.coalesce(order, order)
    return query.order_by(order.desc(), row.record_id.desc()).limit(limit)


def oldest(session: Session, site_id: int) -> datetime | None:
    """Return when the oldest record of a site was recorded, ``None`` when it has none."""
    row = ConsentRecordRow
    return session.scalar(select(func.min(row.recorded_at)).where(row.site_id == site_id))


def newest(session: Session, site_id: int) -> datetime | None:
    """Return when the newest record of a site was recorded, ``None`` when it has none."""
    row = ConsentRecordRow
    return session.scalar(select(func.max(row.recorded_at)).where(row.site_id == site_id))


def lock_records(session: Session, site_id: int, consent_id: str) -> None:
    """Keep others from removing the records of a visitor meanwhile; SQLite has one writer anyhow."""
    row = ConsentRecordRow
    mine = select(row.record_id).where(row.site_id == site_id, row.consent_id == consent_id)
    session.execute(mine.order_by(func.coalesce(row.record_id, row.record_id)).with_for_update())


def delete_records(session: Session, site_id: int, record_ids: Sequence[str]) -> None:
    """Delete records whole, with their salts and promises."""
    row = ConsentRecordRow
    for start in range(0, len(record_ids), _AT_ONCE):
        some = record_ids[start : start + _AT_ONCE]
        # + 0: else SQLite takes the index of the site, and reads a million records to find five hundred.
        session.execute(delete(row).where(row.site_id + 0 == site_id, row.record_id.in_(some)))


def scrub_record(session: Session, record_id: str) -> None:
    """Forget the personal part and its salt, and the copy that it was looked up by."""
    row = session.get_one(ConsentRecordRow, record_id)
    row.personal = row.personal_salt = row.consent_id = None


def _kept(row: ConsentRecordRow) -> KeptRecord:
    return KeptRecord(**{column: getattr(row, column) for column in _COLUMNS})
