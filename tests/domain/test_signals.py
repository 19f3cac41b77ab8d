"""Which signals a site's banner tells, and what grants their keys, follows from its services and its own settings."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.catalogue import Catalogue, parse_catalogue
from consent_server.domain.configuration import Configuration, build_configuration, digest_of
from consent_server.domain.embedding import embedded
from consent_server.domain.errors import Invalid
from consent_server.domain.signals import told
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file
from tests.domain.test_configuration import NOW

ANALYTICS = {"library": "google-analytics"}
ADS = {"library": "google-ads"}


def catalogue(signals: Any = None, *services: dict[str, Any], **changes: Any) -> Catalogue:
    document = site_file(services=list(services), **changes)
    return parse_catalogue({**document, "signals": signals}, load_library(), load_languages())


def configuration(found: Catalogue) -> Configuration:
    return build_configuration(
        found,
        version=1,
        previous=None,
        runtime_digest=digest_of(b"runtime"),
        published_at=NOW,
        texts=load_languages(),
        known_trackers=(),
    )


def test_a_site_without_vendors_tells_nobody() -> None:
    assert told(catalogue().signals) == ()


def test_a_service_brings_its_signal() -> None:
    found = catalogue(None, ANALYTICS).signals
    assert told(found) == ("google_consent_mode",)
    assert found["google_consent_mode"] == {
        "mode": "basic",
        "wait_for_update": 500,
        "keys": {
            "ad_personalization": ["marketing"],
            "ad_storage": ["marketing"],
            "ad_user_data": ["marketing"],
            "analytics_storage": ["audience"],
            "functionality_storage": [],
            "personalization_storage": [],
            "security_storage": ["necessary"],
        },
    }


@pytest.mark.parametrize(
    ("library", "signal", "granted_by"),
    [
        ("microsoft-ads", "microsoft_uet", {"ad_storage": ["microsoft-ads"]}),
        ("microsoft-clarity", "microsoft_clarity", {"ad_Storage": ["marketing"], "analytics_Storage": ["audience"]}),
        ("meta-pixel", "meta", {"consent": ["meta-pixel"]}),
        ("tiktok-pixel", "tiktok", {"consent": ["tiktok-pixel"]}),
        ("matomo", "matomo", {"consent": ["matomo"]}),
        ("mixpanel", "mixpanel", {"consent": ["mixpanel"]}),
        ("posthog", "posthog", {"consent": ["posthog"]}),
        ("piano-analytics", "piano", {"consent": ["piano-analytics"]}),
        (
            "shopify",
            "shopify",
            {"analytics": ["audience"], "marketing": ["marketing"], "preferences": [], "sale_of_data": ["marketing"]},
        ),
    ],
)
def test_a_vendor_is_told_as_its_service_is_granted(library: str, signal: str, granted_by: dict[str, Any]) -> None:
    found = catalogue(None, {"library": library}).signals
    assert told(found) == (signal,)
    assert found[signal]["keys"] == granted_by


def test_measurement_that_is_exempt_is_told_nothing_that_would_stop_it() -> None:
    conditions = dict.fromkeys(("AUD-01", "AUD-02", "AUD-03", "AUD-04"), True)
    exemption = {"ground": "EXM-07", "justification": "Counts visits only.", "author": "DPO", "conditions": conditions}
    assert told(catalogue(None, {"library": "matomo", "exemption": exemption}).signals) == ()


def test_a_site_may_leave_a_signal_out_or_ask_for_one() -> None:
    assert told(catalogue({"google_consent_mode": False}, ANALYTICS).signals) == ()
    assert told(catalogue({"google_consent_mode": True}).signals) == ("google_consent_mode",)


def test_a_site_maps_keys_to_its_own_purposes_and_services() -> None:
    own = {"id": "stats", "title": "Statistics", "description": "To count visits."}
    keys = {"analytics_storage": ["stats"], "ad_storage": ["google-ads"]}
    found = catalogue(
        {"google_consent_mode": {"keys": keys}}, {**ANALYTICS, "purpose": "stats"}, ADS, purposes=[own]
    ).signals["google_consent_mode"]["keys"]
    assert found["analytics_storage"] == ["stats"]
    assert found["ad_storage"] == ["google-ads"]
    assert found["ad_user_data"] == ["marketing"]


def test_a_purpose_that_grants_no_key_is_not_left_silent() -> None:
    own = {"id": "stats", "title": "Statistics", "description": "To count visits."}
    with pytest.raises(Invalid) as refused:
        catalogue(None, {**ANALYTICS, "purpose": "stats"}, purposes=[own])
    [message] = refused.value.problems["signals.google_consent_mode.keys"]
    assert "“google-analytics” is for “stats”" in message


def test_every_mistake_is_told_at_once() -> None:
    wrong = {
        "google_consent_mode": {
            "mode": "advanced",
            "wait_for_update": 60_000,
            "keys": {"analytics_storage": ["counting"], "ad_cookies": ["marketing"]},
            "region": ["FR"],
        },
        "tcf": True,
        "gpc": False,
    }
    with pytest.raises(Invalid) as refused:
        catalogue(wrong, ANALYTICS)
    assert set(refused.value.problems) >= {
        "signals.google_consent_mode.reason",
        "signals.google_consent_mode.wait_for_update",
        "signals.google_consent_mode.keys.analytics_storage",
        "signals.google_consent_mode.keys.ad_cookies",
        "signals.google_consent_mode.region",
        "signals.tcf",
        "signals.gpc",
    }


@pytest.mark.parametrize("settings", [7, "yes", ["basic"], {"keys": ["audience"]}, {"mode": "basic", "reason": "x"}])
def test_what_is_not_a_setting_is_refused(settings: Any) -> None:
    with pytest.raises(Invalid):
        catalogue({"google_consent_mode": settings})


def test_privacy_control_refuses_advertising_and_embeds_everywhere_and_more_where_a_site_says_so() -> None:
    assert catalogue().signals["gpc"] == {"purposes": ["marketing", "social"]}
    assert catalogue({"gpc": {"purposes": ["audience"]}}).signals["gpc"]["purposes"] == [
        "marketing",
        "social",
        "audience",
    ]
    with pytest.raises(Invalid):
        catalogue({"gpc": {"purposes": ["necessary"]}})


def test_advanced_mode_lets_measurement_load_but_never_advertising() -> None:
    advanced = {"google_consent_mode": {"mode": "advanced", "reason": "Asked for by our lawyers."}}
    document = configuration(catalogue(advanced, ANALYTICS, ADS)).document
    assert {service["id"]: service.get("preload", False) for service in document["services"]} == {
        "google-analytics": True,
        "google-ads": False,
    }
    basic = configuration(catalogue(None, ANALYTICS, ADS)).document
    assert [service for service in basic["services"] if "preload" in service] == []


def test_why_advanced_mode_is_used_is_published_but_not_sent_to_every_visitor() -> None:
    advanced = {"google_consent_mode": {"mode": "advanced", "reason": "Asked for by our lawyers."}}
    found = configuration(catalogue(advanced, ANALYTICS))
    assert found.document["signals"]["google_consent_mode"]["reason"] == "Asked for by our lawyers."
    assert set(embedded(found)["signals"]["google_consent_mode"]) == {"keys", "wait_for_update"}


def test_what_was_published_is_a_site_file_again() -> None:
    found = catalogue({"google_consent_mode": {"wait_for_update": 0}, "gpc": {"purposes": ["audience"]}}, ANALYTICS)
    document = configuration(found).document
    again = catalogue(document["signals"], *document["services"])
    assert again.signals == found.signals
