"""Every entry of the shipped library, and the ways to find one."""

from __future__ import annotations

import copy
import re
from collections import Counter
from datetime import date
from importlib import resources
from typing import Any

import pytest
import yaml

from consent_server.domain import name_pattern
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.exemption import exemption_problems
from consent_server.domain.library import LibraryService, LibraryTracker, make_library
from consent_server.domain.purpose import DEFAULT_PURPOSES, NECESSARY, NEVER_EXEMPT
from consent_server.domain.url_pattern import parse_url_pattern
from consent_server.domain.vendor_file import parse_vendor
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages

LIBRARY = load_library()
SERVICES = LIBRARY.services
TRACKERS = [tracker for service in SERVICES for tracker in service.trackers]
DESCRIBED: list[LibraryService | LibraryTracker] = [*SERVICES, *TRACKERS]

EXPECTED = """
    Google Analytics, Google Tag Manager, Google Ads, DoubleClick, YouTube, Google Maps, Google Fonts,
    reCAPTCHA, Facebook, Meta Pixel, LinkedIn, X, Twitter, TikTok, Pinterest, Snapchat, Mixpanel, Matomo, Piano,
    AT Internet, Eulerian, Contentsquare, Hotjar, Clarity, Bing, UET, Kameleoon, AB Tasty, Commanders Act,
    Realytics, Criteo, Taboola, Outbrain, Weborama, Sirdata, HubSpot, Brevo, Sendinblue, Mailjet, MailerLite,
    Mailchimp, ActiveCampaign, Intercom, Crisp, Zendesk, iAdvize, Tawk, Stripe, PayPal, Axeptio, Didomi,
    tarteaucitron, WordPress, WooCommerce, PrestaShop, Shopify, Drupal, PHP, Java, ASP.NET, Django, Laravel,
    Cloudflare, New Relic, NewRelic, Sentry, Datadog, Vimeo, Dailymotion, SoundCloud, Spotify, hCaptcha,
    Trustpilot, Calendly, Typeform, Disqus, AddThis, ShareThis, Adobe Analytics, Amplitude, Segment, PostHog,
    Plausible, Fathom, Amazon Ads, Quantcast, Yandex Metrica, Klaviyo, Salesforce, Pardot, Marketo, Freshchat,
    LiveChat, Drift, Facebook Connect, Instagram, OpenStreetMap, Mapbox, Twitch, Google Optimize, VWO,
    Optimizely, OneTrust, Cookiebot, Complianz, Klaro, Wix, Squarespace, Joomla, Magento, Symfony, Rails,
    Express, Polylang, WPML, AWS ALB, Google Cloud, Google Adwords, AdWords, Pixel Facebook, Facebook Ads, GA4,
    Universal Analytics
"""


def test_a_french_site_meets_few_services_that_are_missing() -> None:
    assert len(SERVICES) >= 80


@pytest.mark.parametrize("name", [name.strip() for name in EXPECTED.replace("\n", " ").split(",")])
def test_the_usual_names_are_found(name: str) -> None:
    assert len(LIBRARY.find_by_name(name)) == 1


def test_no_id_is_used_twice() -> None:
    assert [id_ for id_, times in Counter(service.id for service in SERVICES).items() if times > 1] == []


def test_no_two_services_claim_the_same_url_pattern() -> None:
    claims = Counter(parse_url_pattern(pattern) for service in SERVICES for pattern in service.url_patterns)
    assert [pattern for pattern, times in claims.items() if times > 1] == []


def test_no_two_services_claim_the_same_tracker() -> None:
    claims = Counter((tracker.name, tracker.domain, tracker.kind) for tracker in TRACKERS)
    assert [claim for claim, times in claims.items() if times > 1] == []


def test_no_two_services_have_the_same_name() -> None:
    claims = Counter(name.casefold() for service in SERVICES for name in {n.casefold() for n in service.names})
    assert [name for name, times in claims.items() if times > 1] == []


