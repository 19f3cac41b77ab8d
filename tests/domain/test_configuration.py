"""A configuration is immutable text with a digest; what a yes covers is known per purpose; choices must answer it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from consent_server.domain.catalogue import parse_catalogue
from consent_server.domain.choice import Choice, check_choice
from consent_server.domain.compliance import unfair
from consent_server.domain.configuration import (
    Configuration,
    build_configuration,
    content,
    digest_of,
    read_configuration,
)
from consent_server.domain.errors import Invalid
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
RUNTIME = digest_of(b"runtime")
SERVICES = [{"library": "google-analytics"}, {"library": "php-session"}, {"library": "meta-pixel"}]


def build(previous: Configuration | None = None, **changes: Any) -> Configuration:
    catalogue = parse_catalogue(site_file(**{"services": SERVICES, **changes}), load_library(), load_languages())
    return build_configuration(
        catalogue,
        version=previous.version + 1 if previous else 1,
        previous=previous,
        runtime_digest=RUNTIME,
        published_at=NOW,
        texts=load_languages(),
        known_trackers=load_library().known_tracker_patterns(),
    )


def since(configuration: Configuration) -> dict[str, int]:
    return {purpose["id"]: purpose["since"] for purpose in configuration.document["purposes"]}


def test_it_works() -> None:
    configuration = build()
    assert configuration.digest == digest_of(configuration.text.encode())
    assert read_configuration(configuration.text) == configuration
    assert configuration.document["max_lifetime"] == "P13M"
    assert configuration.document["max_lifetime_seconds"] == 33_955_200
    assert configuration.document["choice_lifetime"] == "P6M"
    assert configuration.served()["digest"] == configuration.digest


def test_the_same_inputs_give_the_same_digest() -> None:
    assert build().digest == build().digest


def test_both_lifetimes_are_kept() -> None:
    ga = build().document["services"][0]["trackers"][0]
    assert (ga["name"], ga["declared_lifetime"], ga["lifetime"], ga["capped"]) == ("_ga", "P2Y", "P13M", True)
    assert ga["lifetime_seconds"] == 33_955_200


def test_purposes_without_a_tracker_are_not_asked() -> None:
    assert [purpose["id"] for purpose in build().document["purposes"]] == ["necessary", "audience", "marketing"]
    assert build().asked_purposes == ("audience", "marketing")


def test_a_new_service_makes_only_its_purpose_ask_again() -> None:
    first = build()
    second = build(first, services=[*SERVICES, {"library": "hotjar"}])
    assert since(first) == {"necessary": 1, "audience": 1, "marketing": 1}
    assert since(second) == {"necessary": 1, "audience": 2, "marketing": 1}


def test_a_service_that_leaves_makes_nobody_ask_again() -> None:
    first = build()
    assert set(since(build(first, services=SERVICES[:2])).values()) == {1}


def test_a_tracker_that_moves_to_another_purpose_makes_that_one_ask_again() -> None:
    own = {"id": "own", "name": "Own", "vendor": "x", "purpose": "audience", "trackers": [{"name": "visitor"}]}
    first = build(services=[*SERVICES, own])
    moved = {**own, "trackers": [{"name": "visitor", "purpose": "marketing"}]}
    assert since(build(first, services=[*SERVICES, moved])) == {"necessary": 1, "audience": 1, "marketing": 2}


def test_texts_and_colours_change_the_content_but_ask_nobody_again() -> None:
    first = build()
    second = build(first, banner={"controller": "Example SAS", "theme": {"radius": 2}})
    assert content(first) != content(second)
    assert since(first) == since(second)
    assert content(first) == content(build(first))


def test_the_author_of_an_exemption_is_not_published() -> None:
    assert '"author"' not in build().text


def test_a_fair_banner_has_no_findings() -> None:
    assert unfair(build()) == ()


@pytest.mark.parametrize(
    ("banner", "requirement"),
    [
        ({"theme": {"accent": "#ffff00"}}, "A11Y-07"),
        ({"theme": {"dark": {"text": "#303030"}}}, "A11Y-07"),
        ({"texts": {"en": {"refuse_all": "I decline the non-essential purposes"}}}, "UI-12"),
        ({"texts": {"fr": {"refuse_all": "Je préfère ne pas tout accepter pour le moment"}}}, "UI-04"),
    ],
)
def test_an_unfair_banner_is_found(banner: dict[str, Any], requirement: str) -> None:
    assert requirement in {finding.requirement for finding in unfair(build(banner={"controller": "x", **banner}))}


YES, NO = {"audience": True, "marketing": True}, {"audience": False, "marketing": False}


@pytest.mark.parametrize(
    ("action", "decisions"),
    [
        ("accept_all", YES),
        ("refuse_all", NO),
        ("withdraw", NO),
        ("expire", NO),
        ("custom", {"audience": True, "marketing": False}),
        ("custom", {**NO, "necessary": True}),
        ("gpc", {"audience": True, "marketing": False}),
    ],
)
def test_a_possible_answer_passes(action: str, decisions: dict[str, bool]) -> None:
    check_choice(Choice(action, decisions), build())


@pytest.mark.parametrize(
    ("action", "decisions", "services", "field"),
    [
        ("accept_all", NO, {}, "action"),
        ("refuse_all", YES, {}, "action"),
        ("withdraw", {"audience": True, "marketing": False}, {}, "action"),
        ("expire", NO, {"hotjar": False}, "services.hotjar"),
        ("refuse_all", NO, {"meta-pixel": True}, "action"),
        ("custom", {"audience": True}, {}, "decisions.marketing"),
        ("custom", {**YES, "social": True}, {}, "decisions.social"),
        ("custom", {**YES, "necessary": False}, {}, "decisions.necessary"),
        ("agree", YES, {}, "action"),
    ],
)
def test_an_impossible_answer_names_its_field(
    action: str, decisions: dict[str, bool], services: dict[str, bool], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_choice(Choice(action, decisions, services), build())
    assert field in refused.value.problems
