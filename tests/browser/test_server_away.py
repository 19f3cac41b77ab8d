"""What a page does when our script does not come, comes late, or comes from the browser's memory or the site itself.

The page carries vendors' tags as vendors give them. Verdicts are the tracker's own log and the browser's jar.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from playwright.sync_api import BrowserContext

from consent_server.domain.configuration import Configuration, build_configuration, digest_of
from consent_server.domain.stand_in import hash_source, refused_names, stand_in
from consent_server.domain.tag import tag
from consent_server.services.editing import check_draft
from consent_server.services.publishing import banner_script
from consent_server.storage.library import load_library
from consent_server.storage.runtime_file import load_runtime
from consent_server.storage.texts import load_languages
from consent_server.web.visitor.banner import LIVE, PINNED
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer, script
from tests.builders import site_file
from tests.firefox import Firefox
from tests.servers import eventually

WAYS = ("dead", "slow", "500", "garbage", "wrong MIME", "blocked")
SLOW_S = 30
WATCHED_S = 1  # so long a slow server is watched where the browser waits for it, then it answers
LOADS = 7
FAR_TOO_LONG_MS = 20_000  # the machine may be busy; a wait for the server is longer

FOLDER = "/v1/sites/shop/"
GIF = Answer(
    bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"), "image/gif"
)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">{ours}<title>Shop</title>
<script src="/own.js"></script>
<script src="{tracker}/parsed.js"></script>
<script async src="{tracker}/async.js"></script>
<script>
document.cookie = '_track=1; Max-Age=9999; Path=/';
document.cookie = 'own=1; Max-Age=9999; Path=/';
</script>
</head><body><h1>Shop</h1>
<img src="/own.gif" alt=""><img src="{tracker}/parsed.gif" alt="">
<script>
new Image().src = '{tracker}/made.gif';
document.body.append(Object.assign(document.createElement('iframe'), { src: '{tracker}/made.html' }));
document.head.append(Object.assign(document.createElement('script'), { src: '{tracker}/made.js' }));
fetch('{tracker}/fetched').catch(() => {});
</script>
<script type="text/plain" data-consent="audience" src="{tracker}/tagged.js"></script>
</body></html>"""

LEAKS = {"/parsed.js", "/async.js", "/parsed.gif", "/made.gif", "/made.html", "/made.js", "/fetched"}
WORKS = "[window.own, document.querySelector('img').naturalWidth]"
IS_THERE = "() => typeof window.consent?.whenGranted === 'function'"
OUTBOX = "() => JSON.parse(localStorage.getItem('eu-consent-outbox') || '[]').length"
SAID = "banner did not come"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventStart"


class Tab(Protocol):
    """What Playwright's pages and Firefox's visitors have in common."""

    def goto(self, url: str) -> Any: ...

    def evaluate(self, script: str) -> Any: ...


class Shop:
    """A page, its tracker, and a consent server that can be away in every way; each test gets all of it anew."""

    def __init__(self) -> None:
        self.web = PageServer(self._page)
        self.consent = PageServer(self._consent)
        self.way = ""
        self.slowness = SLOW_S
        self.over = threading.Event()  # what is slow ends here
        self.page = PAGE
        self.ours = ""
        self.policy = ""  # of the page itself
        self.age = 0  # of what the consent server sends, in seconds
        configuration = _configuration(self.web.port)
        self._script = banner_script(configuration, load_runtime()).decode()
        self.pinned_path = f"{FOLDER}banner.{configuration.digest.removeprefix('sha256:')}.js"
        self.standing_in = stand_in(names=refused_names(configuration.document))

    def tags(self) -> dict[str, str]:
        """The tag as it comes to a page in each way that the documentation offers."""
        server = self.consent.host("consent")
        integrity = base64.b64encode(hashlib.sha384(self._script.encode()).digest()).decode()
        pinned = f' integrity="sha384-{integrity}" crossorigin="anonymous"'
        elsewhere = f' data-consent-server="{server}{FOLDER}"'
        return {
            "live": tag(server + FOLDER + "banner.js", "", self.standing_in),
            "pinned": tag(server + self.pinned_path, pinned, self.standing_in),
            "own": tag("/consent.js", elsewhere, self.standing_in),
        }

    def go_away(self, way: str, context: BrowserContext | None = None) -> None:
        self.way = way
        self.web.asked.clear()
        self.consent.asked.clear()
        if way == "dead":
            self.consent.__exit__()
        if way == "blocked" and context:
            context.route(self.consent.host("consent") + "/**", lambda route: route.abort("blockedbyclient"))

    def visit(self, tab: Tab) -> float:
        """Open the page, wait until it has done what it does; return when its own load event came, in milliseconds."""
        tab.goto(self.web.host("shop") + "/")
        tab.evaluate("fetch('/settled').then(({ status }) => status)")
        return float(tab.evaluate(LOADED))

    def tracked(self) -> set[str]:
        return {asked.path for asked in self.web.asked if asked.host == "tracker"}

    def _page(self, asked: Asked) -> Answer:
        if asked.host == "tracker":
            return script("")
        if asked.path.startswith("/stats/"):
            return script("window.counted = 1")
        if asked.path == "/":
            html = self.page.replace("{ours}", self.ours).replace("{tracker}", self.web.host("tracker"))
            return Answer(html, headers={"Content-Security-Policy": self.policy} if self.policy else {})
        files = {
            "/own.js": script("window.own = 'ran'"),
            "/own.gif": GIF,
            "/consent.js": script(self._script, **{"Cache-Control": LIVE}),
        }
        return files.get(asked.path, NOT_FOUND)

    def _consent(self, asked: Asked) -> Answer:
        if self.way == "slow":
            self.over.wait(self.slowness)
        close = {"Connection": "close"}
        if self.way == "500":
            return Answer("<h1>Internal Server Error</h1>", status=500, headers=close)
        if self.way == "garbage":
            return script("\x00{const $consent={", **close)
        if self.way == "wrong MIME":
            return Answer("<!doctype html><h1>Back soon</h1>", headers=close)
        life = PINNED if asked.path == self.pinned_path else LIVE
        return script(self._script, **close, **{"Cache-Control": life, "Age": str(self.age)})