def test_one_vendor_has_one_file() -> None:
    folder = resources.files("consent_server") / "library"
    files = [file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".yaml")]
    vendors = Counter(re.findall(r"^vendor: (.+)$", "\n".join(files), re.MULTILINE))
    assert len(files) == len(vendors)


def test_no_file_says_the_same_thing_twice() -> None:
    folder = resources.files("consent_server") / "library"
    files = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    assert [
        (file.name, key) for file in files for key in _repeated(yaml.compose(file.read_text(encoding="utf-8")))
    ] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_every_service_is_whole(service: LibraryService) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", service.id)
    assert service.name
    assert service.vendor
    assert re.fullmatch("[A-Z]{2}", service.country)
    assert service.policy_url.startswith("https://")
    assert service.purpose in DEFAULT_PURPOSES
    assert service.source
    assert date(2026, 1, 1) <= service.verified_at
    assert _in_both_languages(service.description)
    assert all(parse_url_pattern(pattern) for pattern in service.url_patterns)
    assert service.url_patterns or service.trackers or service.exemption, "nothing would ever lead to it"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_every_tracker_is_whole(service: LibraryService) -> None:
    for tracker in service.trackers:
        assert tracker.service == service.id
        assert name_pattern.parse_name_pattern(tracker.name)
        assert tracker.lifetime is None or tracker.lifetime.text
        assert tracker.purpose in DEFAULT_PURPOSES
        assert _in_both_languages(tracker.description), tracker.name
        assert tracker.kind != "session_storage" or tracker.lifetime is None or tracker.lifetime.is_session


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: str(service.id))
def test_what_is_exempt_has_a_ground_that_can_stand(service: LibraryService) -> None:
    assert (service.exemption is not None) == (service.purpose == NECESSARY)
    for exemption, purpose in [
        (service.exemption, service.purpose),
        *((t.exemption, t.purpose) for t in service.trackers),
    ]:
        if exemption is None:
            assert purpose != NECESSARY
            continue
        assert re.fullmatch("EXM-0[1-7]", exemption.ground)
        assert _in_both_languages(exemption.justification)
        assert exemption.author
        assert purpose not in NEVER_EXEMPT
        assert exemption_problems(exemption, purpose, None) == []


def test_french_is_written_with_its_own_apostrophes_and_both_languages_with_a_full_stop() -> None:
    texts = [
        text
        for described in DESCRIBED
        for text in (*described.description.values(), *_justification(described).values())
    ]
    assert [text for text in texts if "'" in text or not text.endswith((".", ")"))] == []


def test_every_language_says_everything_that_another_one_says() -> None:
    first, *others = load_languages().values()
    for other in others:
        for part in ("banner", "declaration", "receipt", "choices", "versions", "summary"):
            ours, theirs = getattr(first, part), getattr(other, part)
            assert ours.keys() == theirs.keys(), (other.code, part)
            assert [key for key, text in theirs.items() if not text.strip()] == []


def test_the_texts_of_two_languages_differ() -> None:
    same = [d.description["fr"] for d in DESCRIBED if d.description["fr"] == d.description["en"]]
    assert same == []


