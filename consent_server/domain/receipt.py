"""A consent record as a receipt in the shape of ISO/IEC TS 27560:2023, in the words of the W3C's DPV.

Derived from the record and the configuration that it names, never kept: field names and obligations are those of the
DPV community group's guide (dpv-27560). What we do not know (addresses, phone numbers of parties) is null, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consent_server.domain.configuration import Configuration

SCHEMA_VERSION = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
LAWFUL_BASIS = ("eu-gdpr:A6-1-a", "FR-LIL-82")
JURISDICTION = "EU"
ON_DEVICE = "within device"

GIVEN = "dpv:ConsentGiven"
RENEWED = "dpv:RenewedConsentGiven"
REFUSED = "dpv:ConsentRefused"
WITHDRAWN = "dpv:ConsentWithdrawn"
EXPIRED = "dpv:ConsentExpired"

_PURPOSE_TYPES = {
    "preferences": "dpv:UserInterfacePersonalisation",
    "audience": "dpv:ServiceUsageAnalytics",
    "marketing": "dpv:TargetedAdvertising",
    "social": "dpv:SocialMediaMarketing",
}
_INDICATIONS = {"gpc": "browser signal", "expire": "none", "import": "taken over from another platform"}

Record = Mapping[str, Any]
Decisions = Mapping[str, bool]


def consent_states(record: Record, before: Decisions) -> dict[str, str]:
    """Return the DPV status of each purpose; ``before`` is what the same visitor's record before this one decided."""
    return {
        purpose: _state(record["action"], granted, before.get(purpose, False))
        for purpose, granted in record["decisions"].items()
    }


def _state(action: str, granted: bool, before: bool) -> str:
    if granted:
        return RENEWED if before else GIVEN
    if not before:
        return REFUSED
    return EXPIRED if action == "expire" else WITHDRAWN


def iso_27560(
    record: Record, consent_id: str | None, before: Decisions, configuration: Configuration
) -> dict[str, Any]:
    """Return the fields of the standard: header, processing and event per purpose, parties."""
    language = record.get("language")
    states = consent_states(record, before)
    titles = {purpose["id"]: purpose["title"] for purpose in configuration.document["purposes"]}
    vendors = sorted({vendor for purpose in states for vendor in _vendors(configuration, purpose)})
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": record["record_id"],
        "pii_principal_id": consent_id,
        "processing": [
            _processing(record, configuration, purpose, titles.get(purpose, {}), language) for purpose in states
        ],
        "event": [_event(record, configuration, consent_id, purpose, state) for purpose, state in states.items()],
        "party": [
            _party(configuration.document["banner"]["controller"], "controller", configuration),
            *(_party(vendor, "recipient") for vendor in vendors),
        ],
    }


def _processing(
    record: Record, configuration: Configuration, purpose: str, titles: Mapping[str, str], language: str | None
) -> dict[str, Any]:
    document = configuration.document
    said: str = language if language and language in titles else document["default_language"]
    trackers = list(_trackers(configuration, purpose))
    return {
        "purpose": purpose,
        "purpose_title": titles.get(said, purpose),
        "purpose_type": _PURPOSE_TYPES.get(purpose),
        "privacy_notice": {
            "url": document["banner"]["privacy_url"],
            "version": record["config_version"],
            "digest": record["config_digest"],
        },
        "language": said,
        "lawful_basis": list(LAWFUL_BASIS),
        "pii_information": [tracker["name"] for tracker in trackers],
        "pii_type": "identifiers and what is read or stored with them on the device",
        "collection_method": sorted({tracker["kind"] for tracker in trackers}),
        "pii_controllers": [document["banner"]["controller"]],
        "storage_locations": [ON_DEVICE],
        "retention_period": {tracker["name"]: tracker["lifetime"] for tracker in trackers},
        "jurisdiction": JURISDICTION,
        "recipient_third_parties": sorted(set(_vendors(configuration, purpose))),
        "withdrawal_method": document["banner"]["texts"][said]["reopen"],
    }


def _event(
    record: Record, configuration: Configuration, consent_id: str | None, purpose: str, state: str
) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "event_time": record["recorded_at"],
        "validity_duration": configuration.choice_lifetime,
        "expires_at": record.get("expires_at"),
        "entity_id": consent_id,
        "event_type": "dpv:ExpressedConsent",
        "event_state": state,
        "indication_method": _INDICATIONS.get(record["action"], "button"),
    }


def _party(name: str, role: str, configuration: Configuration | None = None) -> dict[str, Any]:
    return {
        "party_id": name,
        "party_name": name,
        "party_role": role,
        "party_url": configuration.document["banner"]["privacy_url"] if configuration else None,
        "party_address": None,
        "party_contact": None,
    }


def _services(configuration: Configuration, purpose: str) -> Iterator[Mapping[str, Any]]:
    for service in configuration.document["services"]:
        if service["purpose"] == purpose or any(tracker["purpose"] == purpose for tracker in service["trackers"]):
            yield service


def _vendors(configuration: Configuration, purpose: str) -> Iterator[str]:
    controller = configuration.document["banner"]["controller"]
    return (service["vendor"] for service in _services(configuration, purpose) if service["vendor"] != controller)


def _trackers(configuration: Configuration, purpose: str) -> Iterator[Mapping[str, Any]]:
    for service in _services(configuration, purpose):
        yield from (tracker for tracker in service["trackers"] if tracker["purpose"] == purpose)
