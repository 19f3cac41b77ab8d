"""The choice is read as the shared vectors say; the banner's tests read the same file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.lifetime import parse_lifetime
from consent_server.domain.times import parse_rfc3339, rfc3339
from consent_server.guard.choice import parse_choice, read_choice
from consent_server.guard.cookie_header import names_in, values_of
from tests.guard.visits import NOW, YES

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "saved_choices.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(row, id=row["desc"]) for row in VECTORS])
def test_a_choice_is_read_as_the_vectors_say(case: dict[str, Any]) -> None:
    header = case["cookie"].encode().decode("latin-1")
    found = read_choice(header, parse_lifetime(case["lifetime"]), parse_rfc3339(case["now"]))
    expected = case["choice"]
    assert (found is not None) == (case["state"] == "valid")
    if found and expected:
        assert (found.purposes, found.services, found.version) == (
            expected["purposes"], expected["services"], expected["version"])  # fmt: skip
        assert (found.id, rfc3339(found.time)) == (expected["id"], expected["time"])


@given(st.text(st.characters(max_codepoint=255)))
def test_no_header_makes_the_reader_fail(header: str) -> None:
    assert read_choice("eu-consent=" + header, parse_lifetime("P6M"), NOW) is None
    names_in(header)


@given(st.integers(0, len(YES) - 12), st.characters(max_codepoint=255))
def test_a_value_with_one_character_changed_grants_nothing_more(at: int, character: str) -> None:
    value = YES.removeprefix("eu-consent=")
    changed = parse_choice(value[:at] + character + value[at + 1 :], NOW)
    assert changed is None or set(changed.purposes.values()) <= {True, False}


@pytest.mark.parametrize(
    "header",
    ["a" * 1_000_000, "a=b; " * 200_000, ";" * 1_000_000, "=" * 1_000_000, "eu-consent=" + "%7B" * 330_000,
     "eu-consent=[; " * 70_000, "; ".join(f"x{i}=1" for i in range(90_000))],
)  # fmt: skip
def test_a_header_of_a_megabyte_is_answered_at_once(header: str) -> None:
    began = time.perf_counter()
    assert read_choice(header, parse_lifetime("P6M"), NOW) is None
    assert len(names_in(header)) <= 300
    assert time.perf_counter() - began < 2


def test_what_lies_beyond_the_limit_is_not_read_in_half() -> None:
    assert values_of("a=" + "x" * 70_000, "a") == []
    assert values_of("b=1; a=" + "x" * 70_000, "b") == ["1"]
