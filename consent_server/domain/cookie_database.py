"""Reading the CSV of the Open Cookie Database: names, durations and companies as somebody suggests them (CAT-05).

It is written by many people and has mistakes, so nothing here is a fact and little is refused: a row without a usable
name is left out, a field that cannot be read is left empty, and both are told with their row. Not known here: where it
is kept.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import SESSION, parse_lifetime
from consent_server.domain.name_pattern import parse_name_pattern
from consent_server.domain.purpose import NECESSARY

MOST_ROWS = 50_000

PURPOSES = {
    "functional": "preferences",
    "personalization": "preferences",
    "analytics": "audience",
    "marketing": "marketing",
    "security": NECESSARY,
    "necessary": NECESSARY,
}
"""Their categories in our words. “Functional” mixes what is exempt with what is not: the word alone exempts nothing."""

_NAME = "Cookie / Data Key name"
_COLUMNS = (
    "ID",
    "Platform",
    "Category",
    _NAME,
    "Domain",
    "Description",
    "Retention period",
    "Data Controller",
    "User Privacy & GDPR Rights Portals",
    "Wildcard match",
)

_UNITS = {
    "second": "PT{}S",
    "minute": "PT{}M",
    "hour": "PT{}H",
    "day": "P{}D",
    "week": "P{}W",
    "month": "P{}M",
    "year": "P{}Y",
}
_SHORT = {"sec": "second", "min": "minute"}
_LENGTH = re.compile(r"(\d{1,6}) ?(second|sec|minute|min|hour|day|week|month|year)s?\Z", re.ASCII)
_QUALIFIER = re.compile(
    r" (?:after (?:the )?last (?:activity|visit)|from set ?/ ?update|by default(?:, modifiable)?)\Z"
)
_SESSION = re.compile(r"sessions?|session cookie|browser session|end of session(?: \(browser\))?")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\Z")
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#\"<>]+\.[^\s\"<>]+\Z", re.I)
_LONGEST = 2_000


@dataclass(frozen=True)
class Suggestion:
    """What the database says of one name. ``lifetime`` is ISO 8601 or ``session``; ``None`` is unknown everywhere."""

    source_id: str
    name: str
    kind: str
    platform: str
    vendor: str
    category: str
    purpose: str | None
    domain: str | None
    lifetime: str | None
    description: str
    policy_url: str | None

    @property
    def is_pattern(self) -> bool:
        """Whether the name stands for several."""
        return "*" in self.name


@dataclass(frozen=True)
class RowProblem:
    """What could not be read. ``row`` counts as a spreadsheet does: the heading is row 1."""

    row: int
    reason: str


@dataclass(frozen=True)
class CookieDatabase:
    """The suggestions of one file, how many rows it had, and what could not be read."""

    suggestions: tuple[Suggestion, ...]
    rows: int
    problems: tuple[RowProblem, ...]


def parse_cookie_database(text: str) -> CookieDatabase:
    """Read the CSV; raise ``Invalid`` only when it is not one, or is unreasonably long."""
    suggestions: dict[str, Suggestion] = {}
    problems: list[RowProblem] = []
    rows = 0
    for number, row in _rows(text):
        rows += 1
        if isinstance(row, str):
            problems.append(RowProblem(number, row))
            continue
        suggestion, reasons = _suggestion(row)
        if suggestion and suggestion.source_id in suggestions:
            suggestion, reasons = None, ["Another row has the same id; the first is kept."]
        problems.extend(RowProblem(number, reason) for reason in reasons)
        if suggestion:
            suggestions[suggestion.source_id] = suggestion
    return CookieDatabase(tuple(suggestions.values()), rows, tuple(problems))


def parse_retention(text: str) -> str | None:
    """Return “2 years”, “30 mins” or “Session” as a lifetime; ``None`` when it gives no single length."""
    plain = _QUALIFIER.sub("", " ".join(text.casefold().split()))
    if _SESSION.fullmatch(plain):
        return SESSION
    match = _LENGTH.match(plain)
    if not match:
        return None
    number, unit = match.groups()
    lifetime = _UNITS[_SHORT.get(unit, unit)].format(int(number))
    try:
        parse_lifetime(lifetime)
    except Invalid:
        return None
    return lifetime


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each row's number, and its cells by column or why it cannot be read."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        heading = [cell.strip() for cell in next(reader, [])]
    except csv.Error:
        heading = []
    missing = [column for column in _COLUMNS if column not in heading]
    if missing:
        raise Invalid.because(f"This is not the Open Cookie Database: it has no column “{missing[0]}”.")
    number = 1
    while True:
        number += 1
        if number > MOST_ROWS:
            raise Invalid.because(f"A cookie database has at most {MOST_ROWS} rows.")
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield number, f"This is not a row of a CSV file: {wrong}."
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            yield number, f"The row has {len(cells)} cells, the heading {len(heading)}."
            continue
        yield number, dict(zip(heading, cells, strict=True))


def _suggestion(row: Mapping[str, str]) -> tuple[Suggestion | None, list[str]]:
    """Return the row as a suggestion, and what in it could not be read."""
    cells = {column: _clean(row[column]) for column in _COLUMNS}
    name = cells[_NAME]
    if cells["Wildcard match"] == "1" and "*" not in name:
        name += "*"
    try:
        parse_name_pattern(name)
    except Invalid as wrong:
        return None, [f"Left out: {wrong}"]
    reasons: list[str] = []
    suggestion = Suggestion(
        source_id=cells["ID"][:200] or "|".join((cells["Platform"], name, cells["Domain"]))[:200],
        name=name,
        kind="local_storage" if cells["Retention period"].casefold() == "local storage" else "cookie",
        platform=cells["Platform"],
        vendor=cells["Data Controller"],
        category=cells["Category"],
        purpose=_purpose(cells["Category"], reasons),
        domain=_domain(cells["Domain"], reasons),
        lifetime=_lifetime(cells["Retention period"], reasons),
        description=cells["Description"],
        policy_url=_policy_url(cells["User Privacy & GDPR Rights Portals"], reasons),
    )
    return suggestion, reasons


def _clean(text: str) -> str:
    """Return ``text`` without control and invisible characters (the real file has some), in one line, bounded."""
    visible = (c for c in " ".join(text.split()) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return "".join(visible).strip()[:_LONGEST]


def _purpose(category: str, reasons: list[str]) -> str | None:
    purpose = PURPOSES.get(category.casefold())
    if purpose is None:
        reasons.append(f"Category “{category[:60]}” is not known.")
    return purpose


def _domain(text: str, reasons: list[str]) -> str | None:
    """Return the host of “.example.com (3rd party)”; the first one when there are several."""
    stated = re.sub(r"\((?:1st|3rd) party\)", " ", text.casefold())
    hosts = [host for word in re.split(r"[\s,;]+", stated) if (host := word.strip(".")) not in {"", "or"}]
    if not hosts:
        return None
    if not _HOST.match(hosts[0]):
        reasons.append(f"Domain “{text[:60]}” is not a host.")
        return None
    if len(hosts) > 1:
        reasons.append(f"Domain “{text[:60]}” names several hosts; the first is kept.")
    return hosts[0]


def _lifetime(text: str, reasons: list[str]) -> str | None:
    lifetime = parse_retention(text)
    if lifetime is None and text:
        reasons.append(f"Retention “{text[:80]}” is not one length of time.")
    return lifetime


def _policy_url(text: str, reasons: list[str]) -> str | None:
    if not text or _WEB_ADDRESS.match(text):
        return text or None
    reasons.append(f"“{text[:80]}” is not a web address.")
    return None
