"""Tiles: 256 neighbouring hashes of every eighth tree level, as C2SP tlog-tiles cuts the tree.

Only full tiles are ever stored; a partial tile is a prefix of what will become the full one. Entry bundles share
the coordinates of level 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import HASH_SIZE, MAX_SIZE, Read, node_hash

HEIGHT = 8
WIDTH = 256
MAX_LEVEL = 63
ENTRIES: Literal[-1] = -1
"""The ``level`` of an entry bundle: its path says ``entries`` where a tile's says the level."""

MAX_ENTRY_BYTES = 2**16 - 1

ReadTile = Callable[[int, int], bytes]

_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Hashes (or entries) ``n * 256 … n * 256 + width - 1`` of a tile level."""

    level: int
    n: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not (ENTRIES <= self.level <= MAX_LEVEL and 0 <= self.n <= MAX_SIZE and 1 <= self.width <= WIDTH):
            raise Invalid.because("There is no such tile.")

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]`` with N in groups of three digits, all but the last marked with an x."""
        digits = str(self.n)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        level = "entries" if self.level == ENTRIES else str(self.level)
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    def is_of(self, size: int) -> bool:
        """Whether a tree of ``size`` has this tile: full where it is full, partial in exactly this width."""
        hashes = size >> (HEIGHT * max(self.level, 0))
        full, partial = divmod(hashes, WIDTH)
        return self.n < full if self.width == WIDTH else self.n == full and self.width == partial


def parse_path(path: str) -> Tile:
    """Read a tile path in its one spelling."""
    match = _PATH.match(path)
    if not match:
        raise Invalid.because("This is not the path of a tile.")
    level, groups, width = match.groups()
    number = int(groups.replace("/", "").replace("x", ""))
    tile = Tile(ENTRIES if level == "entries" else int(level), number, int(width) if width else WIDTH)
    if tile.path != path:
        raise Invalid.because("This is not the path of a tile.")
    return tile


def full_tiles(old: int, new: int) -> Iterator[Tile]:
    """Give the tiles that become full when a tree grows from ``old`` to ``new`` entries, lowest level first."""
    level = 0
    while new := new >> HEIGHT:
        old >>= HEIGHT
        yield from (Tile(level, n) for n in range(old, new))
        level += 1


def partial_tiles(size: int) -> Iterator[Tile]:
    """Give the partial tiles of a tree of ``size``: ``floor(size / 256**level) mod 256`` wide, none if that is 0."""
    level = 0
    while size:
        size, width = divmod(size, WIDTH)
        if width:
            yield Tile(level, size, width)
        level += 1


def split_hashes(data: bytes) -> list[bytes]:
    """Cut the bytes of a tile into its hashes."""
    if len(data) % HASH_SIZE or not HASH_SIZE <= len(data) <= WIDTH * HASH_SIZE:
        raise Invalid.because("A tile is 1 to 256 hashes of 32 bytes.")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def tile_root(data: bytes) -> bytes:
    """Return the hash over a full tile: one hash of the level above."""
    if len(data) != WIDTH * HASH_SIZE:
        raise Invalid.because("Only a full tile has a root.")
    return _subtrees(data)[HEIGHT][0]


def reader(read_tile: ReadTile, keep: int = 64) -> Read:
    """Return ``read(level, index)`` for merkle over ``read_tile(tile level, n)``, which gives what is there of a tile.

    The right-most tile of a level may be partial or longer than asked for; a tile that is too short is a broken
    store. ``keep`` tiles are remembered, each with the 255 hashes inside it.
    """
    subtrees = lru_cache(maxsize=keep)(lambda level, n: _subtrees(read_tile(level, n)))

    def read(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, HEIGHT)
        n, offset = divmod(index, WIDTH >> height)
        row = subtrees(tile_level, n)[height]
        assert offset < len(row), f"tile {tile_level}/{n} is too short"
        return row[offset]

    return read


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length as big-endian uint16."""
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise Invalid.because("An entry has at most 65535 bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_entries(data: bytes) -> list[bytes]:
    """Read an entry bundle of 1 to 256 entries."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Invalid.because("The entry bundle is cut off.")
        entries.append(data[at + 2 : end])
        at = end
    if not 1 <= len(entries) <= WIDTH:
        raise Invalid.because("An entry bundle has 1 to 256 entries.")
    return entries


def _subtrees(data: bytes) -> list[list[bytes]]:
    """Return the complete subtrees inside a tile: row h holds the hashes over 2**h of the tile's."""
    rows = [split_hashes(data)]
    for _ in range(HEIGHT):
        row = rows[-1]
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return rows
