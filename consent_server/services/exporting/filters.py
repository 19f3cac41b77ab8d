"""Which part of a log is asked for: one visitor, a period, those who granted a purpose or a service, an action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.choice import ACTIONS
from consent_server.domain.errors import Invalid
from consent_server.domain.times import rfc3339
from consent_server.services.exporting.snapshot import Snapshot
from consent_server.storage import configurations, consent_records, evidence
from consent_server.storage.evidence import StoredRecord, Wanted

Record = Mapping[str, Any]
ServicePurposes = Mapping[int, Mapping[str, str]]
"""By configuration version: the purpose that each service belongs to."""


@dataclass(frozen=True)
class Filters:
    """Recorded in ``[start, stop)``, granting ``purpose`` or ``service``, by ``action``, of one ``consent_id``."""

    start: datetime | None = None
    stop: datetime | None = None
    purpose: str | None = None
    service: str | None = None
    action: str | None = None
    consent_id: str | None = None

    def chosen(self) -> dict[str, str]:
        """Return what was asked for, as the manifest of a part says it."""
        times = {name: rfc3339(time) for name, time in (("from", self.start), ("to", self.stop)) if time is not None}
        names = ("purpose", "service", "action", "consent_id")
        return times | {name: value for name in names if (value := getattr(self, name)) is not None}

    def check(self, session: Session, site_id: int) -> None:
        """Refuse what the site never had: an empty answer would look like a proof that nobody said so.

        Raises ``Invalid``.
        """
        found = configurations.list_configurations(session, site_id)
        purposes = {purpose for each in found for purpose in each.asked_purposes}
        services = {service["id"] for each in found for service in each.document.get("services", ())}
        for name, known in (("purpose", purposes), ("service", services)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise Invalid.because(f"No configuration of this site has the {name} “{value[:80]}”.", name)
        if self.action is not None and self.action not in ACTIONS:
            raise Invalid.because(f"The actions are {', '.join(ACTIONS)}.", "action")
        if self.consent_id is not None and not consent_records.records_of_visitor(session, site_id, self.consent_id):
            raise Invalid.because("This site has no record of that consent id.", "consent_id")
        if self.start and self.stop and self.start >= self.stop:
            raise Invalid.because("The period ends before it begins.", "to")

    def records(self, snapshot: Snapshot) -> Iterator[tuple[StoredRecord, Record]]:
        """Give the records that pass, as stored and as read, by index."""
        services = _services(snapshot) if self.service is not None else {}
        wanted = Wanted(self.start, self.stop, self.consent_id)
        for stored in evidence.records(snapshot.session, snapshot.site.id, snapshot.about.size, wanted):
            snapshot.tell(stored.index + 1)
            record = canonical_json.decode_kept(stored.record)
            if self._keeps(record, services):
                yield stored, record
        snapshot.progress(snapshot.about.size, snapshot.about.size)

    def _keeps(self, record: Record, services: ServicePurposes) -> bool:
        """Whether a record passes what only its text says."""
        if self.action is not None and record["action"] != self.action:
            return False
        if self.service is not None and not _grants(record, self.service, services):
            return False
        return self.purpose is None or record["decisions"].get(self.purpose) is True


def _grants(record: Record, service: str, services: ServicePurposes) -> bool:
    """Whether a service was granted by name, or else with the purpose that it belonged to."""
    by_name = (record.get("services") or {}).get(service)
    purpose = services.get(record["config_version"], {}).get(service)
    return bool(record["decisions"].get(purpose)) if by_name is None else by_name is True


def _services(snapshot: Snapshot) -> ServicePurposes:
    return {
        each.version: {service["id"]: service.get("purpose") or "" for service in each.document.get("services", ())}
        for each in configurations.list_configurations(snapshot.session, snapshot.site.id)
    }
