"""Small groups are never told, not by what is left when the others are taken away, nor by comparing two periods."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.statistics import (
    DAY,
    FEWEST,
    OTHER_PAGES,
    Tally,
    break_down,
    next_month,
    page_of,
    stretches,
    write_answers,
)

FIRST = date(2026, 1, 1)


def _group(count: int) -> Tally:
    tally = Tally()
    tally.add("accept_all", "+audience", count)
    return tally


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 40).map(_group)))
def test_no_group_that_is_told_or_left_is_small(groups: dict[str, Tally]) -> None:
    told = break_down(groups)
    whole = sum(tally.count for tally in groups.values())
    assert all(tally.count >= FEWEST for tally in told.groups.values())
    left = whole - sum(tally.count for tally in told.groups.values())
    assert left == (told.others.count if told.others else 0)
    assert left == 0 or left >= FEWEST or not told.groups


def test_what_is_set_apart_is_joined_whatever_its_size() -> None:
    told = break_down({"": _group(100), "/": _group(50)}, apart=("",))
    assert list(told.groups) == ["/"]
    assert told.others is not None
    assert told.others.count == 100


days = st.dictionaries(st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n)), st.integers(1, 25))


@given(days)
def test_every_stretch_has_enough_answers_and_what_is_left_has_not(counts: dict[date, int]) -> None:
    cut = stretches(counts)
    assert all(each.count >= FEWEST for each in cut)
    assert all(before.stop <= after.start for before, after in pairwise(cut))
    assert sum(counts.values()) - sum(each.count for each in cut) < FEWEST


@given(days, st.integers(1, 50), st.integers(0, 9))
def test_later_answers_never_move_a_cut_that_was_seen(counts: dict[date, int], more: int, later: int) -> None:
    before = stretches(counts)
    last = max(counts, default=FIRST)
    after = stretches({**counts, last + timedelta(days=later + 1): more})
    assert after[: len(before)] == before


def test_rates_are_of_what_was_answered_in_the_notice() -> None:
    tally = Tally()
    tally.add("accept_all", "+audience +marketing", 6)
    tally.add("refuse_all", "-audience -marketing", 2)
    tally.add("custom", "+audience -marketing", 2)
    tally.add("withdraw", "-audience -marketing", 5)
    assert tally.count == 15
    assert tally.noticed == 10
    assert tally.rate("accept_all") == 0.6
    assert tally.consent_rate("audience") == 0.8
    assert tally.consent_rate("marketing") == 0.6
    assert tally.consent_rate("social") is None
    assert Tally().rate("accept_all") is None


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://www.example.fr/", "/"),
        ("https://www.example.fr/produits/chaises", "/produits/chaises"),
        ("https://www.example.fr/commandes/2026118842", "/commandes/*"),
        ("https://www.example.fr/u/jane@example.org/x", "/u/*/x"),
        ("https://www.example.fr/u/jane%40example.org", "/u/*"),
        ("https://www.example.fr/s/0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a", "/s/*"),
        ("https://www.example.fr/" + "a/" * 100, OTHER_PAGES),
        ("https://[", OTHER_PAGES),
        ("https://www.example.fr/a%00b", OTHER_PAGES),
        (None, OTHER_PAGES),
    ],
)
def test_a_page_is_counted_by_its_path_without_what_may_be_somebodys(url: str | None, page: str) -> None:
    assert page_of(url) == page


def test_answers_are_written_in_one_way() -> None:
    assert write_answers({"b": True, "a": False}) == write_answers({"a": False, "b": True}) == "-a +b"
    assert write_answers({f"purpose_{n:032}": True for n in range(60)}) == ""


def test_the_next_month_of_a_december_is_a_january() -> None:
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert next_month(date(2026, 1, 31)) - DAY == date(2026, 1, 31)