@pytest.mark.parametrize(
    ("name", "host", "service", "lifetime", "purpose", "ground"),
    [
        ("_ga", None, "google-analytics", "P2Y", "audience", None),
        ("_ga_1ABC2DEF", None, "google-analytics", "P2Y", "audience", None),
        ("_ga_<container-id>", None, "google-analytics", "P2Y", "audience", None),
        ("_gid", None, "google-analytics", "P1D", "audience", None),
        ("_gat", None, "google-analytics", "PT1M", "audience", None),
        ("_gat_gtag_UA_1", None, "google-analytics", "PT1M", "audience", None),
        ("_dc_gtm_UA-1", None, "google-analytics", "PT1M", "audience", None),
        ("_gac_UA-1", None, "google-analytics", "P90D", "marketing", None),
        ("_gcl_au", None, "google-ads", "P90D", "marketing", None),
        ("IDE", ".doubleclick.net", "doubleclick", "P13M", "marketing", None),
        ("test_cookie", ".doubleclick.net", "doubleclick", "PT15M", "marketing", None),
        ("NID", ".google.com", "google-ads", "P6M", "marketing", None),
        ("__gads", None, "google-adsense", "P13M", "marketing", None),
        ("_fbp", None, "meta-pixel", "P90D", "marketing", None),
        ("_fbc", None, "meta-pixel", "P90D", "marketing", None),
        ("fr", ".facebook.com", "meta-pixel", "P90D", "marketing", None),
        ("wp-settings-39", None, "wordpress", "P1Y", "necessary", "EXM-04"),
        ("Wp-settings-time-39", None, "wordpress", "P1Y", "necessary", "EXM-04"),
        ("wordpress_logged_in_0f", None, "wordpress", "P14D", "necessary", "EXM-02"),
        ("PHPSESSID", None, "php-session", "session", "necessary", "EXM-02"),
        ("mp_0f1e_mixpanel", None, "mixpanel", "P1Y", "audience", None),
        ("Mp_*_mixpanel", None, "mixpanel", "P1Y", "audience", None),
        ("__mp_opt_in_out_0f", None, "mixpanel", "P1Y", "necessary", "EXM-01"),
        ("NRBA_SESSION::0f", None, "new-relic", "PT4H", "audience", None),
        ("JSESSIONID", ".bam.nr-data.net", "new-relic", "session", "audience", None),
        ("JSESSIONID", "www.example.fr", "java-session", "session", "necessary", "EXM-02"),
        ("JSESSIONID", None, "java-session", "session", "necessary", "EXM-02"),
        ("__stripe_mid", None, "stripe", "P1Y", "necessary", "EXM-03"),
        ("__stripe_sid", None, "stripe", "PT30M", "necessary", "EXM-03"),
        ("m", "m.stripe.com", "stripe", "P2Y", "necessary", "EXM-03"),
        ("ml_guid", None, "mailerlite", None, "marketing", None),
        ("axeptio_cookies", None, "axeptio", "P6M", "necessary", "EXM-01"),
        ("pll_language", None, "polylang", "P1Y", "necessary", "EXM-04"),
        ("_pk_id.1.1fff", None, "matomo", "P13M", "audience", None),
        ("_pk_ses.1.1fff", None, "matomo", "PT30M", "audience", None),
        ("_hjSessionUser_1", None, "hotjar", "P365D", "audience", None),
        ("_clck", None, "microsoft-clarity", "P1Y", "audience", None),
        ("_ttp", None, "tiktok-pixel", "P389D", "marketing", None),
        ("VISITOR_INFO1_LIVE", ".youtube.com", "youtube", "P179D", "social", None),
        ("YSC", ".youtube.com", "youtube", "session", "social", None),
        ("_cs_id", None, "contentsquare", "P13M", "audience", None),
        ("_cs_s", None, "contentsquare", "PT30M", "audience", None),
        ("__cf_bm", None, "cloudflare", "PT30M", "necessary", "EXM-02"),
        ("__cflb", None, "cloudflare", "P1D", "necessary", "EXM-05"),
    ],
)
def test_the_cookie_facts_hold(
    name: str, host: str | None, service: str, lifetime: str | None, purpose: str, ground: str | None
) -> None:
    found = LIBRARY.find_tracker(name, host)

    assert found is not None
    assert (found.service, found.purpose) == (service, purpose)
    assert (found.lifetime.text if found.lifetime else None) == lifetime
    assert (found.exemption.ground if found.exemption else None) == ground


@pytest.mark.parametrize(
    ("name", "host"),
    [("m", "www.example.fr"), ("m", "notm.stripe.com.example"), ("userId", None), ("", None), ("*", None)],
)
def test_a_name_that_nobody_has_on_that_host_is_nobodys(name: str, host: str | None) -> None:
    assert LIBRARY.find_tracker(name, host) is None


