"""Each vendor is told by the calls that it documents; a stand-in takes what its snippet queued, as its script would.

Every stand-in is loaded from an address that waits for consent. What it hears is what the vendor would act upon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from consent_server.domain.signals import SIGNALS
from tests.browser.page_server import NOT_FOUND, Answer, Asked, script
from tests.browser.sites import TOLD, Sites, Visit
from tests.servers import ConsentServer, eventually

PURPOSES = ("preferences", "audience", "marketing", "social")


@dataclass(frozen=True)
class Case:
    """A vendor: what its documentation has a page write, what its script does, and what it must have heard.

    ``granted`` follows “accept all” on a first visit, ``again`` a return visit, ``revoked`` a withdrawal on that page.
    """

    signal: str
    purpose: str
    snippet: str
    vendor: str
    granted: list[Any]
    again: list[Any]
    revoked: list[Any]
    settings: dict[str, Any] = field(default_factory=dict)


QUEUE_OF_CALLS = """
const before = _paq;
_paq = { push: (...calls) => calls.forEach((call) => told(...call)) };
_paq.push(...before);
"""

CASES = [
    Case(
        "microsoft_uet",
        "marketing",
        "window.uetq = window.uetq || [];",
        # Its script takes the array as one line of words, and an object with a `push` stands in its place.
        "const before = uetq; uetq = { push: told }; told(...before);",
        [["consent", "default", {"ad_storage": "denied"}, "consent", "update", {"ad_storage": "granted"}]],
        [["consent", "default", {"ad_storage": "denied"}, "consent", "update", {"ad_storage": "granted"}]],
        [["consent", "update", {"ad_storage": "denied"}]],
    ),
    Case(
        "microsoft_clarity",
        "audience",
        "window.clarity = window.clarity || function () { (clarity.q = clarity.q || []).push(arguments); };",
        "const before = clarity.q; clarity = told; for (const args of before) told(...args);",
        [["consentv2", {"ad_Storage": state, "analytics_Storage": state}] for state in ("denied", "granted")],
        [["consentv2", {"ad_Storage": state, "analytics_Storage": state}] for state in ("denied", "granted")],
        [["consentv2", {"ad_Storage": "denied", "analytics_Storage": "denied"}]],
    ),
    Case(
        "meta",
        "marketing",
        """if (!window.fbq) {
          const fbq = window.fbq = function () {
            fbq.callMethod ? fbq.callMethod.apply(fbq, arguments) : fbq.queue.push(arguments);
          };
          fbq.queue = [];
        }
        fbq('init', '1');""",
        "fbq.callMethod = told; for (const args of fbq.queue) told(...args);",
        [["init", "1"], ["consent", "revoke"], ["consent", "grant"]],
        [["init", "1"], ["consent", "grant"]],
        [["consent", "revoke"]],
    ),
    Case(
        "tiktok",
        "marketing",
        """const ttq = window.ttq = window.ttq || [];
        for (const name of ['page', 'holdConsent', 'grantConsent', 'revokeConsent'])
          ttq[name] = (...args) => ttq.push([name, ...args]);
        ttq.page();""",
        """for (const call of ttq) told(...call);
        for (const name of ['page', 'holdConsent', 'grantConsent', 'revokeConsent'])
          ttq[name] = (...args) => told(name, ...args);""",
        [["holdConsent"], ["page"], ["grantConsent"]],
        [["holdConsent"], ["grantConsent"], ["page"]],
        [["revokeConsent"]],
    ),
    Case(
        "matomo",
        "audience",
        "var _paq = window._paq = window._paq || []; _paq.push(['trackPageView']);",
        QUEUE_OF_CALLS,
        [["requireConsent"], ["trackPageView"], ["setConsentGiven"]],
        [["requireConsent"], ["setConsentGiven"], ["trackPageView"]],
        [["forgetConsentGiven"]],
    ),
    Case(
        "mixpanel",
        "audience",
        """window.mixpanel = [];
        for (const name of ['init', 'opt_in_tracking', 'opt_out_tracking'])
          mixpanel[name] = (...args) => mixpanel.push([name, ...args]);
        mixpanel.init('token');""",
        """const before = [...mixpanel];
        mixpanel = {};
        for (const name of ['init', 'opt_in_tracking', 'opt_out_tracking'])
          mixpanel[name] = (...args) => told(name, ...args.filter((arg) => typeof arg === 'string'));
        for (const [name, ...args] of before) mixpanel[name](...args);""",
        [["init", "token"], ["opt_in_tracking"]],
        [["init", "token"], ["opt_in_tracking"]],
        [["opt_out_tracking"]],
    ),
    Case(
        "posthog",  # without its stub: what holds is told once its script is there
        "audience",
        "",
        """window.posthog = {};
        for (const name of ['opt_in_capturing', 'opt_out_capturing'])
          posthog[name] = (...args) => told(name, ...args);""",
        [["opt_in_capturing", {"captureEventName": False}]],
        [["opt_in_capturing", {"captureEventName": False}]],
        [["opt_out_capturing"]],
    ),
    Case(
        "piano",
        "audience",
        "window._paq = window._paq || []; _paq.push(['sendEvent', 'page.display']);",
        """told(pdl);
        """
        + QUEUE_OF_CALLS,
        [
            [{"requireConsent": True, "consent": {"defaultPreset": {"PA": "opt-out"}}}],
            ["sendEvent", "page.display"],
            ["consent.setMode", "opt-in"],
        ],
        [
            [{"requireConsent": True, "consent": {"defaultPreset": {"PA": "opt-out"}}}],
            ["consent.setMode", "opt-in"],
            ["sendEvent", "page.display"],
        ],
        [["consent.setMode", "opt-out"]],
    ),
    Case(
        "wp_consent_api",
        "audience",
        """document.addEventListener('wp_consent_type_defined', () => told(window.wp_consent_type));
        window.wp_set_consent = told;""",
        "",
        [
            ["optin"],
            *(
                [category, "allow"]
                for category in ("functional", "marketing", "preferences", "statistics", "statistics-anonymous")
            ),
        ],
        [
            *(
                [category, "allow"]
                for category in ("functional", "marketing", "preferences", "statistics", "statistics-anonymous")
            ),
            ["optin"],
        ],
        [
            ["functional", "allow"],
            *([category, "deny"] for category in ("marketing", "preferences", "statistics", "statistics-anonymous")),
        ],
    ),
    Case(
        "shopify",  # its own platform keeps what it was told: here in the tab's storage, as the shop's server would
        "audience",
        """const known = () => JSON.parse(sessionStorage.getItem('shop') || '{}');
        window.Shopify = {
          loadFeatures(features, then) {
            told(features);
            Shopify.customerPrivacy = {
              currentVisitorConsent: known,
              setTrackingConsent(consent) {
                told(consent);
                const words = Object.entries(consent).map(([key, yes]) => [key, yes ? 'yes' : 'no']);
                sessionStorage.setItem('shop', JSON.stringify(Object.fromEntries(words)));
              },
            };
            then();
          },
        };""",
        "",
        [
            [[{"name": "consent-tracking-api", "version": "0.1"}]],
            [{"analytics": True, "marketing": True, "preferences": True, "sale_of_data": True}],
        ],
        [[[{"name": "consent-tracking-api", "version": "0.1"}]]],
        [
            [[{"name": "consent-tracking-api", "version": "0.1"}]],
            [{"analytics": False, "marketing": False, "preferences": False, "sale_of_data": False}],
        ],
    ),
    Case(
        "data_layer",
        "audience",
        """window.dataLayer = window.dataLayer || [];
        for (const entry of dataLayer) told(entry);
        dataLayer.push = (entry) => told(entry);""",
        "",
        [[{"event": "choice", "consent": dict.fromkeys(PURPOSES, True)}]],
        [[{"event": "choice", "consent": dict.fromkeys(PURPOSES, True)}]],
        [[{"event": "choice", "consent": dict.fromkeys(PURPOSES, False)}]],
        {"event": "choice"},
    ),
]


def _services() -> list[dict[str, Any]]:
    return [
        {
            "id": purpose,
            "name": purpose,
            "vendor": "x",
            "purpose": purpose,
            "url_patterns": [f"vendor.localhost:{{port}}/{purpose}/*"],
        }
        for purpose in PURPOSES
    ]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    vendors = {f"/{case.purpose}/{case.signal}.js": case.vendor for case in CASES}

    def respond(asked: Asked) -> Answer:
        return script(f"{{ {vendors[asked.path]} }}") if asked.path in vendors else NOT_FOUND

    with ConsentServer(tmp_path_factory.mktemp("vendors"), "run", CONSENT_RATE_LIMIT="") as server:
        found = Sites(server, respond)
        with found.vendors:
            for case in CASES:
                site = case.signal.replace("_", "-")
                found.publish(site, _services(), signals={case.signal: case.settings or True})
                tag = f'<script async src="http://vendor.localhost:{{port}}/{case.purpose}/{case.signal}.js"></script>'
                found.serve(site, f"<script>{TOLD}{case.snippet}</script>{tag if case.vendor else ''}")
            yield found


def test_every_signal_is_tried() -> None:
    assert {case.signal for case in CASES} == {signal.name for signal in SIGNALS} - {"google_consent_mode"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.signal)
def test_a_vendor_hears_what_holds_in_its_own_words(case: Case, sites: Sites, context: BrowserContext) -> None:
    site = case.signal.replace("_", "-")
    visit = Visit(sites, site, context)
    sites.vendors.asked.clear()
    visit.goto()
    assert {asked.host for asked in sites.vendors.asked} == {site}, "a signal made its vendor load"
    visit.press("accept-all")
    eventually(lambda: visit.heard(*case.granted[-1]), f"{case.granted} in {visit.told}", seconds=15)
    assert visit.told == case.granted

    visit.told.clear()
    visit.goto()
    eventually(lambda: visit.heard(*case.again[-1]), f"{case.again} in {visit.told}", seconds=15)
    assert visit.told == case.again

    visit.told.clear()
    visit.page.evaluate("addEventListener('beforeunload', () => told('leaves'))")
    visit.withdraw()
    assert visit.told[: visit.told.index(["leaves"])] == case.revoked
    assert visit.errors == []


def test_a_vendor_that_a_refusal_keeps_away_is_told_nothing_that_it_would_keep(
    sites: Sites, context: BrowserContext
) -> None:
    visit = Visit(sites, "matomo", context)
    visit.goto()
    visit.press("refuse-all")

    assert visit.page.evaluate("_paq") == [["requireConsent"], ["trackPageView"]]


def test_a_vendor_that_throws_costs_neither_the_answer_nor_the_page(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "meta", context)
    visit.goto()
    visit.page.evaluate("void (fbq = () => { throw new Error('vendor'); })")
    visit.press("refuse-all")
    visit.page.locator("[data-consent-action=open]").wait_for()

    assert visit.page.evaluate("consent.get().answered")
    assert visit.errors == []


def test_no_framework_of_advertisers_is_pretended(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "meta", context)
    visit.goto()
    visit.press("accept-all")
    visit.page.locator("[data-consent-action=open]").wait_for()

    names = "['__tcfapi', '__tcfapiLocator', '__gpp', '__gppLocator', '__uspapi', '__cmp']"
    assert visit.page.evaluate(f"{names}.filter((name) => name in window || frames[name])") == []
