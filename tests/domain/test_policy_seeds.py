"""What the policy reader finds in the policies of the first five sites: all of it, and nothing else.

The expectations were written by reading the policies line by line. What a purpose of ``necessary`` says of a cookie is
that the library calls it exempt. The policies themselves are not in this repository.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_server.domain.library import Library
from consent_server.domain.policy_text import PolicyFindings, read_policy
from consent_server.storage.library import load_library

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
SITES = ("alterce", "aquao", "iabako", "imope", "ubiq")

FACTS = {  # language, date of the policy, whom to write to, longest lifetime claimed
    "alterce": ("fr", None, ("dpo@comiteo.net",), None),
    "aquao": ("fr", None, ("dpo@actuelburo.fr",), None),  # 2014 and 1978 are laws
    "iabako": ("fr", "2024-04-03", ("dpo@iabako.com",), None),  # “03/04/2024”
    "imope": ("fr", None, ("contact@urbs.fr",), "P13M"),
    "ubiq": ("fr", "2021-06-14", ("donnees@ubiq.fr",), None),
}
COOKIES = {  # name, vendor, service, purpose, lifetime
    "ubiq": [
        ("PHPSESSID", "The PHP Group", "php-session", "necessary", None),
        ("userId", None, None, None, None),
        ("_ga", "Google", "google-analytics", "audience", None),
        ("_gat", "Google", "google-analytics", "audience", None),
        ("_gid", "Google", "google-analytics", "audience", None),
        ("wp-settings-*", "WordPress", "wordpress", "necessary", None),
        ("wp-settings-time-*", "WordPress", "wordpress", "necessary", None),
        ("mp_*_mixpanel", "Mixpanel", "mixpanel", "audience", None),
    ],
}
SERVICES = {
    "alterce": [("new-relic", "audience")],
    "iabako": [
        ("google-analytics", "audience"),
        ("google-ads", "marketing"),
        ("meta-pixel", "marketing"),
        ("mailerlite", "marketing"),
        ("mailjet", "marketing"),
        ("stripe", "necessary"),
    ],
    "ubiq": [
        ("axeptio", "necessary"),
        ("google-analytics", "audience"),
        ("wordpress", "necessary"),
        ("mixpanel", "audience"),
    ],
}
STATEMENTS: dict[str, list[tuple[str, dict[str, object], str]]] = {  # kind, details, words of the passage
    "alterce": [
        ("unnamed_cookie", {"purpose_hint": "authentication", "lifetime": "PT24H"}, "un cookie valable 24H"),
        ("names_no_cookie", {"mentions_cookies": True}, "un cookie valable 24H"),
    ],
    "aquao": [
        (
            "consent_required",
            {"purposes": ["preferences", "audience", "marketing"], "express": True, "geolocation": True},
            "votre consentement express est requis",
        ),
        ("cookie_categories", {"purposes": ["preferences", "audience", "marketing"]}, "votre visite sur notre site"),
        ("no_transfer_outside_eu", {}, "Aucune donnée n’est transmise en dehors de l’UE"),
        ("names_no_cookie", {"mentions_cookies": True}, "au travers de cookies"),
    ],
    "iabako": [
        ("unnamed_cookie", {"purpose_hint": "language"}, "(ex. choix de la langue)"),
        ("cookie_categories", {"purposes": ["preferences"]}, "(ex. choix de la langue)"),
        ("cookie_categories", {"purposes": ["audience"]}, "outils d’analyse web, tel que Google Analytics"),
        ("cookie_categories", {"purposes": ["marketing"]}, "nos stratégies publicitaires"),
        ("names_no_cookie", {"mentions_cookies": True}, "la section Cookies"),
    ],
    "imope": [
        ("pixels", {}, "Balises TAGS"),
        ("cookie_categories", {"purposes": ["audience"]}, "analyses de la fréquentation"),
        ("can_change_choice", {}, "A tout moment, les visiteurs peuvent décider"),
        ("max_lifetime", {"lifetime": "P13M"}, "cette durée n'excède pas 13 mois"),
        ("consent_before", {}, "un bandeau d'information préalable"),
        ("consent_before", {}, "aucun cookie ne pourra être déposé"),
        ("exempt_only_before_consent", {}, "à l'exception des cookies exemptés"),
        ("cookie_categories", {"purposes": ["necessary"]}, "à l'exception des cookies exemptés"),
        ("pixels", {}, "GIF à un pixel"),
        ("no_transfer_outside_eu", {}, "Transfert dans d'autres pays : Aucun"),
        ("names_no_cookie", {"mentions_cookies": True}, "Cookies"),
    ],
    "ubiq": [
        ("set_on_arrival", {}, "vous recevez automatiquement des cookies"),
        ("cookie_categories", {"purposes": ["audience"]}, "des données statistiques"),
        ("browser_settings", {}, "dans les paramètres du navigateur"),
        ("consent_tool", {"tool": "Axeptio"}, "l’outil dédié Axeptio"),
        ("third_party_cookies", {}, "par nous ou par des tiers"),
        ("cookie_categories", {"purposes": ["marketing"]}, "tels que des publicitaires"),
        ("third_party_cookies", {}, "Certains partenaires peuvent déposer des cookies"),
    ],
}

pytestmark = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="the policies of the first sites are not next to this checkout"
)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def text_of(site: str) -> str:
    return (SEEDS / f"{site}.txt").read_text(encoding="utf-8")


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def found(site: str, library: Library) -> PolicyFindings:
    return read_policy(text_of(site), library)


def test_language_date_contact_and_longest_lifetime(site: str, found: PolicyFindings) -> None:
    assert (found.language, found.policy_date, found.contact_emails, found.max_lifetime_claim) == FACTS[site]


def test_every_cookie_with_vendor_service_purpose_and_lifetime(site: str, found: PolicyFindings) -> None:
    read = [(c.name, c.vendor, c.service_id, c.purpose, c.lifetime) for c in found.cookies]

    assert read == COOKIES.get(site, [])


def test_every_service_that_the_site_uses(site: str, found: PolicyFindings) -> None:
    assert [(service.id, service.purpose) for service in found.services] == SERVICES.get(site, [])


def test_every_statement_of_fact_with_the_words_that_make_it(site: str, found: PolicyFindings) -> None:
    expected = STATEMENTS[site]

    assert [(s.kind, dict(s.details)) for s in found.statements] == [(kind, details) for kind, details, _ in expected]
    for statement, (_, _, words) in zip(found.statements, expected, strict=True):
        assert words in statement.evidence


def test_every_finding_quotes_the_policy(site: str, found: PolicyFindings) -> None:
    seen = " ".join(text_of(site).split())

    for item in (*found.cookies, *found.services, *found.statements):
        assert " ".join(item.evidence.split()) in seen
