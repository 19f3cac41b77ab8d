from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log import tiles
from consent_server.domain.proof_log.merkle import (
    Frontier,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from consent_server.domain.proof_log.tiles import ENTRIES, Tile, full_tiles, parse_path, partial_tiles

AROUND_EDGES = [1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000]


@pytest.fixture(scope="module")
def log() -> tuple[dict[tuple[int, int], bytes], dict[int, bytes]]:
    """Tiles of a log of 70 000 entries as they grow, and its roots at the sizes around the edges."""
    stored: dict[tuple[int, int], bytes] = {}
    roots, frontier = {}, Frontier()
    for i in range(70000):
        leaf = leaf_hash(b"%d" % i)
        stored[0, i // 256] = stored.get((0, i // 256), b"") + leaf
        for tile in full_tiles(i, i + 1):
            above = tile.level + 1, tile.n // 256
            stored[above] = stored.get(above, b"") + tiles.tile_root(stored[tile.level, tile.n])
        frontier.append(leaf)
        if frontier.size in AROUND_EDGES:
            roots[frontier.size] = frontier.root()
    return stored, roots


def test_the_frontier_from_tiles_is_the_frontier_from_leaves(log) -> None:
    stored, roots = log
    read = tiles.reader(lambda level, n: stored[level, n])
    for size in AROUND_EDGES:
        assert Frontier.of(size, read).root() == tree_root(size, read) == roots[size]


def test_proofs_from_tiles_verify_at_every_edge(log) -> None:
    stored, roots = log
    read = tiles.reader(lambda level, n: stored[level, n])
    for size in AROUND_EDGES:
        for index in {0, 1, size // 2, size - 1} & set(range(size)):
            verify_inclusion(index, size, leaf_hash(b"%d" % index), prove_inclusion(index, size, read), roots[size])
        for old in (n for n in AROUND_EDGES if n <= size):
            verify_consistency(old, size, roots[old], roots[size], prove_consistency(old, size, read))


def test_a_proof_reads_few_tiles(log) -> None:
    stored, _ = log
    asked = []
    read = tiles.reader(lambda level, n: asked.append((level, n)) or stored[level, n])
    prove_inclusion(12345, 70000, read)
    assert len(asked) <= 5


def test_a_store_that_lost_a_part_of_a_tile_is_a_broken_invariant() -> None:
    read = tiles.reader(lambda level, n: b"\x00" * 64)
    with pytest.raises(AssertionError):
        read(0, 2)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    assert list(partial_tiles(70000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert sum(1 for tile in full_tiles(0, 70000) if tile.level == 0) == 273
    assert sum(1 for tile in full_tiles(0, 70000) if tile.level == 1) == 1
    assert list(partial_tiles(256)) == [Tile(1, 0, 1)]


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_growing_in_steps_writes_the_tiles_of_growing_at_once(a: int, b: int, c: int) -> None:
    a, b, c = sorted((a, b, c))
    steps = [*full_tiles(a, b), *full_tiles(b, c)]
    assert len(steps) == len(set(steps))
    assert set(steps) == set(full_tiles(a, c))


@given(st.integers(1, 2**40))
def test_a_tree_has_exactly_its_tiles(size: int) -> None:
    for tile in partial_tiles(size):
        assert tile.is_of(size)
        assert not Tile(tile.level, tile.n).is_of(size)
        assert not Tile(tile.level, tile.n, tile.width % 255 + 1).is_of(size)
        assert not Tile(tile.level, tile.n + 1, tile.width).is_of(size)
        if tile.n:
            assert Tile(tile.level, tile.n - 1).is_of(size)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(3, 1234067), "tile/3/x001/x234/067"),
        (Tile(63, 5, 255), "tile/63/005.p/255"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths_are_spelt_as_the_specification_does(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@given(st.integers(-1, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_path_reads_back(level: int, n: int, width: int) -> None:
    tile = Tile(level, n, width)
    assert parse_path(tile.path) == tile


REFUSED = """
tile/64/000 tile/00/000 tile/-1/000 tile/0/0 tile/0/00 tile/0/0000 tile/0/x000/000 tile/0/001/000 tile/0/x001
tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/01 tile/0/000.p/ tile/0/000.p tile/0/000/ /tile/0/000 tile/entries/
tile/0/x999/x999/x999/x999/x999/x999/999 tile/0/x001/X000 tile/Entries/000 0/000 tile/0/000.p/1.p/1
"""


@pytest.mark.parametrize("path", [*REFUSED.split(), "", " tile/0/000", "tile/0/000\n", "tile/0/\u0660\u0660\u0660"])
def test_any_other_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        parse_path(path)


@given(st.text(alphabet="tile/entris0123456789x.p", max_size=40))
def test_noise_as_a_path_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert parse_path(text).path == text


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entry_bundles_read_back(entries: list[bytes]) -> None:
    assert tiles.unpack_entries(tiles.pack_entries(entries)) == entries


@given(st.binary(max_size=700))
def test_noise_as_an_entry_bundle_raises_only_invalid(data: bytes) -> None:
    with suppress(Invalid):
        assert tiles.pack_entries(tiles.unpack_entries(data)) == data


def test_sizes_of_bundles_and_tiles_are_bounded() -> None:
    for refused in (b"", b"\x00", b"\x00\x05abcd", b"\x00\x00" * 257):
        with pytest.raises(Invalid):
            tiles.unpack_entries(refused)
    with pytest.raises(Invalid):
        tiles.pack_entries([b"a" * 65536])
    for refused in (b"", b"a" * 31, b"a" * 32 * 257):
        with pytest.raises(Invalid):
            tiles.split_hashes(refused)
    with pytest.raises(Invalid):
        tiles.tile_root(b"a" * 32 * 255)
    for level, n, width in ((64, 0, 1), (-2, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(Invalid):
            Tile(level, n, width)
