"""What a visitor gets back for a record, and can ask for again: receipts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import RecordNotFound
from consent_server.domain.promise import Promise, format_promise
from consent_server.domain.proof_log.signed_note import encode_base64
from consent_server.domain.receipt import iso_27560
from consent_server.domain.times import rfc3339
from consent_server.services.recalling import kept_for
from consent_server.storage import configurations, consent_records, proof_log, sites
from consent_server.storage.consent_records import KeptRecord

RECEIVED = (
    "record_id",
    "site_key",
    "action",
    "decisions",
    "services",
    "recorded_at",
    "expires_at",
    "config_version",
    "config_digest",
    "language",
)


@dataclass(frozen=True)
class Addresses:
    """Where receipts and proofs of this installation are found."""

    public_url: str

    def of_record(self, site_key: str, record_id: str, consent_id: str | None) -> dict[str, str]:
        """Return the addresses of one record's proof and receipt."""
        site = f"{self.public_url}/v1/sites/{site_key}"
        query = f"?consent_id={consent_id}" if consent_id else ""
        return {
            "proof_url": f"{site}/records/{record_id}/proof",
            "receipt_url": f"{site}/receipts/{record_id}{query}",
        }


def receipt(kept: KeptRecord, origin: str, addresses: Addresses) -> dict[str, Any]:
    """Return the receipt of a kept record, the same every time it is asked for (CONTRACT 1)."""
    if kept.record is None:
        raise RecordNotFound("This record was erased.")
    record = canonical_json.decode(kept.record)
    return {
        **{name: record.get(name) for name in RECEIVED},
        "consent_id": kept.consent_id,
        "leaf_hash": encode_base64(kept.leaf_hash),
        "promise": _promise(kept, origin),
        **addresses.of_record(record["site_key"], kept.record_id, kept.consent_id),
    }


def receipts_of_visitor(session: Session, site_key: str, consent_id: str, addresses: Addresses) -> list[dict[str, Any]]:
    """Return the receipts of one consent id, oldest first; raises ``RecordNotFound`` when there are none."""
    site = sites.find_site(session, site_key)
    origin = proof_log.origin_of(session, site.id) or ""
    found = consent_records.records_of_visitor(session, site.id, consent_id)
    if not found:
        raise RecordNotFound("This site has no record of that consent id.")
    return [receipt(kept, origin, addresses) for kept in found if kept.record is not None]


def full_receipt(
    session: Session, site_key: str, record_id: str, consent_id: str, addresses: Addresses
) -> Mapping[str, Any]:
    """Return a receipt in the shape of ISO/IEC TS 27560, with the record's exact text and salt, to who knows both ids.

    With them a visitor checks their own proof without us: the text and salt open the commitment in the log.
    Raises ``RecordNotFound`` when the ids do not belong together, as if there were nothing.
    """
    for each in _full_receipts(session, site_key, consent_id, addresses):
        if each["record_id"] == record_id:
            return each
    raise RecordNotFound("This site has no such consent record.")


def full_receipts_of_visitor(
    session: Session, site_key: str, consent_id: str, addresses: Addresses
) -> list[Mapping[str, Any]]:
    """Return every full receipt of one consent id, oldest first; raises ``RecordNotFound`` when there are none."""
    found = list(_full_receipts(session, site_key, consent_id, addresses))
    if not found:
        raise RecordNotFound("This site has no record of that consent id.")
    return found


def _full_receipts(
    session: Session, site_key: str, consent_id: str, addresses: Addresses
) -> Iterator[Mapping[str, Any]]:
    site = sites.find_site(session, site_key)
    origin = proof_log.origin_of(session, site.id) or ""
    before: Mapping[str, bool] = {}
    for kept in consent_records.records_of_visitor(session, site.id, consent_id):
        if kept.record is None or kept.salt is None:
            continue
        record = canonical_json.decode(kept.record)
        configuration = configurations.find_configuration(session, site.id, record["config_version"])
        yield {
            **iso_27560(record, consent_id, before, configuration),
            **receipt(kept, origin, addresses),
            "record": kept.record,
            "salt": canonical_json.to_base64url(kept.salt),
            "personal": kept.personal,
            "personal_salt": canonical_json.to_base64url(kept.personal_salt) if kept.personal_salt else None,
        }
        before = record["decisions"]


@dataclass(frozen=True)
class ReadableReceipt:
    """A receipt for the visitor to read, the configuration that has its words, and how long the record is kept."""

    receipt: Mapping[str, Any]
    configuration: Configuration
    kept_for: str


def readable_receipt(
    session: Session, site_key: str, record_id: str, consent_id: str, addresses: Addresses
) -> ReadableReceipt:
    """Return a receipt with the configuration that it answers. Raises ``RecordNotFound``."""
    found = full_receipt(session, site_key, record_id, consent_id, addresses)
    site = sites.find_site(session, site_key)
    configuration = configurations.find_configuration(session, site.id, found["config_version"])
    return ReadableReceipt(found, configuration, kept_for(site))


def _promise(kept: KeptRecord, origin: str) -> str | None:
    if kept.promise_key is None or kept.promise_signature is None:
        return None
    promise = Promise(origin, kept.record_id, rfc3339(kept.recorded_at), kept.leaf_hash)
    return format_promise(promise, bytes.fromhex(kept.promise_key), kept.promise_signature)
