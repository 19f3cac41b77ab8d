"""One ``Set-Cookie`` header field, read the way browsers read it (RFC 6265bis 5.6), and written with a shorter life.

Only what must change is changed: a field is kept as the characters it came in, and rewriting replaces its lifetime and
nothing else. Browsers differ from the RFC, and a deletion to one is a cookie to another: a life that is not ``plain``
is written again in the one spelling that all of them read alike. Times are seconds since 1970. The banner's twin is
``banner/src/cookie-string.ts``. Knows nothing of consent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

from consent_server.guard.cookie_header import as_browsers_read

LONGEST_ATTRIBUTE = 1024
FOREVER = 10**15
"""Later than any date a cookie can name; what a number too long to read stands for."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DELIMITERS = re.compile(r"[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)", re.ASCII)
_DAY = re.compile(r"(\d{1,2})(?!\d)", re.ASCII)
_YEAR = re.compile(r"(\d{2,4})(?!\d)", re.ASCII)
_PLAIN_MAX_AGE = re.compile(r"-?\d{1,15}\Z", re.ASCII)
_PLAIN_DATE = re.compile(
    r"(?:[A-Za-z]+, )?\d\d?[ -][A-Za-z]{3}[ -](?:\d\d)?\d\d \d\d:\d\d:\d\d(?: GMT| UTC)?\Z", re.ASCII
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r"([+-]?)(\d+)\Z", re.ASCII)


@dataclass(frozen=True)
class SetCookie:
    """One field. ``end`` is as the RFC reads it (None: the browser session); ``latest`` as the laxest browser might.

    ``plain``: no browser reads its life otherwise.
    """

    raw_name: str
    pair: str
    attributes: tuple[str, ...]
    domain: str
    end: float | None
    latest: float | None
    plain: bool = True

    @property
    def name(self) -> str:
        """The name as scripts would read it."""
        return as_browsers_read(self.raw_name)

    def deletes(self, now: float) -> bool:
        """Whether it only takes a cookie away."""
        return self.latest is not None and self.latest <= now

    def ending(self, end: float | None, now: float) -> str:
        """Return the field with another end, or with none: then it goes with the browser session."""
        kept = [each for each in self.attributes if _key(each) not in ("expires", "max-age")]
        if end is not None:
            kept.append(f" Max-Age={max(0, floor(end - now))}")
        return ";".join([self.pair, *kept])


def parse_set_cookie(text: str, now: float) -> SetCookie:
    """Read one field; every text is one, since browsers find a cookie in nearly everything.

    Of a repeated attribute the last valid one counts; ``Max-Age`` wins over ``Expires``.
    """
    pair, *attributes = text.split(";")
    domain = ""
    expires: float | None = None
    max_age: float | None = None
    doubtful: list[float] = []
    lives: list[str] = []
    plain = not _CONTROL.search(text)
    for attribute in attributes:
        key, value = _key(attribute), _value(attribute)
        if key in ("expires", "max-age"):
            lives.append(key)
            plain = plain and _is_plain(key, value)
        if key == "domain":
            domain = value.removeprefix(".").lower()
        elif key == "expires":
            date = parse_cookie_date(value)
            expires = expires if date is None else date
        elif key == "max-age" and (found := _MAX_AGE.match(value)):
            sign, digits = found.groups()
            digits = digits.lstrip("0") or "0"
            at = now + (int(digits) if len(digits) < 16 else FOREVER) * (-1 if sign == "-" else 1)
            if sign == "+" or len(value) > LONGEST_ATTRIBUTE:
                doubtful.append(at)  # Chromium reads a plus, the RFC does not
            else:
                max_age = at
    end = max_age if max_age is not None else expires
    ends = doubtful if end is None else [end, *doubtful]
    plain = plain and len(lives) == len(set(lives))
    return SetCookie(_name(pair), pair, tuple(attributes), domain, end, max(ends, default=None), plain)


def parse_cookie_date(text: str) -> float | None:
    """Read a date by RFC 6265bis 5.1.1, which accepts more and less than any date parser; None: it is no date."""
    clock: tuple[int, int, int] | None = None
    day = month = year = None
    if len(text) > LONGEST_ATTRIBUTE:
        return None
    for token in _DELIMITERS.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := _DAY.match(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if clock is None or day is None or month is None or year is None:
        return None
    hour, minute, second = clock
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp() if year >= 1601 else None
    except ValueError:  # 30 February, 25 o'clock
        return None


def _name(pair: str) -> str:
    """Return the name; ``=_ga=1`` is a cookie without one that reads back as ``_ga=1``, so it is judged as that."""
    return pair.lstrip(" \t=").partition("=")[0].strip(" \t") if "=" in pair.lstrip(" \t=") else ""


def _is_plain(key: str, value: str) -> bool:
    if key == "max-age":
        return bool(_PLAIN_MAX_AGE.match(value))
    return bool(_PLAIN_DATE.match(value)) and parse_cookie_date(value) is not None


def _key(attribute: str) -> str:
    return attribute.partition("=")[0].strip(" \t").lower()


def _value(attribute: str) -> str:
    return attribute.partition("=")[2].strip(" \t")
