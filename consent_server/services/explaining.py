"""What an operator is told about each log: how it stands, and what to do when it is frozen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consent_server.domain.times import rfc3339
from consent_server.storage import anchors, holds, proof_log
from consent_server.storage.holds import Hold
from consent_server.storage.proof_log import ANCHOR_LOG, KeptCheckpoint

_MARK_LOST = (
    "The file that CONSENT_HWM_FILE names says how far each log was seen to be, and this log is not in it: the file "
    "was lost, the setting points elsewhere, or this is a copy of another installation. If the file is elsewhere, name "
    "it. If it is lost, take the newest checkpoint that somebody outside has (an auditor's bundle, an anchor, the "
    "mailbox of the data protection officer) and run `consent-server proofs adopt --checkpoint FILE`."
)
_RESTORED = (
    "Bring back the newest database (from a replica, or a later backup), then run `consent-server proofs adopt "
    "--checkpoint FILE` with a checkpoint that somebody outside has. Going on with this one would give indices that "
    "were signed to other entries."
)
_DAMAGED = (
    "Somebody edited the database by hand, or the disk is failing. `consent-server proofs fsck` says where. Bring "
    "back what was there (from a replica or a backup of the same size), then run `consent-server proofs adopt "
    "--checkpoint FILE`; the last anchor tells up to where the log stands."
)
_ADVICE = (
    ("high-water mark is missing", _MARK_LOST),
    ("cannot be read: it was damaged or is another file", _MARK_LOST),
    ("older backup", _RESTORED),
    ("not those seen before", _RESTORED),
    ("has another root for size", _RESTORED),
    ("", _DAMAGED),
)


def what_to_do(reason: str) -> str:
    """Return what an operator does about a log that is frozen for this reason."""
    return next(advice for phrase, advice in _ADVICE if phrase in reason)


@dataclass(frozen=True)
class Health:
    """How a log stands; ``waiting`` is counted no further than ``COUNTED``."""

    origin: str
    size: int
    waiting: int
    checkpoint: KeptCheckpoint | None
    hold: Hold | None
    frozen_reason: str | None


def health(session: Session, site_id: int) -> Health | None:
    """Return how a log stands, ``None`` before there is one."""
    head = proof_log.find_head(session, site_id)
    if head is None:
        return None
    return Health(
        origin=head.origin,
        size=head.size,
        waiting=proof_log.count_pending(session, COUNTED, site_id),
        checkpoint=proof_log.latest_checkpoint(session, site_id),
        hold=holds.standing_hold(session, site_id),
        frozen_reason=head.frozen_reason,
    )


def status(session: Session, site_id: int) -> Iterator[str]:
    """Give a line for each thing worth knowing of a log."""
    found = health(session, site_id)
    if found is None:
        yield "no log yet: the site was never published"
        return
    latest = found.checkpoint
    more = "at least " if found.waiting == COUNTED else ""
    yield f"{found.origin}, {found.size} entries, {more}{found.waiting} in line"
    yield f"newest checkpoint: {f'size {latest.size}, {rfc3339(latest.created_at)}' if latest else 'none yet'}"
    token = anchors.last_token(session) if site_id == ANCHOR_LOG else None
    if token is not None:
        yield f"newest time stamp: size {token.size}, {rfc3339(token.said_at)}, by {token.name}"
    if found.hold is not None:
        yield f"legal hold since {rfc3339(found.hold.set_at)}: {found.hold.why}"
    if found.frozen_reason is not None:
        yield f"FROZEN: {found.frozen_reason}"
        yield "Until then nothing is signed, and answers are refused (503): visitors' browsers send them again."
        yield what_to_do(found.frozen_reason)


COUNTED = 10_000
