"""DUR-01..03: declared and applied lifetimes, and the cap that no calendar can beat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, add_months, parse_lifetime
from tests.domain.test_patterns import cases


@pytest.mark.parametrize("case", cases("lifetimes"))
def test_lifetimes_are_read_as_the_vectors_say(case: dict[str, Any]) -> None:
    if case.get("error"):
        with pytest.raises(Invalid):
            parse_lifetime(case["text"])
        return
    lifetime = parse_lifetime(case["text"])
    assert (lifetime.applied_seconds, lifetime.capped, lifetime.applied) == (
        case["seconds"],
        case["capped"],
        case["applied"],
    )


def test_the_cap_never_exceeds_thirteen_calendar_months() -> None:
    day = datetime(2020, 1, 1, tzinfo=UTC)
    while day.year < 2061:
        assert day + timedelta(seconds=MAX_LIFETIME_SECONDS) <= add_months(day, 13)
        day += timedelta(days=1)


@given(
    start=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001  # hypothesis adds the zone below
    years=st.integers(0, 99),
    months=st.integers(0, 1200),
    days=st.integers(0, 36500),
    hours=st.integers(1, 876000),
)
def test_nothing_ends_later_than_the_cap(start: datetime, years: int, months: int, days: int, hours: int) -> None:
    lifetime = parse_lifetime(f"P{years}Y{months}M{days}DT{hours}H")
    start = start.replace(tzinfo=UTC)
    assert lifetime.applied_seconds <= MAX_LIFETIME_SECONDS
    if lifetime.months < 1200:
        assert lifetime.end(start) <= start + timedelta(seconds=MAX_LIFETIME_SECONDS)


def test_months_are_calendar_months_clamped_to_their_end() -> None:
    assert add_months(datetime(2026, 8, 31, tzinfo=UTC), 6) == datetime(2027, 2, 28, tzinfo=UTC)
    assert add_months(datetime(2026, 11, 22, tzinfo=UTC), 13) == datetime(2027, 12, 22, tzinfo=UTC)


def test_a_session_is_never_persistent() -> None:
    session = parse_lifetime("session")
    assert session.is_session
    assert session.applied_seconds == 0
    assert session.applied == "session"


def test_a_wrong_duration_says_how_to_write_one() -> None:
    with pytest.raises(Invalid, match="ISO 8601"):
        parse_lifetime("two years")
