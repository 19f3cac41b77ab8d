from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.domain.proof_log import reference

ENTRIES = [f"entry {i}".encode() for i in range(70)]
ROOTS = [reference.mth(ENTRIES[:n]) for n in range(71)]


def read(level: int, index: int) -> bytes:
    """Give complete subtrees only, as storage would."""
    low, high = index << level, (index + 1) << level
    assert high <= len(ENTRIES), "asked for a subtree that is not complete"
    return reference.mth(ENTRIES[low:high])


def test_roots_of_every_size_are_those_of_the_rfc() -> None:
    frontier = Frontier()
    for size in range(70):
        assert frontier.root() == tree_root(size, read) == ROOTS[size]
        assert Frontier.of(size, read).root() == ROOTS[size]
        frontier.append(leaf_hash(ENTRIES[size]))
    assert tree_root(0, read) == EMPTY_ROOT


def test_a_frontier_resumed_from_storage_goes_on_as_if_never_interrupted() -> None:
    for size in range(71):
        frontier = Frontier.of(size, read)
        for entry in ENTRIES[size:]:
            frontier.append(leaf_hash(entry))
        assert frontier.root() == ROOTS[70]
        assert frontier.size == 70


def test_every_inclusion_proof_is_that_of_the_rfc_and_verifies() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = prove_inclusion(index, size, read)
            assert proof == reference.path(index, ENTRIES[:size])
            verify_inclusion(index, size, leaf_hash(ENTRIES[index]), proof, ROOTS[size])


def test_every_consistency_proof_is_that_of_the_rfc_and_verifies() -> None:
    for new in range(1, 71):
        for old in range(1, new + 1):
            proof = prove_consistency(old, new, read)
            assert proof == reference.proof(old, ENTRIES[:new])
            verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)


def test_a_changed_inclusion_proof_is_refused() -> None:
    for size in (1, 2, 3, 7, 8, 11, 33):
        for index in range(size):
            leaf, proof = leaf_hash(ENTRIES[index]), prove_inclusion(index, size, read)
            for bad in _changed(proof):
                with pytest.raises(Invalid):
                    verify_inclusion(index, size, leaf, bad, ROOTS[size])
            with pytest.raises(Invalid):
                verify_inclusion(index, size, leaf_hash(b"other"), proof, ROOTS[size])
            with pytest.raises(Invalid):
                verify_inclusion(index, size, leaf, proof, ROOTS[size + 1])
            for other in set(range(size + 1)) - {index}:
                with pytest.raises(Invalid):
                    verify_inclusion(other, size, leaf, proof, ROOTS[size])


def test_a_changed_consistency_proof_is_refused() -> None:
    for new in (1, 2, 3, 7, 8, 11, 33):
        for old in range(1, new + 1):
            proof = prove_consistency(old, new, read)
            for bad in _changed(proof):
                with pytest.raises(Invalid):
                    verify_consistency(old, new, ROOTS[old], ROOTS[new], bad)
            for old_root, new_root in ((ROOTS[old - 1], ROOTS[new]), (ROOTS[old], ROOTS[new + 1])):
                with pytest.raises(Invalid):
                    verify_consistency(old, new, old_root, new_root, proof)


def _changed(proof: list[bytes]) -> list[list[bytes]]:
    longer = [[*proof, b"\x00" * 32], [b"\x00" * 32, *proof]]
    shorter = [proof[1:], proof[:-1]] if proof else []
    flipped = [[*proof[:i], bytes([h[0] ^ 1]) + h[1:], *proof[i + 1 :]] for i, h in enumerate(proof)]
    swapped = [proof[::-1]] if len(proof) > 1 else []
    short_hash = [[h[:-1], *proof[1:]] for h in proof[:1]]
    return longer + shorter + flipped + swapped + short_hash


def test_from_nothing_everything_is_consistent_without_a_proof() -> None:
    assert prove_consistency(0, 5, read) == []
    verify_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [])
    with pytest.raises(Invalid):
        verify_consistency(0, 5, ROOTS[1], ROOTS[5], [])
    with pytest.raises(Invalid):
        verify_consistency(0, 5, EMPTY_ROOT, ROOTS[5], [ROOTS[5]])


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1), (5, 3), (0, MAX_SIZE + 1)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(Invalid):
        prove_inclusion(index, size, read)
    with pytest.raises(Invalid):
        verify_inclusion(index, size, EMPTY_ROOT, [], EMPTY_ROOT)


@given(
    st.integers(-5, 2**64),
    st.integers(-5, 2**64),
    st.lists(st.binary(min_size=31, max_size=33), max_size=70),
    st.binary(min_size=32, max_size=32),
)
def test_verification_of_noise_raises_only_invalid(a: int, b: int, proof: list[bytes], root: bytes) -> None:
    with pytest.raises(Invalid):
        verify_inclusion(a, b, root, proof, EMPTY_ROOT)
    with pytest.raises(Invalid):
        verify_consistency(a, b, root, EMPTY_ROOT, proof)
