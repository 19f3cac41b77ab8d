"""A visitor's right to be forgotten in the proofs: the personal part goes, the record and the log stay (ledger 13)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from consent_server.domain.errors import RecordNotFound
from consent_server.storage import consent_records, proof_log, sites
from consent_server.storage.database import begin_immediate

ASKED_BY_VISITOR = "asked by the visitor"


def scrub_visitor(session: Session, site_key: str, consent_id: str) -> int:
    """Delete the personal part and its salt of every record of a consent id; return how many there were.

    Each removal is put in line for the log in the same transaction: never one without the other.
    Raises ``SiteNotFound``, or ``RecordNotFound`` when there is nothing under that id.
    """
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    found = consent_records.records_of_visitor(session, site.id, consent_id)
    if not found:
        raise RecordNotFound("This site has no record of that consent id.")
    for kept in found:
        consent_records.scrub_record(session, kept.record_id)
        proof_log.add_removal(session, site.id, "scrub", kept.record_id, ASKED_BY_VISITOR)
    session.commit()
    return len(found)
