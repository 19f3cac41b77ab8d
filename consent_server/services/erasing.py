"""Taking people out of the proofs, while the log stays whole (ledger section 13).

    scrub   asked by the visitor: the personal part goes, the record and the log stay
    erase   decided by the site's owner: the record goes, 32 bytes of the log stay

Each removal is put in line for the log in the transaction that removes: never one without the other. Only the owner's
own removals wait for a legal hold to end; a visitor's goes on (EU-08): what was asked, answered and when stays as
evidence, only who it was is forgotten, and that the visitor asked for it is itself in the log.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from consent_server.domain.errors import Invalid, RecordNotFound
from consent_server.domain.log_entry import Erase, format_entry
from consent_server.services.holding import refuse_held
from consent_server.storage import consent_records, proof_log, sites
from consent_server.storage.database import begin_immediate

ASKED_BY_VISITOR = "asked by the visitor"


def scrub_visitor(session: Session, site_key: str, consent_id: str) -> int:
    """Delete the personal part and its salt of every record of a consent id; return how many there were.

    Raises ``SiteNotFound``, or ``RecordNotFound`` when there is nothing under that id.
    """
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    consent_records.lock_records(session, site.id, consent_id)
    found = consent_records.records_of_visitor(session, site.id, consent_id)
    if not found:
        raise RecordNotFound("This site has no record of that consent id.")
    for kept in found:
        consent_records.scrub_record(session, kept.record_id)
        proof_log.add_removal(session, site.id, "scrub", kept.record_id, ASKED_BY_VISITOR)
    session.commit()
    return len(found)


def erase_records(session: Session, site_key: str, record_ids: Sequence[str], why: str) -> int:
    """Delete records whole, with salts and promises; return how many. All of them, or none when one is not there.

    Raises ``Invalid`` for a reason that the log cannot carry, ``SiteNotFound``, ``RecordNotFound`` or ``Held``.
    """
    check_reason(why)
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    refuse_held(session, site)
    wanted = sorted(set(record_ids))
    for record_id in wanted:
        consent_records.find_record(session, site.id, record_id)
    consent_records.delete_records(session, site.id, wanted)
    for record_id in wanted:
        proof_log.add_removal(session, site.id, "erase", record_id, why)
    session.commit()
    return len(wanted)


def check_reason(why: str) -> str:
    """Return a reason that the log can carry; anybody may read it there, for ever."""
    try:
        format_entry(Erase(0, why))
    except Invalid:
        raise Invalid.because(
            "Give a reason of 1 to 200 plain characters (ASCII). Everybody can read it in the log: name no person.",
            "why",
        ) from None
    return why
