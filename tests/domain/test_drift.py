"""Policy text, catalogue and browser laid side by side: what parts them, and what is not said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, audit
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.classification import Classifier
from consent_server.domain.drift import (
    CONTRADICTED,
    NEVER_SEEN,
    NOT_IN_CATALOGUE,
    NOT_IN_POLICY,
    TOO_EARLY,
    TOO_LONG,
    UNDECLARED,
    Drift,
    find_drift,
)
from consent_server.domain.exemption import Exemption
from consent_server.domain.library import Library
from consent_server.domain.lifetime import parse_lifetime
from consent_server.domain.policy_text import read_policy
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    REFUSED,
    Origin,
    Pass,
    SeenBanner,
    SeenCookie,
    SeenRequest,
    SeenStorage,
)
from consent_server.domain.tracker import Service, Tracker
from consent_server.storage.library import load_library
from tests import scans
from tests.scans import ADDRESS as PAGE
from tests.scans import BANNER, GTAG, SITE, scan_of

DAY = 86_400
NEEDED = Exemption("EXM-05", {"en": "Needed"}, "somebody")
POLICY = """Politique de cookies

Les cookies déposés par notre site sont :
- _ga : cookie de Google Analytics, conservé 13 mois.
- panier : cookie de session qui retient votre panier.
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def cookie(name: str, lifetime: int | None = 30 * DAY, domain: str = SITE) -> SeenCookie:
    return scans.cookie(name, domain=domain, lifetime=lifetime, set_by=Origin("script", (GTAG,)))


def visit(name: str, *cookies: SeenCookie, banner: SeenBanner | None = BANNER) -> Pass:
    return Pass(name, (PAGE, f"{PAGE}shop"), banner, cookies)


def service(
    *trackers: Tracker, purpose: str = "audience", name: str = "Shop", patterns: tuple[str, ...] = ()
) -> Service:
    return Service(name.lower(), name, name, purpose, url_patterns=patterns, trackers=trackers)


def tracker(name: str, lifetime: str | None = None, exempt: bool = False) -> Tracker:
    purpose = "necessary" if exempt else "audience"
    stated = parse_lifetime(lifetime) if lifetime else None
    return Tracker(name, "cookie", purpose, lifetime=stated, exemption=NEEDED if exempt else None)


def drifts(
    library: Library, *passes: Pass, policy: str | None = None, services: tuple[Service, ...] | None = None
) -> list[Drift]:
    findings = None if policy is None else read_policy(policy, library)
    return list(find_drift(scan_of(*passes), Classifier(library, SITE, services or ()), findings, services))


def told(found: list[Drift]) -> set[tuple[str, str]]:
    return {(each.sort, each.name) for each in found}


def test_three_accounts_that_agree_part_nowhere(library: Library) -> None:
    declared = (service(tracker("_ga", "P13M")), service(tracker("panier", "session", exempt=True), name="Own"))
    seen = visit(ACCEPTED, cookie("_ga", 395 * DAY), cookie("panier", None))
    assert drifts(library, visit(BEFORE), seen, policy=POLICY, services=declared) == []


def test_without_policy_and_catalogue_nothing_can_part(library: Library) -> None:
    assert drifts(library, visit(BEFORE, cookie("_ga"), cookie("_fbp"))) == []


def test_what_is_in_neither_is_undeclared_and_contradicts_only_when_it_surely_needs_consent(library: Library) -> None:
    seen = visit(ACCEPTED, cookie("_ga"), cookie("panier", None), cookie("_fbp"), cookie("zz_unknown"))
    found = {each.name: each for each in drifts(library, seen, policy=POLICY, services=())}

    assert {name: found[name].sort for name in ("_fbp", "zz_unknown")} == dict.fromkeys(
        ("_fbp", "zz_unknown"), UNDECLARED
    )
    assert found["_fbp"].contradiction
    assert not found["zz_unknown"].contradiction
    assert (found["_fbp"].policy, found["_fbp"].catalogue) == ("not named", "not declared")
    assert found["_fbp"].set_by == (GTAG,)
    assert found["_fbp"].page == PAGE


