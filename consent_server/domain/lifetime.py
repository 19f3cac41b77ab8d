"""How long a tracker may live: what its vendor declares, and what we apply.

Durations are ISO 8601 (``P13M``, ``P2Y``, ``PT24H``) or ``session``. Months and years are calendar months and
years when a start date is known; without one, a month counts 30.436875 days (the mean Gregorian month), which only
serves to decide whether the cap applies. The cap itself is in seconds (DUR-01).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from consent_server.domain.errors import Invalid

MAX_LIFETIME_SECONDS = 33_955_200
"""393 days: the largest whole-day constant that never exceeds 13 calendar months (standards 1.8)."""

MAX_LIFETIME = "P13M"

SESSION = "session"

_LONGEST = {"Y": 100, "M": 1200, "W": 5200, "D": 36500, "H": 876000, "m": 52560000, "S": 3153600000}

_DURATION = re.compile(
    r"P(?=.)(?:(?P<Y>\d{1,10})Y)?(?:(?P<M>\d{1,10})M)?(?:(?P<W>\d{1,10})W)?(?:(?P<D>\d{1,10})D)?"
    r"(?:T(?=.)(?:(?P<H>\d{1,10})H)?(?:(?P<m>\d{1,10})M)?(?:(?P<S>\d{1,10})S)?)?\Z",
    re.ASCII,
)

_MEAN_MONTH_SECONDS = 2_629_746
_DAY = 86_400


@dataclass(frozen=True)
class Lifetime:
    """A declared lifetime: calendar months plus seconds, or the browser session when ``is_session``."""

    text: str
    months: int = 0
    seconds: int = 0
    is_session: bool = False

    @property
    def nominal_seconds(self) -> int:
        """Length in seconds with mean months; 0 for the browser session."""
        return self.months * _MEAN_MONTH_SECONDS + self.seconds

    @property
    def capped(self) -> bool:
        """Whether we apply less than what is declared: more than 13 calendar months, or more than 393 days.

        Exactly 13 calendar months is not "capped": no visitor is told of a difference of a few days (DUR-02).
        """
        if self.is_session:
            return False
        if self.seconds == 0:
            return self.months > 13
        return self.nominal_seconds > MAX_LIFETIME_SECONDS

    @property
    def applied_seconds(self) -> int:
        """Longest life we allow, in seconds from the first write; 0 for the browser session (DUR-01)."""
        return min(self.nominal_seconds, MAX_LIFETIME_SECONDS)

    @property
    def applied(self) -> str:
        """The applied lifetime as text: the declared one, or ``P13M`` when capped."""
        return MAX_LIFETIME if self.capped else self.text

    def end(self, start: datetime) -> datetime:
        """Return when a tracker written at ``start`` must be gone, the cap applied, by calendar arithmetic."""
        declared = add_months(start, self.months) + timedelta(seconds=self.seconds)
        return min(declared, start + timedelta(seconds=MAX_LIFETIME_SECONDS))


def parse_lifetime(text: str) -> Lifetime:
    """Read an ISO 8601 duration or ``session``; raise ``Invalid`` with what is wrong."""
    if text == SESSION:
        return Lifetime(text, is_session=True)
    match = _DURATION.match(text)
    if not match:
        raise Invalid.because(
            f"“{text[:60]}” is not a duration: write ISO 8601, such as P13M, P2Y, P30D or PT24H, or “session”."
        )
    parts = {unit: int(digits) for unit, digits in match.groupdict().items() if digits is not None}
    if any(number > _LONGEST[unit] for unit, number in parts.items()):
        raise Invalid.because(f"“{text[:60]}” is longer than a hundred years.")
    lifetime = Lifetime(
        text,
        months=12 * parts.get("Y", 0) + parts.get("M", 0),
        seconds=_DAY * (7 * parts.get("W", 0) + parts.get("D", 0))
        + 3600 * parts.get("H", 0)
        + 60 * parts.get("m", 0)
        + parts.get("S", 0),
    )
    if lifetime.nominal_seconds == 0:
        raise Invalid.because(f"“{text[:60]}” lasts no time at all: write “session” for a session cookie.")
    return lifetime


def add_months(start: datetime, months: int) -> datetime:
    """Return the same day ``months`` calendar months later, clamped to the end of the month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
