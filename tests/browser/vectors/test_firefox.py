"""The same in Firefox, where it is installed: before an answer, and accepted.

A road that Firefox does not have, or not by default, is found out by the page without a banner and says nothing. What
the other states and pages showed, driven by hand, is in docs/how-to-embed.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.vectors import PAGE_OF, PAGES, POLICY_PAGES, VECTORS
from tests.browser.vectors.cells import pages_of
from tests.browser.vectors.open_in_firefox import OPEN, SOMETIMES
from tests.browser.vectors.visiting import CONTROL, TOUCHED, Corpus

KINDS = ("tagged", "guarded")
STATES = ("before", "accepted")
JUDGED = [*((page, "tagged") for page in PAGES), *((page, "guarded") for page in POLICY_PAGES)]
# Held in a way of Firefox's own: frames that come back with what they showed, and the font of a rule.
ITS_OWN = [("form-in-markup", "withdrawn"), ("page-refresh", "withdrawn"), ("style-font", "before")]
DRIVEN = [
    *((page, CONTROL) for page in PAGES),
    *JUDGED,
    *((PAGE_OF[vector], "untagged") for vector, _ in ITS_OWN),
]
FEWEST = 330


@pytest.fixture(scope="module")
def driven(firefox_corpus: Corpus) -> Corpus:
    firefox_corpus.run(DRIVEN)
    return firefox_corpus


def _cells() -> list[object]:
    return [_cell(vector.id, kind) for kind in KINDS for vector in VECTORS if vector.id in pages_of(kind)]


def _cell(vector: str, kind: str) -> object:
    marks = []
    if (vector, kind) in OPEN:
        marks.append(pytest.mark.xfail(reason="open"))
    elif (vector, kind) in SOMETIMES:
        marks.append(pytest.mark.xfail(reason="open when the browser is faster than the page", strict=False))
    return pytest.param(vector, kind, id=f"{vector}-{kind}", marks=marks)


def _open_without_us(driven: Corpus) -> set[str]:
    return {vector.id for vector in VECTORS if not driven.problems(PAGE_OF[vector.id], CONTROL, CONTROL, vector.id)}


def _skip_unless_open_without_us(driven: Corpus, vector: str) -> None:
    if vector not in _open_without_us(driven):
        pytest.skip("without a banner nothing takes this road in Firefox")


@pytest.mark.parametrize(("vector", "kind"), _cells())
def test_only_what_was_granted_gets_through(driven: Corpus, vector: str, kind: str) -> None:
    _skip_unless_open_without_us(driven, vector)
    for state in STATES:
        assert driven.problems(pages_of(kind)[vector], kind, state, vector) == []


@pytest.mark.parametrize(("vector", "state"), ITS_OWN)
def test_a_page_as_vendors_write_it_is_held_as_firefox_needs_it(driven: Corpus, vector: str, state: str) -> None:
    _skip_unless_open_without_us(driven, vector)
    assert driven.problems(PAGE_OF[vector], "untagged", state, vector) == []


@pytest.mark.parametrize(("page_name", "kind"), JUDGED)
def test_what_needs_no_answer_is_untouched(driven: Corpus, page_name: str, kind: str) -> None:
    for state in STATES:
        assert driven.problems(page_name, kind, state, TOUCHED) == []


def test_nearly_every_road_is_open_without_a_banner(driven: Corpus, tell_figure: Callable[[str], None]) -> None:
    roads = _open_without_us(driven)
    tell_figure(f"Firefox: {len(roads)} of {len(VECTORS)} roads to trackers are open without a banner")
    for kind in KINDS:
        judged = roads & pages_of(kind).keys()
        failing = judged & driven.failing(kind, STATES)
        tell_figure(f"Firefox, {kind} pages: {len(judged - failing)} of {len(judged)} hold before and accepted")
    assert len(roads) >= FEWEST
