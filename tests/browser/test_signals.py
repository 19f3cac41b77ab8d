"""Vendors are told what was decided, in their own words: before their code runs, and once for each decision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.page_server import NOT_FOUND, Answer, Asked, script
from tests.browser.sites import TOLD, Sites, Visit
from tests.servers import ConsentServer, eventually

PURPOSES = ("preferences", "audience", "marketing", "social")
GOOGLE_TAG = "http://google.localhost:{port}/gtag/js"

GTAG = """
// Takes the queue as Google's tag does: commands in order, each an `arguments` object.
const hear = (command) => told(...(command.length === undefined ? [command] : command));
for (const command of dataLayer) hear(command);
const { push } = dataLayer;
dataLayer.push = (...commands) => {
  commands.forEach(hear);
  return push.apply(dataLayer, commands);
};
document.cookie = '_ga=1; Path=/; Max-Age=1000';
told('cookie', document.cookie.includes('_ga='));
"""

SNIPPET = f"""<script>{TOLD}
window.dataLayer = window.dataLayer || [];
function gtag() {{ dataLayer.push(arguments); }}
gtag('js', 1);
gtag('config', 'G-1');
</script><script async src="{GOOGLE_TAG}"></script>"""


def google(values: str, **more: Any) -> dict[str, Any]:
    """Give the seven keys: one letter each for advertising, audience and preferences; security is always granted."""
    state = {"g": "granted", "d": "denied"}
    marketing, audience, preferences = (state[value] for value in values)
    return {
        **dict.fromkeys(("ad_personalization", "ad_storage", "ad_user_data"), marketing),
        "analytics_storage": audience,
        **dict.fromkeys(("functionality_storage", "personalization_storage"), preferences),
        "security_storage": "granted",
        **more,
    }


DEFAULT = [
    ["consent", "default", google("ddd", wait_for_update=500)],
    ["set", "ads_data_redaction", True],
    ["set", "url_passthrough", False],
    ["set", {"cookie_expires": 33_955_200, "cookie_update": False}],
]
PAGE = [["js", 1], ["config", "G-1"]]


def update(values: str) -> list[Any]:
    return ["consent", "update", google(values)]


def _respond(asked: Asked) -> Answer:
    return script(GTAG) if asked.path == "/gtag/js" else NOT_FOUND


def services(tag: str = "google-analytics") -> list[dict[str, Any]]:
    """Give one service for each purpose; the one for audience is Google's tag."""
    analytics = {"library": tag, "url_patterns": ["google.localhost:{port}/*"]}
    return [
        analytics,
        *(
            {
                "id": purpose,
                "name": purpose,
                "vendor": "x",
                "purpose": purpose,
                "url_patterns": [f"{purpose}.localhost/*"],
            }
            for purpose in PURPOSES
            if purpose != "audience"
        ),
    ]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with ConsentServer(tmp_path_factory.mktemp("signals"), "run", CONSENT_RATE_LIMIT="") as server:
        found = Sites(server, _respond)
        with found.vendors:
            found.publish("basic", services())
            found.publish(
                "advanced", services(), signals={"google_consent_mode": {"mode": "advanced", "reason": "Ours."}}
            )
            found.publish("calm", services(), reload_on_withdrawal=False)
            for site in ("basic", "advanced", "calm"):
                found.serve(site, SNIPPET)
            yield found


@pytest.fixture
def visit(sites: Sites, context: BrowserContext) -> Iterator[Visit]:
    found = Visit(sites, "basic", context)
    yield found
    assert found.errors == []


def layer(visit: Visit) -> list[Any]:
    found: list[Any] = visit.page.evaluate(
        "dataLayer.map((entry) => (entry.length === undefined ? entry : [...entry]))"
    )
    return found


def test_googles_defaults_stand_before_anything_of_the_page_and_nothing_of_google_loads(
    sites: Sites, visit: Visit
) -> None:
    sites.vendors.asked.clear()
    visit.goto()

    assert layer(visit) == DEFAULT + PAGE
    assert {asked.host for asked in sites.vendors.asked} == {"basic"}
    assert visit.page.evaluate("Object.prototype.toString.call(dataLayer[0])") == "[object Arguments]"


