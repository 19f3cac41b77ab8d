"""What the log says to whoever asks: checkpoints, tiles, proofs (ledger sections 8 and 9). Reads only.

Sizes are those of published checkpoints and nothing else, so that every answer but the newest checkpoint stays true for
ever and can be cached. Whoever checks them trusts the key, not this server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound, NotYet, RecordNotFound
from consent_server.domain.evidence_anchors import Anchor
from consent_server.domain.proof_log.merkle import HASH_SIZE, Read, prove_consistency, prove_inclusion
from consent_server.domain.proof_log.proof import Proof, format_hashes
from consent_server.domain.proof_log.signed_note import Verifier
from consent_server.domain.proof_log.tiles import ENTRIES, WIDTH, Tile, pack_entries, reader
from consent_server.services.keyring import Keyring
from consent_server.services.log_keys import named_keys
from consent_server.storage import anchors, proof_log, sites
from consent_server.storage.anchors import Leaf, Witnessed
from consent_server.storage.proof_log import ANCHOR_LOG, KeptCheckpoint

_RECORD_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def latest_checkpoint(session: Session, site_key: str) -> str:
    """Return the newest published checkpoint, a signed note; raises ``NotFound`` before the first."""
    return _latest(session, _site_id(session, site_key)).note


def log_keys(session: Session, site_key: str, keyring: Keyring) -> list[str]:
    """Return the keys of this log's checkpoints, its promises, the anchor log, then retired ones; ``NotFound`` if none.

    Those of the logs are read from their entries: a web node cannot derive them.
    """
    site_id = _site_id(session, site_key)
    head = proof_log.find_head(session, site_id)
    if head is None:
        raise NotFound("This site has no proof log yet.")
    named = named_keys(session, head)
    signing = [key.vkey for key in named if key.retired is None and Verifier.parse(key.vkey).name == head.origin]
    if not signing and keyring.master is not None:
        signing.append(keyring.log_signer(head.origin).vkey)
    promising = [keyring.promise_signer(head.origin).vkey] if keyring.promise is not None else []
    if (before := keyring.previous_promise_signer(head.origin)) is not None:
        promising.append(before.vkey)
    anchor = proof_log.find_head(session, ANCHOR_LOG)
    anchoring = [key.vkey for key in named_keys(session, anchor)] if anchor else []
    return list(dict.fromkeys([*signing, *promising, *anchoring, *(key.vkey for key in named)]))


def tile_bytes(session: Session, site_key: str, tile: Tile) -> bytes:
    """Return a tile or entry bundle: a full one of the published tree, or a partial one that some checkpoint has."""
    site_id = _site_id(session, site_key)
    if not _is_published(session, site_id, tile):
        raise NotFound("No published checkpoint has this tile.")
    if tile.level == ENTRIES:
        start = tile.n * WIDTH
        found = proof_log.entries(session, site_id, start, start + tile.width)
        return pack_entries([entry.text.encode() for entry in found])
    return proof_log.tile_hashes(session, site_id, tile.level, tile.n)[: tile.width * HASH_SIZE]


def inclusion_proof(session: Session, site_key: str, index: int, size: int) -> str:
    """Return the proof that an entry is in the tree of a published checkpoint, as tlog-proof."""
    site_id = _site_id(session, site_key)
    checkpoint = _checkpoint(session, site_id, size)
    if index >= size:
        raise NotFound(f"The log of size {size} has no entry {index}.")
    return _inclusion(session, site_id, index, checkpoint)


def consistency_proof(session: Session, site_key: str, old: int, new: int) -> str:
    """Return the proof that the tree of one published checkpoint begins with that of another, one hash per line."""
    site_id = _site_id(session, site_key)
    if old > new:
        raise NotFound("A log only grows: ask from the smaller size to the larger.")
    for size in (old, new):
        _checkpoint(session, site_id, size)
    return format_hashes(prove_consistency(old, new, _reader(session, site_id)))


@dataclass(frozen=True)
class AnchorProof:
    """That the anchor log holds a checkpoint of ``size`` entries of a site, and what was said of that outside."""

    size: int
    anchor: Anchor
    said: Witnessed | None


def anchor_proof(session: Session, site_key: str, size: int) -> AnchorProof:
    """Return the first anchor that covers a published size: of this checkpoint, or of the next one that is anchored."""
    site_id = _site_id(session, site_key)
    _checkpoint(session, site_id, size)
    leaf = anchors.first_leaf_over(session, site_id, size)
    if leaf is None:
        raise NotFound(f"No checkpoint from size {size} on is anchored yet.")
    said = anchors.first_token_over(session, leaf.index)
    made = proof_log.first_checkpoint_over(session, ANCHOR_LOG, leaf.index)
    if made is None:
        raise NotFound(f"No checkpoint from size {size} on is anchored yet.")
    return AnchorProof(leaf.size, anchor_at(session, leaf, said.size if said else made.size), said)


def anchor_at(session: Session, leaf: Leaf, size: int) -> Anchor:
    """Return the anchor that the anchor log's checkpoint of ``size`` makes of a leaf."""
    checkpoint = _checkpoint(session, ANCHOR_LOG, size)
    checkpoint = replace(checkpoint, note=checkpoint.note + "".join(anchors.cosignatures(session, size)))
    said = anchors.token_at(session, size)
    proof = _inclusion(session, ANCHOR_LOG, leaf.index, checkpoint)
    return Anchor(size, checkpoint.note, proof, None if said is None else said.data)


