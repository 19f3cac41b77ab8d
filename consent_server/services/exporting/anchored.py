"""The anchors of a log: the checkpoints that the anchor log holds, each with the token that says when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from consent_server.domain.evidence_anchors import KEYS, Anchor, anchor_files
from consent_server.domain.proof_log.merkle import prove_consistency
from consent_server.domain.proof_log.proof import format_hashes
from consent_server.domain.proof_log.tiles import reader
from consent_server.services.anchoring import token_of
from consent_server.services.exporting.snapshot import Snapshot
from consent_server.services.logging_entries import key_in_first_entry
from consent_server.services.proving import anchor_at
from consent_server.storage import anchors, proof_log
from consent_server.storage.anchors import Leaf
from consent_server.storage.proof_log import ANCHOR_LOG

_TILES = 64


def chosen_anchors(snapshot: Snapshot) -> dict[int, Leaf]:
    """Return, by anchor size, the last leaf that each token is for; without any token, the newest leaf.

    What was mailed or cosigned is there as well, so that whoever kept a mail can hold it against the bundle.
    """
    session, chosen, unstamped = snapshot.session, {}, None
    for leaf in anchors.leaves_of_site(session, snapshot.site.id, snapshot.about.size):
        said = token_of(session, leaf)
        if said is None:
            unstamped = leaf
        else:
            chosen[said.size] = leaf
    if unstamped is not None and not chosen:
        made = proof_log.first_checkpoint_over(session, ANCHOR_LOG, unstamped.index)
        chosen |= {made.size: unstamped} if made else {}
    for size in anchors.shown_sizes(session):
        mailed = anchors.last_leaf_below(session, snapshot.site.id, size, snapshot.about.size)
        if mailed is not None:
            chosen.setdefault(size, mailed)
    return chosen


def checkpoints(snapshot: Snapshot, chosen: Mapping[int, Leaf]) -> dict[int, str]:
    """Return the notes of the anchored checkpoints by size."""
    found = (proof_log.find_checkpoint(snapshot.session, snapshot.site.id, leaf.size) for leaf in chosen.values())
    return {kept.size: kept.note for kept in found if kept is not None}


def files_of(snapshot: Snapshot, chosen: Mapping[int, Leaf], *, whole: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Give the files of the anchors and the key of their log; of a part also how each leads to the head."""
    yield from anchor_files(anchors_of(snapshot, chosen, whole=whole))
    if vkeys := keys(snapshot):
        yield KEYS, [f"{vkey}\n".encode() for vkey in vkeys]


def anchors_of(snapshot: Snapshot, chosen: Mapping[int, Leaf], *, whole: bool) -> Iterator[Anchor]:
    """Give the anchors by size; of a part, each with how it leads to the head."""
    return (_anchor(snapshot, size, leaf, whole) for size, leaf in sorted(chosen.items()))


def keys(snapshot: Snapshot) -> list[str]:
    """Return the key of the anchor log, once there is one."""
    head = proof_log.find_head(snapshot.session, ANCHOR_LOG)
    if head is None:
        return []
    return [key_in_first_entry(head, entry.text) for entry in proof_log.entries(snapshot.session, ANCHOR_LOG, 0, 1)]


def _anchor(snapshot: Snapshot, size: int, leaf: Leaf, whole: bool) -> Anchor:
    anchor, said = anchor_at(snapshot.session, leaf, size), token_of(snapshot.session, leaf)
    if said is None or said.size != size:
        anchor = replace(anchor, token=None)  # a later token does not say when this leaf was there
    return anchor if whole else replace(anchor, consistency=_consistency(snapshot, leaf))


def _consistency(snapshot: Snapshot, leaf: Leaf) -> str:
    read = reader(lru_cache(_TILES)(partial(proof_log.tile_hashes, snapshot.session, snapshot.site.id)))
    return format_hashes(prove_consistency(leaf.size, snapshot.about.size, read))
