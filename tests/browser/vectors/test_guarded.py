"""What a script alone cannot hold on a page as vendors write it, the policy of the guard holds, in every state."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.vectors import POLICY_PAGE_OF, POLICY_PAGES
from tests.browser.vectors.cells import cells, drive, unexpected
from tests.browser.vectors.visiting import STATES, TOUCHED, Corpus

KIND = "guarded"


@pytest.fixture(scope="module")
def driven(corpus: Corpus, request: pytest.FixtureRequest) -> Corpus:
    return drive(corpus, request, KIND)


@pytest.mark.parametrize(("vector", "state"), cells(KIND))
def test_only_what_was_granted_gets_through(driven: Corpus, vector: str, state: str) -> None:
    assert driven.problems(POLICY_PAGE_OF[vector], KIND, state, vector) == []


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("page_name", POLICY_PAGES)
def test_what_needs_no_answer_is_untouched(driven: Corpus, page_name: str, state: str) -> None:
    assert driven.problems(page_name, KIND, state, TOUCHED) == []


def test_no_road_is_open_but_those_that_are_listed(driven: Corpus, tell_figure: Callable[[str], None]) -> None:
    for sentence in driven.summary(KIND):
        tell_figure(sentence)
    assert unexpected(driven, KIND) == []
