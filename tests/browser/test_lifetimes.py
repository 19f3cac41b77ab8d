"""Nothing outlives 393 days from its first write, read from the browser's own jar (DUR-01, DUR-04, DUR-05).

Every write is also made on the same page without the banner: what the browser would have kept by itself is what is
compared with, so that these tests hold no opinion about dates, attributes or the browser's own limits. A session cookie
stays one, a deletion passes, and what lives less than it may is left as it is.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, BrowserContext, Page

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from tests.cookie_writes import (
    CLOCKS,
    DAY,
    EXEMPT,
    FOREVER,
    HOST,
    LONGEST,
    OWN,
    PATH,
    SESSION,
    SHORT,
    SLACK,
    TRACKER,
    Jar,
    Key,
    attributes,
    bounded,
    family,
    is_ambiguous,
    jar,
    seconds,
)
from tests.servers import ConsentServer

SITE = "lifetimes"
SITE_FILE = {
    "site_key": SITE,
    "name": "Lifetimes",
    "origins": [f"http://{HOST}"],
    "default_language": "en",
    "languages": ["en"],
    "banner": {"controller": "Example SAS"},
    "services": [
        {
            "id": "measuring",
            "name": "Measuring",
            "vendor": "Measuring",
            "purpose": "audience",
            "trackers": [
                {"name": f"{TRACKER}*", "kind": "cookie", "purpose": "audience", "declared_lifetime": "P2Y"},
                {"name": f"{SHORT}*", "kind": "cookie", "purpose": "audience", "declared_lifetime": "PT1H"},
                {"name": f"{SESSION}*", "kind": "cookie", "purpose": "audience", "declared_lifetime": "session"},
            ],
        },
        {
            "id": "shop",
            "name": "Shop",
            "vendor": "Shop",
            "purpose": "necessary",
            "exemption": {"ground": "EXM-02", "justification": {"en": "Keeps the basket."}, "author": "Owner"},
            "trackers": [
                {
                    "name": f"{EXEMPT}*",
                    "kind": "cookie",
                    "purpose": "necessary",
                    "declared_lifetime": "P5Y",
                    "exemption": {"ground": "EXM-02", "justification": {"en": "The basket."}, "author": "Owner"},
                }
            ],
        },
    ],
}

# A write is [how, name, attributes]: `document.cookie`, or the dictionary of `cookieStore.set`.
WRITE = """async (writes) => {
  for (const [how, name, given] of writes) {
    if (how === 'document') document.cookie = name + '=1' + given.map((one) => ';' + one).join('');
    else await cookieStore.set({ name, value: '1', ...given }).catch(() => {});
  }
}"""
AGE = """(days) => {
  const writes = JSON.parse(localStorage.getItem('eu-consent-writes') || '{}');
  for (const key of Object.keys(writes)) writes[key][0] -= days * 86400e3;
  localStorage.setItem('eu-consent-writes', JSON.stringify(writes));
}"""

Write = tuple[str, str, Any]


@dataclass
class Visitor:
    """One page with the banner and everything granted, one where nothing was answered, and one without the banner."""

    guarded: Page
    asked: Page
    bare: Page

    def write(self, writes: list[Write]) -> None:
        for page in (self.guarded, self.asked, self.bare):
            page.evaluate(WRITE, [list(each) for each in writes])

    def age(self, days: int) -> None:
        """Let days pass: for what the banner remembers. The jars' own clock cannot be moved."""
        self.guarded.evaluate(AGE, days)

    def forget(self) -> None:
        self.guarded.evaluate("localStorage.removeItem('eu-consent-writes')")
        for page in (self.guarded, self.asked, self.bare):
            page.context.clear_cookies(name=re.compile(r"^(?!eu-consent)"))


