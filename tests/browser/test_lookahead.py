"""What browsers ask for before any script can run, and what the recommended tag keeps them from: by the vendor's log.

The page comes in one piece and our script is slow, so that browsers have the time to look ahead; so is a script of the
site's own that stands between ours and the vendor's tags. Nothing may be kept, so every load is a first one.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from consent_server.domain.configuration import build_configuration, digest_of
from consent_server.domain.tag import tag
from consent_server.services.editing import check_draft
from consent_server.services.publishing import banner_script
from consent_server.storage.library import load_library
from consent_server.storage.runtime_file import load_runtime
from consent_server.storage.texts import load_languages
from tests.browser.page_server import Answer, Asked, PageServer, script
from tests.builders import site_file
from tests.servers import eventually

LOADS = 10
LOOK_S = 0.25  # a browser that looks ahead needs a few milliseconds
TAG_ALONE = '<script src="/banner.js"></script>'
TAG = tag("/banner.js")

IN_HEAD = {
    "script": '<script src="{url}"></script>',
    "async": '<script async src="{url}"></script>',
    "defer": '<script defer src="{url}"></script>',
    "module": '<script type="module" src="{url}"></script>',
    "preloaded script": '<link rel="preload" as="script" href="{url}">',
    "preloaded font": '<link rel="preload" as="font" crossorigin href="{url}">',
    "preloaded data": '<link rel="preload" as="fetch" crossorigin href="{url}">',
    "modulepreload": '<link rel="modulepreload" href="{url}">',
    "preloaded style": '<link rel="preload" as="style" href="{url}">',
    "style sheet": '<link rel="stylesheet" href="{url}">',
    "import": '<style>@import "{url}";</style>',
}
IN_BODY = {
    "image": '<img src="{url}" alt="">',
    "srcset": '<img srcset="{url} 1x" alt="">',
    "picture": '<picture><source srcset="{url}"><img alt=""></picture>',
    "poster": '<video poster="{url}"></video>',
}
STYLES = {"preloaded style", "style sheet", "import"}
KINDS = {*IN_HEAD, *IN_BODY}
# Still asked for ahead.
LEFT: dict[str, set[str]] = {"chromium": set(), "firefox": STYLES}
# Never asked for with it, not even when their turn comes.
HELD = {"script", "async", "defer", "module", "image", "srcset", "picture"}

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
INNOCENT = {
    "/late.css": Answer("h1 { color: rgb(1, 2, 3) }", "text/css"),
    "/early.css": Answer("h1 { margin: 7px }", "text/css"),
    "/script.js": script("window.innocent = 1;"),
    **{f"/{name}.gif": Answer(PIXEL, "image/gif") for name in ("image", "srcset", "picture")},
}


class Tab(Protocol):
    """What Playwright's pages and Firefox's visitors have in common."""

    def goto(self, url: str) -> Any: ...

    def evaluate(self, script: str) -> Any: ...


class Site:
    """A page with every kind of tag of one vendor; ``ahead`` is what was asked for before our script was answered."""

    def __init__(self) -> None:
        self.web = PageServer(self._respond)
        self.before_answering: Callable[[], object] = lambda: None
        self.ahead: set[str] = set()
        self._loads = itertools.count()
        self._page = ""
        self._load = ""
        self._banner = _banner()

    def open(self, tab: Tab, ours: str, kinds: Collection[str] = KINDS) -> set[str]:
        """Open it with this in front; return every kind that the vendor was asked for."""
        self._load = f"/{next(self._loads)}/"
        urls = {kind: self.web.host("vendor") + self._load + kind.replace(" ", "-") for kind in KINDS}
        head, body = (
            "".join(text.format(url=urls[kind]) for kind, text in part.items() if kind in kinds)
            for part in (IN_HEAD, IN_BODY)
        )
        self.show(tab, f'{ours}<script src="/own.js"></script><title>Shop</title>{head}', f"<h1>Shop</h1>{body}")
        tab.evaluate("fetch('/settled').then(({ status }) => status)")
        return self.asked()

    def show(self, tab: Tab, head: str, body: str) -> None:
        """Open a page with just this."""
        self._page = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
        )
        tab.goto(self.web.host("shop") + self._load)

    def asked(self) -> set[str]:
        """Return the kinds that the vendor was asked for until now."""
        paths = [asked.path for asked in self.web.asked if asked.host == "vendor"]
        return {path.removeprefix(self._load).replace("-", " ") for path in paths if path.startswith(self._load)}

    def _respond(self, asked: Asked) -> Answer:
        if asked.host == "innocent":
            return INNOCENT[asked.path]
        if asked.host == "vendor":
            return script("") if "script" in asked.path else Answer(b"", "text/css")
        if asked.path == "/banner.js":
            self.before_answering()
            self.ahead = self.asked()
            return script(self._banner)
        if asked.path == "/own.js":
            time.sleep(LOOK_S)
            return script("")
        return Answer(self._page)


def _banner() -> str:
    vendor = {"id": "vendor", "name": "Vendor", "vendor": "Vendor Inc.", "purpose": "audience"}
    runtime = load_runtime()
    configuration = build_configuration(
        check_draft(site_file(services=[{**vendor, "url_patterns": ["vendor.localhost/*"], "trackers": []}])),
        version=1,
        previous=None,
        runtime_digest=digest_of(runtime),
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        texts=load_languages(),
        known_trackers=load_library().known_tracker_patterns(),
    )
    return banner_script(configuration, runtime).decode()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    opened = Site()
    with opened.web:
        yield opened


@pytest.fixture(params=["chromium", "firefox"])
def browser_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def tab(browser_name: str, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A first-time visitor's tab in either browser."""
    if browser_name == "chromium":
        yield request.getfixturevalue("page")
        return
    visitor = request.getfixturevalue("firefox").visitor()
    yield visitor
    visitor.close()


