"""Making the tables that the records of coming months will stand in, ahead of time: on PostgreSQL.

A month that nobody made is no loss: its records stand among the others, and move when it is made. Each month is a
transaction of its own, so that what is killed goes on from there; of two who make months, one leaves it to the other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.statistics import first_of_month, next_month
from consent_server.services import clock
from consent_server.services.background import Background
from consent_server.services.measuring import MONTHS_AHEAD, MONTHS_STRAYS, done
from consent_server.storage import months
from consent_server.storage.database import database_clock

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

AHEAD = 3
EVERY_S = 3_600.0
AGAIN_S = 30.0
MOST_COUNTED = 1_000
TABLE = "consent_record"


def make_months(sessions: Sessions, now: datetime) -> list[date]:
    """Make what is missing of this month and the next ``AHEAD``; return the first day of each that was made."""
    made = []
    while (month := _make_one(sessions, now)) is not None:
        made.append(month)
    return made


def _make_one(sessions: Sessions, now: datetime) -> date | None:
    with sessions() as session:
        if not months.months(session) or not months.try_lock(session):
            return None
        every = months.months(session)
        wanted = _wanted((database_clock(session) or now).date())
        missing = [first for first in wanted if months.uncovered(every, first)]
        _measure(session, sum(not months.uncovered(every, first) for first in wanted[1:]))
        if not missing:
            return None
        months.make_month(session, missing[0])
        session.commit()
        return missing[0]


def _wanted(today: date) -> list[date]:
    found = [first_of_month(today)]
    for _ in range(AHEAD):
        found.append(next_month(found[-1]))
    return found


def _measure(session: Session, ahead: int) -> None:
    strays = months.count_others(session, MOST_COUNTED)
    MONTHS_AHEAD.labels(TABLE).set(ahead)
    MONTHS_STRAYS.labels(TABLE).set(strays)
    if strays:
        log.warning("records stand in no month's table (%d): a clock is wrong, or months were made too late", strays)


class MonthMaker(Background):
    """The thread of one process that makes months, at its start and then now and again."""

    name = "months"

    def __init__(self, sessions: Sessions, every: float = EVERY_S) -> None:
        super().__init__()
        self._sessions = sessions
        self._every = every

    def first_pause(self) -> float:
        """Return at once: a server that stood still for long may have no month for now."""
        return 0.0

    def turn(self) -> float:
        """Make what is missing."""
        try:
            for month in make_months(self._sessions, clock.now()):
                log.info("the records of %s have their table", f"{month:%Y-%m}")
            done(self.name)
        except SQLAlchemyError as error:
            log.error("the table of a month could not be made: %s", type(error).__name__)
            return AGAIN_S
        except Exception:  # a dead maker would leave every month to come without a table
            log.exception("the table of a month could not be made")
            return AGAIN_S
        return self._every
