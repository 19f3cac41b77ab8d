"""The catalogue's rows as a CSV file, and what a file that is read would change.

A file of rows adds and changes; it removes nothing. A line is the tracker of the same kind, name and domain, wherever
that is; an unknown one goes to the service that the line names, or to the site's own. A column that is not in the file
leaves what it is about alone, an empty cell says that there is nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import write_trackers
from consent_server.domain.catalogue_rows import Row, rows_of, service_revision, write_exemption, write_tracker
from consent_server.domain.errors import Invalid
from consent_server.domain.spreadsheet import read_csv, write_csv

OWN_SERVICE = "own-cookies"

_SERVICE = ("service", "service_name", "vendor")
_PLAIN = ("name", "kind", "domain", "purpose", "declared_lifetime", "set_by", "http_only")
_EXEMPTION = ("ground", "author", "decided_at", "conditions")

YES = "yes"


def columns_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the columns of a catalogue's file; texts have one per language."""
    texts = [f"{text}_{language}" for text in ("justification", "description") for language in catalogue.languages]
    return (*_SERVICE, *_PLAIN, *_EXEMPTION, *texts)


def write_rows(catalogue: Catalogue) -> str:
    """Return every row as a CSV file."""
    return write_csv(columns_of(catalogue), map(_line, rows_of(catalogue)))


def _line(row: Row) -> dict[str, str]:
    written = write_tracker(row.tracker)
    exemption = written["exemption"] or {}
    cells = {key: str(written.get(key) or "") for key in _PLAIN}
    cells |= {"service": row.service.id, "service_name": row.service.name, "vendor": row.service.vendor}
    cells |= {key: exemption.get(key, "") for key in ("ground", "author", "decided_at")}
    cells["http_only"] = YES if row.tracker.http_only else ""
    cells["conditions"] = " ".join(key for key, holds in exemption.get("conditions", {}).items() if holds)
    for text, values in (
        ("justification", exemption.get("justification", {})),
        ("description", written["description"]),
    ):
        cells |= {f"{text}_{language}": said for language, said in values.items()}
    return cells


def merge_rows(
    document: Mapping[str, Any], catalogue: Catalogue, text: str, check: Callable[[Any], Catalogue]
) -> dict[str, Any]:
    """Return the draft with the lines of a CSV file in it; raise ``Invalid`` with every mistake under its line."""
    known = columns_of(catalogue)
    changed = copy.deepcopy(dict(document))
    services = changed.setdefault("services", [])
    by_key = {_key(write_tracker(row.tracker)): row for row in rows_of(catalogue)}
    at = {service.id: number for number, service in enumerate(catalogue.services)}
    lines: dict[str, int] = {}
    for number, cells in read_csv(text, known, ("name",)):
        row = by_key.get(_key(cells))
        if row:
            service, place = row.at
            if services[service].get("trackers") is None:
                services[service]["trackers"] = write_trackers(catalogue.services[service])
            services[service]["trackers"][place] = _tracker(cells, write_tracker(row.tracker))
        else:
            service = _service_for(cells, services, at, catalogue)
            place = len(services[service]["trackers"])
            services[service]["trackers"].append(_tracker(cells, {}))
        lines[f"services.{service}.trackers.{place}"] = number
    try:
        check(changed)
    except Invalid as invalid:
        raise _by_line(invalid, lines) from None
    return changed


def _key(tracker: Mapping[str, Any]) -> tuple[str, str, str]:
    return tracker["name"], tracker.get("kind") or "cookie", tracker.get("domain") or "site"


def _service_for(
    cells: Mapping[str, str], services: list[dict[str, Any]], at: dict[str, int], catalogue: Catalogue
) -> int:
    """Return where the line's service stands, made if need be, with its trackers written out."""
    service_id = cells.get("service") or OWN_SERVICE
    if service_id not in at:
        at[service_id] = len(services)
        services.append(
            {
                "id": service_id,
                "name": cells.get("service_name") or catalogue.name,
                "vendor": cells.get("vendor") or catalogue.name,
                "purpose": None,
                "trackers": [],
            }
        )
    number = at[service_id]
    if services[number].get("trackers") is None:
        services[number]["trackers"] = write_trackers(catalogue.services[number])
    return number


