"""Every blocking vector that we know, one module for each family; test_vectors.py drives them through every state.

To add one: a line in its family. To run one: ``pytest tests/browser/vectors -k <id>``.
"""

from __future__ import annotations

from tests.browser.vectors import (
    attributes,
    calls,
    codes,
    cookies,
    forms,
    frames,
    insertion,
    links,
    markups,
    media,
    realms,
    scripts,
    storages,
    styles,
    workers,
)
from tests.browser.vectors.vector import Vector

FAMILIES = {
    family.__name__.rpartition(".")[2]: family.VECTORS
    for family in (
        scripts,
        insertion,
        attributes,
        markups,
        frames,
        media,
        styles,
        links,
        calls,
        forms,
        workers,
        cookies,
        storages,
        realms,
        codes,
    )
}

VECTORS: list[Vector] = [vector for family in FAMILIES.values() for vector in family]

TOGETHER = 30
"""How many share one page at most."""


def _pages() -> dict[str, tuple[Vector, ...]]:
    found: dict[str, tuple[Vector, ...]] = {}
    for name, family in FAMILIES.items():
        for way in ("banner", "csp"):
            closed = [vector for vector in family if vector.closed_by == way]
            suffix = "" if way == "banner" else f"-{way}"
            pages = -(-len(closed) // TOGETHER)
            for i in range(pages):
                found[f"{name}{suffix}-{i + 1}"] = tuple(closed[i::pages])
    return found


PAGES = _pages()
PAGE_OF = {vector.id: page for page, vectors in PAGES.items() for vector in vectors}
