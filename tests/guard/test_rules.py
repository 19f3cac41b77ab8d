"""A cookie is judged as the banner judges it."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard.choice import read_choice
from consent_server.guard.rules import Verdict, compile_rules
from tests.guard.visits import MANIFEST, NO, NOW, YES, choice, configuration, service, tracker

LOW = choice({"audience": True, "marketing": False})


def judge(name: str, cookie: str = "", host: str = "www.example.fr", **changes: Any) -> Verdict:
    rules = compile_rules(configuration(**changes))
    saved = read_choice(cookie, rules.choice_lifetime, NOW)
    return rules.cookie(name, (host,), rules.still_answered(saved) if saved else None)


@pytest.mark.parametrize(
    ("name", "before", "refused", "accepted", "audience_alone"),
    [
        ("session", True, True, True, True),
        ("nobody_knows", True, True, True, True),
        ("eu-consent", True, True, True, True),
        ("_ga", False, False, True, True),
        ("_ga_X", False, False, True, True),
        ("_GA", True, True, True, True),
        ("ad_id", False, False, True, False),
        ("what", False, False, False, False),
        ("_fbp", False, False, False, False),
        ("_hjSession", False, False, False, False),
        ("_pk_id", True, False, True, True),
    ],
)
def test_each_kind_of_cookie_under_each_choice(
    name: str, before: bool, refused: bool, accepted: bool, audience_alone: bool
) -> None:
    found = [judge(name, cookie).allowed for cookie in ("", NO, YES, LOW)]
    assert found == [before, refused, accepted, audience_alone]


def test_an_answer_for_one_service_counts_before_its_purpose() -> None:
    assert judge("_ga", choice({"audience": False}, services={"analytics": True})).allowed
    assert not judge("_ga", choice({"audience": True}, services={"analytics": False})).allowed
    assert not judge("_pk_id", choice({}, services={"counter": False})).allowed


def test_a_tracker_moved_to_another_purpose_follows_that_purpose() -> None:
    moved = [service("analytics", "audience", tracker("_gcl", "marketing"))]
    answers = {"audience": True, "marketing": False}
    assert not judge("_gcl", choice(answers, services={"analytics": True}), services=moved).allowed


def test_the_most_specific_name_wins_and_one_yes_among_equals_is_enough() -> None:
    both = [
        service("a", "marketing", tracker("x_*", "marketing"), tracker("x_y*", "marketing")),
        service("b", "necessary", tracker("x_safe", "necessary"), tracker("x_y*", "necessary")),
    ]
    assert judge("x_safe", services=both).allowed
    assert judge("x_yes", services=both).allowed
    assert not judge("x_other", services=both).allowed


def test_a_cookie_of_another_host_is_not_ours() -> None:
    theirs = [service("a", "marketing", tracker("IDE", "marketing", domain=".Ads.example"))]
    assert judge("IDE", services=theirs).allowed
    assert not judge("IDE", host="x.ads.example", services=theirs).allowed


def test_a_yes_does_not_cover_what_was_added_since() -> None:
    purposes = [{"id": "audience", "exempt": False, "since": 4}, {"id": "marketing", "exempt": False, "since": 3}]
    assert not judge("_ga", YES, purposes=purposes).allowed
    assert judge("ad_id", YES, purposes=purposes).allowed
    answered = choice({"marketing": True}, services={"analytics": True})
    assert not judge("_ga", answered, purposes=purposes).allowed


def test_a_yes_for_a_purpose_that_is_gone_grants_nothing() -> None:
    assert not judge("_ga", YES, purposes=[{"id": "marketing", "exempt": False, "since": 1}]).allowed


def test_declared_lifetimes_bind_trackers_and_not_what_is_exempt() -> None:
    assert judge("_ga_X", YES).lifetime == 86_400
    assert judge("_ga", YES).lifetime == MAX_LIFETIME_SECONDS
    assert judge("_gs", YES).lifetime == 0
    assert judge("session").lifetime == MAX_LIFETIME_SECONDS
    exempt = [service("a", "audience", tracker("_pk", "audience", exemption=MANIFEST, lifetime_seconds=5))]
    assert judge("_pk", services=exempt).lifetime == MAX_LIFETIME_SECONDS


@pytest.mark.parametrize(
    "changes",
    [
        {"site_key": None},
        {"version": "3"},
        {"version": True},
        {"choice_lifetime": "6 months"},
        {"unknown_third_parties": "maybe"},
        {"known_trackers": ["*"]},
        {"known_trackers": "x"},
        {"purposes": [{"id": "a", "exempt": 0, "since": 1}]},
        {"purposes": {}},
        {"services": [1]},
        {"services": [service("a", 1)]},  # type: ignore[arg-type]
        {"services": [service("a", "audience", url_patterns=["https://x/"])]},
        {"services": [service("a", "audience", tracker("", "audience"))]},
        {"services": [service("a", "audience", tracker("a", "audience", domain=None))]},
        {"services": [service("a", "audience", tracker("a", "audience", lifetime_seconds=-1))]},
    ],
)
def test_what_is_no_configuration_is_refused_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        compile_rules({**configuration(), **changes})


@pytest.mark.parametrize("document", [None, [], "x", 1, {}])
def test_nor_is_anything_else_one(document: object) -> None:
    with pytest.raises(Invalid):
        compile_rules(document)