@pytest.mark.parametrize("kinds", [{*IN_HEAD}, {*IN_BODY}], ids=["head", "body"])  # browsers keep images for later
def test_a_browser_runs_ahead_of_a_script_that_stands_alone(site: Site, tab: Tab, kinds: set[str]) -> None:
    # What the rest of the tag is for, and proof that the other tests could fail. Firefox holds back the images that it
    # wants ahead until the script has come: then they leave, whatever it does.
    ahead, asked = set[str](), set[str]()
    site.before_answering = lambda: _in_time(lambda: site.asked() == kinds)
    for _ in range(LOADS):
        asked |= site.open(tab, TAG_ALONE, kinds)
        ahead |= site.ahead
        if ahead >= kinds & {*IN_HEAD} and asked >= kinds & HELD:
            return
    pytest.fail(f"only {ahead} was asked for ahead, {asked} in all")


def test_with_the_tag_nothing_is_asked_for_before_the_banner_runs(site: Site, tab: Tab, browser_name: str) -> None:
    site.before_answering = lambda: time.sleep(LOOK_S)
    for _ in range(LOADS):
        asked = site.open(tab, TAG)
        assert site.ahead <= LEFT[browser_name]
        assert asked & HELD == set()


def test_the_tag_takes_nothing_from_the_page(site: Site, tab: Tab) -> None:
    site.before_answering = lambda: None
    head = """<script>
      violations = [];
      addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI));
      </script>
      <title>Shop</title><link rel="stylesheet" href="{its}/early.css">
      <link rel="preload" as="style" href="{its}/late.css" onload="this.rel='stylesheet'">
      <script src="{its}/script.js"></script>"""
    body = """<h1>Shop</h1><img src="{its}/image.gif" alt=""><img srcset="{its}/srcset.gif 1x" alt="">
      <picture><source srcset="{its}/picture.gif"><img src="/never.gif" alt=""></picture>"""
    head, body = (text.replace("{its}", site.web.host("innocent")) for text in (head, body))

    site.show(tab, TAG + head, body)
    eventually(
        lambda: tab.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)", "late.css"
    )

    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).margin") == "7px"
    assert tab.evaluate("[...document.images].map((image) => image.naturalWidth)") == [1, 1, 1]
    assert tab.evaluate("[window.innocent, violations]") == [1, []]
    names = "META META SCRIPT SCRIPT TEMPLATE SCRIPT TITLE LINK LINK SCRIPT".split()
    assert tab.evaluate("[...document.head.children].map((child) => child.tagName)") == names


def _in_time(check: Callable[[], bool]) -> None:
    with contextlib.suppress(TimeoutError):
        eventually(check, "a look ahead", seconds=1)
