"""JSON from strangers has one reading, or none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.strict_json import MalformedJson, parse_json


def test_it_works() -> None:
    assert parse_json('{"a": [1, 2.5, true, null, "é\\u00e9"]}'.encode()) == {"a": [1, 2.5, True, None, "éé"]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'"\\ud800"',
        b"\xff",
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"9" * 5000,
        b"1e999",
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b"'a'",
    ],
)
def test_what_two_readers_would_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_json(data)


def test_brackets_in_a_text_are_not_nesting() -> None:
    assert parse_json(b'"' + b"[" * 100 + b'\\"' + b'"') == "[" * 100 + '"'


@given(st.binary(max_size=200))
def test_nothing_else_is_ever_raised(data: bytes) -> None:
    with contextlib.suppress(MalformedJson):
        parse_json(data)
