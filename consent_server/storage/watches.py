"""How often sites are scanned, who is warned, and warnings on their way."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consent_server.storage.tables import ScanWarningRow, ScanWatchRow

NEVER, DAILY, WEEKLY, MONTHLY = "never", "daily", "weekly", "monthly"
SCHEDULES = (NEVER, DAILY, WEEKLY, MONTHLY)

MAIL, WEBHOOK = "mail", "webhook"
WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"

AT_ONCE = 20
"""How many are taken in one turn."""


@dataclass(frozen=True)
class Watch:
    """A site's schedule; ``webhook_secret`` is sealed."""

    site_id: int
    schedule: str = NEVER
    next_at: datetime | None = None
    mail_to: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the addresses that are written to."""
        return tuple(filter(None, self.mail_to.split(",")))


@dataclass(frozen=True)
class Word:
    """A word of warning; ``body`` is JSON."""

    id: str
    site_id: int
    scan_id: int
    channel: str
    body: str
    made_at: datetime
    state: str
    tries: int
    next_at: datetime
    trouble: str


def find_watch(session: Session, site_id: int) -> Watch:
    """Return how a site is watched; never, unless somebody asked for it."""
    row = session.get(ScanWatchRow, site_id, populate_existing=True)
    return _watch(row) if row else Watch(site_id)


def put_watch(session: Session, watch: Watch) -> None:
    """Keep how a site is watched."""
    session.merge(ScanWatchRow(**vars(watch)))


def due_watches(session: Session, now: datetime) -> tuple[Watch, ...]:
    """Return what is to be scanned by now, that which waits longest first."""
    query = select(ScanWatchRow).where(ScanWatchRow.next_at <= now).order_by(ScanWatchRow.next_at).limit(AT_ONCE)
    return tuple(_watch(row) for row in session.scalars(query))


def add_warning(session: Session, warning: Word) -> None:
    """Keep a warning that is to go."""
    session.add(ScanWarningRow(**vars(warning)))


def due_warnings(session: Session, now: datetime) -> tuple[Word, ...]:
    """Return what is to go by now, the oldest first."""
    row = ScanWarningRow
    query = select(row).where(row.state == WAITING, row.next_at <= now).order_by(row.next_at).limit(AT_ONCE)
    return tuple(_warning(each) for each in session.scalars(query))


def move_warning(
    session: Session, warning_id: str, state: str, tries: int, next_at: datetime, trouble: str = ""
) -> None:
    """Say what became of a warning."""
    values = {"state": state, "tries": tries, "next_at": next_at, "trouble": trouble[:500]}
    wanted = update(ScanWarningRow).where(ScanWarningRow.id == warning_id).values(**values)
    session.execute(wanted.execution_options(synchronize_session=False))


def list_warnings(session: Session, site_id: int, limit: int) -> tuple[Word, ...]:
    """Return the newest warnings of a site."""
    row = ScanWarningRow
    query = select(row).where(row.site_id == site_id).order_by(row.made_at.desc(), row.id).limit(limit)
    return tuple(_warning(each) for each in session.scalars(query))


def forget_warnings(session: Session, before: datetime) -> None:
    """Forget warnings from before a time, gone or not."""
    old = delete(ScanWarningRow).where(ScanWarningRow.made_at < before)
    session.execute(old.execution_options(synchronize_session=False))


def _watch(row: ScanWatchRow) -> Watch:
    return Watch(**{each.name: getattr(row, each.name) for each in fields(Watch)})


def _warning(row: ScanWarningRow) -> Word:
    return Word(**{each.name: getattr(row, each.name) for each in fields(Word)})