def _configuration(port: int) -> Configuration:
    names = ("_track*", "exact", "mp_*_end")
    trackers = [
        {"name": name, "kind": "cookie", "purpose": "audience", "declared_lifetime": "P6M", "description": {"en": "."}}
        for name in names
    ]
    service = {
        "id": "tracker",
        "name": "Tracker",
        "vendor": "Tracker Inc.",
        "purpose": "audience",
        "url_patterns": [f"tracker.localhost:{port}/*", f"shop.localhost:{port}/stats/*"],
        "trackers": trackers,
    }
    return build_configuration(
        check_draft(site_file(site_key="shop", languages=["en"], default_language="en", services=[service])),
        version=1,
        previous=None,
        runtime_digest=digest_of(load_runtime()),
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        texts=load_languages(),
        known_trackers=load_library().known_tracker_patterns(),
    )


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    with opened.web:
        opened.consent.__enter__()
        yield opened
        opened.over.set()
        if opened.way != "dead":
            opened.consent.__exit__()


def names(cookies: list[Any]) -> set[str]:
    return {cookie["name"] for cookie in cookies}


def prepare(shop: Shop, visit: str, tab: Tab) -> None:
    """Put the tag on the page, and have been there before if the visit is a return."""
    kind, shop.age = {"stale": ("live", 400), "pinned": ("pinned", 0), "own": ("own", 0)}.get(visit, ("live", 0))
    shop.ours = shop.tags()[kind]
    if visit != "first":
        shop.visit(tab)


def test_without_our_tag_the_page_tells_its_tracker(shop: Shop, context: BrowserContext) -> None:
    # What the rest would be worth nothing without.
    shop.visit(context.new_page())
    assert shop.tracked() == LEAKS
    assert names(context.cookies()) == {"_track", "own"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("visit", ["first", "fresh", "stale", "pinned", "own"])
def test_nothing_gets_through_and_the_page_works(
    shop: Shop, context: BrowserContext, visit: str, way: str, tell_figure: Callable[[str], None]
) -> None:
    prepare(shop, visit, context.new_page())
    shop.go_away(way, context)
    page = context.new_page()
    errors: list[str] = []
    warnings: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: warnings.extend([message.text] if SAID in message.text else []))
    waits = (visit, way) == ("first", "slow")
    if waits:
        shop.slowness = WATCHED_S

    took = shop.visit(page)

    assert shop.tracked() == set()
    assert names(context.cookies()) == {"own"}
    assert page.evaluate(WORKS) == ["ran", 1]
    # From memory only a blocker keeps it; from the site itself nothing does.
    comes = waits or visit == "own" or (visit != "first" and way != "blocked")
    assert page.evaluate(IS_THERE) is comes
    assert len(warnings) == (not comes)  # once
    if comes or way in ("dead", "500", "blocked"):
        assert errors == []  # else the answer itself is no script, which the browser says
    if waits:
        assert took > WATCHED_S * 900
        tell_figure(f"a first visit waits for a server that is slow: load after {took:.0f} ms of its {WATCHED_S} s")
    else:
        assert took < FAR_TOO_LONG_MS