def test_what_only_one_of_the_two_tells_is_told_and_does_not_contradict(library: Library) -> None:
    seen = visit(ACCEPTED, cookie("_ga"), cookie("panier", None), cookie("visits"))
    found = drifts(library, seen, policy=POLICY, services=(service(tracker("_ga"), tracker("visits")),))

    assert told(found) == {(NOT_IN_POLICY, "visits"), (NOT_IN_CATALOGUE, "panier")}
    assert not any(each.contradiction for each in found)


def test_a_missing_account_is_not_said_to_be_silent(library: Library) -> None:
    seen = visit(ACCEPTED, cookie("_ga"), cookie("panier", None))

    assert drifts(library, seen, policy=POLICY) == []
    (found,) = drifts(library, seen, services=(service(tracker("_ga")),))
    assert (found.sort, found.name, found.policy) == (UNDECLARED, "panier", None)


def test_the_banners_own_memory_of_the_answer_is_no_omission(library: Library) -> None:
    seen = visit(ACCEPTED, cookie("_ga"), cookie("panier", None), cookie("eu-consent"))
    assert drifts(library, seen, policy=POLICY) == []


@pytest.mark.parametrize(
    ("days", "longer"), [(395, False), (397, False), (398, True), (730, True)], ids=["395", "397", "398", "730"]
)
def test_a_stated_month_is_the_longest_there_is(library: Library, days: int, longer: bool) -> None:
    found = drifts(library, visit(ACCEPTED, cookie("_ga", days * DAY), cookie("panier", None)), policy=POLICY)
    assert ((TOO_LONG, "_ga") in told(found)) == longer
    if longer:
        assert found[0].contradiction
        assert found[0].policy == "names _ga, P13M"
        assert "13 mois" in found[0].passage
        assert f"lasts {days} days" in found[0].browser


def test_a_cookie_that_was_to_end_with_the_session_and_does_not_lasts_too_long(library: Library) -> None:
    found = drifts(library, visit(ACCEPTED, cookie("_ga"), cookie("panier", 3_600)), policy=POLICY)
    assert told(found) == {(TOO_LONG, "panier")}


def test_the_applied_lifetime_of_the_catalogue_is_what_counts(library: Library) -> None:
    declared = (service(tracker("visits", "P2Y")),)

    assert drifts(library, visit(ACCEPTED, cookie("visits", 393 * DAY)), services=declared) == []
    (found,) = drifts(library, visit(ACCEPTED, cookie("visits", 729 * DAY)), services=declared)
    assert found.sort == TOO_LONG
    assert found.catalogue == "visits of Shop, after consent, P2Y, applied P13M"


def test_what_another_site_keeps_is_held_to_what_is_declared_for_nobody_shortens_it(library: Library) -> None:
    declared = (service(replace(tracker("id", "P2Y"), domain="vendor.example")),)
    kept, longer = (visit(ACCEPTED, cookie("id", days * DAY, "vendor.example")) for days in (730, 800))

    assert drifts(library, kept, services=declared) == []
    assert told(drifts(library, longer, services=declared)) == {(TOO_LONG, "id")}


def test_the_pass_in_which_it_lasted_longest_is_named(library: Library) -> None:
    declared = (service(tracker("visits", "P1M", exempt=True)),)
    found = drifts(
        library, visit(BEFORE, cookie("visits")), visit(REFUSED, cookie("visits", 60 * DAY)), services=declared
    )
    assert [(each.sort, each.seen_in) for each in found] == [(TOO_LONG, REFUSED)]


def test_a_pattern_of_the_policy_covers_many_names_in_any_case(library: Library) -> None:
    text = POLICY + "- _ga_* : cookie de Google Analytics, 13 mois.\n- Visites_Id : cookie de notre site, 2 jours.\n"
    seen = visit(
        ACCEPTED,
        cookie("_ga"),
        cookie("_ga_ABC1"),
        cookie("_ga_XYZ2"),
        cookie("panier", None),
        cookie("visites_id", DAY),
    )
    assert drifts(library, seen, policy=text) == []


