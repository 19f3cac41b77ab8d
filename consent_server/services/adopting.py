"""Taking up a frozen log again: with a checkpoint from outside, and only when the database leads to it (ledger 14).

The high-water mark is what tells an operator that the database is the newest one. When it is lost, somebody else has
to say so: an auditor, a bundle, an anchor, the mailbox of the data protection officer. A checkpoint that the log signed
is enough of a witness up to its size; what comes after rests on the operator's word, and the answer says how much.

Refused: a database that is behind the mark, or that has other entries than were seen. Going on there would sign other
entries under indices that were given out already.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from consent_server.domain.errors import Conflict, Invalid, LogFrozen, NotFound
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_body
from consent_server.domain.proof_log.merkle import tree_root
from consent_server.domain.proof_log.signed_note import parse_note
from consent_server.domain.proof_log.tiles import reader
from consent_server.services.keyring import Keyring
from consent_server.services.sequencing import removals_in
from consent_server.storage import high_water_mark, proof_log, sites
from consent_server.storage.high_water_mark import Mark
from consent_server.storage.proof_log import Head

Sessions = Callable[[], Session]


@dataclass(frozen=True, slots=True)
class Adopted:
    """A log that goes on: its size, and up to where somebody outside vouches for it."""

    origin: str
    size: int
    witnessed: int


def adopt(
    sessions: Sessions, site_key: str | None, note: bytes, keyring: Keyring, high_water: Path, now: datetime
) -> Adopted:
    """Unfreeze a log on the strength of a checkpoint; mark and journal are made again where they are lost.

    Without a site it is the log that the checkpoint names: one of a site, or the anchor log.

    Raises ``SiteNotFound``, ``NotFound`` (no log), ``Invalid`` (no checkpoint of this log) or ``Conflict``, which says
    in words why the database cannot be gone on with.
    """
    with sessions() as session:
        log_id = _named(session, note) if site_key is None else sites.find_site(session, site_key).id
        session.rollback()
        if not proof_log.try_lock(session, log_id):
            raise Conflict("The log is being sequenced; stop the server first, or try again in a moment.")
        head = proof_log.find_head(session, log_id)
        if head is None or head.size == 0:
            raise NotFound("This log has no entries yet: there is nothing to adopt.")
        checkpoint = _open(head, note, keyring)
        instance = proof_log.instance_id(session, str(uuid.uuid4()), now)
        _check_mark(session, head, high_water, instance)
        _check_whole(session, head, checkpoint)
        removals = removals_in(session, log_id, 0, head.size)
        if high_water_mark.read_mark(high_water, head.origin) is None:
            high_water_mark.note_removals(high_water, head.origin, removals)
        high_water_mark.raise_mark(high_water, head.origin, Mark(head.size, head.root), instance, now)
        proof_log.unfreeze(session, log_id)
        session.commit()
    return Adopted(head.origin, head.size, checkpoint.size)


def _named(session: Session, note: bytes) -> int:
    try:
        origin = parse_body(parse_note(note).text).origin
    except Invalid as error:
        raise Invalid.because(f"This is no checkpoint: {error}", "checkpoint") from None
    for head in proof_log.heads(session):
        if head.origin == origin:
            return head.site_id
    raise NotFound(f"There is no log {origin} here.")


def _open(head: Head, note: bytes, keyring: Keyring) -> Checkpoint:
    """Return what the note says when our own key signed it: the database names keys, too, but may be anybody's."""
    try:
        return open_checkpoint(note, keyring.log_verifiers(head.origin), head.origin)
    except Invalid as error:
        raise Invalid.because(
            f"This is no checkpoint that the log {head.origin} signed: {error}", "checkpoint"
        ) from None


def _check_mark(session: Session, head: Head, high_water: Path, instance: str) -> None:
    try:
        mark = high_water_mark.read_mark(high_water, head.origin)
        other = high_water_mark.read_instance(high_water)
    except LogFrozen as damaged:
        raise Conflict(f"{damaged} Move it out of the way, then adopt every log.") from None
    if other not in (None, instance):
        raise Conflict("The high-water mark belongs to another installation than this database: this is a copy.")
    if mark is None:
        return
    if head.size < mark.size:
        raise Conflict(
            f"The database has {head.size} entries, but {mark.size} were signed and seen. Bring back the newest "
            "database: from a replica, a later backup."
        )
    if _root(session, head, mark.size) != mark.root:
        raise Conflict(
            f"The first {mark.size} entries of the database are not those that were seen. Bring back the database "
            "that has them."
        )


def _check_whole(session: Session, head: Head, checkpoint: Checkpoint) -> None:
    """The database leads to its own root, to the checkpoint from outside, and to every one that it published."""
    if head.size < checkpoint.size:
        raise Conflict(
            f"The checkpoint covers {checkpoint.size} entries, the database has only {head.size}: it is not the newest."
        )
    if _root(session, head, checkpoint.size) != checkpoint.root:
        raise Conflict(f"The first {checkpoint.size} entries of the database are not those of the checkpoint.")
    if _root(session, head, head.size) != head.root:
        raise Conflict("What is stored does not lead to the log's own root: run `consent-server proofs fsck`.")
    latest = proof_log.latest_checkpoint(session, head.site_id)
    if latest is not None and (latest.size > head.size or _root(session, head, latest.size) != latest.root):
        raise Conflict("The newest checkpoint in the database is of other entries: run `consent-server proofs fsck`.")


def _root(session: Session, head: Head, size: int) -> bytes:
    read = reader(lambda level, n: proof_log.loose_hashes(session, head.site_id, level, n))
    try:
        return tree_root(size, read)
    except (AssertionError, Invalid):
        raise Conflict(
            f"Entries or tiles below size {size} are missing or cannot be read: run `consent-server proofs fsck`."
        ) from None