def test_the_same_name_on_another_host_is_another_tracker() -> None:
    bing, clarity = LIBRARY.find_tracker("MUID", ".bing.com"), LIBRARY.find_tracker("MUID", "c.clarity.ms")

    assert bing is not None
    assert clarity is not None
    assert (bing.service, clarity.service) == ("microsoft-ads", "microsoft-clarity")


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://www.googletagmanager.com/gtag/js?id=G-1", "google-analytics"),
        ("https://www.googletagmanager.com/gtag/js?id=AW-1", "google-ads"),
        ("https://www.googletagmanager.com/gtm.js?id=GTM-1", "google-tag-manager"),
        ("https://stats.g.doubleclick.net/j/collect", "google-analytics"),
        ("https://ad.doubleclick.net/ddm/activity", "doubleclick"),
        ("https://connect.facebook.net/fr_FR/fbevents.js", "meta-pixel"),
        ("https://connect.facebook.net/fr_FR/sdk.js", "facebook-embeds"),
        ("https://www.youtube-nocookie.com/embed/x", "youtube"),
        ("https://fonts.googleapis.com/css2?family=Inter", "google-fonts"),
        ("https://www.google.com/recaptcha/api.js", "recaptcha"),
        ("https://bat.bing.com/bat.js", "microsoft-ads"),
        ("https://js.stripe.com/v3/", "stripe"),
        ("https://bam.eu01.nr-data.net/1/key", "new-relic"),
    ],
)
def test_the_most_specific_url_pattern_wins(url: str, service: str) -> None:
    found = LIBRARY.find_by_url(url)
    assert found is not None
    assert found.id == service


def test_a_url_of_nobody_we_know_is_nobodys() -> None:
    assert LIBRARY.find_by_url("https://www.example.fr/app.js") is None
    assert LIBRARY.find_by_url("not a url") is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Nous utilisons GOOGLE ADWORDS et Facebook (voici leur politique).", ["google-ads", "meta-pixel"]),
        ("Supervision en Production par NewRelic : SLA de 100 %", ["new-relic"]),
        ("l’outil dédié Axeptio, puis Google  Analytics\net Google-Analytics", ["axeptio", "google-analytics"]),
        ("un cookie utilisé par Google Analytics 4", ["google-analytics"]),
        ("le bouton J'aime", ["facebook-embeds"]),
        ("suivez-nous sur https://www.facebook.com/exemple ou linkedin.com", []),
        ("un segment d'audience, une amplitude, une piano-bar, un coin express", []),
        ("Stripes et Facebookeurs", []),
        ("Segment", ["segment"]),
        ("", []),
    ],
)
def test_names_are_found_in_prose(text: str, ids: list[str]) -> None:
    assert [service.id for service in LIBRARY.find_by_name(text)] == ids


def test_a_service_is_found_by_its_id_or_not_at_all() -> None:
    assert LIBRARY.service("matomo").name == "Matomo"
    assert LIBRARY.entry("no-such-service") is None
    with pytest.raises(NotFound):
        LIBRARY.service("no-such-service")


def test_the_names_blocked_until_classified_are_first_party_need_consent_and_are_not_short() -> None:
    known = LIBRARY.known_tracker_patterns()

    assert list(known) == sorted(set(known))
    assert {"_ga", "_ga_*", "_fbp", "mp_*_mixpanel", "_pk_*"} <= set(known)
    assert {"PHPSESSID", "IDE", "axeptio_cookies", "wp-settings-*", "ml_guid", "__stripe_mid"} & set(known) == set()
    assert all(len(name.replace("*", "")) >= 3 for name in known)


def test_no_name_that_is_blocked_until_classified_claims_an_exempt_cookie() -> None:
    exempt = [t for t in TRACKERS if t.kind == "cookie" and t.first_party and not t.needs_consent]
    both = [(p, t.name) for p in LIBRARY.known_tracker_patterns() for t in exempt if name_pattern.matches(p, t.name)]
    assert both == []