def test_what_comes_before_consent_contradicts_a_catalogue_that_says_after(library: Library) -> None:
    declared = (service(tracker("visits")), service(tracker("panier", exempt=True), name="Own"))
    found = drifts(library, visit(BEFORE, cookie("visits"), cookie("panier")), services=declared)

    assert told(found) == {(TOO_EARLY, "visits")}
    assert found[0].contradiction
    assert found[0].seen_in == BEFORE


def test_an_exempt_service_by_another_address_is_not_said_to_come_too_early(library: Library) -> None:
    asked = SeenRequest("https://static.hotjar.com/c/hotjar-1.js", "script", True, (PAGE,), PAGE)
    declared = replace(service(name="Hotjar", patterns=("static.hotjar.com/*",)), exemption=NEEDED)
    waiting, elsewhere = replace(declared, exemption=None), replace(declared, url_patterns=("hotjar.example/*",))
    seen = replace(visit(BEFORE), requests=(asked,))

    assert told(drifts(library, seen, services=(waiting,))) == {(TOO_EARLY, "Hotjar")}
    assert drifts(library, seen, services=(declared,)) == drifts(library, seen, services=(elsewhere,)) == []


def test_what_comes_before_consent_contradicts_a_policy_that_says_after(library: Library) -> None:
    claim = "\nAucun cookie n'est déposé sans votre consentement, à l'exception des cookies strictement nécessaires.\n"
    seen = visit(BEFORE, cookie("_ga"), cookie("panier", None))

    assert drifts(library, seen, policy=POLICY) == [], "a policy that says nothing of it is not contradicted"
    (found,) = drifts(library, seen, policy=POLICY + claim)
    assert (found.sort, found.name, found.contradiction) == (TOO_EARLY, "_ga", True)
    assert "strictement nécessaires" in found.passage


def test_a_claim_on_all_cookies_is_contradicted_once(library: Library) -> None:
    claim = "\nLa durée de vie de nos cookies n'excède pas 6 mois.\n"
    seen = visit(ACCEPTED, cookie("_ga", 730 * DAY), cookie("panier", None), cookie("visits", 200 * DAY))
    found = drifts(library, seen, policy=POLICY + claim, services=(service(tracker("visits"), tracker("_ga")),))

    assert {each for each in told(found) if each[0] in {TOO_LONG, CONTRADICTED}} == {
        (TOO_LONG, "_ga"),
        (CONTRADICTED, "visits"),
    }
    assert "6 mois" in next(each.passage for each in found if each.sort == CONTRADICTED)


def test_a_site_that_uses_no_cookie_has_none(library: Library) -> None:
    text = "Notre site n'utilise pas de cookies.\n"

    assert drifts(library, visit(ACCEPTED), policy=text) == []
    assert (CONTRADICTED, "eu-consent") in told(drifts(library, visit(ACCEPTED, cookie("eu-consent")), policy=text))


def test_what_was_never_seen_is_told_once_and_is_not_called_unused(library: Library) -> None:
    found = drifts(library, visit(ACCEPTED, cookie("panier", None)), policy=POLICY, services=(service(tracker("_ga")),))
    (unseen,) = [each for each in found if each.sort == NEVER_SEEN]

    assert (unseen.name, unseen.contradiction, unseen.browser) == ("_ga", False, "not seen on the 2 pages visited")
    assert (unseen.policy, unseen.catalogue) == ("names _ga, P13M", "_ga of Shop, after consent, no lifetime")


@pytest.mark.parametrize(
    "passes",
    [(), (visit(BEFORE),), (visit(BEFORE), visit(ACCEPTED, banner=None)), (Pass(ACCEPTED, (), BANNER),)],
    ids=["none", "before", "no banner", "no page"],
)
def test_nothing_is_said_of_what_a_scan_could_not_see(library: Library, passes: tuple[Pass, ...]) -> None:
    found = drifts(
        library,
        *passes,
        policy="- _ga : cookie de Google Analytics, 13 mois.\n",
        services=(service(tracker("visits")),),
    )
    assert found == []


