"""The Merkle tree of RFC 6962 2.1 over SHA-256: hashes, roots, proofs and their verification.

The tree is never held: proofs are made from ``read(level, index)``, which gives the hash over the entries
``[index * 2**level, (index + 1) * 2**level)``, and is only asked for subtrees that are complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from consent_server.domain.errors import Invalid

Read = Callable[[int, int], bytes]

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1

EMPTY_ROOT = sha256().digest()
"""MTH({}): the root of a tree without entries."""


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry), RFC 6962 2.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right), RFC 6962 2.1."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees at the right edge: all that is needed to go on appending.

    A tree of size n keeps one hash per one-bit of n, largest subtree first.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        assert len(hashes) == size.bit_count(), "a frontier has one hash per one-bit of the size"
        self.size = size
        self._hashes = list(hashes)

    @classmethod
    def of(cls, size: int, read: Read) -> Frontier:
        """Return the frontier of the first ``size`` entries of the tree behind ``read``."""
        return cls(size, [read(level, index) for level, index in _complete(0, size)])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash: merge as many subtrees as the size has trailing ones."""
        size, hashes = self.size, self._hashes
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return MTH of all leaves so far."""
        return _fold(self._hashes) if self._hashes else EMPTY_ROOT


def tree_root(size: int, read: Read) -> bytes:
    """Return the root of the first ``size`` entries."""
    return _range_root(0, size, read) if size else EMPTY_ROOT


def prove_inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """Return PATH(index, D[size]), RFC 6962 2.1.1: from the leaf's sibling up to the root's child."""
    _check_sizes(index + 1, size)
    if index < 0:
        raise Invalid.because(f"{index} is not an index.")
    low, high, path = 0, size, []
    while high - low > 1:
        split = low + _split(high - low)
        if index < split:
            path.append(_range_root(split, high, read))
            high = split
        else:
            path.append(_range_root(low, split, read))
            low = split
    return path[::-1]


def prove_consistency(old: int, new: int, read: Read) -> list[bytes]:
    """Return PROOF(old, D[new]), RFC 6962 2.1.2; empty when ``old`` is 0 or ``new``."""
    _check_sizes(old, new)
    if old == 0:
        return []
    low, high, path = 0, new, []
    while old != high:
        split = low + _split(high - low)
        if old <= split:
            path.append(_range_root(split, high, read))
            high = split
        else:
            path.append(_range_root(low, split, read))
            low = split
    if low:  # otherwise the old root itself starts the proof, and the verifier has it
        path.append(_range_root(low, high, read))
    return path[::-1]


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root that ``path`` leads to, RFC 9162 2.1.3.2; ``Invalid`` when its length cannot be right."""
    _check_sizes(index + 1, size)
    if index < 0:
        raise Invalid.because(f"{index} is not an index.")
    _check_hashes(leaf, *path)
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            raise Invalid.because("The inclusion proof is too long.")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise Invalid.because("The inclusion proof is too short.")
    return r


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Raise ``Invalid`` unless ``leaf`` is entry ``index`` of the tree of ``size`` and ``root``.

    Take size and root from the same verified checkpoint: the proof alone does not bind the size.
    """
    if root_of_inclusion(index, size, leaf, path) != root:
        raise Invalid.because(f"The inclusion proof of entry {index} does not lead to the root of size {size}.")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raise ``Invalid`` unless the tree ``new`` begins with the tree ``old``, RFC 9162 2.1.4.2."""
    _check_sizes(old, new)
    _check_hashes(old_root, new_root, *path)
    if old in (0, new):
        if path or old_root != (new_root if old == new else EMPTY_ROOT):
            raise Invalid.because(f"The trees of size {old} and {new} are not consistent.")
        return
    path = list(path) if old & (old - 1) else [old_root, *path]
    if not path:
        raise Invalid.because("The consistency proof is too short.")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise Invalid.because("The consistency proof is too long.")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn or fr != old_root or sr != new_root:
        raise Invalid.because(f"The trees of size {old} and {new} are not consistent.")


def _split(width: int) -> int:
    """Return k of RFC 6962 2.1: the largest power of two smaller than ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _complete(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Cut ``[low, high)`` into complete subtrees, largest first; ``low`` is aligned as RFC 6962 splits are."""
    while low < high:
        level = (high - low).bit_length() - 1
        assert low % (1 << level) == 0, "a subtree starts at a multiple of its width"
        yield level, low >> level
        low += 1 << level


def _range_root(low: int, high: int, read: Read) -> bytes:
    return _fold([read(level, index) for level, index in _complete(low, high)])


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join subtree roots, smallest (the last) first."""
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def _check_sizes(small: int, large: int) -> None:
    if not 0 <= small <= large <= MAX_SIZE:
        raise Invalid.because(f"{small} is not within a tree of size {large}.")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise Invalid.because("A SHA-256 hash has 32 bytes.")
