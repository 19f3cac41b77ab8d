"""The catalogue as a table: one row per tracker, what can be said of it, and which rows somebody asked for.

A row's id names the tracker, its revision what the editor saw of it: who changes a row says both. Not known here: how a
row is shown, nor how a change gets into the draft (``catalogue_edits.py``).
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from consent_server.domain.catalogue import NAMELESS_KINDS, Catalogue
from consent_server.domain.exemption import Exemption, conditions_of
from consent_server.domain.tracker import OWN_SITE, Service, Tracker

STORED_IN_TAB = "session_storage"

FLAGS = ("unclassified", "exempt", "unconfirmed", "over", "undescribed")


@dataclass(frozen=True)
class Enforcement:
    """What can hold a tracker's lifetime: our script in the page, the guard on the site's own server (DUR-05 to 07).

    ``reason`` says why not, or what is left to the other: one of the words below, for the page to put into a sentence.
    """

    browser: bool
    guard: bool
    reason: str


ENDS_WITH_TAB = Enforcement(True, False, "ends_with_tab")
NOTHING_STORED = Enforcement(False, False, "nothing_stored")
ELSEWHERE = Enforcement(False, False, "elsewhere")
SCRIPT = Enforcement(True, True, "script")
SWEPT = Enforcement(True, False, "swept")
SERVER = Enforcement(True, True, "server")
HTTP_ONLY = Enforcement(False, True, "http_only")
UNKNOWN_SETTER = Enforcement(True, True, "unknown_setter")


@dataclass(frozen=True)
class Row:
    """A tracker with its service; ``at`` is where it stands in the draft: number of the service, number in it.

    ``untold`` are the languages of the site in which no visitor could read what it does.
    """

    service: Service
    tracker: Tracker
    at: tuple[int, int]
    id: str
    untold: tuple[str, ...] = ()

    @cached_property
    def revision(self) -> str:
        """What the row says, as a short digest: equal means that nobody changed it."""
        return _digest(write_tracker(self.tracker))

    @property
    def unclassified(self) -> bool:
        """Whether nobody has said what it is for (CAT-01)."""
        return self.tracker.purpose is None

    @property
    def exempt(self) -> bool:
        """Whether it needs no consent."""
        return self.tracker.exemption is not None

    @property
    def unconfirmed(self) -> bool:
        """Whether it is exempt and nobody has confirmed every condition: the library proposes, people decide."""
        exemption = self.tracker.exemption
        return exemption is not None and not all(map(exemption.conditions.get, conditions_of(exemption.ground)))

    @property
    def over(self) -> bool:
        """Whether its vendor declares more than we allow."""
        return self.tracker.lifetime is not None and self.tracker.lifetime.capped

    @property
    def undescribed(self) -> bool:
        """Whether some visitors cannot read what it does."""
        return bool(self.untold)

    @property
    def enforcement(self) -> Enforcement:
        """Where its lifetime is enforced."""
        return enforcement_of(self.tracker)

    @property
    def applied(self) -> str | None:
        """The lifetime that we apply; None when nobody states one, or nothing of ours can enforce it (DUR-03)."""
        lifetime, enforced = self.tracker.lifetime, self.enforcement
        return lifetime.applied if lifetime and (enforced.browser or enforced.guard) else None


def enforcement_of(tracker: Tracker) -> Enforcement:
    """Return where a tracker's lifetime is enforced, and where it cannot be (DUR-06)."""
    if tracker.kind in NAMELESS_KINDS:
        return NOTHING_STORED
    if tracker.domain != OWN_SITE:
        return ELSEWHERE
    if tracker.kind == STORED_IN_TAB:
        return ENDS_WITH_TAB
    if tracker.kind != "cookie":
        return SWEPT
    if tracker.http_only:
        return HTTP_ONLY
    return {"script": SCRIPT, "http": SERVER}.get(tracker.set_by or "", UNKNOWN_SETTER)


def rows_of(catalogue: Catalogue) -> tuple[Row, ...]:
    """Return a row for every tracker, as they stand in the draft."""
    rows = []
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for at, service in enumerate(catalogue.services):
        for number, tracker in enumerate(service.trackers):
            key = (service.id, tracker.kind, tracker.name, tracker.domain)
            untold = tuple(language for language in catalogue.languages if language not in tracker.description)
            rows.append(Row(service, tracker, (at, number), _digest([*key, seen[key]]), untold))
            seen[key] += 1
    return tuple(rows)


def find_row(catalogue: Catalogue, row_id: str) -> Row | None:
    """Return the row of that id, or ``None``."""
    return next((row for row in rows_of(catalogue) if row.id == row_id), None)


def service_revision(service: Service) -> str:
    """Return what a service says apart from its trackers, as a short digest."""
    return _digest(
        [service.id, service.name, service.vendor, service.purpose, service.policy_url, *service.url_patterns]
    )


@dataclass(frozen=True)
class Query:
    """Which rows somebody wants to see, and in which order; empty is all of them."""

    search: str = ""
    purpose: str = ""
    vendor: str = ""
    kind: str = ""
    only: str = ""
    sort: str = "service"
    descending: bool = False


_ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: plain(row.tracker.name),
    "service": lambda row: plain(row.service.name),
    "vendor": lambda row: plain(row.service.vendor),
    "purpose": lambda row: row.tracker.purpose or "",
    "kind": lambda row: row.tracker.kind,
    "lifetime": lambda row: row.tracker.lifetime.nominal_seconds if row.tracker.lifetime else -1,
}

SORTS = tuple(_ORDERS)


def chosen(rows: Iterable[Row], query: Query) -> tuple[Row, ...]:
    """Return the rows that a query asks for; what is unclassified stands first in every order."""
    found = [row for row in rows if _wanted(row, query)]
    found.sort(key=lambda row: (plain(row.service.name), plain(row.tracker.name), row.at))
    found.sort(key=_ORDERS.get(query.sort, _ORDERS["service"]), reverse=query.descending)
    found.sort(key=lambda row: not row.unclassified)
    return tuple(found)


def _wanted(row: Row, query: Query) -> bool:
    return (
        (not query.purpose or row.tracker.purpose == query.purpose)
        and (not query.vendor or row.service.vendor == query.vendor)
        and (not query.kind or row.tracker.kind == query.kind)
        and (query.only not in FLAGS or bool(getattr(row, query.only)))
        and _says(row, query.search)
    )


def _says(row: Row, search: str) -> bool:
    """Return whether every word that is looked for stands somewhere in the row."""
    tracker, service = row.tracker, row.service
    said = plain(" ".join([tracker.name, tracker.domain, service.name, service.vendor, *tracker.description.values()]))
    return all(word in said for word in plain(search).split())


def plain(text: str) -> str:
    """Return a text as people look for it: without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def write_tracker(tracker: Tracker) -> dict[str, Any]:
    """Return a tracker as a site file says it, with nothing left to be inherited."""
    written: dict[str, Any] = {
        "name": tracker.name,
        "kind": tracker.kind,
        "domain": tracker.domain,
        "purpose": tracker.purpose,
        "declared_lifetime": tracker.lifetime.text if tracker.lifetime else None,
        "exemption": write_exemption(tracker.exemption),
        "description": dict(tracker.description),
    }
    if tracker.set_by:
        written["set_by"] = tracker.set_by
    return {**written, "http_only": True} if tracker.http_only else written


def write_exemption(exemption: Exemption | None) -> dict[str, Any] | None:
    """Return an exemption as a site file says it."""
    return {key: value for key, value in asdict(exemption).items() if value} if exemption else None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