def test_what_is_exempt_could_be_seen_by_anybody(library: Library) -> None:
    found = drifts(library, visit(BEFORE), services=(service(tracker("panier", exempt=True)),))
    assert told(found) == {(NEVER_SEEN, "panier")}


def test_the_pass_of_one_purpose_sees_what_waits_for_it(library: Library) -> None:
    declared = (service(tracker("visits")),)

    assert told(drifts(library, visit("purpose:audience"), services=declared)) == {(NEVER_SEEN, "visits")}
    assert drifts(library, visit("purpose:marketing"), services=declared) == []


def test_a_service_in_prose_speaks_for_its_cookies_unless_the_policy_names_some_of_them(library: Library) -> None:
    prose = "Cookies\n\nNous utilisons les cookies de Google Analytics pour mesurer l'audience de notre site.\n"
    named = prose + "- _ga : cookie de Google Analytics, 13 mois.\n"
    seen = visit(ACCEPTED, cookie("_ga"), cookie("_gid"))

    assert (UNDECLARED, "_gid") not in told(drifts(library, seen, policy=prose))
    assert (UNDECLARED, "_gid") in told(drifts(library, seen, policy=named))


def test_requests_are_compared_by_their_service(library: Library) -> None:
    asked = SeenRequest("https://static.hotjar.com/c/hotjar-1.js", "script", True, (PAGE,), PAGE)
    seen = replace(visit(ACCEPTED, cookie("_ga"), cookie("panier", None)), requests=(asked,))

    (found,) = drifts(library, seen, policy=POLICY)
    assert (found.sort, found.kind, found.name, found.contradiction) == (UNDECLARED, "request", "Hotjar", True)
    heatmaps = "\nNous utilisons Hotjar, qui dépose des cookies pour analyser la navigation.\n"
    assert drifts(library, seen, policy=POLICY + heatmaps) == []
    hotjar = service(name="Hotjar", patterns=("static.hotjar.com/*",))
    assert (UNDECLARED, "Hotjar") not in told(drifts(library, seen, policy=POLICY, services=(hotjar,)))
    assert told(drifts(library, visit(ACCEPTED), services=(hotjar,))) == {(NEVER_SEEN, "Hotjar")}


def test_storage_keys_are_compared_and_have_no_lifetime(library: Library) -> None:
    key = SeenStorage("local_storage", "panier", f"https://{SITE}", 10, Origin(), PAGE)
    seen = replace(visit(ACCEPTED, cookie("_ga")), storage=(key, replace(key, name="other_key")))

    (found,) = drifts(library, seen, policy=POLICY)
    assert (found.sort, found.kind, found.name) == (UNDECLARED, "local_storage", "other_key")


def test_an_audit_fails_for_contradictions_and_cannot_tell_of_the_rest(library: Library) -> None:
    scan = scan_of(visit(ACCEPTED, cookie("_fbp"), cookie("_ga", 730 * DAY)))
    classifier, findings = Classifier(library, SITE), read_policy(POLICY, library)
    verdicts = audit(scan, classifier, library, find_drift(scan, classifier, findings))
    found = {each.requirement: each for each in verdicts if each.check == "DRIFT"}

    assert {name: each.verdict for name, each in found.items()} == {
        "DRIFT-03": FAILS,
        "DRIFT-04": FAILS,
        "DRIFT-07": UNDECIDED,
    }
    for name, write in FORMATS.items():
        report = write(scan, verdicts)
        assert "names _ga, P13M" in report, name
        assert "DRIFT" in report, name
    results = json.loads(FORMATS["sarif"](scan, verdicts))["runs"][0]["results"]
    assert {r["level"] for r in results if r["ruleId"].startswith("DRIFT")} == {"error", "note"}


def test_an_audit_without_a_comparison_says_nothing_of_drift_and_one_that_agrees_holds(library: Library) -> None:
    scan = scan_of(visit(ACCEPTED))
    classifier = Classifier(library, SITE)

    assert not any(each.check == "DRIFT" for each in audit(scan, classifier, library))
    assert [each.verdict for each in audit(scan, classifier, library, ()) if each.check == "DRIFT"] == [HOLDS]
