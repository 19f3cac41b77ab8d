"""Counting answers for the statistics: from the log, by index, each once.

    1  read the entries after the mark, and what their records say          a page of them, no lock held
    2  add them up
    3  begin; move the mark from where it was read to be                    somebody else did → read again from 1
    4  add to the numbers; commit                                           never one without the other

Nothing is counted while it is recorded: all who write would wait for the same few rows. Who reads the statistics adds
what still stands in line. An answer that is erased later stays counted, as a number.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.statistics import (
    FEWEST,
    MOST_PAGES,
    OTHER_PAGES,
    Cell,
    PageCell,
    first_of_month,
    next_month,
    page_of,
    write_answers,
)
from consent_server.services import clock
from consent_server.services.background import Background
from consent_server.services.leading import leading
from consent_server.services.measuring import done
from consent_server.storage import consent_records, proof_log, sites, statistics
from consent_server.storage.database import begin_immediate
from consent_server.storage.statistics import Said

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

PAGE = 5_000
EVERY_S = 20.0


def read_said(said: Iterable[Said], since: date | None = None) -> tuple[Counter[Cell], Counter[PageCell]]:
    """Add up what records say that are of ``since`` or later."""
    cells: Counter[Cell] = Counter()
    pages: Counter[PageCell] = Counter()
    for each in said:
        record = canonical_json.decode(each.record)
        personal = canonical_json.decode(each.personal) if each.personal is not None else {}
        day, answers = date.fromisoformat(record["recorded_at"][:10]), write_answers(record["decisions"])
        if since is not None and day < since:
            continue
        action, language = record["action"], record.get("language") or ""
        cells[Cell(day, record["config_version"], action, language, personal.get("form_factor") or "", answers)] += 1
        pages[PageCell(first_of_month(day), page_of(personal.get("page_url")), action, answers)] += 1
    return cells, pages


def catch_up(sessions: Sessions, site_id: int, seconds: float | None = None) -> bool:
    """Count what the log of a site has more, for ``seconds`` at most; return whether that was all."""
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        if not _count_page(sessions, site_id):
            return True
    return False


def _count_page(sessions: Sessions, site_id: int) -> bool:
    """Count one page; return whether there may be more."""
    with sessions() as session:
        head, mark = proof_log.find_head(session, site_id), statistics.mark(session, site_id)
        stop = min(mark.size + PAGE, head.size if head else 0)
        if stop <= mark.size:
            return False
        cells, pages = read_said(statistics.entries_said(session, site_id, mark.size, stop), mark.since)  # 1, 2
        named = {month: statistics.pages_of_month(session, site_id, month) for month in {cell.month for cell in pages}}
    with sessions() as session:
        begin_immediate(session)
        statistics.open_mark(session, site_id)
        if statistics.move_mark(session, site_id, mark.size, stop):  # 3
            statistics.add_answers(session, site_id, cells)  # 4
            statistics.add_pages(session, site_id, few_names(pages, named))
            session.commit()
    return True


def few_names(pages: Counter[PageCell], named: dict[date, set[str]]) -> Counter[PageCell]:
    """Count pages beyond the most of a month among the others: addresses are sent by whoever likes to."""
    kept: Counter[PageCell] = Counter()
    for cell, count in pages.items():
        names = named.setdefault(cell.month, set())
        if len(names) < MOST_PAGES:
            names.add(cell.page)
        page = cell.page if cell.page in names else OTHER_PAGES
        kept[PageCell(cell.month, page, cell.action, cell.answers)] += count
    return kept


def join_small_pages(sessions: Sessions, site_id: int, today: date) -> None:
    """Forget the names of pages with few answers in months that are over."""
    month = first_of_month(today)
    with sessions() as session:
        mark = statistics.mark(session, site_id)
        session.rollback()
        if mark.size == 0 or (mark.joined is not None and mark.joined >= month):
            return
        begin_immediate(session)
        statistics.join_small_pages(session, site_id, mark.joined, month, FEWEST)
        session.commit()


def begin_again(sessions: Sessions, site_key: str) -> date | None:
    """Forget a site's numbers, so that ``catch_up`` counts it anew; return from which day on, ``None`` for all.

    What is purged cannot be counted again: where numbers are older than the oldest record, months up to that record's
    keep theirs. What was erased one by one is not counted again.
    """
    with sessions() as session:
        begin_immediate(session)
        site = sites.find_site(session, site_key)
        oldest, first = consent_records.oldest(session, site.id), statistics.first_day(session, site.id)
        since = None
        if first is not None and (oldest is None or first < oldest.date()):
            since = next_month((oldest or clock.now()).date())
        statistics.forget_counts(session, site.id, since)
        session.commit()
        return since


class Counting(Background):
    """The thread of one process that keeps the numbers of every site up to date."""

    name = "counter"

    def __init__(self, sessions: Sessions, every: float = EVERY_S) -> None:
        super().__init__()
        self._sessions = sessions
        self._every = every

    def first_pause(self) -> float:
        """Return the time that a server is left to start."""
        return self._every

    def turn(self) -> float:
        """Count what every site has more."""
        try:
            with leading(self._sessions, self.name) as leader:
                if leader:
                    self._count()
                    done(self.name)
        except SQLAlchemyError as error:
            log.error("answers could not be counted: %s", type(error).__name__)
        except Exception:  # a dead counter would leave the statistics where they are
            log.exception("answers could not be counted")
        return self._every

    def _count(self) -> None:
        with self._sessions() as session:
            every = [site.id for site in sites.list_sites(session, archived=True)]
        for site_id in every:
            catch_up(self._sessions, site_id)
            join_small_pages(self._sessions, site_id, clock.now().date())
