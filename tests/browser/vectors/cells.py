"""What the tests of this folder are made of: one cell for each vector, kind of page and state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.vectors import PAGE_OF, PAGES, POLICY_PAGE_OF, POLICY_PAGES, VECTORS
from tests.browser.vectors.open import OPEN, SOMETIMES
from tests.browser.vectors.visiting import STATES, TOUCHED, Corpus


def module_of(kind: str) -> tuple[Callable[..., Any], ...]:
    """Give what a module holds that drives pages of one kind: the fixture that drives them, and its tests."""

    @pytest.fixture(scope="module")
    def driven(corpus: Corpus, request: pytest.FixtureRequest) -> Corpus:
        return drive(corpus, request, kind)

    @pytest.mark.parametrize(("vector", "state"), _cells(kind))
    def test_only_what_was_granted_gets_through(driven: Corpus, vector: str, state: str) -> None:
        assert driven.problems(pages_of(kind)[vector], kind, state, vector) == []

    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("page_name", POLICY_PAGES if kind == "guarded" else PAGES)
    def test_what_needs_no_answer_is_untouched(driven: Corpus, page_name: str, state: str) -> None:
        assert driven.problems(page_name, kind, state, TOUCHED) == []

    def test_no_road_is_open_but_those_that_are_listed(driven: Corpus, tell_figure: Callable[[str], None]) -> None:
        for sentence in driven.summary(kind):
            tell_figure(sentence)
        assert _unexpected(driven, kind) == []

    return (
        driven,
        test_only_what_was_granted_gets_through,
        test_what_needs_no_answer_is_untouched,
        test_no_road_is_open_but_those_that_are_listed,
    )


def _cells(kind: str) -> list[object]:
    """Give the parameters of every vector in every state; what is known to be open is expected to fail."""
    of_kind = pages_of(kind)
    return [_cell(vector.id, kind, state) for vector in VECTORS if vector.id in of_kind for state in STATES]


def pages_of(kind: str) -> dict[str, str]:
    """Give the page of each vector that is driven on pages of this kind."""
    return POLICY_PAGE_OF if kind == "guarded" else PAGE_OF


def _cell(vector: str, kind: str, state: str) -> object:
    marks = []
    if state in OPEN.get((vector, kind), "").split(", "):
        marks.append(pytest.mark.xfail(reason="open"))
    elif state in SOMETIMES.get((vector, kind), "").split(", "):
        marks.append(pytest.mark.xfail(reason="open when the browser is faster than the page", strict=False))
    return pytest.param(vector, state, id=f"{vector}-{state.replace(' ', '_')}", marks=marks)


def drive(corpus: Corpus, request: pytest.FixtureRequest, kind: str) -> Corpus:
    """Drive every page that the chosen tests of a module ask about, all in one go."""
    wanted = []
    for item in request.session.items:
        if item.path == request.path and hasattr(item, "callspec"):
            about: dict[str, str] = item.callspec.params
            wanted.append((about.get("page_name") or pages_of(kind)[about["vector"]], kind))
    corpus.run(wanted)
    return corpus


def _unexpected(corpus: Corpus, kind: str) -> list[str]:
    """Give the roads that do not hold and are in no table, of those that were driven."""
    known = {vector for vector, its_kind in (*OPEN, *SOMETIMES) if its_kind == kind}
    return sorted(corpus.failing(kind) - known)