def _tracker(cells: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(before)
    written |= {key: cells[key] or None for key in _PLAIN if key in cells and key != "http_only"}
    if "http_only" in cells:
        written["http_only"] = cells["http_only"].strip().lower() in (YES, "oui", "true", "1", "x")
    for key in ("kind", "domain", "set_by", "http_only"):
        if not written.get(key):
            written.pop(key, None)
    said = _texts(cells, "description", written.get("description") or {})
    if said is not None:
        written["description"] = said
    if "ground" in cells:
        written["exemption"] = _exemption(cells, written.get("exemption") or {}) if cells["ground"] else None
    return written


def _exemption(cells: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    found = {**before, "ground": cells["ground"]}
    found |= {key: cells[key] for key in ("author", "decided_at") if cells.get(key)}
    if "conditions" in cells:
        found["conditions"] = dict.fromkeys(cells["conditions"].split(), True)
    found["justification"] = _texts(cells, "justification", before.get("justification") or {}) or {}
    return found


def _texts(cells: Mapping[str, str], name: str, before: Mapping[str, str]) -> dict[str, str] | None:
    """Return language → text, ``None`` when the file has no such column."""
    given = {key.removeprefix(f"{name}_"): text for key, text in cells.items() if key.startswith(f"{name}_")}
    return {language: text for language, text in {**before, **given}.items() if text} if given else None


def _by_line(invalid: Invalid, lines: Mapping[str, int]) -> Invalid:
    found: dict[str, list[str]] = {}
    for path, messages in invalid.problems.items():
        place = ".".join(path.split(".")[:4])
        where = path.removeprefix(place).lstrip(".")
        told = f"line {lines[place]}" + (f", {where}" if where else "") if place in lines else path
        found.setdefault(told, []).extend(messages)
    return Invalid(found)


@dataclass(frozen=True)
class RowChange:
    """A row before and after; the fields that differ, each as it was and as it would be."""

    before: Row
    after: Row
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Effect:
    """What a new draft would change: rows, services apart from their trackers, and other parts of the site file."""

    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[RowChange, ...]
    services: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether everything would stay as it is."""
        return not (self.added or self.removed or self.changed or self.services or self.parts)


def effect_of(before: Mapping[str, Any], was: Catalogue, after: Mapping[str, Any], now: Catalogue) -> Effect:
    """Return what replacing one draft by another changes, from what the two mean."""
    old, new = ({row.id: row for row in rows_of(catalogue)} for catalogue in (was, now))
    parts = {key for key in {*before, *after} - {"services"} if before.get(key) != after.get(key)}
    return Effect(
        tuple(row for key, row in new.items() if key not in old),
        tuple(row for key, row in old.items() if key not in new),
        tuple(_row_changes(old, new)),
        tuple(_service_changes(was, now)),
        tuple(sorted(parts)),
    )


def _row_changes(old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[RowChange]:
    for key, row in new.items():
        if key in old and old[key].revision != row.revision:
            was, now = _facts(old[key]), _facts(row)
            fields = {k: (was.get(k), now.get(k)) for k in {**was, **now} if was.get(k) != now.get(k)}
            yield RowChange(old[key], row, fields)


def _facts(row: Row) -> dict[str, Any]:
    return {**write_tracker(row.tracker), "exemption": write_exemption(row.tracker.exemption)}


def _service_changes(was: Catalogue, now: Catalogue) -> Iterator[str]:
    """Yield the names of the services that come, go, or are different apart from their trackers."""
    old = {service.id: service for service in was.services}
    new = {service.id: service for service in now.services}
    for service_id, service in {**old, **new}.items():
        same = service_id in old and service_id in new
        if not same or service_revision(old[service_id]) != service_revision(new[service_id]):
            yield service.name