@pytest.fixture(scope="module")
def port(running_server: ConsentServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A site of our own: its pages load the banner unless they are asked for with ``?bare``."""
    file = tmp_path_factory.mktemp("lifetimes") / "site.json"
    file.write_text(json.dumps(SITE_FILE))
    done = running_server.command("site", "import", str(file), "--publish")
    assert done.returncode == 0, done.stderr
    tag = f'<script src="{running_server.url}/v1/sites/{SITE}/banner.js"></script>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><html lang=en><head>{'' if '?bare' in self.path else tag}</head><body>Page".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def accepted(context: BrowserContext, port: int) -> Page:
    page = context.new_page()
    page.goto(f"http://{HOST}:{port}{PATH}")
    page.locator('[data-consent-action="accept-all"]').click()
    page.wait_for_function("consent.has('audience')")
    return page


@pytest.fixture(scope="module")
def visitor(chromium: Browser, port: int) -> Iterator[Visitor]:
    contexts = [chromium.new_context() for _ in range(3)]
    asked, bare = contexts[1].new_page(), contexts[2].new_page()
    asked.goto(f"http://{HOST}:{port}{PATH}")
    bare.goto(f"http://{HOST}:{port}{PATH}?bare")
    yield Visitor(accepted(contexts[0], port), asked, bare)
    for context in contexts:
        context.close()


until = st.one_of(st.integers(-(10**12), 10**14), st.floats(1.8e12, 4e12), st.none())
options = st.builds(
    dict,
    # Both at once are refused by the browser.
    st.one_of(until.map(lambda each: {"expires": each}), seconds.map(lambda each: {"maxAge": each}), st.just({})),
    path=st.sampled_from(["/", "/shop", "/shop/", "/elsewhere"]),
    domain=st.sampled_from([None, "lifetimes.localhost", HOST]),
    partitioned=st.booleans(),
)
writes = st.one_of(
    st.tuples(st.just("document"), st.just(""), attributes),
    st.tuples(st.just("document"), st.just(""), attributes),
    st.tuples(st.just("store"), st.just(""), options),
)
prefixes = st.sampled_from([OWN, TRACKER, SHORT, SESSION, EXEMPT])


def named(prefix: str, number: int, write: Write) -> Write:
    return write[0], f"{prefix}{number}", write[2]


@bounded
@given(st.lists(st.tuples(prefixes, writes), min_size=1, max_size=12))
def test_what_is_written_once_ends_when_it_may_and_not_sooner(visitor: Visitor, given: list[tuple[str, Write]]) -> None:
    visitor.forget()
    made = {each[1]: each for each in (named(prefix, i, write) for i, (prefix, write) in enumerate(given))}
    visitor.write([*made.values()])
    kept, control = jar(visitor.guarded), jar(visitor.bare)
    differing = [made[key[0]] for key in kept.keys() ^ control.keys() if not is_ambiguous(made[key[0]][2])]
    assert differing == [], "the same cookies are there"
    unasked = {key[0] for key in jar(visitor.asked)}
    assert not [made[name] for name in unasked if family(name) in (TRACKER, SHORT, SESSION)], "nothing before yes"
    for key, left in kept.items():
        kind, write = family(key[0]), made[key[0]]
        longest = LONGEST.get(kind, MAX_LIFETIME_SECONDS)
        assert left == FOREVER or left <= longest + CLOCKS, write
        if is_ambiguous(write[2]):
            continue
        by_itself = FOREVER if kind == SESSION else control[key]
        expected = by_itself if by_itself == FOREVER else min(by_itself, longest)
        assert left == expected or abs(left - expected) <= SLACK, (write, left, control[key])


@bounded
@given(
    st.lists(st.tuples(prefixes, st.lists(writes, min_size=2, max_size=4)), min_size=1, max_size=8), st.integers(1, 130)
)
def test_a_rewrite_never_slides(visitor: Visitor, given: list[tuple[str, list[Write]]], days: int) -> None:
    visitor.forget()
    first: dict[Key, int] = {}  # the day on which each cookie was first there to last
    before: Jar = {}
    for today in range(0, 4 * days, days):
        turn = today // days
        visitor.write([named(prefix, i, all_[turn]) for i, (prefix, all_) in enumerate(given) if turn < len(all_)])
        kept = jar(visitor.guarded)
        first = {key: first.get(key, today) for key, left in kept.items() if left != FOREVER}
        for key in first:
            longest = MAX_LIFETIME_SECONDS - (today - first[key]) * DAY + CLOCKS
            written = given[int(key[0].rpartition("_")[2])]
            rewritten = abs(kept[key] - before.get(key, FOREVER)) > SLACK
            assert not rewritten or kept[key] <= longest, (key, kept[key] / DAY, longest / DAY, days, written)
        before = kept
        visitor.age(days)


@pytest.mark.parametrize("how", ["document", "store"])
def test_a_cookie_rewritten_after_thirty_days_keeps_its_end(chromium: Browser, port: int, how: str) -> None:
    context = chromium.new_context()
    context.clock.install(time=datetime.now(UTC))
    page = accepted(context, port)
    again: dict[str, Write] = {
        "document": ("document", "_trk_1", ["Max-Age=99999999", "Path=/"]),
        "store": ("store", "_trk_1", {"expires": int(time.time() + 900 * DAY) * 1000, "path": "/"}),
    }
    page.evaluate(WRITE, [["document", "_trk_1", ["Expires=Fri, 31 Dec 2055 23:59:59 GMT", "Path=/"]]])
    assert -CLOCKS <= MAX_LIFETIME_SECONDS - min(jar(page).values()) <= SLACK
    context.clock.fast_forward(30 * DAY * 1000)
    page.evaluate(WRITE, [list(again[how])])
    (left,) = jar(page).values()
    # The banner's clock is thirty days ahead of the jar's: what it gives to a date is given thirty days late.
    ahead = 30 * DAY if how == "store" else 0
    assert abs(left - (MAX_LIFETIME_SECONDS - 30 * DAY + ahead)) <= SLACK
    context.close()
