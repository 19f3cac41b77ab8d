"""Which keys a log names in itself, and which of ours sign it (ledger section 10).

A log is signed by the key of its first entry until it names others: from the batch after a ``key add`` on the new key
signs along, from a ``retire`` on the old one no longer does. So the checkpoint that covers the addition is the old
key's, and whoever trusts that key learns the new one from the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consent_server.domain.anchor_leaf import AddedKey, parse_leaf
from consent_server.domain.errors import Invalid
from consent_server.domain.log_entry import Key, parse_entry
from consent_server.domain.proof_log.signed_note import Signer
from consent_server.services.keyring import Keyring
from consent_server.services.logging_entries import key_in_first_entry
from consent_server.storage import proof_log
from consent_server.storage.proof_log import ANCHOR_LOG, Head


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key that a log names, for its checkpoints or its promises: from which entry on, and until which."""

    vkey: str
    added: int | None
    retired: int | None = None


def named_keys(session: Session, head: Head) -> list[NamedKey]:
    """Return every key that a log ever named, oldest first; raises ``Invalid`` when an entry cannot be read."""
    found: dict[str, NamedKey] = {}
    for first in proof_log.entries(session, head.site_id, 0, min(1, head.size)):
        vkey = key_in_first_entry(head, first.text)
        found[vkey] = NamedKey(vkey, 0)
    for index, text in proof_log.key_entries(session, head.site_id, head.size):
        key = _read(head, text)
        known = found.get(key.vkey)
        if key.op == "add" and known is None:
            found[key.vkey] = NamedKey(key.vkey, index)
        elif key.op == "retire":
            found[key.vkey] = NamedKey(key.vkey, known.added if known else None, index)
    return list(found.values())


def log_signers(named: Iterable[NamedKey], head: Head, keyring: Keyring) -> list[Signer]:
    """Return those of our keys that sign this log now, the newest first; raises ``Invalid`` when there is none."""
    ours = keyring.log_signers(head.origin)
    if head.size == 0:
        return ours[:1]
    valid = {key.vkey for key in named if key.retired is None}
    signing = [signer for signer in ours if signer.vkey in valid]
    if not signing:
        raise Invalid.because(f"The log {head.origin} was begun with another LOG_KEY than this process has.", "LOG_KEY")
    return signing


def _read(head: Head, text: str) -> Key:
    if head.site_id == ANCHOR_LOG:
        leaf = parse_leaf(text, head.origin)
        if isinstance(leaf, AddedKey):
            return Key("add", leaf.vkey)
    else:
        entry = parse_entry(text)
        if isinstance(entry, Key):
            return entry
    raise Invalid.because("An entry of the kind key names no key.")