def record_proof(session: Session, site_key: str, record_id: str) -> str:
    """Return the inclusion proof of a record under the first checkpoint that covers it: the same one every time.

    Raises ``NotYet`` before its record is integrated and published, ``RecordNotFound`` when there is none.
    """
    site_id = _site_id(session, site_key)
    if not _RECORD_ID.match(record_id):
        raise RecordNotFound("This site has no such consent record.")
    waits = proof_log.is_pending(session, site_id, record_id)  # asked first: it only ever moves from line to log
    index = proof_log.find_index(session, site_id, record_id)
    if index is None and not waits:
        raise RecordNotFound("This site has no such consent record.")
    checkpoint = None if index is None else proof_log.first_checkpoint_over(session, site_id, index)
    if index is None or checkpoint is None:
        raise NotYet("The record is kept, but its log has not been signed yet; ask again in a moment.")
    return _inclusion(session, site_id, index, checkpoint)


def _inclusion(session: Session, site_id: int, index: int, checkpoint: KeptCheckpoint) -> str:
    path = prove_inclusion(index, checkpoint.size, _reader(session, site_id))
    (entry,) = proof_log.entries(session, site_id, index, index + 1)
    return Proof(index, tuple(path), checkpoint.note, entry.text.encode()).text


def _reader(session: Session, site_id: int) -> Read:
    return reader(lambda level, n: proof_log.tile_hashes(session, site_id, level, n))


def _is_published(session: Session, site_id: int, tile: Tile) -> bool:
    level = max(tile.level, 0)
    size = proof_log.published_size(session, site_id)
    if (tile.n * WIDTH + tile.width) * WIDTH**level > size:
        return False  # before any number of the path is given to the database
    return tile.width == WIDTH or proof_log.partial_is_published(session, site_id, level, tile.n, tile.width)


def _checkpoint(session: Session, site_id: int, size: int) -> KeptCheckpoint:
    found = proof_log.find_checkpoint(session, site_id, size)
    if found is None:
        raise NotFound(f"No checkpoint of size {size} was published.")
    return found


def _latest(session: Session, site_id: int) -> KeptCheckpoint:
    found = proof_log.latest_checkpoint(session, site_id)
    if found is None:
        raise NotFound("This site's log has published no checkpoint yet.")
    return found


def _site_id(session: Session, site_key: str) -> int:
    return sites.find_site(session, site_key).id
