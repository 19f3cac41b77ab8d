"""Changes of a draft, part by part: each takes the site file and gives another one; what was written stays as it was.

A service that only names the library has its trackers written out as soon as one of them is changed: from then on
they say what its editor decided, whatever the library learns. Not checked here: whether the draft still holds
together (``parse_catalogue`` does), nor who may change it.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_rows import Row, rows_of, service_revision, write_tracker
from consent_server.domain.errors import Conflict, Invalid
from consent_server.domain.exemption import exemption_problems
from consent_server.domain.tracker import Service

Document = Mapping[str, Any]
Changes = Mapping[str, Any]


class Overtaken(Conflict):
    """Somebody else changed or removed this meanwhile; nothing was changed. ``rows`` are the ids."""

    def __init__(self, rows: Collection[str]) -> None:
        super().__init__("Somebody else changed this meanwhile.")
        self.rows = tuple(rows)


def change_rows(document: Document, catalogue: Catalogue, seen: Mapping[str, str], changes: Changes) -> dict[str, Any]:
    """Return the draft with the same changes made to rows, given as id → revision seen; raise ``Overtaken``."""
    rows = _seen(catalogue, seen)
    changed = _with_trackers_written(document, catalogue, rows)
    for row in rows:
        service, number = row.at
        written = changed["services"][service]["trackers"]
        written[number] = _changed(row, changes)
    return changed


def remove_rows(document: Document, catalogue: Catalogue, seen: Mapping[str, str]) -> dict[str, Any]:
    """Return the draft without these rows; a service that has nothing left goes with its last one."""
    rows = _seen(catalogue, seen)
    changed = _with_trackers_written(document, catalogue, rows)
    for row in sorted(rows, key=lambda row: row.at, reverse=True):
        service, number = row.at
        del changed["services"][service]["trackers"][number]
    emptied = {row.at[0] for row in rows if not changed["services"][row.at[0]]["trackers"]}
    emptied = {at for at in emptied if not catalogue.services[at].url_patterns}
    changed["services"] = [each for at, each in enumerate(changed["services"]) if at not in emptied]
    return changed


def add_tracker(document: Document, catalogue: Catalogue, service_id: str, tracker: Changes) -> dict[str, Any]:
    """Return the draft with one tracker more in a service of it; raise ``Invalid`` when it has none of that id."""
    at = _service_at(catalogue, service_id)
    changed = _written(document, catalogue, {at})
    changed["services"][at]["trackers"].append(dict(tracker))
    return changed


def add_services(document: Document, catalogue: Catalogue, services: Iterable[Changes]) -> dict[str, Any]:
    """Return the draft with further services; one that it has already is left alone."""
    changed = copy.deepcopy(dict(document))
    listed = changed.setdefault("services", [])
    present = {service.id for service in catalogue.services}
    for service in services:
        service_id = service.get("id") or service["library"]
        if service_id not in present:
            listed.append(dict(service))
            present.add(service_id)
    return changed


def change_service(
    document: Document, catalogue: Catalogue, service_id: str, revision: str, changes: Changes
) -> dict[str, Any]:
    """Return the draft with a service changed; trackers that had its purpose follow it to another one."""
    at = _service_seen(catalogue, service_id, revision)
    service = catalogue.services[at]
    moved = "purpose" in changes and changes["purpose"] != service.purpose
    changed = _written(document, catalogue, {at} if moved else set())
    written = changed["services"][at]
    written.update(changes)
    if moved:
        if "exemption" not in changes:
            written["exemption"] = None
        following = [row for row in rows_of(catalogue) if row.at[0] == at and row.tracker.purpose == service.purpose]
        for row in following:
            written["trackers"][row.at[1]] = _changed(row, {"purpose": changes["purpose"]})
    return changed


def remove_service(document: Document, catalogue: Catalogue, service_id: str, revision: str) -> dict[str, Any]:
    """Return the draft without a service and its trackers."""
    at = _service_seen(catalogue, service_id, revision)
    changed = copy.deepcopy(dict(document))
    del changed["services"][at]
    return changed


def _seen(catalogue: Catalogue, seen: Mapping[str, str]) -> list[Row]:
    rows = [row for row in rows_of(catalogue) if row.id in seen]
    gone = set(seen) - {row.id for row in rows}
    overtaken = [row.id for row in rows if row.revision != seen[row.id]]
    if gone or overtaken:
        raise Overtaken([*overtaken, *sorted(gone)])
    return rows


def _service_at(catalogue: Catalogue, service_id: str) -> int:
    for at, service in enumerate(catalogue.services):
        if service.id == service_id:
            return at
    raise Invalid.because("There is no such service in this catalogue.", "service")


def _service_seen(catalogue: Catalogue, service_id: str, revision: str) -> int:
    at = next((n for n, service in enumerate(catalogue.services) if service.id == service_id), None)
    if at is None or service_revision(catalogue.services[at]) != revision:
        raise Overtaken([service_id])
    return at


def _changed(row: Row, changes: Changes) -> dict[str, Any]:
    """Return the row as it is to be written; an exemption that the new purpose cannot have does not move along."""
    tracker = row.tracker
    written = {**write_tracker(tracker), **changes}
    if not written.get("http_only"):
        written.pop("http_only", None)
    if not written.get("set_by"):
        written.pop("set_by", None)
    if "exemption" not in changes and tracker.exemption and written["purpose"] != tracker.purpose:
        stands = not exemption_problems(tracker.exemption, written["purpose"], None)
        written["exemption"] = written["exemption"] if stands else None
    return written


def _with_trackers_written(document: Document, catalogue: Catalogue, rows: Iterable[Row]) -> dict[str, Any]:
    return _written(document, catalogue, {row.at[0] for row in rows})


def _written(document: Document, catalogue: Catalogue, services: Collection[int]) -> dict[str, Any]:
    """Return a copy of the draft in which these services say what their trackers are."""
    changed = copy.deepcopy(dict(document))
    for at in services:
        written = changed["services"][at]
        if written.get("trackers") is None:
            written["trackers"] = write_trackers(catalogue.services[at])
    return changed


def write_trackers(service: Service) -> list[dict[str, Any]]:
    """Return every tracker of a service as a site file says it."""
    return [write_tracker(tracker) for tracker in service.trackers]


def problems_at(invalid: Invalid, at: tuple[int, ...]) -> dict[str, list[str]]:
    """Return the mistakes under the own fields of a service, or of a tracker in it; ``""`` holds all others."""
    service, *trackers = at
    prefix = f"services.{service}." + "".join(f"trackers.{number}." for number in trackers)
    found: dict[str, list[str]] = {}
    for path, messages in invalid.problems.items():
        field = path.removeprefix(prefix) if path.startswith(prefix) else ""
        found.setdefault(field, []).extend(messages)
    return found
