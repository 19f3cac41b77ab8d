"""Pages whose own policies are as strict as browsers know them: the banner lives its whole life there and breaks none.

What counts is what the browser says: every violation as an event, as a report sent to the site, and as a line in the
console. The same page without the banner says what is the page's own doing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from consent_server.domain.tag import tag
from tests.browser.page_server import Answer, script
from tests.browser.shop import Shop
from tests.servers import eventually

NONCE = "bm9uY2U"
SITE = "/v1/sites/shop"

CONTENT = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src {tracker}; connect-src {consent} {tracker};"
    " img-src {tracker}; frame-src {tracker}; base-uri 'none'; form-action 'none'; report-uri /reports"
)
TRUSTED = "require-trusted-types-for 'script'; trusted-types {policies}; report-uri /reports"
INTEGRITY = "blocked-destinations=(script)"

# Whoever may make a page's violations known: the events, the reports, and the browser itself in the console.
LISTEN = """
addEventListener('securitypolicyviolation', (event) =>
  console.error('event', event.effectiveDirective, event.blockedURI, event.sample), true);
new ReportingObserver((reports) => reports.forEach(({ type, body }) =>
  /violation/.test(type) && console.error('report', type, JSON.stringify(body))), { buffered: true }).observe();
"""

PAGE = """<!doctype html><html lang=en><head><title>Shop</title>{banner}
<link rel=stylesheet href="{tracker}/style.css" integrity="{integrity_of_style}" crossorigin>
<script {own} src="{tracker}/classic.js" integrity="{integrity}" crossorigin></script>
<script {own} src="{tracker}/deferred.js" integrity="{integrity}" crossorigin defer></script>
<script {own} src="{tracker}/module.js" integrity="{integrity}" crossorigin type=module></script>
<script {own} type="text/plain" data-consent-service=tracker>(self.ran ||= []).push('inline')</script>
</head><body><h1>Shop</h1>
<div data-consent-policy></div>
<img src="{tracker}/pixel.png" alt="">
<iframe data-consent-service=tracker data-src="{tracker}/video" width=300 height=200></iframe>
<script {own}>{building}</script>
{more}</body></html>"""

# What a page under Trusted Types may do by itself when it has a policy.
BUILDING = """
const page = trustedTypes.createPolicy('page', { createHTML: (text) => text, createScriptURL: (text) => text });
const made = Object.assign(document.createElement('script'), {
  nonce: '{nonce}', integrity: '{integrity}', crossOrigin: 'anonymous',
  src: page.createScriptURL('{tracker}/made.js') });
document.head.append(made);
document.write(page.createHTML(
  '<script {own} src="{tracker}/written.js" integrity="{integrity}" crossorigin><' + '/script><p>written</p>' +
  '<script {own}>(self.ran ||= []).push("inside"); document.write(page.createHTML("<p>again</p>"))<' + '/script>'));
