"""A log as its server serves it (C2SP tiles), read whole: for whoever watches it from outside, without an export.

It has entries and no records. That every tile holds the hashes of the entries below it, and that the server's proofs
hold, is checked here; whether the entries are what was seen before is for ``evidence`` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from consent_server.domain.errors import Invalid
from consent_server.domain.evidence_layout import About, KeptRecord, Lie
from consent_server.domain.proof_log.checkpoint import Checkpoint, parse_body
from consent_server.domain.proof_log.merkle import HASH_SIZE, leaf_hash, verify_consistency
from consent_server.domain.proof_log.proof import parse_hashes, parse_proof, verify_proof
from consent_server.domain.proof_log.signed_note import Verifier, parse_note
from consent_server.domain.proof_log.tiles import ENTRIES, WIDTH, Tile, tile_root, unpack_entries

Get = Callable[[str], bytes | None]
"""Gives what the server has at a path below ``/v1/sites/<site_key>/``; ``None`` when it has nothing there."""


class ServedEvidence:
    """What a server shows of a log, as of the checkpoint that it served first."""

    def __init__(self, get: Get, site_key: str) -> None:
        self._get = get
        self._note = get("log/checkpoint")
        if self._note is None:
            raise Invalid.because("The server has no checkpoint of this log.")
        self.head = parse_body(parse_note(self._note).text)
        self.about = About(self.head.origin, site_key, self.head.size)

    def check_files(self) -> None:
        """See ``Evidence``: nothing lists what is served."""

    def signed(self) -> None:
        """See ``Evidence``: only the checkpoint is signed."""

    def checkpoints(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``."""
        yield "that is served", self._note or b""

    def entries(self) -> Iterator[str]:
        """See ``Evidence``; every tile is compared with what is below it."""
        size, roots = self.about.size, []
        for start in range(0, size, WIDTH):
            tile = Tile(0, start // WIDTH, min(WIDTH, size - start))
            entries = self._entries(tile, start)
            leaves = b"".join(map(leaf_hash, entries))
            self._check_tile(tile, leaves, start)
            if tile.width == WIDTH:
                roots.append(tile_root(leaves))
            for index, entry in enumerate(entries, start):
                yield _text(entry, index)
        self._check_upper(roots)

    def _entries(self, tile: Tile, start: int) -> list[bytes]:
        data = self._take(Tile(ENTRIES, tile.n, tile.width), start)
        try:
            entries = unpack_entries(data)
        except Invalid as error:
            raise Lie(f"The entries from {start} on cannot be read: {error}", start) from error
        if len(entries) != tile.width:
            raise Lie(f"The server shows {len(entries)} entries from {start} on, not {tile.width}.", start)
        return entries

    def _check_upper(self, hashes: Sequence[bytes]) -> None:
        level, span = 1, WIDTH
        while hashes:
            parts = [hashes[at : at + WIDTH] for at in range(0, len(hashes), WIDTH)]
            for n, part in enumerate(parts):
                self._check_tile(Tile(level, n, len(part)), b"".join(part), n * WIDTH * span, span)
            hashes = [tile_root(b"".join(part)) for part in parts if len(part) == WIDTH]
            level, span = level + 1, span * WIDTH

    def _check_tile(self, tile: Tile, right: bytes, start: int, span: int = 1) -> None:
        served = self._take(tile, start)
        if served != right:
            same = next((at for at, byte in enumerate(right) if served[at : at + 1] != bytes([byte])), len(right))
            index = start + same // HASH_SIZE * span
            raise Lie(f"The tile {tile.path} does not hold the hashes of the entries below it: from {index} on.", index)

    def _take(self, tile: Tile, start: int) -> bytes:
        data = self._get(f"log/{tile.path}")
        if data is None:
            raise Lie(f"WITHHELD: the server has no {tile.path}, though its checkpoint covers entry {start}.", start)
        return data

    def check_consistency(self, known: Checkpoint) -> None:
        """The server's own proof leads from a checkpoint that was seen before to the one that it serves now."""
        path = f"log/proof/consistency/{known.size}/{self.about.size}"
        served = self._get(path)
        if served is None:
            raise Lie(f"WITHHELD: the server has no {path}, though it signed both checkpoints.")
        try:
            hashes = parse_hashes(served.decode())
            verify_consistency(known.size, self.about.size, known.root, self.head.root, hashes)
        except (Invalid, UnicodeDecodeError) as error:
            raise Lie(f"The server's {path} does not hold: {error}") from error

    def check_proof(self, record_id: str, index: int, leaf: bytes, verifiers: Sequence[Verifier]) -> None:
        """The server's proof of a record is of this leaf at this index, under a checkpoint of this same log."""
        served = self._get(f"records/{record_id}/proof")
        if served is None:
            raise Lie(f"WITHHELD: the server has no proof of record {record_id}, though entry {index} is it.", index)
        try:
            proof = parse_proof(served.decode())
            if proof.index != index:
                raise Invalid.because(f"It is of entry {proof.index}.")
            under = verify_proof(proof, leaf, verifiers, self.about.origin)
        except (Invalid, UnicodeDecodeError) as error:
            name = f"The server's proof of record {record_id}, entry {index},"
            raise Lie(f"{name} does not hold: {error}", index, record_id) from error
        self.check_consistency(under)

    def proofs(self) -> Iterator[tuple[int, str]]:
        """See ``Evidence``: the whole log is served."""
        yield from ()

    def records(self) -> Iterator[KeptRecord]:
        """See ``Evidence``: records are not served."""
        yield from ()

    def configurations(self) -> Iterator[tuple[str, bytes]]:
        """See ``Evidence``: an export has them."""
        yield from ()

    def screenshots(self) -> None:
        """See ``Evidence``: an export has them."""

    def anchors(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        """See ``Evidence``: an export has them."""
        yield from ()

    def not_checked(self) -> Iterator[str]:
        """See ``Evidence``."""
        yield "This is the log as it is served: records, configurations and anchors are in an export of it."


def _text(entry: bytes, index: int) -> str:
    try:
        return entry.decode()
    except UnicodeDecodeError as error:
        raise Lie(f"Entry {index} is not a log entry: it is not UTF-8.", index) from error
