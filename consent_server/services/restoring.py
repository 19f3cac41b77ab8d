"""After a restored backup: what was deleted since it was made is deleted again, before anybody is answered (ledger 13).

The journal beside the high-water mark names every removal that the logs speak of. Whatever of it is back goes again,
and stands in line for the log again: the entry that said so was lost with the rest. Nothing is changed in a database
that is as it should be, so this runs at every start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from consent_server.domain.log_entry import Erase, Purge, Scrub, format_entry
from consent_server.storage import consent_records, evidence, high_water_mark, proof_log
from consent_server.storage.database import begin_immediate
from consent_server.storage.high_water_mark import Removal
from consent_server.storage.proof_log import Head

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

SLICE = 5_000


def replay_removals(sessions: Sessions, high_water: Path) -> int:
    """Delete again what came back; return how many records lost something."""
    removals = high_water_mark.read_removals(high_water)
    if not removals:
        return 0  # a node without the journal starts as it did, also while the database is away
    with sessions() as session:
        heads = [head for head in proof_log.heads(session) if head.origin in removals]
    total = sum(_replay(sessions, head, removals[head.origin]) for head in heads)
    if total:
        log.warning("%d records had come back with a restored database, and were deleted again", total)
    return total


def _replay(sessions: Sessions, head: Head, removals: Sequence[Removal]) -> int:
    with sessions() as session:
        begin_immediate(session)
        count = _erase(session, head, [each for each in removals if isinstance(each.entry, Erase)])
        count += _scrub(session, head, [each for each in removals if isinstance(each.entry, Scrub)])
        count += sum(_purge(session, head, each.entry) for each in removals if isinstance(each.entry, Purge))
        session.commit()
    return count


def _scrub(session: Session, head: Head, removals: Sequence[Removal]) -> int:
    back = _back(session, head, removals, personal=True)
    for record_id, why in back.items():
        consent_records.scrub_record(session, head.site_id, record_id)
        proof_log.add_removal(session, head.site_id, "scrub", record_id, why)
    return len(back)


def _erase(session: Session, head: Head, removals: Sequence[Removal]) -> int:
    back = _back(session, head, removals, personal=False)
    consent_records.delete_records(session, head.site_id, list(back))
    for record_id, why in back.items():
        proof_log.add_removal(session, head.site_id, "erase", record_id, why)
    return len(back)


def _back(session: Session, head: Head, removals: Sequence[Removal], *, personal: bool) -> dict[str, str]:
    """Return the records that came back, and why they were removed.

    What the restored log has is found by its index; what stood in line when the backup was made, by its commitment.
    """
    reasons = {each.entry.index: each.entry.why for each in removals if isinstance(each.entry, Scrub | Erase)}
    sequenced = [index for index in reasons if index < head.size]
    found = evidence.still_there(session, head.site_id, sequenced, personal=personal)
    back = {record_id: reasons[index] for index, record_id in found.items()}
    later = {
        each.commitment: each.entry.why
        for each in removals
        if isinstance(each.entry, Scrub | Erase) and each.entry.index >= head.size and each.commitment is not None
    }
    waiting = proof_log.find_pending(session, head.site_id, later.keys()) if later else {}
    kept = consent_records.find_records(session, list(waiting.values()))
    for commitment, record_id in waiting.items():
        if record_id in kept and not (personal and kept[record_id].personal is None):
            back[record_id] = later[commitment]
    return back


def _purge(session: Session, head: Head, entry: Purge) -> int:
    stop, count, start = min(entry.stop, head.size), 0, entry.start
    while back := [kept for kept in evidence.kept_from(session, head.site_id, start, SLICE) if kept.index < stop]:
        times = [kept.recorded_at for kept in back]
        consent_records.delete_records(session, head.site_id, [kept.record_id for kept in back], times)
        count, start = count + len(back), back[-1].index + 1
    if count:
        again = Purge(entry.start, stop, entry.policy)
        proof_log.add_pending(session, head.site_id, "purge", body=format_entry(again))
    return count