@pytest.mark.parametrize("way", ["dead", "slow", "500", "garbage"])
@pytest.mark.parametrize("visit", ["first", "fresh", "stale", "pinned", "own"])
def test_in_firefox_nothing_gets_through_either(shop: Shop, firefox: Firefox, visit: str, way: str) -> None:
    visitor = firefox.visitor()
    prepare(shop, visit, visitor)
    shop.go_away(way)
    waits = (visit, way) == ("first", "slow")
    shop.slowness = WATCHED_S if waits else SLOW_S

    took = shop.visit(visitor)

    assert shop.tracked() == set()
    assert names(visitor.cookies()) == {"own"}
    assert visitor.evaluate(WORKS) == ["ran", 1]
    assert visitor.evaluate(IS_THERE) is (waits or visit != "first")
    assert took < FAR_TOO_LONG_MS
    visitor.close()


def test_a_script_at_hand_costs_the_load_event_little(
    shop: Shop, context: BrowserContext, tell_figure: Callable[[str], None]
) -> None:
    tags = {"nothing": "", **shop.tags()}
    shop.page = "\n".join(line for line in PAGE.splitlines() if "{tracker}" not in line)  # what we hold costs nothing
    page = context.new_page()
    for shop.ours in tags.values():
        shop.visit(page)
    for way in ("slow", "dead"):
        shop.go_away(way)
        took: dict[str, list[float]] = {name: [] for name in tags}
        for _ in range(LOADS):
            for name, shop.ours in tags.items():
                took[name].append(shop.visit(page))
        bare = min(took.pop("nothing"))
        best = {name: min(each) for name, each in took.items()}
        delays = ", ".join(f"{name} {each - bare:+.0f} ms" for name, each in best.items())
        tell_figure(f"return visits, server {way}, load event against {bare:.0f} ms without our tag: {delays}")
        assert max(best.values()) < FAR_TOO_LONG_MS


@pytest.mark.parametrize(("way", "stays"), [("dead", True), ("500", False), ("garbage", False)])
def test_an_old_copy_serves_until_the_server_has_answered(
    shop: Shop, context: BrowserContext, way: str, stays: bool
) -> None:
    prepare(shop, "stale", context.new_page())
    shop.go_away(way, context)
    page = context.new_page()
    shop.visit(page)
    assert page.evaluate(IS_THERE)
    if not stays:
        eventually(lambda: bool(shop.consent.asked), "a look behind the visitor's back")
    shop.visit(page)
    assert page.evaluate(IS_THERE) is stays
    assert shop.tracked() == set()


def test_a_cookie_that_the_catalogue_names_is_not_written_and_others_are(shop: Shop, context: BrowserContext) -> None:
    shop.ours = shop.tags()["live"]
    shop.go_away("dead")
    page = context.new_page()
    shop.visit(page)
    written = ("_tracker", "exact", " exact ", "mp_1_end", "exactly", "in_exact", "mp_1", "x_track")
    for name in written:
        page.evaluate("(name) => { document.cookie = name + '=1' }", name)
    assert names(context.cookies()) == {"own", "exactly", "in_exact", "mp_1", "x_track"}
    assert "x_track=1" in page.evaluate("document.cookie")


def test_a_policy_without_inline_code_lets_ours_in_by_its_hash(shop: Shop, context: BrowserContext) -> None:
    shop.ours = shop.tags()["live"]
    tracker, consent = shop.web.host("tracker"), shop.consent.host("consent")
    shop.policy = f"script-src 'self' {consent} {tracker} {hash_source(shop.standing_in)}"
    shop.go_away("dead")
    page = context.new_page()
    shop.visit(page)
    assert shop.tracked() == set()
    assert page.evaluate("window.own") == "ran"


def test_a_script_from_the_site_itself_answers_to_its_server_and_is_not_taken_for_the_site(
    shop: Shop, context: BrowserContext
) -> None:
    shop.ours = shop.tags()["own"]
    shop.page = PAGE.replace("<h1>", '<script src="/stats/count.js"></script><h1>')
    page = context.new_page()
    shop.visit(page)
    assert page.evaluate("[window.own, window.counted]") == ["ran", None]

    page.evaluate("consent.acceptAll()")

    page.wait_for_function("window.counted")
    eventually(lambda: [asked.path for asked in shop.consent.asked] == [FOLDER + "consents"], "the answer")
    page.wait_for_function(f"({OUTBOX})() === 0")


def test_an_answer_waits_for_a_server_that_is_not_needed_to_ask(shop: Shop, context: BrowserContext) -> None:
    shop.ours = shop.tags()["own"]
    shop.go_away("dead")
    page = context.new_page()
    shop.visit(page)
    page.locator("[data-consent-action=accept-all]").click()
    eventually(lambda: "/tagged.js" in shop.tracked(), "what was granted")
    assert page.evaluate(OUTBOX) == 1
