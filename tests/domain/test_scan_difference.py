"""What is different between two scans, and what of that is told to people at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consent_server.domain.classification import Classifier
from consent_server.domain.scan import ACCEPTED, BEFORE, Origin, Pass, SeenCookie
from consent_server.domain.scan_difference import (
    APPEARED,
    EARLIER,
    GONE,
    LIFETIME,
    SET_BY,
    compare_scans,
    new_before_consent,
)
from consent_server.storage.library import load_library
from tests.scans import ADDRESS, CLEAN, FAULTY, GTAG, MONTH, cookie, pass_of, request, seen

DAY = 86_400


def _accepted(*cookies: SeenCookie) -> Pass:
    return pass_of(ACCEPTED, *cookies)


def test_what_appeared_is_told_with_where_and_by_whom() -> None:
    (change, *others) = compare_scans(seen(), seen(accepted=_accepted(cookie("own"))))
    assert others == []
    assert (change.sort, change.kind, change.name, change.domain) == (APPEARED, "cookie", "own", "www.example.fr")
    assert (change.seen_in, change.page, change.after) == (ACCEPTED, ADDRESS, MONTH)
    assert change.set_by == (f"{ADDRESS}site.js",)


def test_what_is_gone_is_told_as_it_was() -> None:
    (change,) = compare_scans(seen(accepted=_accepted(cookie("own"))), seen())
    assert (change.sort, change.name, change.seen_in) == (GONE, "own", ACCEPTED)


def test_what_comes_before_consent_now_is_told() -> None:
    (change,) = compare_scans(
        seen(accepted=_accepted(cookie("own"))),
        seen(before=pass_of(BEFORE, cookie("own")), accepted=_accepted(cookie("own"))),
    )
    assert (change.sort, change.seen_in) == (EARLIER, BEFORE)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (MONTH, 2 * MONTH, True),
        (MONTH, None, True),
        (None, MONTH, True),
        (None, None, False),
        (400 * DAY, 398 * DAY, False),
        (3600, 3590, False),
        (3600, 7200, True),
        (0, 30 * DAY, True),
    ],
)
def test_a_lifetime_that_changed_is_told_and_one_that_creeps_is_not(
    before: int | None, after: int | None, told: bool
) -> None:
    then, now = (seen(accepted=_accepted(cookie("own", lifetime=each))) for each in (before, after))
    found = compare_scans(then, now)
    assert [(each.sort, each.before, each.after) for each in found] == ([(LIFETIME, before, after)] if told else [])


def test_another_hand_is_told_and_another_file_of_the_same_host_is_not() -> None:
    def by(address: str) -> SeenCookie:
        return cookie("own", set_by=Origin("script", (address,) if address else ()))

    def found(before: str, after: str) -> list[str]:
        return [
            c.sort for c in compare_scans(seen(accepted=_accepted(by(before))), seen(accepted=_accepted(by(after))))
        ]

    assert found("https://a.example/1.js", "https://b.example/1.js") == [SET_BY]
    assert found("https://a.example/1.js", "https://a.example/2.js") == []
    assert found("", "https://a.example/2.js") == []


def test_a_visit_that_one_of_them_did_not_make_says_nothing() -> None:
    whole, short = seen(accepted=_accepted(cookie("own"))), seen()
    short = replace(short, passes=tuple(each for each in short.passes if each.name != ACCEPTED))
    assert compare_scans(whole, short) == ()
    assert compare_scans(short, whole) == ()


def test_what_is_another_for_every_visitor_is_the_same_thing() -> None:
    then = seen(accepted=_accepted(cookie("amp_0123456789abcdef"), cookie("_hjSession_3141592")))
    now = seen(accepted=_accepted(cookie("amp_fedcba9876543210"), cookie("_hjSession_3141592")))
    assert compare_scans(then, now) == ()


def test_the_memory_of_our_banner_and_the_sites_own_requests_are_no_news() -> None:
    now = seen(accepted=pass_of(ACCEPTED, cookie("eu-consent"), request(f"{ADDRESS}a.js", third_party=False)))
    assert compare_scans(seen(), now) == ()


def test_requests_are_one_for_each_host() -> None:
    then = seen(accepted=pass_of(ACCEPTED, request("https://a.example/1")))
    now = seen(accepted=pass_of(ACCEPTED, request("https://a.example/2"), request("https://b.example/1")))
    assert [(c.sort, c.kind, c.name) for c in compare_scans(then, now)] == [(APPEARED, "request", "b.example")]


def test_only_what_needs_consent_and_is_new_before_it_is_urgent() -> None:
    classifier = Classifier(load_library(), "www.example.fr")
    assert {each.name for each in new_before_consent(CLEAN, FAULTY, classifier)} == {"_ga", GTAG}
    assert {each.name for each in new_before_consent(None, FAULTY, classifier)} == {"_ga", GTAG}
    assert new_before_consent(FAULTY, FAULTY, classifier) == ()
    assert new_before_consent(FAULTY, CLEAN, classifier) == ()
