"""The policy reader on labelled policies: few names are missed, fewer are invented."""

from __future__ import annotations

import pytest

from consent_server.storage.library import load_library
from tests.domain.policy_scores import Score, Scores, labelled, score


@pytest.fixture(scope="module")
def scores() -> Scores:
    return score(labelled(), load_library())


def test_there_are_enough_policies_of_every_kind() -> None:
    paths = labelled()

    assert len(paths) >= 12
    assert {path.suffix for path in paths} == {".txt", ".html", ".md", ".typ"}
    assert {path.name[:2] for path in paths} == {"en", "fr"}


@pytest.mark.parametrize(
    ("what", "precision", "recall"), [("names", 0.95, 0.9), ("lifetimes", 0.9, 0.9), ("services", 0.9, 0.9)]
)
def test_what_policies_say_is_read(scores: Scores, what: str, precision: float, recall: float) -> None:
    one: Score = getattr(scores, what)

    assert one.precision >= precision, scores.mistakes
    assert one.recall >= recall, scores.mistakes


def test_a_mistake_would_be_counted() -> None:
    """The comparison sees what is missed and what is invented."""
    paths = [path for path in labelled() if path.name == "en-pipes.txt"]
    found = score(paths, load_library())

    assert found.names.right == 7
    assert found.services.invented == 1, "Google Ads is named in passing"
