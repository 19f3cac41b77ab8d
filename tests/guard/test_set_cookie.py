"""Set-Cookie is read as browsers read it, and comes out as it went in but for its life."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.guard.set_cookie import parse_cookie_date, parse_set_cookie

DATES = json.loads((Path(__file__).parents[1] / "vectors" / "cookie_dates.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
HOUR = 3600
NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("a=b", None),
        ("a=b; Path=/; Secure; HttpOnly", None),
        ("a=b; Max-Age=3600", NOW + HOUR),
        ("a=b;MAX-AGE = 3600 ;x", NOW + HOUR),
        ("a=b; max-age=3600; Expires=Tue, 01 Jan 2030 00:00:00 GMT", NOW + HOUR),
        ("a=b; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Max-Age=3600", NOW + HOUR),
        ("a=b; Max-Age=60; Max-Age=3600", NOW + HOUR),
        ("a=b; Max-Age=3600; Max-Age=oops", NOW + HOUR),
        ("a=b; Max-Age=; Max-Age=1.5; Max-Age=1e9", None),
        ("a=b; Max-Age=-1", NOW - 1),
        ("a=b; Max-Age=00000000000000003600", NOW + HOUR),
        ("a=b; Max-Age", None),
        ("a=b; Expires=Tue, 01 Jan 2030 00:00:00 GMT", NEW_YEAR),
        ("a=b; expires=Tue, 01-Jan-30 00:00:00 GMT", NEW_YEAR),
        ("a=b; Expires=never", None),
        ("a=b; Expires=Wed, 30 Feb 2030 00:00:00 GMT", None),
        ("a=b; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Expires=soon", NEW_YEAR),
        ("a=b; Expires=" + "x" * 1024 + " 1 Jan 2030 00:00:00", None),
    ],
)
def test_max_age_wins_over_expires_and_the_last_valid_one_counts(text: str, end: float | None) -> None:
    assert parse_set_cookie(text, NOW).end == end


@pytest.mark.parametrize("text", ["a=b; Max-Age=+99999999", "a=b; Max-Age=" + "9" * 5000])
def test_where_browsers_differ_the_longer_life_counts(text: str) -> None:
    assert (parse_set_cookie(text, NOW).latest or 0) > NOW + 99_000_000


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("_ga=1", "_ga"),
        ("  _ga \t= 1", "_ga"),
        ("=_ga=1", "_ga"),
        (" = _ga=1; Path=/", "_ga"),
        ("_ga", ""),
        ("", ""),
        (";", ""),
        ("=", ""),
        ("__Host-x=1=2", "__Host-x"),
        ("n\xc3\xa9=1", "né"),
        ("n\xe9=1", "n\ufffd"),
    ],
)
def test_a_name_is_what_scripts_would_read(text: str, name: str) -> None:
    assert parse_set_cookie(text, NOW).name == name


@pytest.mark.parametrize("case", [pytest.param(row, id=row["desc"]) for row in DATES])
def test_a_date_is_read_as_the_vectors_say(case: dict[str, Any]) -> None:
    expected = case["at"] and datetime.fromisoformat(case["at"]).timestamp()
    assert parse_cookie_date(case["text"]) == expected


def test_a_shorter_life_changes_nothing_else() -> None:
    text = '_ga= \xff"weird" ;;Domain=.a.fr; EXPIRES=x;PARTITIONED;priority=High; max-age=9; SameSite= none;\x01'
    kept = '_ga= \xff"weird" ;;Domain=.a.fr;PARTITIONED;priority=High; SameSite= none;\x01; Max-Age=5'
    assert parse_set_cookie(text, NOW).ending(NOW + 5.9, NOW) == kept
    assert parse_set_cookie("a=b; Max-Age=9; Secure", NOW).ending(None, NOW) == "a=b; Secure"


@given(st.text(st.characters(max_codepoint=255)), st.floats(0, 1e10))
def test_nothing_cannot_be_read(text: str, now: float) -> None:
    cookie = parse_set_cookie(text, now)
    again = parse_set_cookie(cookie.ending(now + HOUR, now), now)
    assert again.name == cookie.name
    assert again.end == pytest.approx(now + HOUR, abs=1.1)
    assert parse_set_cookie(cookie.ending(None, now), now).latest is None
