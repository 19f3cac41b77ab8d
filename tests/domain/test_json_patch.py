"""What changed between two documents can be done again and taken back, and says nothing of what stayed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent_server.domain.errors import Conflict
from consent_server.domain.json_patch import apply, difference, inverse

VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(5, 9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, DOCUMENTS)
def test_there_and_back(before: dict[str, Any], after: dict[str, Any]) -> None:
    patch = json.loads(json.dumps(difference(before, after)))
    untouched = copy.deepcopy((before, after))

    assert apply(before, patch) == after
    assert apply(after, inverse(patch)) == before
    assert (before, after) == untouched
    assert (patch == []) == (json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True))


def test_one_item_more_among_many_is_a_small_change() -> None:
    before = {"services": [{"id": n} for n in range(500)]}
    after = {"services": [*before["services"][:250], {"id": "new"}, *before["services"][250:]]}
    assert difference(before, after) == [[["services"], 250, [], [{"id": "new"}]]]


@pytest.mark.parametrize("after", [{}, {"a": None}, {"a": [9, 2]}, {"a": [1]}])
@pytest.mark.parametrize("now", [{"a": []}, {"a": [3, 4]}, {"a": "1, 2"}, {"b": [1, 2]}])
def test_what_was_changed_again_since_is_not_overwritten(after: dict[str, Any], now: dict[str, Any]) -> None:
    with pytest.raises(Conflict):
        apply(now, difference({"a": [1, 2]}, after))
