"""What was answered on a site, for its owner: rates by purpose, time, configuration, language, device and page.

    1  count what the log has more, within a moment
    2  in one state of the database: the numbers, and what still stands in line
    3  cut time into stretches that have enough answers; the period is made of whole ones
    4  join what is too small to be told by itself

Days are those of UTC. Nothing is known of notices that nobody answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from consent_server.domain.statistics import (
    DAY,
    FEWEST,
    Breakdown,
    Cell,
    PageCell,
    Stretch,
    Tally,
    break_down,
    first_of_month,
    first_of_week,
    next_month,
    stretches,
)
from consent_server.services.counting import Sessions, catch_up, read_said
from consent_server.storage import configurations, consent_records, evidence, sites, statistics
from consent_server.storage.statistics import Chosen

__all__ = ["UNITS", "Answers", "Chosen", "Glance", "Moment", "Release", "Seen", "answers", "glance", "purpose_titles"]

SECONDS = 2.0
"""How long a reader waits for what is not counted yet."""

LINE = 5_000

RECENT = timedelta(days=30)

UNITS: Mapping[str, Callable[[date], date]] = {"day": lambda day: day, "week": first_of_week, "month": first_of_month}


@dataclass(frozen=True)
class Moment:
    """Days ``[start, stop)`` and what was answered in them."""

    start: date
    stop: date
    tally: Tally


@dataclass(frozen=True)
class Release:
    """A configuration, when it was published, and the answers to it in the period; ``None`` when they are too few."""

    version: int
    published_at: datetime
    tally: Tally | None


@dataclass(frozen=True)
class Seen:
    """On how many pages the notice was shown since notices are counted, and how many answers it was given since then.

    A page is not a person: who goes on without an answer is shown the notice on each page.
    """

    since: date
    pages: int
    answers: int

    @property
    def unanswered(self) -> int:
        """How many pages were left without an answer. Who answers twice, in the settings, makes it less than it was."""
        return max(0, self.pages - self.answers)


@dataclass(frozen=True)
class Answers:
    """Everything that is told; ``whole`` is ``None`` when too few answers were chosen for anything to be told."""

    ever: int
    """Answers of the site, of all time and whatever was chosen."""
    start: date | None
    stop: date | None
    whole: Tally | None
    moments: Sequence[Moment]
    releases: Sequence[Release]
    other_releases: Tally | None
    languages: Breakdown
    form_factors: Breakdown
    pages: Breakdown
    """Of whole months, and whatever else was chosen."""
    page_months: tuple[date, date] | None
    current: bool
    """Whether everything that is in the log is counted."""
    seen: Seen | None = None
    """``None`` where notices are not counted: then nobody knows how many were ignored."""


def answers(
    sessions: Sessions,
    site_key: str,
    *,
    start: date | None = None,
    stop: date | None = None,
    unit: str = "day",
    chosen: Chosen | None = None,
) -> Answers:
    """Return what was answered on the days ``[start, stop)``; raises ``SiteNotFound``."""
    with sessions() as session:
        site_id = sites.find_site(session, site_key).id
    current = catch_up(sessions, site_id, SECONDS)  # 1
    with sessions() as session:
        evidence.begin_snapshot(session)  # 2
        return _Reader(session, site_id, chosen or Chosen()).read(start, stop, unit, current)


@dataclass(frozen=True)
class Glance:
    """When somebody last answered, and the share who accept all in ``RECENT``; ``None`` when they are too few."""

    last_at: datetime | None
    accepting: float | None


def glance(session: Session, site_id: int, today: date) -> Glance:
    """Return the least that is told of a site's answers; nothing is counted for it that is not counted yet."""
    mark = statistics.mark(session, site_id)
    said = [
        *statistics.entries_said(session, site_id, mark.size, mark.size + LINE),
        *statistics.waiting_said(session, site_id, LINE),
    ]
    first, last = today - RECENT, today + DAY
    line = ((cell, count) for cell, count in read_said(said, mark.since)[0].items() if first <= cell.day < last)
    tally = _tally((*statistics.series(session, site_id, first, last, Chosen()), *line))
    accepting = tally.rate("accept_all") if tally.noticed >= FEWEST else None
    return Glance(consent_records.newest(session, site_id), accepting)


def purpose_titles(session: Session, site_id: int, language: str) -> dict[str, str]:
    """Return what each purpose that was ever asked for is called, in a language where the site speaks it."""
    titles: dict[str, str] = {}
    for configuration in configurations.list_configurations(session, site_id):
        document = configuration.document
        for purpose in document["purposes"]:
            said = purpose["title"]
            titles[purpose["id"]] = said.get(language) or said[document["default_language"]]
    return titles


