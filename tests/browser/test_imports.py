"""Who chose with another platform on this site is not asked again: for each, from cookies as it writes them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext

from consent_server.domain.imported_choice import PLATFORMS
from consent_server.domain.lifetime import add_months
from consent_server.domain.times import parse_rfc3339, rfc3339, whole_milliseconds
from tests.browser.page_server import NOT_FOUND, Answer, Asked, script
from tests.browser.sites import Sites, Visit
from tests.servers import ConsentServer, eventually

MADE = whole_milliseconds(datetime.now(UTC) - timedelta(days=40))
SINCE = (MADE - timedelta(days=3)).date()
VENDORS = {"audience": "stats", "marketing": "ads"}
TAGS = "".join(
    f'<script async src="http://{vendor}.localhost:{{port}}/tag.js"></script>' for vendor in VENDORS.values()
)

# Their names for what this site calls audience and marketing.
NAMES = {
    "axeptio": ("google_analytics", "facebook_pixel"),
    "complianz": ("statistics", "marketing"),
    "cookiebot": ("statistics", "marketing"),
    "didomi": ("analytics-NGqxWbmn", "c:criteo-xT7yP2aB"),
    "klaro": ("googleAnalytics", "fbpixel"),
    "onetrust": ("C0002", "C0004"),
    "tarteaucitron": ("gtag", "facebookpixel"),
    "vanilla_cookieconsent": ("analytics", "ads"),
}


def partly(value: Any) -> str:
    """Encode JSON as these platforms do: no more than a cookie needs."""
    return quote(json.dumps(value, separators=(",", ":")), safe="{}:[]$'!()*-._~/@")


def cookies(platform: str, audience: bool, marketing: bool, made: datetime = MADE) -> dict[str, str]:
    """Give what a platform writes once the visitor has answered so."""
    names = NAMES[platform]
    answers = dict(zip(names, (audience, marketing), strict=True))
    accepted = [name for name, answer in answers.items() if answer]
    refused = [name for name, answer in answers.items() if not answer]
    words = {name: str(answer).lower() for name, answer in answers.items()}
    time = rfc3339(made)
    milliseconds = int(made.timestamp() * 1000)
    match platform:
        case "axeptio":
            version = {"name": "example-fr", "identifier": "63fcc982fc0e5dc395ebcba4"}
            start = {"$$token": "of7ygq32bfrybpd0b55e", "$$date": time, "$$cookiesVersion": version}
            return {"axeptio_cookies": partly({**start, **answers, "hotjar": True, "$$completed": True})}
        case "complianz":
            categories = {f"cmplz_{name}": "allow" if answer else "deny" for name, answer in answers.items()}
            return {
                **categories,
                "cmplz_functional": "allow",
                "cmplz_policy_id": "12",
                "cmplz_banner-status": "dismissed",
            }
        case "cookiebot":
            said = ",".join(f"{name}:{word}" for name, word in words.items())
            text = f"{{stamp:'G+6rYDfr/zwrZA==',necessary:true,preferences:false,{said},method:'explicit',ver:1,"
            return {"CookieConsent": quote(f"{text}utc:{milliseconds},region:'fr'}}", safe="{}:+/=-._")}
        case "didomi":
            purposes = {"enabled": [each for each in accepted if ":" not in each], "disabled": []}
            vendors = {"enabled": [each for each in accepted if ":" in each], "disabled": refused}
            token = {"user_id": "19290039-4e38-6203-a495-08e154a49598", "created": time, "updated": time}
            return {
                "didomi_token": b64encode(
                    json.dumps({**token, "vendors": vendors, "purposes": purposes, "version": 2}).encode()
                ).decode()
            }
        case "klaro":
            return {"klaro": quote(json.dumps({"necessary-cookies": True, **answers}))}
        case "onetrust":
            groups = ",".join(["C0001:1", *(f"{name}:{int(answer)}" for name, answer in answers.items())])
            start = "isGpcEnabled=0&datestamp=Wed+Mar+05+2025+09%3A20%3A52+GMT%2B0100&version=202409.1.0"
            consent = f"{start}&landingPath=NotLandingPage&groups={quote(groups)}&AwaitingReconsent=false"
            return {"OptanonConsent": consent, "OptanonAlertBoxClosed": time}
        case "tarteaucitron":
            return {"tarteaucitron": "".join(f"!{name}={word}" for name, word in words.items())}
        case _:
            asked = {"necessary": [], **{name: [] for name in names}}
            times = {"consentTimestamp": time, "lastConsentTimestamp": time, "expirationTime": 4_102_444_800_000}
            document = {"categories": ["necessary", *accepted], "revision": 0, "data": None, "services": asked, **times}
            return {"cc_cookie": quote(json.dumps(document))}


def _respond(asked: Asked) -> Answer:
    return script("") if asked.path == "/tag.js" else NOT_FOUND


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """One site for each platform, and one that never asked for imports."""
    services = [
        {
            "id": vendor,
            "name": vendor,
            "vendor": vendor,
            "purpose": purpose,
            "url_patterns": [f"{vendor}.localhost:{{port}}/*"],
        }
        for purpose, vendor in VENDORS.items()
    ]
    with ConsentServer(tmp_path_factory.mktemp("imports"), "run", CONSENT_RATE_LIMIT="") as server:
        found = Sites(server, _respond)
        with found.vendors:
            for platform in PLATFORMS:
                mapping = {purpose: [name] for purpose, name in zip(VENDORS, NAMES[platform.name], strict=True)}
                settings = {"from": platform.name, "purposes": mapping, "since": SINCE.isoformat()}
                found.publish(_site(platform.name), services, signals={"import": settings})
            found.publish("silent", services)
            partial = {"from": "axeptio", "purposes": {"audience": [NAMES["axeptio"][0]]}}
            found.publish("partial", services, signals={"import": partial})
            for site in (*(_site(platform.name) for platform in PLATFORMS), "silent", "partial"):
                found.serve(site, TAGS)
            yield found


def _site(platform: str) -> str:
    return platform.replace("_", "-")


def arrive(sites: Sites, site: str, context: BrowserContext, sent: dict[str, str]) -> Visit:
    visit = Visit(sites, site, context)
    context.add_cookies([{"name": name, "value": value, "url": visit.url} for name, value in sent.items()])
    sites.vendors.asked.clear()
    visit.goto()
    visit.page.wait_for_load_state("load")
    return visit


def tags(sites: Sites) -> set[str]:
    return {asked.host for asked in sites.vendors.asked if asked.path == "/tag.js"}


def is_asked(visit: Visit) -> bool:
    return visit.page.locator("[data-consent-action=accept-all]").is_visible()


def receipts(sites: Sites, visit: Visit) -> list[Any]:
    site = visit.url.partition("//")[2].partition(".")[0]
    answer = visit.page.request.get(
        f"{sites.server.url}/v1/sites/{site}/consents/{visit.page.evaluate('consent.get().id')}"
    )
    return list(answer.json()) if answer.ok else []


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_choice_made_there_counts_here(sites: Sites, context: BrowserContext, platform: Any) -> None:
    visit = arrive(sites, _site(platform.name), context, cookies(platform.name, True, False))
    made = MADE if platform.dated else parse_rfc3339(f"{SINCE}T00:00:00.000Z")
    assert not is_asked(visit)
    assert tags(sites) == {"stats"}, "and nothing that was refused, or not mapped"
    assert visit.page.evaluate("consent.get().decisions") == {"necessary": True, "audience": True, "marketing": False}
    assert visit.page.evaluate("consent.get().time") == rfc3339(made)

    eventually(lambda: len(receipts(sites, visit)) == 1, "the record is kept")
    (receipt,) = receipts(sites, visit)
    assert (receipt["action"], receipt["decisions"]) == ("import", {"audience": True, "marketing": False})
    assert receipt["expires_at"] == rfc3339(add_months(made, 6)), "no longer than if it had been made here"
    full = visit.page.request.get(receipt["receipt_url"]).json()
    assert json.loads(full["personal"])["client_time"] == rfc3339(made)

    visit.goto()
    assert not is_asked(visit)
    assert len(receipts(sites, visit)) == 1, "read once"
    assert visit.errors == []


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_refusal_made_there_counts_here(sites: Sites, context: BrowserContext, platform: Any) -> None:
    visit = arrive(sites, _site(platform.name), context, cookies(platform.name, False, False))
    assert not is_asked(visit)
    assert tags(sites) == set()
    eventually(lambda: len(receipts(sites, visit)) == 1, "the record is kept")
    assert receipts(sites, visit)[0]["decisions"] == {"audience": False, "marketing": False}


def test_a_site_that_did_not_turn_it_on_asks(sites: Sites, context: BrowserContext) -> None:
    everything = {name: value for platform in PLATFORMS for name, value in cookies(platform.name, True, True).items()}
    visit = arrive(sites, "silent", context, everything)
    assert is_asked(visit)
    assert tags(sites) == set()


def test_what_was_not_answered_there_is_asked_here(sites: Sites, context: BrowserContext) -> None:
    visit = arrive(sites, "partial", context, cookies("axeptio", True, True))
    assert is_asked(visit)
    assert tags(sites) == {"stats"}
    with visit.page.expect_navigation(wait_until="load"):
        visit.press("refuse-all")
    visit.shown()
    eventually(lambda: len(receipts(sites, visit)) == 2, "both are recorded")
    assert [each["action"] for each in receipts(sites, visit)] == ["import", "withdraw"]


def test_a_choice_older_than_choices_are_kept_for_is_asked_again(sites: Sites, context: BrowserContext) -> None:
    old = cookies("didomi", True, True, datetime.now(UTC) - timedelta(days=190))
    visit = arrive(sites, "didomi", context, old)
    assert is_asked(visit)
    assert tags(sites) == set()


@pytest.mark.parametrize("value", ["%", "{", "%7B%22%24%24completed%22%3Atrue%7D", "x" * 4000, "%5B%5B%5D%5D"])
def test_a_cookie_that_nobody_wrote_does_nothing(sites: Sites, context: BrowserContext, value: str) -> None:
    visit = arrive(sites, "axeptio", context, {"axeptio_cookies": value})
    assert is_asked(visit)
    assert (tags(sites), visit.errors) == (set(), [])


def test_a_choice_of_ours_is_never_replaced(sites: Sites, context: BrowserContext) -> None:
    visit = arrive(sites, "klaro", context, cookies("klaro", True, True))
    assert tags(sites) == {"stats", "ads"}
    visit.withdraw()
    sites.vendors.asked.clear()
    visit.goto()
    assert tags(sites) == set()
    context.clear_cookies(name="eu-consent")
    visit.goto()
    assert is_asked(visit), "lost, not never given"
    assert tags(sites) == set()


def test_global_privacy_control_is_heard_before_an_old_yes(sites: Sites, context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true })")
    visit = arrive(sites, "onetrust", context, cookies("onetrust", True, True))
    assert tags(sites) == {"stats"}
    assert visit.page.evaluate("consent.get().decisions.marketing") is False
