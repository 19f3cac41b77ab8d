"""Consent records as they are kept: canonical texts, salts, commitment, and the promise given for each."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from consent_server.domain.errors import RecordNotFound
from consent_server.storage.database import UtcDateTime
from consent_server.storage.tables import ConsentRecordRow, ProofEntryRow, ProofPendingRow


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
    assurance: int | None = None
    """What was looked at when it came (``domain/assurance.py``); no part of the record."""


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

_ABOUT = timedelta(days=1)
"""How far from its neighbours' time a record is looked for first."""

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
    "assurance",
)


_TABLE = cast(Table, ConsentRecordRow.__table__)
_FIND: Select[*tuple[Any, ...]] = select(*(_TABLE.c[column] for column in _COLUMNS)).where(
    _TABLE.c.record_id.in_(bindparam("record_ids", expanding=True))
)
"""Made once, and of the table: each batch of the recorder asks this, and waits for it."""
_INSERT = insert(_TABLE).inline()
_GIVEN = any_(bindparam("record_ids", type_=ARRAY(String)))
_TAKEN = union_all(
    select(ProofPendingRow.record_id).where(ProofPendingRow.record_id == _GIVEN),
    select(ProofEntryRow.record_id).where(ProofEntryRow.record_id == _GIVEN),
)
_NOW, _ANY = select(literal(1).label("now")).subquery(), _TAKEN.subquery()
_TAKEN_AND_CLOCK = select(func.clock_timestamp(), _ANY.c.record_id).select_from(_NOW.outerjoin(_ANY, true()))


def add_records(session: Session, kept: Sequence[KeptRecord]) -> None:
    """Keep records, in one statement."""
    session.execute(_INSERT, [{column: getattr(each, column) for column in _COLUMNS} for each in kept])


def find_records(session: Session, record_ids: Collection[str]) -> dict[str, KeptRecord]:
    """Return those of the records that are kept, by id, whatever their site."""
    wanted = taken(session, record_ids) if by_month(session) else record_ids
    return _find(session, wanted)


def find_records_now(session: Session, record_ids: Collection[str]) -> tuple[datetime | None, dict[str, KeptRecord]]:
    """Return what ``database_clock`` and ``find_records`` do: in one statement, unless there are any."""
    if not by_month(session):
        return None, find_records(session, record_ids)
    rows = session.execute(_TAKEN_AND_CLOCK, {"record_ids": list(record_ids)}).all()
    known = [record_id for _, record_id in rows if record_id is not None]
    return rows[0][0].astimezone(UTC), _find(session, known)


def newest_time(session: Session) -> datetime | None:
    """Return when the record was made that was inserted last; SQLite alone knows which that is."""
    return session.scalar(select(ConsentRecordRow.recorded_at).order_by(text("rowid DESC")).limit(1))


def _find(session: Session, record_ids: Collection[str]) -> dict[str, KeptRecord]:
    found = session.execute(_FIND, {"record_ids": list(record_ids)}) if record_ids else ()
    return {values[0]: KeptRecord(*values) for values in found}


def by_month(session: Session) -> bool:
    """Return whether records may stand in a table for each month: who looks for an id alone looks in all of them."""
    return session.get_bind().dialect.name == "postgresql"


def taken(session: Session, record_ids: Collection[str]) -> list[str]:
    """Return which of these ids stand in line or have their entry: two looks for each, whatever the months."""
    return [found for found in session.scalars(_TAKEN, {"record_ids": list(record_ids)}) if found is not None]


class Nearby:
    """Finds records by id, those of neighbouring entries after each other: they were recorded at about the same time.

    A first look is taken in the months of those that were found before; only what is not there is looked for in all.
    """

    def __init__(self, session: Session, site_id: int, *columns: str) -> None:
        self._session = session
        self._query: Select[*tuple[Any, ...]] = select(
            *(getattr(ConsentRecordRow, column) for column in ("record_id", "recorded_at", *columns))
        ).where(ConsentRecordRow.site_id + 0 == site_id)
        self._seen: tuple[datetime, datetime] | None = None

    def find(self, record_ids: Sequence[str]) -> dict[str, Any]:
        """Return the rows of those that are there, by id."""
        found: dict[str, Any] = {}
        if self._seen is not None:
            found |= self._look(record_ids, ConsentRecordRow.recorded_at.between(*self._seen))
        if missing := [record_id for record_id in record_ids if record_id not in found]:
            found |= self._look(missing)
        if found:
            times = [row.recorded_at for row in found.values()]
            self._seen = min(times) - _ABOUT, max(times) + _ABOUT
        return found

    def _look(self, record_ids: Sequence[str], *where: ColumnElement[bool]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(record_ids), _AT_ONCE):
            some = record_ids[start : start + _AT_ONCE]
            query = self._query.where(ConsentRecordRow.record_id.in_(some), *where)
            found |= {row.record_id: row for row in self._session.execute(query)}
        return found


def find_record(session: Session, site_id: int, record_id: str) -> KeptRecord:
    """Return one record of a site; raise ``RecordNotFound``."""
    row = session.scalar(select(ConsentRecordRow).where(_is(site_id, record_id)))
    if row is None:
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


def delete_records(session: Session, site_id: int, record_ids: Sequence[str], times: Collection[datetime] = ()) -> None:
    """Delete records whole, with their salts and promises; ``times`` are when they were recorded, if that is known."""
    row = ConsentRecordRow
    # + 0: else SQLite takes the index of the site, and reads a million records to find five hundred.
    these = delete(row).where(row.site_id + 0 == site_id, *_between(times))
    for start in range(0, len(record_ids), _AT_ONCE):
        some = record_ids[start : start + _AT_ONCE]
        session.execute(these.where(row.record_id.in_(some)).execution_options(synchronize_session=False))


def scrub_record(session: Session, site_id: int, record_id: str, times: Collection[datetime] = ()) -> None:
    """Forget the personal part and its salt, and the copy that it was looked up by."""
    session.execute(
        update(ConsentRecordRow)
        .where(_is(site_id, record_id), *_between(times))
        .values(personal=None, personal_salt=None, consent_id=None)
        .execution_options(synchronize_session=False)
    )


def _is(site_id: int, record_id: str) -> ColumnElement[bool]:
    return and_(ConsentRecordRow.record_id == record_id, ConsentRecordRow.site_id == site_id)


def _between(times: Collection[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Say which months are meant, so that no other is looked into."""
    return (ConsentRecordRow.recorded_at.between(min(times), max(times)),) if times else ()


def _kept(row: ConsentRecordRow) -> KeptRecord:
    return KeptRecord(**{column: getattr(row, column) for column in _COLUMNS})
