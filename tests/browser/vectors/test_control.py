"""The same pages without a banner: a road that is closed by itself would prove nothing."""

from __future__ import annotations

import pytest

from tests.browser.vectors import PAGE_OF, PAGES, VECTORS
from tests.browser.vectors.cells import drive
from tests.browser.vectors.visiting import CONTROL, TOUCHED, Corpus


@pytest.fixture(scope="module")
def driven(corpus: Corpus, request: pytest.FixtureRequest) -> Corpus:
    return drive(corpus, request, CONTROL)


@pytest.mark.parametrize("vector", [vector.id for vector in VECTORS])
def test_without_a_banner_the_road_is_open(driven: Corpus, vector: str) -> None:
    assert driven.problems(PAGE_OF[vector], CONTROL, CONTROL, vector) == []


@pytest.mark.parametrize("page_name", PAGES)
def test_without_a_banner_everything_else_works_too(driven: Corpus, page_name: str) -> None:
    assert driven.problems(page_name, CONTROL, CONTROL, TOUCHED) == []


def test_there_are_as_many_roads_as_anybody_has_counted() -> None:
    assert len({vector.id for vector in VECTORS}) == len(VECTORS) >= 105
