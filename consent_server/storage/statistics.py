"""Answers as they are counted: numbers by day, version, language, device and answer, and by month and page.

A row is a number and nobody's: nothing here names a record or a visitor, and nothing is taken away when one is erased.
``counted`` says up to which entry of a site's log its answers are in these numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CursorResult, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from consent_server.domain.statistics import OTHER_PAGES, Cell, PageCell, Shown
from consent_server.storage.consent_records import Nearby
from consent_server.storage.database import Base
from consent_server.storage.tables import (
    AnswerCountRow,
    CountedRow,
    NoticeCountRow,
    PageCountRow,
    ProofEntryRow,
    ProofPendingRow,
)


@dataclass(frozen=True, slots=True)
class Said:
    """The texts of a record that answers are counted from."""

    record: str
    personal: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which answers are asked about; ``None`` is all."""

    version: int | None = None
    language: str | None = None
    form_factor: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which entry answers are counted, from which day on, and before which month small pages are joined."""

    size: int = 0
    since: date | None = None
    joined: date | None = None


# What is not counted yet


def entries_said(session: Session, site_id: int, start: int, stop: int) -> list[Said]:
    """Return what the entries ``[start, stop)`` say whose records are still there."""
    row = ProofEntryRow
    query = select(row.record_id).where(row.site_id == site_id, row.idx >= start, row.idx < stop)
    return _said(session, site_id, session.scalars(query.where(row.record_id.is_not(None))))


def waiting_said(session: Session, site_id: int, limit: int) -> list[Said]:
    """Return what the first records in line say, that have no entry yet."""
    row = ProofPendingRow
    line = select(row.record_id).where(row.site_id == site_id, row.kind == "consent").order_by(row.seq).limit(limit)
    return _said(session, site_id, session.scalars(line))


def _said(session: Session, site_id: int, record_ids: Iterable[str | None]) -> list[Said]:
    ids = [record_id for record_id in record_ids if record_id is not None]
    found = Nearby(session, site_id, "record", "personal").find(ids).values()
    return [Said(row.record, row.personal) for row in found if row.record is not None]


# Counting


def mark(session: Session, site_id: int) -> Mark:
    """Return how far a site is counted."""
    row = CountedRow
    values = session.execute(select(row.size, row.since, row.joined).where(row.site_id == site_id)).one_or_none()
    return Mark(*values) if values else Mark()


def open_mark(session: Session, site_id: int) -> None:
    """Begin to count a site unless it has begun."""
    session.execute(
        _insert(session, CountedRow).values(site_id=site_id, size=0).on_conflict_do_nothing(index_elements=["site_id"])
    )


def move_mark(session: Session, site_id: int, old: int, new: int) -> bool:
    """Move the mark from where it was read to be; False when somebody else did meanwhile."""
    row = CountedRow
    changed: Any = session.execute(
        update(row)
        .where(row.site_id == site_id, row.size == old)
        .values(size=new)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult), "an UPDATE tells how many rows it changed"
    return changed.rowcount == 1


def add_answers(session: Session, site_id: int, counts: Mapping[Cell, int]) -> None:
    """Add to the numbers of answers."""
    rows = [
        {
            "site_id": site_id,
            "day": cell.day,
            "version": cell.version,
            "action": cell.action,
            "language": cell.language,
            "form_factor": cell.form_factor,
            "answers": cell.answers,
            "count": count,
        }
        for cell, count in counts.items()
    ]
    _add(session, AnswerCountRow, rows)


def add_pages(session: Session, site_id: int, counts: Mapping[PageCell, int]) -> None:
    """Add to the numbers of pages."""
    rows = [
        {
            "site_id": site_id,
            "month": cell.month,
            "page": cell.page,
            "action": cell.action,
            "answers": cell.answers,
            "count": count,
        }
        for cell, count in counts.items()
    ]
    _add(session, PageCountRow, rows)


def add_shown(session: Session, counts: Mapping[tuple[int, Shown], int]) -> None:
    """Add to the numbers of notices, of any sites."""
    rows = [
        {
            "site_id": site_id,
            "day": shown.day,
            "version": shown.version,
            "language": shown.language,
            "form_factor": shown.form_factor,
            "count": count,
        }
        for (site_id, shown), count in counts.items()
    ]
    _add(session, NoticeCountRow, rows)


def pages_of_month(session: Session, site_id: int, month: date) -> set[str]:
    """Return the pages that are counted by name in a month."""
    row = PageCountRow
    query = select(row.page).where(row.site_id == site_id, row.month == month).distinct()
    return set(session.scalars(query))


def join_small_pages(session: Session, site_id: int, since: date | None, until: date, fewest: int) -> None:
    """Count pages with few answers in a month that is over among the others, and forget their names."""
    row = PageCountRow
    in_time = (row.site_id == site_id, row.month < until, *((row.month >= since,) if since else ()))
    small = session.execute(
        select(row.month, row.page)
        .where(*in_time, row.page != OTHER_PAGES)
        .group_by(row.month, row.page)
        .having(func.sum(row.count) < fewest)
    ).all()
    for month, page in small:
        this = (row.site_id == site_id, row.month == month, row.page == page)
        found = session.execute(select(row.action, row.answers, row.count).where(*this)).all()
        add_pages(session, site_id, {PageCell(month, OTHER_PAGES, values[0], values[1]): values[2] for values in found})
        session.execute(delete(row).where(*this).execution_options(synchronize_session=False))
    session.execute(
        update(CountedRow)
        .where(CountedRow.site_id == site_id)
        .values(joined=until)
        .execution_options(synchronize_session=False)
    )


def first_day(session: Session, site_id: int) -> date | None:
    """Return the first day that has numbers."""
    row = AnswerCountRow
    return session.scalar(select(func.min(row.day)).where(row.site_id == site_id))


def forget_counts(session: Session, site_id: int, since: date | None) -> None:
    """Forget the numbers from the first day of a month on, all of them without one, and take the mark back."""
    rows: tuple[tuple[type[Base], Any, Any], ...] = (
        (AnswerCountRow, AnswerCountRow.site_id, AnswerCountRow.day),
        (PageCountRow, PageCountRow.site_id, PageCountRow.month),
    )
    for row, of_site, time in rows:
        wanted = delete(row).where(of_site == site_id, *(() if since is None else (time >= since,)))
        session.execute(wanted.execution_options(synchronize_session=False))
    session.execute(
        update(CountedRow)
        .where(CountedRow.site_id == site_id)
        .values(size=0, since=since, joined=since)
        .execution_options(synchronize_session=False)
    )


# Numbers


def days(session: Session, site_id: int, chosen: Chosen) -> dict[date, int]:
    """Return how many answers each day has."""
    row = AnswerCountRow
    query = _chosen(select(row.day, func.sum(row.count)), site_id, chosen).group_by(row.day)
    return {day: int(count) for day, count in session.execute(query)}


def series(session: Session, site_id: int, start: date, stop: date, chosen: Chosen) -> Iterator[tuple[Cell, int]]:
    """Give the numbers of the days ``[start, stop)``; language and device are not told apart."""
    row = AnswerCountRow
    query = _chosen(select(row.day, row.version, row.action, row.answers, func.sum(row.count)), site_id, chosen)
    query = query.where(row.day >= start, row.day < stop).group_by(row.day, row.version, row.action, row.answers)
    for day, version, action, answers, count in session.execute(query):
        yield Cell(day, version, action, "", "", answers), int(count)


def cells(session: Session, site_id: int, start: date, stop: date) -> Iterator[tuple[Cell, int]]:
    """Give the numbers of ``[start, stop)`` as if it were one day: versions, languages and devices told apart."""
    row = AnswerCountRow
    columns = (row.version, row.action, row.language, row.form_factor, row.answers)
    query = select(*columns, func.sum(row.count)).where(row.site_id == site_id, row.day >= start, row.day < stop)
    for version, action, language, form_factor, answers, count in session.execute(query.group_by(*columns)):
        yield Cell(start, version, action, language, form_factor, answers), int(count)


def pages(session: Session, site_id: int, start: date, stop: date) -> Iterator[tuple[PageCell, int]]:
    """Give the numbers of pages of the months ``[start, stop)``, as if they were one."""
    row = PageCountRow
    columns = (row.page, row.action, row.answers)
    query = select(*columns, func.sum(row.count)).where(row.site_id == site_id, row.month >= start, row.month < stop)
    for page, action, answers, count in session.execute(query.group_by(*columns)):
        yield PageCell(start, page, action, answers), int(count)


def shown(session: Session, site_id: int, start: date, stop: date, chosen: Chosen) -> dict[date, int]:
    """Return on how many pages the notice was shown on the days ``[start, stop)`` that have a number."""
    row = NoticeCountRow
    query = select(row.day, func.sum(row.count)).where(row.site_id == site_id, row.day >= start, row.day < stop)
    for name in ("version", "language", "form_factor"):
        value = getattr(chosen, name)
        if value is not None:
            query = query.where(getattr(row, name) == value)
    return {day: int(count) for day, count in session.execute(query.group_by(row.day))}


def _chosen(query: Select[*tuple[Any, ...]], site_id: int, chosen: Chosen) -> Select[*tuple[Any, ...]]:
    row = AnswerCountRow
    query = query.where(row.site_id == site_id)
    for name in ("version", "language", "form_factor"):
        value = getattr(chosen, name)
        if value is not None:
            query = query.where(getattr(row, name) == value)
    return query


def _add(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Add each row's count to that of the row with its key; in one order, so that two who add never lock each other."""
    if not rows:
        return
    key = [column.name for column in table.__table__.primary_key]
    statement = _insert(session, table)
    statement = statement.on_conflict_do_update(
        index_elements=key, set_={"count": table.__table__.c.count + statement.excluded.count}
    )
    session.execute(statement, sorted(rows, key=lambda row: tuple(str(row[name]) for name in key)))


def _insert(session: Session, table: type[Base]) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
