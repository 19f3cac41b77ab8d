"""A site file is read whole, every mistake is told at once, and nothing doubtful becomes exempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from consent_server.domain.catalogue import Catalogue, parse_catalogue, parse_origin, parse_site_key, parse_web_address
from consent_server.domain.errors import Invalid
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file


def read(document: object) -> Catalogue:
    return parse_catalogue(document, load_library(), load_languages())


def problems(document: object) -> Mapping[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        read(document)
    return refused.value.problems


def own(**tracker: Any) -> dict[str, Any]:
    return {
        "id": "own",
        "name": "Own",
        "vendor": "Example",
        "purpose": None,
        "trackers": [{"name": "userId", **tracker}],
    }


EXEMPTION = {"ground": "EXM-02", "justification": "Signs the visitor in.", "author": "Site owner"}


def test_it_works() -> None:
    catalogue = read(site_file(services=[{"library": "google-analytics"}, {"library": "php-session"}]))
    by_name = {tracker.name: tracker for tracker in catalogue.trackers()}
    assert by_name["_ga"].purpose == "audience"
    assert by_name["_ga"].lifetime is not None
    assert by_name["_ga"].lifetime.applied == "P13M"
    assert by_name["PHPSESSID"].exemption is not None


def test_every_mistake_is_told_at_once() -> None:
    document = site_file(origins=["https://www.example.fr/"], choice_lifetime="P2Y", colour="red")
    document["services"] = [{"library": "nonesuch"}, {"id": "A B", "name": "", "vendor": "x", "purpose": "fun"}]
    found = problems(document)
    assert {"origins.0", "choice_lifetime", "colour", "services.0.library", "services.1.id"} <= set(found)
    assert {"services.1.name", "services.1.purpose"} <= set(found)


@pytest.mark.parametrize("document", [None, [], "text", 7, {1: 2}])
def test_what_is_no_object_is_refused(document: object) -> None:
    assert "" in problems(document)


def test_a_tracker_without_a_purpose_stays_unclassified() -> None:
    tracker = read(site_file(services=[own()])).trackers()[0]
    assert tracker.purpose is None
    assert tracker.exemption is None


@pytest.mark.parametrize("missing", ["justification", "author", "ground"])
def test_an_exemption_needs_ground_justification_and_author(missing: str) -> None:
    exemption = {key: value for key, value in EXEMPTION.items() if key != missing}
    found = problems(site_file(services=[own(purpose="necessary", exemption=exemption)]))
    assert any(missing in path for path in found)


def test_necessary_without_an_exemption_is_refused() -> None:
    assert "services.0.trackers.0.exemption" in problems(site_file(services=[own(purpose="necessary")]))


def test_a_necessary_service_may_leave_the_exemption_to_its_trackers() -> None:
    service = {"id": "app", "name": "App", "purpose": "necessary"}
    exempt = {"trackers": [{"name": "sid", "exemption": EXEMPTION}], "url_patterns": ["app.example/*"]}
    found = read(site_file(services=[service | exempt])).services[0]
    assert found.exempt
    assert found.vendor == "Example"
    assert "services.0.exemption" in problems(site_file(services=[service | {"url_patterns": ["app.example/*"]}]))


def test_the_shapes_of_a_configuration_are_accepted() -> None:
    purpose = {"id": "audience", "exempt": False, "since": 3, "title": {"fr": "Visites", "en": "Visits"}}
    tracker = {"name": "v", "declared_lifetime": "P2Y", "lifetime": "P13M", "lifetime_seconds": 1, "capped": False}
    service = {
        "id": "own",
        "name": "Own",
        "purpose": "audience",
        "exempt": True,
        "policy_url": None,
        "trackers": [tracker],
    }
    catalogue = read(site_file(purposes=[purpose], services=[service]))
    lifetime = catalogue.trackers()[0].lifetime
    assert lifetime is not None
    assert lifetime.capped
    assert not catalogue.services[0].exempt


@pytest.mark.parametrize("purpose", ["marketing", "social"])
def test_advertising_and_embeds_are_never_exempt(purpose: str) -> None:
    assert problems(site_file(services=[own(purpose=purpose, exemption=EXEMPTION)]))


@pytest.mark.parametrize("purpose", ["necessary", "audience"])
def test_google_analytics_cannot_be_exempt(purpose: str) -> None:
    exemption = {**EXEMPTION, "conditions": dict.fromkeys(("AUD-01", "AUD-02", "AUD-03", "AUD-04"), True)}
    if purpose == "audience":
        exemption["ground"] = "EXM-07"
    as_service = {"library": "google-analytics", "purpose": purpose, "exemption": exemption}
    assert "never" in str(problems(site_file(services=[as_service])))
    as_cookie = own(purpose=purpose, exemption=exemption) | {
        "trackers": [{"name": "_ga", "purpose": purpose, "exemption": exemption}]
    }
    assert "never" in str(problems(site_file(services=[as_cookie])))


def test_audience_measurement_is_exempt_only_when_every_condition_holds() -> None:
    conditions = {"AUD-01": True, "AUD-02": True, "AUD-03": True, "AUD-04": True}
    exemption = {**EXEMPTION, "ground": "EXM-07", "conditions": conditions}
    assert read(site_file(services=[own(purpose="audience", exemption=exemption)])).trackers()[0].exemption
    exemption["conditions"] = {**conditions, "AUD-03": False}
    assert "AUD-03" in str(problems(site_file(services=[own(purpose="audience", exemption=exemption)])))


def test_a_tracker_has_one_owner() -> None:
    again = {"id": "again", "name": "Again", "vendor": "x", "purpose": "audience", "trackers": [{"name": "userId"}]}
    assert "services.1.trackers" in problems(site_file(services=[own(), again]))


def test_the_same_name_on_another_domain_is_another_tracker() -> None:
    session = own() | {"trackers": [{"name": "JSESSIONID"}, {"name": "JSESSIONID", "domain": ".nr-data.net"}]}
    assert [tracker.domain for tracker in read(site_file(services=[session])).trackers()] == ["site", "nr-data.net"]


def test_a_site_may_add_a_purpose_of_its_own_in_every_language() -> None:
    purpose = {"id": "geolocation", "title": {"fr": "Position"}, "description": "To find the nearest shop."}
    assert "purposes.0.title.en" in problems(site_file(purposes=[purpose]))
    purpose["title"] = {"fr": "Position", "en": "Location"}
    catalogue = read(site_file(purposes=[purpose], services=[own(purpose="geolocation")]))
    assert catalogue.purposes[1].id == "geolocation"
    assert catalogue.purposes[0].id == "necessary"


@pytest.mark.parametrize("text", ["session", "P14M", "PT1H", "P400D", "six months"])
def test_a_choice_is_kept_for_months_never_more_than_thirteen(text: str) -> None:
    assert "choice_lifetime" in problems(site_file(choice_lifetime=text))


@pytest.mark.parametrize("text", ["session", "P1D", "P31Y", "five years", "P0Y"])
def test_a_proof_is_kept_for_a_month_at_least_and_thirty_years_at_most(text: str) -> None:
    assert "proof_ttl" in problems(site_file(proof_ttl=text))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "/\\evil", "x y"])
def test_an_address_that_could_run_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        parse_web_address(address)


def test_origins_are_written_one_way() -> None:
    assert parse_origin("https://WWW.Example.fr:443") == "https://www.example.fr"
    for text in ("https://a.example/", "ftp://a.example", "https://u@a.example", "null", "https://a.example:x", "*"):
        with pytest.raises(Invalid):
            parse_origin(text)


@pytest.mark.parametrize("key", ["", "a", "-a", "A", "a_b", "a" * 64, "é"])
def test_a_site_key_is_plain(key: str) -> None:
    with pytest.raises(Invalid):
        parse_site_key(key)


def test_colours_are_colours() -> None:
    assert "banner.theme.accent" in problems(site_file(banner={"controller": "x", "theme": {"accent": "url(x)"}}))


def test_a_text_that_does_not_exist_is_refused() -> None:
    banner = {"controller": "x", "texts": {"fr": {"nonesuch": "?"}, "de": {}}}
    found = problems(site_file(banner=banner))
    assert {"banner.texts.fr.nonesuch", "banner.texts.de"} <= set(found)
