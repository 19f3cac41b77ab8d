"""Taking people out of the proofs, while the log stays whole (ledger section 13).

    scrub   asked by the visitor: the personal part goes, the record and the log stay
    erase   decided by the site's owner: the record goes, 32 bytes of the log stay

Each removal is put in line for the log in the transaction that removes: never one without the other. Only the owner's
own removals wait for a legal hold to end; a visitor's goes on (EU-08): what was asked, answered and when stays as
evidence, only who it was is forgotten, and that the visitor asked for it is itself in the log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.errors import Conflict, Invalid, RecordNotFound
from consent_server.domain.log_entry import Erase, format_entry
from consent_server.services.holding import refuse_held
from consent_server.services.noting import note
from consent_server.storage import consent_records, holds, proof_log, sites
from consent_server.storage.consent_records import KeptRecord
from consent_server.storage.database import begin_immediate
from consent_server.storage.holds import Hold
from consent_server.storage.sites import Site

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
        consent_records.scrub_record(session, site.id, kept.record_id, [kept.recorded_at])
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
    for record_id in record_ids:
        consent_records.find_record(session, site.id, record_id)
    return _erase(session, site, record_ids, why)


@dataclass(frozen=True)
class Erasable:
    """The records of one visitor, oldest first, as far as it is still known whose they are, and what would hold them.

    ``indices`` are those of their entries; what still stands in line has none.
    """

    records: tuple[KeptRecord, ...]
    indices: Mapping[str, int]
    hold: Hold | None


def would_erase(session: Session, site_key: str, record_id: str) -> Erasable:
    """Return what goes with the visitor of a record. Raises ``SiteNotFound`` or ``RecordNotFound``."""
    site = sites.find_site(session, site_key)
    kept = consent_records.find_record(session, site.id, record_id)
    every = (
        (kept,) if kept.consent_id is None else consent_records.records_of_visitor(session, site.id, kept.consent_id)
    )
    indices = proof_log.find_indices(session, site.id, [each.record_id for each in every])
    return Erasable(every, indices, holds.standing_hold(session, site.id))


def erase_visitor(
    session: Session, site_key: str, record_id: str, seen: Collection[str], why: str, actor: Actor, now: datetime
) -> int:
    """Delete every record of the visitor of a record, which are those that were ``seen``; return how many.

    Raises what ``erase_records`` raises, or ``Conflict`` when there are others now.
    """
    check_reason(why)
    session.rollback()  # nothing was written: the lock is taken at the start of a transaction
    begin_immediate(session)
    found = would_erase(session, site_key, record_id).records
    if {kept.record_id for kept in found} != set(seen):
        raise Conflict("The records of this visitor are not those that you were shown: look at them again.")
    note(session, actor, "visitor.erased", site_key, why, {"records": len(seen)}, now)
    return _erase(session, sites.find_site(session, site_key), seen, why)


def _erase(session: Session, site: Site, record_ids: Collection[str], why: str) -> int:
    refuse_held(session, site)
    wanted = sorted(set(record_ids))
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