document.body.insertAdjacentHTML('beforeend', page.createHTML('<img src="{tracker}/markup.png" alt="">'));
"""

TRACKER = """(self.ran ||= []).push(document.currentScript?.src.match(/(\\w+)\\.js$/)[1] || 'module');
if (document.currentScript) (self.kept ||= []).push(
  [document.currentScript.nonce, document.currentScript.integrity, document.currentScript.crossOrigin].join(' '));"""
STYLE = "h1 { color: rgb(1, 2, 3) }"


@dataclass(frozen=True)
class Kind:
    """The headers of a page, and what its tags need for them."""

    headers: dict[str, str]
    pinned: bool = False  # our tag with integrity=
    policies: str = "'none'"  # the page's own Trusted Types policies


ALL = {"Content-Security-Policy": f"{CONTENT}, {TRUSTED}", "Integrity-Policy": INTEGRITY}
KINDS = {
    "content": Kind({"Content-Security-Policy": CONTENT}),
    "trusted types": Kind({"Content-Security-Policy": TRUSTED}),
    "trusted types of the page": Kind({"Content-Security-Policy": TRUSTED}, policies="page"),
    "integrity": Kind({"Integrity-Policy": INTEGRITY}, pinned=True),
    "all": Kind(ALL, pinned=True),
    "all, and a policy of the page": Kind(ALL, pinned=True, policies="page"),
}


def _integrity(data: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


@dataclass
class Visit:
    """A page under its policies, and whatever was said against it."""

    shop: Shop
    page: Page
    console: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        self.page.wait_for_load_state()
        self.tells("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # reports come a task later
        reports = [asked.body.decode() for asked in self.shop.web.asked if asked.path == "/reports"]
        return [*self.console, *reports]

    def tells(self, expression: str) -> Any:
        """Evaluate in the page's own world, where its policies would refuse Playwright's way."""
        session = self.page.context.new_cdp_session(self.page)
        told = session.send("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
        session.detach()
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def ran(self) -> set[str]:
        return set(self.tells("self.ran || []"))

    def press(self, action: str) -> None:
        self.page.locator(f"[data-consent-action={action}]").first.click()


def _tag(shop: Shop, kind: Kind) -> str:
    """The recommended tag, with what these pages ask of every script."""
    url = f"{shop.server.url}{SITE}/banner.js"
    more = f"nonce={NONCE}"
    if kind.pinned:
        with urllib.request.urlopen(f"{shop.server.url}{SITE}/config") as answer:
            digest = json.load(answer)["digest"].removeprefix("sha256:")
        url = url.replace("banner.js", f"banner.{digest}.js")
        with urllib.request.urlopen(url) as answer:
            more += f' integrity="{_integrity(answer.read())}" crossorigin=anonymous'
    return tag(url).replace("<script", f"<script {more}")


def _visit(shop: Shop, context: BrowserContext, kind: Kind, *, banner: bool = True, more: str = "") -> Visit:
    words = {
        "building": BUILDING if kind.policies == "page" else "",
        "banner": _tag(shop, kind) if banner else "",
        "more": more,
        "own": f"nonce={NONCE}",
        "nonce": NONCE,
        "integrity": _integrity(TRACKER.encode()),
        "integrity_of_style": _integrity(STYLE.encode()),
        "tracker": shop.web.host("tracker"),
        "consent": shop.server.url,
        "policies": kind.policies,
    }

    def filled(text: str) -> str:
        for word, value in words.items():
            text = text.replace("{" + word + "}", value)
        return text

    for name in ("classic", "deferred", "module", "made", "written", "more"):
        shop.files[f"/{name}.js"] = script(TRACKER)
    shop.files["/style.css"] = Answer(STYLE, "text/css", headers={"Access-Control-Allow-Origin": "*"})
    shop.files["/favicon.ico"] = Answer(b"", "image/png")
    shop.files["/video"] = Answer("<h1>Video</h1>")
    for image in ("pixel", "markup"):
        shop.files[f"/{image}.png"] = Answer(b"", "image/png")
    shop.files["/"] = Answer(filled(PAGE), headers={name: filled(value) for name, value in kind.headers.items()})

    context.add_init_script(LISTEN)
    visit = Visit(shop, context.new_page())

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.console.append(message.text)

    visit.page.on("console", hear)
    visit.page.on("pageerror", lambda error: visit.console.append(str(error)))
    visit.page.goto(shop.web.host("shop") + "/")
    return visit


@pytest.mark.parametrize("name", KINDS)
def test_the_banner_lives_its_whole_life_without_a_violation(shop: Shop, context: BrowserContext, name: str) -> None:
    kind = KINDS[name]
    own = {"made", "written", "inside"} if kind.policies == "page" else set()
    every = own | {"classic", "deferred", "module", "inline"}
    visit = _visit(shop, context, kind)
    page = visit.page

    # Shown, in our own style; what is behind each purpose is there.
    refuse = page.locator("[data-consent-action=refuse-all]")
    refuse.wait_for()
    assert page.locator("dialog").evaluate("(element) => getComputedStyle(element).position") == "fixed"
    visit.press("customize")
    page.locator("dialog summary").first.click()
    page.locator("dialog code").first.wait_for()
    page.locator("[data-consent-policy] code").first.wait_for()

    # Refused.
    visit.press("refuse-all")
    page.locator("[data-consent-action=open]").wait_for()
    assert visit.ran() == set()
    assert set(shop.tracked()) <= {"/style.css", "/pixel.png"}  # races, see vectors/open.py

    # One purpose.
    visit.press("open")
    page.locator("[data-consent-purpose=audience]").check()
    visit.press("save")
    eventually(lambda: visit.ran() == every, "what waited has run")
    kept = " ".join([NONCE, _integrity(TRACKER.encode()), "anonymous"])
    assert set(visit.tells("kept")) == {kept}
    assert visit.tells("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    if own:
        assert visit.tells("[...document.querySelectorAll('p')].map((p) => p.textContent)")[-2:] == ["written", "again"]
    eventually(lambda: "/video" in shop.tracked(), "the frame")
    eventually(lambda: visit.tells("!!consent.receipt()"), "the receipt")

    # Withdrawn; the page comes anew.
    visit.press("open")
    with page.expect_navigation():
        visit.press("withdraw")
    page.locator("[data-consent-action=open]").wait_for()
    assert visit.ran() == set()

    # The service alone, from its placeholder.
    shop.forget()
    page.locator("[data-consent-placeholder] button.fill").click()
    eventually(lambda: "/video" in shop.tracked() and visit.ran() == every, "the service")

    # Everything, and another visit.
    visit.press("open")
    visit.press("accept-all")
    page.locator("[data-consent-action=open]").wait_for()
    page.reload()
    eventually(lambda: visit.ran() == every, "what was granted before")
    assert visit.complaints() == []


@pytest.mark.parametrize("name", KINDS)
def test_the_page_alone_breaks_none_of_its_policies(shop: Shop, context: BrowserContext, name: str) -> None:
    visit = _visit(shop, context, KINDS[name], banner=False)

    eventually(lambda: {"classic", "deferred", "module"} <= visit.ran(), "its scripts")
    assert visit.complaints() == []


SMUGGLED = """
<script type="text/plain" data-consent-service=tracker>self.smuggled = 1</script>
<script type="text/plain" data-consent-service=tracker src="/smuggled.js"></script>
<script type="text/plain" data-consent-service=tracker nonce=another>self.smuggled = 3</script>
"""


def test_markup_without_the_nonce_does_not_come_to_run_by_our_hand(shop: Shop, context: BrowserContext) -> None:
    policy = CONTENT.replace("'nonce-{nonce}'", "'nonce-{nonce}' 'strict-dynamic'")
    shop.files["/smuggled.js"] = script("self.smuggled = 2")
    visit = _visit(shop, context, Kind({"Content-Security-Policy": policy}), more=SMUGGLED)
    visit.press("accept-all")

    eventually(lambda: {"classic", "deferred", "module", "inline"} <= visit.ran(), "what has the nonce")
    assert visit.tells("self.smuggled") is None
    assert visit.complaints() == []


VIOLATIONS = """
<script>self.inline = 1</script>
<script {own}>try { document.body.innerHTML += 'x' } catch {}</script>
<script {own} src="{tracker}/plain.js"></script>
<p style="color: red"></p>
"""


@pytest.mark.parametrize("banner", [False, True], ids=["without the banner", "with it"])
def test_what_the_page_itself_violates_is_told_all_the_same(shop: Shop, context: BrowserContext, banner: bool) -> None:
    more = VIOLATIONS.replace("{tracker}", shop.web.host("elsewhere"))
    visit = _visit(shop, context, KINDS["all"], banner=banner, more=more)
    told = sorted(" ".join(line.split()[:2]) for line in visit.complaints() if line.startswith(("event", "report")))

    events = ["event require-trusted-types-for", "event script-src-elem", "event style-src-attr"]
    assert [line for line in told if "integrity" not in line] == events + ["report csp-violation"] * 3
    assert "report integrity-violation" in told  # Chromium says it for every try
    eventually(lambda: sum(asked.path == "/reports" for asked in shop.web.asked) == 3, "the reports")