class _Reader:
    """The numbers of one site in one state of the database, with what still stands in line."""

    def __init__(self, session: Session, site_id: int, chosen: Chosen) -> None:
        self._session = session
        self._site_id = site_id
        self._chosen = chosen
        said = statistics.waiting_said(session, site_id, LINE)
        self._line, self._line_pages = read_said(said, statistics.mark(session, site_id).since)

    def read(self, start: date | None, stop: date | None, unit: str, current: bool) -> Answers:
        """Read it all."""
        chosen_stretches = [
            each
            for each in stretches(self._days(self._chosen))  # 3
            if (start is None or each.stop > start) and (stop is None or each.start < stop)
        ]
        ever = sum(self._days(Chosen()).values())
        if not chosen_stretches:
            nothing = Breakdown({}, None)
            return Answers(ever, start, stop, None, (), (), None, nothing, nothing, nothing, None, current)
        first, last = chosen_stretches[0].start, chosen_stretches[-1].stop
        cells = self._cells(first, last)
        wanted = [(cell, count) for cell, count in cells if _passes(cell, self._chosen)]
        told = not self._leaves_few(cells)
        releases = self._releases(wanted)
        pages, months = self._pages(first, last)
        return Answers(
            ever=ever,
            start=first,
            stop=last,
            whole=_tally(wanted) if told else None,
            moments=self._moments(chosen_stretches, unit) if told else (),
            releases=releases[0] if told else (),
            other_releases=releases[1] if told else None,
            languages=_by(wanted, lambda cell: cell.language) if told else Breakdown({}, None),
            form_factors=_by(wanted, lambda cell: cell.form_factor) if told else Breakdown({}, None),
            pages=pages,
            page_months=months,
            current=current,
            seen=self._seen(first, last) if told else None,
        )

    def _leaves_few(self, cells: Sequence[tuple[Cell, int]]) -> bool:
        """Whether somebody who takes what was chosen from the same without one condition is left with few answers."""
        counts = [count for cell, count in cells if _passes(cell, self._chosen)]
        if sum(counts) < FEWEST:
            return True
        for name in ("version", "language", "form_factor"):
            if getattr(self._chosen, name) is None:
                continue
            without = replace(self._chosen, **{name: None})
            left = sum(count for cell, count in cells if _passes(cell, without)) - sum(counts)
            if 0 < left < FEWEST:
                return True
        return False

    def _days(self, chosen: Chosen) -> dict[date, int]:
        days = Counter(statistics.days(self._session, self._site_id, chosen))
        for cell, count in self._line.items():
            if _passes(cell, chosen):
                days[cell.day] += count
        return days

    def _cells(self, first: date, last: date) -> list[tuple[Cell, int]]:
        line = ((cell, count) for cell, count in self._line.items() if first <= cell.day < last)
        return [*statistics.cells(self._session, self._site_id, first, last), *line]

    def _moments(self, chosen: Sequence[Stretch], unit: str) -> Sequence[Moment]:
        """Return a row for each unit of time: stretches belong to the one in which they end."""
        begins = UNITS[unit]
        first, last = chosen[0].start, chosen[-1].stop
        by_day: dict[date, Tally] = {}
        line = ((cell, n) for cell, n in self._line.items() if first <= cell.day < last and _passes(cell, self._chosen))
        for cell, count in (*statistics.series(self._session, self._site_id, first, last, self._chosen), *line):
            by_day.setdefault(cell.day, Tally()).add(cell.action, cell.answers, count)
        moments: dict[date, Moment] = {}
        days = iter(sorted(by_day))
        day = next(days, None)
        for stretch in chosen:
            key = begins(stretch.stop - DAY)
            seen = moments.get(key) or Moment(stretch.start, stretch.stop, Tally())
            moments[key] = replace(seen, stop=stretch.stop)
            while day is not None and day < stretch.stop:
                seen.tally.join(by_day[day])
                day = next(days, None)
        return tuple(moments.values())

    def _seen(self, first: date, last: date) -> Seen | None:
        shown = statistics.shown(self._session, self._site_id, first, last, self._chosen)
        if not shown:
            return None
        since = min(shown)
        line = ((cell, n) for cell, n in self._line.items() if since <= cell.day < last and _passes(cell, self._chosen))
        given = _tally((*statistics.series(self._session, self._site_id, since, last, self._chosen), *line))
        return Seen(since, sum(shown.values()), given.noticed)

    def _releases(self, wanted: Iterable[tuple[Cell, int]]) -> tuple[Sequence[Release], Tally | None]:
        told = _by(wanted, lambda cell: cell.version)
        found = configurations.publications(self._session, self._site_id)
        return tuple(Release(version, at, told.groups.get(version)) for version, at in found), told.others

    def _pages(self, first: date, last: date) -> tuple[Breakdown, tuple[date, date]]:
        start, stop = first_of_month(first), next_month(last - DAY)
        groups: dict[str, Tally] = {}
        line = ((cell, count) for cell, count in self._line_pages.items() if start <= cell.month < stop)
        every: Iterable[tuple[PageCell, int]] = (
            *statistics.pages(self._session, self._site_id, start, stop),
            *line,
        )
        for cell, count in every:
            groups.setdefault(cell.page, Tally()).add(cell.action, cell.answers, count)
        return break_down(groups, apart=("",)), (start, stop)


def _passes(cell: Cell, chosen: Chosen) -> bool:
    return (
        chosen.version in (None, cell.version)
        and chosen.language in (None, cell.language)
        and chosen.form_factor in (None, cell.form_factor)
    )


def _tally(cells: Iterable[tuple[Cell, int]]) -> Tally:
    tally = Tally()
    for cell, count in cells:
        tally.add(cell.action, cell.answers, count)
    return tally


def _by(cells: Iterable[tuple[Cell, int]], key: Callable[[Cell], Hashable]) -> Breakdown:
    groups: dict[Hashable, Tally] = {}
    for cell, count in cells:
        groups.setdefault(key(cell), Tally()).add(cell.action, cell.answers, count)
    return break_down(groups)
