"""How answers are counted, and which groups are large enough to be told about. Knows no record and no page.

What is counted are answers, not people: who answers twice counts twice. A group (of a day, a language, a page) of fewer
than ``FEWEST`` answers is never told by itself: it is told together with others, so many that nobody can take the large
ones from the whole and be left with a small one. How many answers there are is no secret; what they say is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar
from urllib.parse import unquote, urlsplit

FEWEST = 10
"""Answers that a group has at least, to be told by itself."""

IN_THE_NOTICE = ("accept_all", "refuse_all", "custom")
"""What is answered in the notice; rates are of these alone. A withdrawal or a signal is nobody being asked."""

DAY = timedelta(days=1)

LONGEST_ANSWERS = 1_500
"""Characters of answers that an index can hold; a site with more purposes is counted without them."""

MOST_PAGES = 1_000
"""Pages of one month that are counted by name."""

LONGEST_PAGE = 120
OTHER_PAGES = ""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Cell:
    """Everything by which answers are counted; ``answers`` is that of ``write_answers``, unknown texts are empty."""

    day: date
    version: int
    action: str
    language: str
    form_factor: str
    answers: str


@dataclass(frozen=True, slots=True)
class PageCell:
    """Pages are counted by themselves, and by month: a page with a day and a device could be one person."""

    month: date
    page: str
    action: str
    answers: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything by which notices are counted that were shown to somebody who had not answered."""

    day: date
    version: int
    language: str
    form_factor: str


@dataclass
class Tally:
    """Answers of one group: by action, and by purpose those who said yes and those who were asked in the notice."""

    count: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    granted: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    def add(self, action: str, answers: str, count: int) -> None:
        """Count answers that say the same."""
        self.count += count
        self.actions[action] += count
        if action not in IN_THE_NOTICE:
            return
        for answer in answers.split():
            self.asked[answer[1:]] += count
            if answer[0] == "+":
                self.granted[answer[1:]] += count

    def join(self, other: Tally) -> None:
        """Count what another group says as well."""
        self.count += other.count
        self.actions += other.actions
        self.granted += other.granted
        self.asked += other.asked

    @property
    def noticed(self) -> int:
        """How many answered in the notice: the denominator of ``rate``."""
        return sum(self.actions[action] for action in IN_THE_NOTICE)

    def rate(self, action: str) -> float | None:
        """Return the share of an action among what was answered in the notice."""
        return self.actions[action] / self.noticed if self.noticed else None

    def consent_rate(self, purpose: str) -> float | None:
        """Return the share of those who said yes to a purpose among those who were asked for it."""
        return self.granted[purpose] / self.asked[purpose] if self.asked[purpose] else None


@dataclass(frozen=True)
class Breakdown:
    """Groups that are large enough, and all the others together; ``others`` is ``None`` when there are none."""

    groups: Mapping[Hashable, Tally]
    others: Tally | None


@dataclass(frozen=True)
class Stretch:
    """Days ``[start, stop)`` in a row that together have enough answers to be told about."""

    start: date
    stop: date
    count: int


def write_answers(decisions: Mapping[str, bool]) -> str:
    """Return decisions as one text, ``+audience -marketing``: the same for the same answers."""
    text = " ".join(f"{'+' if decisions[purpose] else '-'}{purpose}" for purpose in sorted(decisions))
    return text if len(text) <= LONGEST_ANSWERS else ""


def break_down(groups: Mapping[Key, Tally], *, apart: Iterable[Key] = ()) -> Breakdown:
    """Join the small groups until they are large enough together; ``apart`` are to be joined whatever their size."""
    small = set(apart) & set(groups) | {key for key, tally in groups.items() if tally.count < FEWEST}
    hidden = sum(groups[key].count for key in small)
    for key in sorted(set(groups) - small, key=lambda key: groups[key].count):
        if hidden == 0 or hidden >= FEWEST:
            break
        small.add(key)
        hidden += groups[key].count
    others = Tally()
    for key in small:
        others.join(groups[key])
    return Breakdown({key: groups[key] for key in groups if key not in small}, others if hidden else None)


def stretches(days: Mapping[date, int]) -> list[Stretch]:
    """Cut time where enough answers have come together, from the first day on.

    Cuts only ever come after those that are there: whatever two periods made of stretches somebody compares, what lies
    between them is made of stretches, too. Days at the end that are still too few belong to none.
    """
    found: list[Stretch] = []
    start, count = None, 0
    for day in sorted(days):
        start, count = start or day, count + days[day]
        if count >= FEWEST:
            found.append(Stretch(start, day + DAY, count))
            start, count = None, 0
    return found


def page_of(url: str | None) -> str:
    """Return the path of a page as it is counted: parts that may be somebody's (numbers, codes) are ``*``."""
    try:
        path = unquote(urlsplit(url or "").path)
    except ValueError:
        return OTHER_PAGES
    parts = ["*" if _is_personal(part) else part for part in path.split("/")]
    page = "/".join(parts)
    return page if 0 < len(page) <= LONGEST_PAGE and page.isprintable() else OTHER_PAGES


_LONG_CODE = re.compile(r"[0-9a-fA-F-]{16,}\Z|[^-_. ]{32,}\Z")


def _is_personal(part: str) -> bool:
    return "@" in part or sum(map(str.isdigit, part)) >= 5 or _LONG_CODE.match(part) is not None


def first_of_month(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def first_of_week(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return first_of_month(first_of_month(day) + timedelta(days=31))
