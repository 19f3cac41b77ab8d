"""``jsonl``: evidence as one stream of lines, every entry with its record beside it."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.evidence_anchors import anchor_contents
from consent_server.domain.evidence_layout import KeptRecord, bundle_lines
from consent_server.services.exporting import anchored
from consent_server.services.exporting.snapshot import Snapshot, kept
from consent_server.storage import evidence


def lines(snapshot: Snapshot) -> Iterator[bytes]:
    """Give the lines."""
    return bundle_lines(
        snapshot.about,
        snapshot.checkpoint,
        keys=[snapshot.signer.vkey, *anchored.keys(snapshot)],
        entries=_entries(snapshot),
        configurations=snapshot.configurations(),
        anchors=anchor_contents(anchored.anchors_of(snapshot, anchored.chosen_anchors(snapshot), whole=True)),
    )


def _entries(snapshot: Snapshot) -> Iterator[tuple[str, KeptRecord | None]]:
    for entry, stored in evidence.entries_with_records(snapshot.session, snapshot.site.id, snapshot.about.size):
        snapshot.tell(entry.index + 1)
        yield entry.text, None if stored is None else kept(stored)
