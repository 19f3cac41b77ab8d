"""Every blocking vector that we know, one module for each family; test_*.py drive them through every state.

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
from tests.browser.vectors.open import OPEN, SOMETIMES
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

BY_POLICY = [vector for vector in VECTORS if (vector.id, "untagged") in OPEN | SOMETIMES]
"""Those that the script alone does not hold, or not always, on a page as vendors write it."""

TOGETHER = 30
"""How many share one page at most."""


def _pages(name: str, vectors: list[Vector]) -> dict[str, tuple[Vector, ...]]:
    pages = -(-len(vectors) // TOGETHER)
    return {f"{name}-{i + 1}": tuple(vectors[i::pages]) for i in range(pages)}


def _page_of(pages: dict[str, tuple[Vector, ...]]) -> dict[str, str]:
    return {vector.id: page for page, vectors in pages.items() for vector in vectors}


PAGES = {page: vectors for name, family in FAMILIES.items() for page, vectors in _pages(name, family).items()}
PAGE_OF = _page_of(PAGES)
POLICY_PAGES = _pages("policy", BY_POLICY)
ALL_PAGES = PAGES | POLICY_PAGES
POLICY_PAGE_OF = _page_of(POLICY_PAGES)