def test_every_first_party_cookie_that_needs_consent_is_blocked_until_classified() -> None:
    known = LIBRARY.known_tracker_patterns()
    names = [t.name for t in TRACKERS if t.kind == "cookie" and t.first_party and t.needs_consent]
    long = [name for name in names if len(name.replace("*", "")) >= 3]
    assert [name for name in long if not any(name_pattern.matches(p, name) for p in known)] == []


def test_a_vendors_namespace_holds_names_of_that_vendor_alone() -> None:
    vendors = {service.id: service.vendor for service in LIBRARY.services}
    spaces = {(space, service.vendor) for service in LIBRARY.services for space in service.namespaces}
    assert ("_hj*", "Hotjar") in spaces
    found = {
        (s, t.name) for s, v in spaces for t in TRACKERS if name_pattern.matches(s, t.name) and vendors[t.service] != v
    }
    assert found == set()
    assert [s for s, _ in spaces if not any(name_pattern.matches(s, t.name) for t in TRACKERS)] == []


def test_a_namespace_of_which_a_site_has_declared_names_is_told_name_by_name() -> None:
    known = LIBRARY.known_tracker_patterns({"_hjid"})
    assert "_hj*" not in known
    assert "_hjid" not in known
    assert "_hjTLDTest" in known


def test_no_exempt_pattern_claims_a_cookie_that_needs_consent() -> None:
    cookies = [t for t in TRACKERS if t.kind == "cookie" and t.first_party]
    patterns = [t for t in cookies if "*" in t.name and not t.needs_consent]
    both = [
        (p.name, t.name)
        for p in patterns
        for t in cookies
        if t.needs_consent and name_pattern.matches_in_any_case(p.name, t.name)
    ]
    assert both == []


@pytest.mark.parametrize(
    ("tracker", "reason"),
    [
        ("_ga", "AUD-03"),
        ("_gac_UA-1", "EXM-08"),
        ("_fbp", "EXM-08"),
        ("__hstc", None),
        ("PHPSESSID", None),
        ("uid", None),
    ],
)
def test_what_can_never_be_exempt_says_why(tracker: str, reason: str | None) -> None:
    said = LIBRARY.never_exempt(tracker)
    assert said is None if reason is None else reason in str(said)


def test_google_analytics_and_advertising_can_never_be_exempt_but_matomo_could() -> None:
    assert "AUD-03" in str(LIBRARY.service("google-analytics").never_exempt)
    assert "EXM-08" in str(LIBRARY.service("criteo").never_exempt)
    assert LIBRARY.service("matomo").never_exempt is None


def test_an_entry_gives_the_service_as_a_catalogue_holds_it() -> None:
    known = LIBRARY.service("axeptio")
    service = known.service

    assert (service.id, service.purpose, service.url_patterns) == ("axeptio", NECESSARY, known.url_patterns)
    assert [tracker.name for tracker in service.trackers] == [tracker.name for tracker in known.trackers]
    assert service.exempt


def vendor_file() -> dict[str, Any]:
    return {
        "vendor": "Example",
        "country": "FR",
        "policy_url": "https://example.com/privacy",
        "services": [
            {
                "id": "example-session",
                "name": "Example Session",
                "aliases": ["=Example"],
                "purpose": "necessary",
                "description": {"fr": "Une session.", "en": "A session."},
                "url_patterns": ["*.example.com/*"],
                "exemption": {"ground": "EXM-02", "justification": {"fr": "Connexion.", "en": "Sign-in."}},
                "trackers": [
                    {
                        "name": "example_*",
                        "kind": "cookie",
                        "domain": "site",
                        "lifetime": "session",
                        "set_by": "http",
                        "http_only": True,
                        "description": {"fr": "Session.", "en": "Session."},
                    }
                ],
                "source": "https://example.com/cookies",
                "verified_at": date(2026, 11, 22),
            }
        ],
    }


def test_a_vendors_file_is_read_whole() -> None:
    (service,) = parse_vendor(vendor_file(), "example.yaml")
    (tracker,) = service.trackers

    assert (service.aliases, service.whole_names) == (("Example",), frozenset({"Example"}))
    assert tracker.exemption == service.exemption
    assert tracker.http_only


