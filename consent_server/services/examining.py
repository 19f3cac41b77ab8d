"""One record in full: what was answered, what was shown, its place in the log, and every proof of it checked now.

The checks are those that a visitor or an auditor can make without us, made here with what is stored, and a check that
could not be made is told apart from one that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.assurance import Assurance, read_assurance
from consent_server.domain.canonical_json import to_base64url
from consent_server.domain.configuration import Configuration
from consent_server.domain.consent_record import personal_commitment, record_commitment
from consent_server.domain.errors import Invalid, NotFound, RecordNotFound
from consent_server.domain.log_entry import format_consent
from consent_server.domain.promise import Promise, format_promise, open_promise
from consent_server.domain.proof_log.merkle import leaf_hash
from consent_server.domain.proof_log.proof import parse_proof, verify_proof
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.domain.times import rfc3339
from consent_server.services import proving
from consent_server.services.keyring import Keyring
from consent_server.storage import configurations, consent_records, proof_log, sites
from consent_server.storage.consent_records import KeptRecord
from consent_server.storage.holds import Hold, standing_hold

TEXT, PERSONAL, SHOWN, PROMISED, LOGGED, STAMPED = "text", "personal", "shown", "promised", "logged", "stamped"


@dataclass(frozen=True)
class Check:
    """What was checked, and what came of it; ``good`` is None when there is nothing to check, or not yet."""

    name: str
    good: bool | None
    why: str = ""


@dataclass(frozen=True)
class Examined:
    """A record with everything that is known of it; ``index`` and ``size`` are its place in the newest checkpoint."""

    kept: KeptRecord
    record: Mapping[str, Any]
    personal: Mapping[str, Any]
    configuration: Configuration
    index: int | None
    size: int | None
    proof: str | None
    stamped_at: datetime | None
    checks: tuple[Check, ...]
    hold: Hold | None
    assurance: Assurance | None


def examine(session: Session, site_key: str, record_id: str, keyring: Keyring) -> Examined:
    """Return a record in full, its proofs checked now. Raises ``SiteNotFound`` or ``RecordNotFound``."""
    site = sites.find_site(session, site_key)
    kept = consent_records.find_record(session, site.id, record_id)
    if kept.record is None or kept.salt is None:
        raise RecordNotFound("This record was erased.")
    record = canonical_json.decode(kept.record)
    configuration = configurations.find_configuration(session, site.id, record["config_version"])
    origin = proof_log.origin_of(session, site.id) or ""
    index = proof_log.find_index(session, site.id, record_id)
    checkpoint = proof_log.latest_checkpoint(session, site.id)
    covered = checkpoint is not None and index is not None and index < checkpoint.size
    proof = None
    if covered and index is not None and checkpoint is not None:
        proof = proving.inclusion_proof(session, site_key, index, checkpoint.size)
    verifiers = [Verifier.parse(key) for key in proving.log_keys(session, site_key, keyring)]
    stamped_at = _stamped_at(session, site_key, site.id, index)
    return Examined(
        kept=kept,
        record=record,
        personal=canonical_json.decode(kept.personal) if kept.personal is not None else {},
        configuration=configuration,
        index=index,
        size=checkpoint.size if covered and checkpoint else None,
        proof=proof,
        stamped_at=stamped_at,
        checks=(
            _check(TEXT, lambda: _text_opens(kept)),
            _check(PERSONAL, lambda: _personal_opens(kept, record)),
            _check(SHOWN, lambda: record["config_digest"] == configuration.digest),
            _check(PROMISED, lambda: _promise_holds(kept, origin, verifiers)),
            _check(LOGGED, lambda: None if proof is None else _is_logged(kept, proof, verifiers, origin)),
            Check(STAMPED, True if stamped_at else None),
        ),
        hold=standing_hold(session, site.id),
        assurance=read_assurance(kept.assurance),
    )


def _check(name: str, deed: Callable[[], bool | None]) -> Check:
    try:
        return Check(name, deed())
    except Invalid as wrong:
        return Check(name, False, str(wrong))


def _text_opens(kept: KeptRecord) -> bool:
    """Whether the text and its salt open the commitment that the promise and the log speak of."""
    assert kept.record is not None, "an erased record is not examined"
    assert kept.salt is not None, "an erased record is not examined"
    return leaf_hash(format_consent(record_commitment(kept.record, kept.salt)).encode()) == kept.leaf_hash


def _personal_opens(kept: KeptRecord, record: Mapping[str, Any]) -> bool | None:
    if kept.personal is None or kept.personal_salt is None:
        return None
    return bool(to_base64url(personal_commitment(kept.personal, kept.personal_salt)) == record["personal"])


def _promise_holds(kept: KeptRecord, origin: str, verifiers: list[Verifier]) -> bool | None:
    if kept.promise_key is None or kept.promise_signature is None:
        return None
    promise = Promise(origin, kept.record_id, rfc3339(kept.recorded_at), kept.leaf_hash)
    note = format_promise(promise, bytes.fromhex(kept.promise_key), kept.promise_signature)
    return open_promise(note, verifiers, origin) == promise


def _is_logged(kept: KeptRecord, proof: str, verifiers: list[Verifier], origin: str) -> bool:
    verify_proof(parse_proof(proof), kept.leaf_hash, verifiers, origin)
    return True


def _stamped_at(session: Session, site_key: str, site_id: int, index: int | None) -> datetime | None:
    """Return when somebody outside first vouched for a checkpoint that has the entry."""
    if index is None:
        return None
    checkpoint = proof_log.first_checkpoint_over(session, site_id, index)
    if checkpoint is None:
        return None
    try:
        said = proving.anchor_proof(session, site_key, checkpoint.size).said
    except NotFound:
        return None
    return said.said_at if said else None
