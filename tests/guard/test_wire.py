"""Nothing that a guarded server sets outlives 393 days from its first write, read from a real browser's jar.

The same Set-Cookie headers reach the browser three times: from the application alone, behind the WSGI guard and behind
the ASGI guard. What the browser keeps of the first is what the other two are compared with (DUR-01, DUR-04).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard import asgi, wsgi
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
)
from tests.guard.recipes import pack, served, wsgi_application
from tests.guard.visits import choice, configuration, service, tracker

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DOCUMENT = configuration(
    services=[
        service("shop", "necessary", tracker(f"{EXEMPT}*", "necessary")),
        service(
            "measuring",
            "audience",
            tracker(f"{TRACKER}*", "audience"),
            tracker(f"{SHORT}*", "audience", lifetime_seconds=LONGEST[SHORT]),
            tracker(f"{SESSION}*", "audience", lifetime_seconds=0),
        ),
    ]
)
SET = "fields => fetch(location.pathname, { headers: { 'X-Set': fields } }).then(() => {})"
MEMORY = "eu-consent-writes"


def as_wsgi(app: Any) -> Any:
    """Let an ASGI application answer a WSGI server; each request in a thread that has no loop of its own."""

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        names = {
            name: name.removeprefix("HTTP_").replace("_", "-").lower() for name in environ if name.startswith("HTTP_")
        }
        headers = [(names[name].encode(), environ[name].encode("latin-1")) for name in names]
        scope = {"type": "http", "scheme": environ["wsgi.url_scheme"], "path": environ["PATH_INFO"], "headers": headers}
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(app(scope, None, send))).result()
        start_response("200 OK", [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]])
        return [sent[1]["body"]]

    return answer


async def asgi_application(scope: Any, receive: Any, send: Any) -> None:
    environ = {
        f"HTTP_{name.decode().upper().replace('-', '_')}": value.decode("latin-1") for name, value in scope["headers"]
    }
    found: list[Any] = []
    body = wsgi_application(environ, lambda status, headers: found.extend(headers))
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in found]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"".join(body)})


@dataclass
class Visitor:
    """The same visitor at the application alone, behind each guard with a yes, and behind one without an answer."""

    bare: Page
    guarded: list[Page]
    asked: Page

    @property
    def all(self) -> list[Page]:
        return [self.bare, *self.guarded, self.asked]

    def receive(self, fields: list[str]) -> None:
        for page in self.all:
            page.evaluate(SET, pack(fields))

    def forget(self) -> None:
        for page in self.all:
            page.context.clear_cookies(name=re.compile(r"^(?!eu-consent$)"))

    def age(self, days: int) -> None:
        """Let days pass for what the guards remember: each entry is six characters and a day in base 36."""
        for page in self.guarded:
            for cookie in page.context.cookies():
                if cookie["name"] == MEMORY:
                    value = cookie["value"]
                    mark, entries = value[:6], [value[i : i + 9] for i in range(6, len(value), 9)]
                    older = "".join(entry[:6] + base36(int(entry[6:], 36) - days) for entry in entries)
                    page.context.add_cookies([{**cookie, "value": mark + older}])  # type: ignore[list-item, typeddict-item]


def base36(day: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return digits[day // 1296 % 36] + digits[day // 36 % 36] + digits[day % 36]


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Iterator[Visitor]:
    guards = [wsgi.ConsentGuard(wsgi_application, DOCUMENT), as_wsgi(asgi.ConsentGuard(asgi_application, DOCUMENT))]
    yes = choice({"audience": True}, at=datetime.now(UTC) - timedelta(hours=1)).removeprefix("eu-consent=")
    with ExitStack() as stack:
        pages = []
        for app in (wsgi_application, *guards, guards[0]):
            port = stack.enter_context(served(app)).port
            context = chromium.new_context()
            stack.callback(context.close)
            if app is not wsgi_application and len(pages) < 3:
                context.add_cookies([{"name": "eu-consent", "value": yes, "domain": HOST, "path": "/"}])
            page = context.new_page()
            page.goto(f"http://{HOST}:{port}{PATH}")
            pages.append(page)
        yield Visitor(pages[0], pages[1:3], pages[3])


names = st.sampled_from([OWN, TRACKER, SHORT, SESSION, EXEMPT])
rewrites = st.lists(attributes, min_size=2, max_size=4)


def field(prefix: str, number: int, given: list[str]) -> str:
    """Give one header: a server's text is bytes to the wire."""
    return ";".join([f"{prefix}{number}=1", *given]).encode().decode("latin-1")


@bounded
@given(st.lists(st.tuples(names, attributes), min_size=1, max_size=12))
def test_what_is_set_once_ends_when_it_may_and_not_sooner(visitor: Visitor, given: list[tuple[str, list[str]]]) -> None:
    visitor.forget()
    visitor.receive([field(prefix, i, written) for i, (prefix, written) in enumerate(given)])
    made = {f"{prefix}{i}": written for i, (prefix, written) in enumerate(given)}
    control = jar(visitor.bare)
    for page in visitor.guarded:
        kept = jar(page)
        differing = [made[key[0]] for key in kept.keys() ^ control.keys() if not is_ambiguous(made[key[0]])]
        assert differing == [], "the same cookies are there"
        for key, left in kept.items():
            kind, written = family(key[0]), made[key[0]]
            longest = LONGEST.get(kind, MAX_LIFETIME_SECONDS)
            assert left == FOREVER or left <= longest + CLOCKS, written
            if is_ambiguous(written):
                continue
            by_itself = FOREVER if kind == SESSION else control[key]
            expected = by_itself if by_itself == FOREVER else min(by_itself, longest)
            assert left == expected or abs(left - expected) <= SLACK, (written, left, control[key])
    unasked = {key[0] for key in jar(visitor.asked)}
    assert not [made[name] for name in unasked if family(name) in (TRACKER, SHORT, SESSION)], "nothing before yes"


@bounded
@given(
    st.lists(st.tuples(names, st.lists(attributes, min_size=2, max_size=4)), min_size=1, max_size=8),
    st.integers(1, 130),
)
def test_setting_it_again_never_slides(visitor: Visitor, given: list[tuple[str, list[list[str]]]], days: int) -> None:
    visitor.forget()
    first: list[dict[Key, int]] = [{} for _ in visitor.guarded]
    before: list[Jar] = [{} for _ in visitor.guarded]
    for today in range(0, 4 * days, days):
        turn = today // days
        visitor.receive([field(prefix, i, all_[turn]) for i, (prefix, all_) in enumerate(given) if turn < len(all_)])
        for which, page in enumerate(visitor.guarded):
            kept = jar(page)
            first[which] = {key: first[which].get(key, today) for key, left in kept.items() if left != FOREVER}
            for key, day in first[which].items():
                longest = MAX_LIFETIME_SECONDS - (today - day) * DAY + CLOCKS
                written = given[int(key[0].rpartition("_")[2])]
                rewritten = abs(kept[key] - before[which].get(key, FOREVER)) > SLACK
                assert not rewritten or kept[key] <= longest, (key, kept[key] / DAY, longest / DAY, days, written)
            before[which] = kept
        visitor.age(days)
