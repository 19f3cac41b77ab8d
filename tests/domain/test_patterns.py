"""Names and addresses match as the shared vectors say; the banner's tests read the same files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from consent_server.domain import name_pattern
from consent_server.domain.errors import Invalid
from consent_server.domain.url_pattern import parse_url_pattern

VECTORS = Path(__file__).parents[1] / "vectors"


def cases(name: str) -> list[Any]:
    rows = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(row, id=row["desc"]) for row in rows]


@pytest.mark.parametrize("case", cases("name_patterns"))
def test_names_match_as_the_vectors_say(case: dict[str, Any]) -> None:
    assert name_pattern.matches(case["pattern"], case["name"]) is case["matches"]


@pytest.mark.parametrize("case", cases("url_patterns"))
def test_addresses_match_as_the_vectors_say(case: dict[str, Any]) -> None:
    assert parse_url_pattern(case["pattern"]).matches(case["url"]) is case["matches"]


def test_looking_up_ignores_case_and_blocking_does_not() -> None:
    assert name_pattern.matches_in_any_case("mp_*_mixpanel", "Mp_1_Mixpanel")
    assert not name_pattern.matches("mp_*_mixpanel", "Mp_1_Mixpanel")


def test_the_most_specific_name_is_the_exact_one() -> None:
    patterns = ["wp-*", "wp-settings-time-39", "wp-settings-time-*", "wp-settings-*"]
    assert max(patterns, key=name_pattern.specificity) == "wp-settings-time-39"
    assert sorted(patterns, key=name_pattern.specificity)[0] == "wp-*"


def test_a_pattern_made_to_hang_is_answered_at_once() -> None:
    began = time.perf_counter()
    assert not name_pattern.matches("*a" * 60 + "b", "a" * 50_000)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("text", ["", "*", "***", "a\nb", "a\x00", "x" * 201])
def test_what_cannot_be_a_name_pattern_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        name_pattern.parse_name_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/*",
        "//a.example/*",
        "a.example",
        "*/x",
        "*.com/*",
        "a b.example/*",
        "a..example/",
        "x" * 301,
        "",
    ],
)
def test_what_cannot_be_a_url_pattern_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_url_pattern(text)