@pytest.mark.parametrize(("answer", "values"), [("accept-all", "ggg"), ("refuse-all", "ddd")])
def test_a_decision_is_one_update(visit: Visit, answer: str, values: str) -> None:
    visit.goto()
    visit.press(answer)
    visit.page.locator("[data-consent-action=open]").wait_for()

    assert layer(visit) == [*DEFAULT, *PAGE, update(values)]


def test_google_hears_the_consent_before_it_acts(visit: Visit) -> None:
    visit.goto()
    visit.press("accept-all")
    eventually(lambda: visit.heard("cookie", True), "Google's cookie")

    assert visit.told == [*DEFAULT, *PAGE, update("ggg"), ["cookie", True]]


def test_each_purpose_grants_its_own_keys(visit: Visit) -> None:
    visit.goto()
    visit.page.evaluate("consent.set({ preferences: true })")
    visit.page.evaluate("consent.set({ marketing: true, social: true })")

    assert layer(visit)[-2:] == [update("ddg"), update("gdg")]


@pytest.mark.parametrize(("answer", "values"), [("accept-all", "ggg"), ("refuse-all", "ddd")])
def test_a_return_visit_is_told_the_saved_choice_before_the_page_speaks(visit: Visit, answer: str, values: str) -> None:
    visit.goto()
    visit.press(answer)
    visit.goto()

    assert layer(visit) == [*DEFAULT, update(values), *PAGE]


def test_a_withdrawal_is_told_to_what_runs_before_the_page_is_loaded_anew(visit: Visit) -> None:
    visit.goto()
    visit.press("accept-all")
    eventually(lambda: visit.heard("cookie", True), "Google's cookie")
    visit.told.clear()
    visit.withdraw()

    assert visit.told == [update("ddd")]
    assert "_ga" not in {cookie["name"] for cookie in visit.page.context.cookies()}
    assert layer(visit) == [*DEFAULT, update("ddd"), *PAGE]


def test_a_choice_made_in_another_tab_is_told_once(sites: Sites, visit: Visit, context: BrowserContext) -> None:
    visit.goto()
    other = Visit(sites, "basic", context)
    other.goto()
    other.press("accept-all")
    # What a browser says when the visitor comes back to this tab, where the news may have been before the cookie.
    back = "document.dispatchEvent(new Event('visibilitychange'))"
    eventually(lambda: bool(visit.page.evaluate(f"({back}, consent.get().answered)")), "the other tab's choice")
    visit.page.evaluate(back)

    assert layer(visit) == [*DEFAULT, *PAGE, update("ggg")]


def test_a_page_that_writes_its_own_queue_is_given_the_defaults_first(sites: Sites, visit: Visit) -> None:
    sites.serve("basic", SNIPPET.replace("window.dataLayer = window.dataLayer || [];", "dataLayer = [{ page: 'x' }];"))
    visit.goto()
    visit.page.evaluate("consent.acceptAll()")
    sites.serve("basic", SNIPPET)

    assert layer(visit) == [*DEFAULT, {"page": "x"}, *PAGE, update("ggg")]


def test_in_advanced_mode_googles_tag_loads_and_its_cookies_wait(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "advanced", context)
    visit.goto()
    eventually(lambda: visit.heard("cookie", False), "the tag without its cookie")
    assert visit.told == [*DEFAULT, *PAGE, ["cookie", False]]

    visit.press("accept-all")
    eventually(lambda: visit.heard(*update("ggg")), "the update")
    assert visit.errors == []


def test_debug_lists_what_was_sent(sites: Sites, context: BrowserContext) -> None:
    visit = Visit(sites, "calm", context)
    visit.goto()
    visit.page.evaluate("consent.refuseAll()")
    sent = visit.page.evaluate("consent.debug().signals")

    assert [one["args"] for one in sent] == [*DEFAULT, update("ddd")]
    assert {(one["signal"], one["call"]) for one in sent} == {("google_consent_mode", "gtag")}
    visit.page.evaluate("for (let i = 0; i < 300; i++) consent.set({ audience: i % 2 > 0 })")
    assert visit.page.evaluate("consent.debug().signals.length") == 100
