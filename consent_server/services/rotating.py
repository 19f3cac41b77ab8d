"""Another key for the logs, without a day on which nobody can verify them (ledger section 10).

    1  a new seed is made; the one of before is kept beside it       both are read at the next start
    2  ``rotate``: each log names its new key                        the checkpoint that covers this is the old key's
    3  for ``OVERLAP`` both sign                                     whoever has the old key learns the new one
    4  ``retire``: each log says that the old key signs no more      the seed of before can be destroyed

Promises are signed by the new seed's key from the restart on; logs name those keys, too, so that old promises can be
checked after the old seed is gone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain import anchor_leaf
from consent_server.domain.errors import Conflict, Invalid, NotFound
from consent_server.domain.log_entry import Key, format_entry
from consent_server.domain.proof_log.keys import SEED_BYTES
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.domain.times import rfc3339
from consent_server.services.keyring import Keyring, log_key_file, previous_key_file
from consent_server.services.log_keys import NamedKey, named_keys
from consent_server.storage import proof_log
from consent_server.storage.database import begin_immediate
from consent_server.storage.proof_log import ANCHOR_LOG, Head
from consent_server.storage.whole_file import replace_file

OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewSeed:
    """Where a new seed was written; without a file it is given once, for whoever keeps seeds elsewhere."""

    file: Path | None
    text: str | None


def make_seed(settings: Settings) -> NewSeed:
    """Make the seed of the next keys and keep the one of before beside it.

    Raises ``Conflict`` while an earlier rotation is under way, ``Invalid`` when there is no seed to rotate.
    """
    fresh = secrets.token_hex(SEED_BYTES)
    if settings.log_key:
        return NewSeed(None, fresh)
    file, before = log_key_file(settings), previous_key_file(settings)
    if before.exists():
        raise Conflict(f"{before} is there: finish the rotation that is under way, retire its keys, destroy it.")
    if not file.is_file():
        raise Invalid.because(f"There is no seed in {file} yet; `consent-server init` makes the first one.", "LOG_KEY")
    replace_file(before, file.read_text())
    replace_file(file, fresh + "\n")
    return NewSeed(file, None)


def rotate(session: Session, log_id: int, keyring: Keyring) -> bool:
    """Put the new keys of a log in line for it; return False when it has them already.

    Raises ``NotFound`` when there is no such log, ``Conflict`` when it is not signed by the seed of before.
    """
    begin_immediate(session)
    head = _head(session, log_id)
    fresh, *before = keyring.log_signers(head.origin)
    named = {key.vkey: key for key in named_keys(session, head)}
    if fresh.vkey in named or proof_log.kind_is_pending(session, log_id, "key"):
        return False
    if not any(signer.vkey in named and named[signer.vkey].retired is None for signer in before):
        raise Conflict(
            f"The log {head.origin} is not signed by the seed of before: without LOG_KEY_PREVIOUS there is no key that "
            "could vouch for the new one."
        )
    if log_id == ANCHOR_LOG:
        proof_log.add_pending(session, log_id, "key", body=anchor_leaf.format_key(head.origin, fresh.vkey))
    else:
        for vkey in (fresh.vkey, keyring.promise_signer(head.origin).vkey):
            proof_log.add_pending(session, log_id, "key", body=format_entry(Key("add", vkey)))
    session.commit()
    return True


def retire(session: Session, log_id: int, keyring: Keyring, now: datetime) -> bool:
    """Put in line that the keys of before sign no more; return False when there is none left.

    Raises ``Conflict`` until both have signed for ``OVERLAP``. The anchor log's old key just stops: it has no removals.
    """
    begin_immediate(session)
    head = _head(session, log_id)
    current = keyring.log_signers(head.origin)[0].vkey
    named = named_keys(session, head)
    old = [key for key in named if key.retired is None and key.vkey != current and _signs_log(key, head)]
    if not old or log_id == ANCHOR_LOG or proof_log.kind_is_pending(session, log_id, "key"):
        return False
    since = next((key.added for key in named if key.vkey == current and key.retired is None), None)
    covered = None if since is None else proof_log.first_checkpoint_over(session, log_id, since)
    if covered is None:
        raise Conflict(f"The log {head.origin} does not name its new key yet: run `consent-server key rotate` first.")
    until = covered.created_at + OVERLAP
    if now < until:
        raise Conflict(f"Both keys of {head.origin} sign until {rfc3339(until)}, so that everybody learns the new one.")
    vkeys = [key.vkey for key in old]
    if (promises := keyring.previous_promise_signer(head.origin)) is not None:
        vkeys.append(promises.vkey)
    for vkey in vkeys:
        proof_log.add_pending(session, log_id, "key", body=format_entry(Key("retire", vkey)))
    session.commit()
    return True


def _signs_log(key: NamedKey, head: Head) -> bool:
    return Verifier.parse(key.vkey).name == head.origin


def _head(session: Session, log_id: int) -> Head:
    head = proof_log.find_head(session, log_id)
    if head is None or head.size == 0:
        raise NotFound("This log has no entries yet, and no key to be rotated.")
    return head