def test_a_tracker_of_another_purpose_does_not_inherit_the_exemption() -> None:
    document = vendor_file()
    document["services"][0]["trackers"][0]["purpose"] = "audience"

    (service,) = parse_vendor(document, "example.yaml")

    assert service.trackers[0].needs_consent


def test_every_mistake_is_told_at_once_under_its_path() -> None:
    document = vendor_file()
    service = document["services"][0]
    tracker = service["trackers"][0]
    document["colour"] = "blue"
    document["country"] = "France"
    document["policy_url"] = "http://example.com"
    service["purpose"] = "fun"
    service["url_patterns"] = ["https://example.com/"]
    service["verified_at"] = "yesterday"
    service["exemption"]["ground"] = "EXM-07"
    del service["description"]["en"]
    tracker |= {"lifetime": "2 years", "domain": ".example.com", "kind": "sticker", "set_by": "script", "name": "*"}
    del tracker["description"]

    with pytest.raises(Invalid) as told:
        parse_vendor(document, "example.yaml")

    assert set(told.value.problems) == {
        f"example.yaml.{path}"
        for path in (
            "colour",
            "country",
            "policy_url",
            "services.0.purpose",
            "services.0.url_patterns.0",
            "services.0.verified_at",
            "services.0.exemption.ground",
            "services.0.description.en",
            "services.0.trackers.0.lifetime",
            "services.0.trackers.0.domain",
            "services.0.trackers.0.kind",
            "services.0.trackers.0.http_only",
            "services.0.trackers.0.name",
            "services.0.trackers.0.description",
        )
    }


@pytest.mark.parametrize("purpose", ["marketing", "social", "audience", "preferences"])
def test_only_what_is_necessary_may_carry_an_exemption(purpose: str) -> None:
    document = vendor_file()
    document["services"][0]["purpose"] = purpose

    with pytest.raises(Invalid, match="EXM-08"):
        parse_vendor(document, "example.yaml")


def test_what_is_necessary_without_a_ground_is_refused() -> None:
    document = vendor_file()
    del document["services"][0]["exemption"]

    with pytest.raises(Invalid, match="EXM-10"):
        parse_vendor(document, "example.yaml")


def test_a_lifetime_that_nobody_states_is_written_as_null() -> None:
    document = vendor_file()
    document["services"][0]["trackers"][0]["lifetime"] = None
    (service,) = parse_vendor(document, "example.yaml")
    assert service.trackers[0].lifetime is None

    del document["services"][0]["trackers"][0]["lifetime"]
    with pytest.raises(Invalid, match="null"):
        parse_vendor(document, "example.yaml")


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({}, "The id example-session"),
        ({"id": "other"}, "The URL pattern"),
        ({"id": "other", "url_patterns": []}, "The cookie example_*"),
        ({"id": "other", "url_patterns": [], "trackers": []}, "The name"),
    ],
)
def test_two_files_that_claim_the_same_thing_are_refused(change: dict[str, Any], claim: str) -> None:
    other = copy.deepcopy(vendor_file())
    other["services"][0] |= change

    with pytest.raises(Invalid, match=re.escape(claim)):
        make_library([*parse_vendor(vendor_file(), "a.yaml"), *parse_vendor(other, "b.yaml")])


def _repeated(node: yaml.Node | None) -> list[str]:
    """YAML lets a key come twice and keeps the last; a file kept by hand must not."""
    if isinstance(node, yaml.SequenceNode):
        return [key for item in node.value for key in _repeated(item)]
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = Counter(key.value for key, _ in node.value)
    return [key for key, times in keys.items() if times > 1] + [k for _, value in node.value for k in _repeated(value)]


def _in_both_languages(texts: Any) -> bool:
    return all(texts.get(language, "").strip() for language in ("fr", "en"))


def _justification(described: LibraryService | LibraryTracker) -> dict[str, str]:
    return dict(described.exemption.justification) if described.exemption else {}
