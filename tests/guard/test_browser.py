"""What a real browser keeps when a site is guarded, HttpOnly cookies included (WD-05, KEEP-05, DUR-01)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.guard.wsgi import ConsentGuard
from tests.guard.visits import choice, configuration

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

FIELDS = [
    "_ga=1; Path=/; HttpOnly; Max-Age=99999999; Domain=example.localhost",
    "ad_1=1; HttpOnly",
    "session=1; HttpOnly",
    "plus=1; Max-Age=+99999999",
    "wide=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=oops",
    "dash=1; Expires=Tue, 01-Jan-2069 00:00:00 GMT",
]
OWN = {"eu-consent", "eu-consent-writes"}
SITES_OWN = {"session", "plus", "wide", "dash"}


def site(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    setting = [("Set-Cookie", field) for field in FIELDS if environ["PATH_INFO"] == "/"]
    start_response("200 OK", [("Content-Type", "text/html"), *setting])
    return [b"<!doctype html><p>hello"]


class Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[WSGIServer]:
    """A site on a free port; ``set_app`` takes the guard away or puts it there."""
    with make_server("127.0.0.1", 0, site, handler_class=Silent) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def visit(page: Page, server: WSGIServer, path: str) -> dict[str, Any]:
    page.goto(f"http://www.example.localhost:{server.server_port}{path}")
    return {cookie["name"]: cookie for cookie in page.context.cookies()}


def say(page: Page, made: datetime, answer: bool) -> None:
    """Answer as the banner does: by a script, for a week as Safari would have it."""
    cookie = choice({"audience": answer, "marketing": answer}, at=made)
    page.evaluate("cookie => { document.cookie = cookie + '; Max-Age=604800' }", cookie)


def test_a_browser_keeps_what_is_granted_for_as_long_as_it_may(server: WSGIServer, context: BrowserContext) -> None:
    page = context.new_page()
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=9)
    everything = {"_ga", "ad_1"} | SITES_OWN

    server.set_app(site)
    before = visit(page, server, "/")
    assert set(before) == everything, "without the guard it is all there"
    assert before["plus"]["expires"] > time.time() + MAX_LIFETIME_SECONDS

    server.set_app(ConsentGuard(site, configuration()))
    assert set(visit(page, server, "/plain")) == SITES_OWN, "nothing before yes"

    say(page, made, False)
    refused = visit(page, server, "/")
    assert set(refused) == SITES_OWN | OWN
    assert refused["eu-consent"]["expires"] > time.time() + 170 * 86_400
    assert all(cookie["expires"] <= time.time() + MAX_LIFETIME_SECONDS for cookie in refused.values())

    say(page, made + timedelta(hours=1), True)
    accepted = visit(page, server, "/")
    assert set(accepted) == everything | OWN
    assert accepted["session"]["expires"] == -1
    assert accepted["_ga"]["expires"] <= time.time() + MAX_LIFETIME_SECONDS

    say(page, made + timedelta(hours=2), False)
    assert set(visit(page, server, "/plain")) == SITES_OWN | OWN, "HttpOnly leftovers are gone"
