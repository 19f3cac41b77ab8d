"""What an audit concludes from a scan, and the forms in which it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, audit
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.classification import DECLARED, LIKELY, SURE, UNKNOWN, Classifier
from consent_server.domain.exemption import Exemption
from consent_server.domain.identifier import identifiers
from consent_server.domain.library import Library
from consent_server.domain.scan import (
    BEFORE,
    NEXT_VISIT,
    REFUSED,
    WITHDRAWN,
    Origin,
    Pass,
    SeenCookie,
    SeenRequest,
    SeenStorage,
    lifetime_of,
    same_site,
    scan_from_json,
    shape_of,
    without_query,
)
from consent_server.domain.tracker import Service, Tracker
from consent_server.storage.library import load_library
from tests import scans
from tests.scans import ADDRESS as PAGE
from tests.scans import BANNER, GTAG, SITE, scan_of


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def cookie(name: str, domain: str = SITE, lifetime: int | None = 3_600, by: str = "") -> SeenCookie:
    origin = Origin("script", (by,)) if by else Origin()
    return scans.cookie(name, domain=domain, lifetime=lifetime, set_by=origin)


def verdicts(library: Library, *passes: Pass, services: tuple[Service, ...] = ()) -> dict[str, str]:
    found = audit(scan_of(*passes), Classifier(library, SITE, services), library)
    return {f"{each.check} {each.requirement}": each.verdict for each in found}


def test_a_name_is_surer_with_its_vendors_script_and_the_sites_own_word_goes_first(library: Library) -> None:
    own = Service("own", "Shop", "Shop", "necessary", trackers=(Tracker("_ga", "cookie", "audience"),))
    classifier = Classifier(library, SITE)

    assert classifier.cookie(cookie("_ga", by=GTAG)).confidence == SURE
    assert classifier.cookie(cookie("PHPSESSID")).confidence == LIKELY
    assert classifier.cookie(cookie("PHPSESSID")).needs_consent is False
    assert classifier.cookie(cookie("my_own")).confidence == UNKNOWN
    assert classifier.cookie(cookie("my_own")).needs_consent is None
    assert Classifier(library, SITE, (own,)).cookie(cookie("_ga")).confidence == DECLARED


def test_a_name_that_a_vendor_writes_as_a_cookie_and_as_a_key_is_known_as_either(library: Library) -> None:
    classifier = Classifier(library, SITE)
    key = SeenStorage("local_storage", "cto_bundle", PAGE, 20, Origin(), PAGE)

    assert (classifier.key(key).service, classifier.key(key).needs_consent) == ("Criteo", True)
    assert classifier.cookie(cookie("cto_bundle")).service == "Criteo"
    assert classifier.key(replace(key, kind="session_storage")).confidence == UNKNOWN


def test_a_request_is_known_by_its_address(library: Library) -> None:
    asked = SeenRequest("https://static.hotjar.com/c/hotjar-1.js", "script", True, (PAGE,), PAGE)
    found = Classifier(library, SITE).request(asked)

    assert found is not None
    assert (found.service, found.needs_consent) == ("Hotjar", True)
    assert Classifier(library, SITE).request(replace(asked, address=f"{PAGE}app.js")) is None


def test_a_request_is_whose_pattern_says_most_even_where_a_query_decides(library: Library) -> None:
    broad = Service("broad", "Counting", "X", "audience", url_patterns=("*.stats.example/*",))
    narrow = Service("narrow", "Campaigns", "X", "marketing", url_patterns=("*.stats.example/hit?*atc=PUB-*",))
    asked = SeenRequest("https://a.stats.example/hit", "image", True, (PAGE,), PAGE)
    classifier = Classifier(library, SITE, (broad, narrow))
    plain, told = classifier.request(asked), classifier.request(replace(asked, matches=narrow.url_patterns))
    gtag = replace(asked, address=GTAG, matches=("www.googletagmanager.com/gtag/js?id=AW-*",))
    ads = Classifier(library, SITE).request(gtag)

    assert plain is not None
    assert told is not None
    assert ads is not None
    assert (plain.service, told.service, ads.service) == ("Counting", "Campaigns", "Google Ads")


def test_a_tracker_behind_a_name_of_the_sites_own_is_told(library: Library) -> None:
    own = SeenRequest("https://metrics.example.fr/a.js", "script", False, (PAGE,), PAGE, known_as="shop.eulerian.net")
    classifier = Classifier(library, SITE)
    found = classifier.request(own)

    assert found is not None
    assert (found.needs_consent, found.confidence) == (True, SURE)
    assert classifier.request(replace(own, known_as="")) is None
    assert classifier.request(replace(own, kind="document")) is None
    assert classifier.request(replace(own, address=f"{PAGE}a.js")) is None


def test_an_id_that_is_kept_and_sent_to_somebody_needs_consent_unless_it_is_exempt(library: Library) -> None:
    sent = SeenRequest("https://px.example/a.gif", "image", True, (PAGE,), PAGE, carries=("cookie visitor",))
    exempt = replace(sent, carries=("cookie PHPSESSID",))
    kept = (cookie("visitor"), cookie("PHPSESSID"))

    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, kept, requests=(sent,)))["CHK-1 UI-01"] == FAILS
    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, kept, requests=(exempt,)))["CHK-1 UI-01"] == UNDECIDED


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("GA1.1.1234567.1763800000", {"1234567.1763800000"}),
        ('{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","at":1763800000000}', {"3f2504e0-4f89-11d3-9a0c-0305e82c3301"}),
        ("a1b2c3d4e5f60718", {"a1b2c3d4e5f60718"}),
        ("1763800000000", set()),
        ("acceptedeverything", set()),
        ("dark", set()),
    ],
)
def test_an_identifier_is_what_nobody_else_has(value: str, parts: set[str]) -> None:
    assert identifiers(value) == parts


def test_a_host_that_nobody_knows_is_told_once_and_our_own_is_not(library: Library) -> None:
    addresses = (
        "https://px.example/a.gif",
        "https://px.example/b.gif",
        "https://consent.example/v1/sites/shop/banner.js",
    )
    asked = tuple(SeenRequest(address, "image", True, (PAGE,), PAGE) for address in addresses)
    found = audit(scan_of(Pass(BEFORE, (PAGE,), BANNER, requests=asked)), Classifier(library, SITE), library)
    unknown = next(each for each in found if each.requirement == "CAT-01")

    assert unknown.verdict == UNDECIDED
    assert [(proof.what, proof.because_of) for proof in unknown.proofs] == [("request to px.example", (PAGE,))]


def test_what_never_waited_for_a_yes_is_told_once(library: Library) -> None:
    seen = (cookie("_ga", by=GTAG),)
    found = verdicts(
        library,
        Pass(BEFORE, (PAGE,), BANNER, seen),
        Pass(REFUSED, (PAGE,), BANNER, seen),
        Pass(NEXT_VISIT, (PAGE,), None, seen),
        Pass(WITHDRAWN, (PAGE,), BANNER, seen),
    )

    assert {check for check, verdict in found.items() if verdict == FAILS} == {"CHK-1 UI-01"}


def test_what_could_not_be_tried_is_not_said_to_hold(library: Library) -> None:
    found = verdicts(library, Pass(BEFORE, (PAGE,), None, ()))

    assert found["CHK-4 UI-01"] == found["CHK-3 WD-01"] == found["CHK-2 UI-04"] == UNDECIDED
    assert "CHK-4 WD-04" not in found


def test_what_had_to_be_ended_is_not_said_to_hold(library: Library) -> None:
    cut = ("https://www.example.fr/: not done with after 60 seconds",)
    found = verdicts(
        library,
        Pass(BEFORE, (PAGE,), BANNER, limits=cut, whole=False),
        Pass(REFUSED, (PAGE,), BANNER),
        Pass(NEXT_VISIT, (PAGE,)),
    )

    assert found["CHK-1 UI-01"] == found["DUR DUR-01"] == UNDECIDED
    assert found["CHK-4 UI-01"] == found["CHK-2 UI-04"] == HOLDS
    assert (
        verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("_ga", by=GTAG),), whole=False))["CHK-1 UI-01"] == FAILS
    )


def test_an_exemption_that_nobody_grants_is_told(library: Library) -> None:
    claimed = Exemption("EXM-05", (), {"en": "Needed"}, "somebody")
    services = (
        Service("x", "X", "X", "necessary", trackers=(Tracker("_fbp", "cookie", "necessary", exemption=claimed),)),
    )
    found = verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("_fbp"),)), services=services)

    assert found["CHK-7 EXM-10"] == FAILS
    assert found["CHK-1 UI-01"] == HOLDS, "the site's own word goes first, and is judged by itself"


def test_thirteen_months_are_the_most(library: Library) -> None:
    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("x", lifetime=33_955_200),)))["DUR DUR-01"] == HOLDS
    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("x", lifetime=63_072_000),)))["DUR DUR-01"] == FAILS


def test_what_lasts_too_long_or_is_unknown_is_told_where_it_was_first(library: Library) -> None:
    seen = (cookie("x", lifetime=63_072_000),)
    done = scan_of(Pass(BEFORE, (PAGE,), BANNER, seen), Pass(REFUSED, (PAGE,), BANNER, seen))
    told = {each.requirement: each.proofs for each in audit(done, Classifier(library, SITE), library)}

    assert [proof.seen_in for proof in (*told["DUR-01"], *told["CAT-01"])] == [BEFORE, BEFORE]


def test_thirteen_months_are_those_of_the_calendar_and_those_of_the_site(library: Library) -> None:
    longest = 395 * 86_400  # from 22 November 2026 to 22 December 2027
    foreign = cookie("x", "tracker.example", lifetime=63_072_000)

    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("x", lifetime=longest),)))["DUR DUR-01"] == HOLDS
    assert (
        verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (cookie("x", lifetime=longest + 86_400),)))["DUR DUR-01"]
        == FAILS
    )
    assert verdicts(library, Pass(BEFORE, (PAGE,), BANNER, (foreign,)))["DUR DUR-01"] == HOLDS


@pytest.mark.parametrize(
    ("name", "lifetime", "extended", "verdict"),
    [
        ("_ga", 33_955_200, True, FAILS),
        ("_ga", 33_955_200, False, HOLDS),
        ("_ga", 1_800, True, None),
        ("PHPSESSID", 33_955_200, True, None),
    ],
)
def test_what_needs_consent_keeps_its_first_end(
    library: Library, name: str, lifetime: int, extended: bool, verdict: str | None
) -> None:
    seen = replace(cookie(name, lifetime=lifetime), extended=extended)

    assert verdicts(library, Pass(NEXT_VISIT, (PAGE,), BANNER, (seen,))).get("DUR DUR-04") == verdict


def test_a_cookie_of_another_site_counts_after_the_withdrawal_when_that_site_was_asked(library: Library) -> None:
    left = Pass(WITHDRAWN, (PAGE,), BANNER, (cookie("_fbp", "facebook.com"),))
    asked = SeenRequest("https://www.facebook.com/tr", "image", True, (PAGE,), PAGE)

    assert verdicts(library, left)["CHK-4 WD-04"] == HOLDS
    assert verdicts(library, replace(left, requests=(asked,)))["CHK-4 WD-04"] == FAILS


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        (("Path=/", "Expires=Thu, 01 Jan 1970 00:02:00 GMT"), 20),
        (("expires=Thu, 01-Jan-1970 00:00:00 GMT",), -100),
        (("Max-Age=5", "Expires=Thu, 01 Jan 1970 00:02:00 GMT"), 5),
        (("Expires=some day",), 300),
        ((), 300),
    ],
)
def test_a_lifetime_is_what_was_written_whatever_the_browser_made_of_it(
    attributes: tuple[str, ...], seconds: int
) -> None:
    assert lifetime_of(attributes, 100, 400) == seconds


def test_every_form_tells_the_same_failures(library: Library) -> None:
    done = scan_of(Pass(BEFORE, (PAGE,), BANNER, (cookie("_ga", by=GTAG), cookie("bad\x00name"))))
    found = audit(done, Classifier(library, SITE), library)
    text, sarif, junit = (FORMATS[form](done, found) for form in ("text", "sarif", "junit"))
    results = json.loads(sarif)["runs"][0]["results"]

    assert "✗ CHK-1 UI-01 fails" in text
    assert [each["ruleId"] for each in results if each["level"] == "error"] == ["UI-01"]
    assert GTAG in results[0]["message"]["text"]
    assert ElementTree.fromstring(junit).attrib["failures"] == "1"
    assert scan_from_json(json.loads(FORMATS["json"](done, found))["scan"]) == done


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("", "empty"),
        ("true", "yes or no"),
        ("GA1.1.123.456", "client id"),
        ("1763800000", "time"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "UUID"),
        ("hello there", "text of 11 characters"),
    ],
)
def test_a_value_leaves_its_shape_alone(value: str, shape: str) -> None:
    assert shape_of(value) == shape


def test_addresses_lose_what_may_be_personal() -> None:
    assert without_query("https://me:secret@shop.example:8443/a?mail=x#y") == "https://shop.example:8443/a"
    assert without_query("data:text/html,secret") == "data:"
    assert same_site(".www.shop.example", "shop.example")
    assert not same_site("notshop.example", "shop.example")


def test_a_lifetime_is_as_it_was_written_even_where_the_browser_cut_it() -> None:
    assert lifetime_of((" Max-Age=63072000",), 1_000.0, 35_000.0) == 63_072_000
    assert lifetime_of((), 1_000.0, 4_600.0) == 3_600
    assert lifetime_of((), 1_000.0, -1) is None
