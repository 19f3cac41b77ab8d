from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.canonical_json import MAX_INTEGER, decode, encode, from_base64url, to_base64url
from consent_server.domain.errors import Invalid

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(VALUES)
def test_the_text_is_that_of_rfc_8785(value: Any) -> None:
    text = encode(value)
    assert text.encode() == rfc8785.dumps(value)
    assert decode(text) == value


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), "\ud800", ["\udfff"], {"é": 1}, {1: 2}, {None: 1}, (1,), {1}, b""],
    ids=repr,
)
def test_what_has_no_canonical_text_is_refused(value: object) -> None:
    for nested in (value, [value], {"a": value}):
        with pytest.raises(Invalid):
            encode(nested)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "nul",
            "NaN",
            "Infinity",
            "-Infinity",
            "1.0",
            "1e3",
            "-0",
            "01",
            "+1",
            "9007199254740992",
            "9" * 5000,
        ),
        *(
            " 1",
            "1 ",
            "1\n",
            "[1, 2]",
            '{"a": 1}',
            '{"b":1,"a":2}',
            '{"a":1,"a":1}',
            '{"a":1,"a":2}',
            "{'a':1}",
            "[1,]",
        ),
        *('"\\u00e9"', '"\\/"', '"\\u000A"', '"\\u001F"', '"\n"', '"\\ud800"', '"\ud800"', '{"é":1}', '{"\\u0061":1}'),
        *("[" * 33 + "]" * 33, "[" * 100_000, '{"a":' * 33 + "1" + "}" * 33, "\ufeff1"),
    ],
    ids=lambda text: repr(text)[:30],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        decode(text)


def test_nesting_of_32_is_not_too_deep() -> None:
    assert decode("[" * 32 + "]" * 32) == json.loads("[" * 32 + "]" * 32)
    assert decode("[" + "{}," * 40 + "{}]") == [{}] * 41


@given(st.text(st.characters()) | st.text(alphabet='{}[]":,0123456789.eE-+ \\untrefalsn\ud800é'))
def test_noise_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert encode(decode(text)) == text


@given(st.binary(max_size=40))
def test_base64url_reads_back(data: bytes) -> None:
    assert from_base64url(to_base64url(data), len(data)) == data
    with pytest.raises(Invalid):
        from_base64url(to_base64url(data), len(data) + 1)


@pytest.mark.parametrize(
    "text", ["AA==", "AB", "A", "A+", "A/", " AA", "AA\n", "é", "\ud800", None, 3, b"AA"], ids=repr
)
def test_base64url_has_one_spelling(text: object) -> None:
    with pytest.raises(Invalid):
        from_base64url(text, 1)


@given(st.text() | st.text(alphabet="AQ_-=+/ ", max_size=5))
def test_noise_as_base64url_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert to_base64url(from_base64url(text, 1)) == text
