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
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.wsgi import ConsentGuard
from tests.guard.visits import choice, configuration, service
from tests.servers import eventually

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


def test_leftovers_are_found_on_other_paths_and_domains_and_partitioned(
    server: WSGIServer, context: BrowserContext
) -> None:
    fields = [
        "_ga=1; HttpOnly; Path=/shop/; Domain=example.localhost",
        "_ga_A=1; HttpOnly; Path=/shop/cart; Domain=www.example.localhost",
        "_ga_B=1; HttpOnly; Path=/shop; Secure; SameSite=None; Partitioned",
        "__Host-session=1; HttpOnly; Path=/; Secure",
        "session=1; HttpOnly; Path=/shop/cart",
    ]
    ours = {"__Host-session", "session"}

    def shop(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        setting = [("Set-Cookie", field) for field in fields if environ["QUERY_STRING"] == "set"]
        start_response("200 OK", [("Content-Type", "text/html"), *setting])
        return [environ.get("HTTP_COOKIE", "none").encode()]

    def https(app: Any) -> Any:  # browsers count localhost as secure
        return lambda environ, start_response: app({**environ, "wsgi.url_scheme": "https"}, start_response)

    page = context.new_page()
    server.set_app(shop)
    assert len(visit(page, server, "/shop/cart?set")) == len(fields)
    visit(page, server, "/shop/cart/")
    assert (page.text_content("body") or "").count("=1") == len(fields), "the application reads them all"

    server.set_app(https(ConsentGuard(shop, configuration())))
    visit(page, server, "/shop/cart/")
    assert set((page.text_content("body") or "").split("; ")) == {f"{name}=1" for name in ours}, "from now on only ours"
    # What does not fit in one response follows with the next.
    eventually(lambda: set(visit(page, server, "/shop/cart/")) == ours, "leftovers go")


def test_a_policy_that_is_enforced_stops_what_is_not_granted(server: WSGIServer, context: BrowserContext) -> None:
    asked: list[str] = []
    images = "".join(
        f'<img src="http://{host}.localhost:{server.server_port}/{host}">'
        for host in ("www.example", "ads", "cdn", "else")
    )

    def pictures(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.extend({environ["PATH_INFO"].strip("/")} - {"favicon.ico"})
        start_response("200 OK", [("Content-Type", "text/html")])
        return [images.encode()]

    ads = service("ads", "marketing", url_patterns=[f"*.ads.localhost:{server.server_port}/*"])
    cdn = service("cdn", "necessary", url_patterns=[f"cdn.localhost:{server.server_port}/*"])
    rules = configuration(services=[ads, cdn], unknown_third_parties="block")
    options = PolicyOptions(f"http://consent.localhost:{server.server_port}", report_only=False)
    page = context.new_page()
    server.set_app(pictures)
    visit(page, server, "/")
    assert set(asked) == {"", "www.example", "ads", "cdn", "else"}, "without a policy everything is asked for"

    server.set_app(ConsentGuard(pictures, rules, policy=options))
    asked.clear()
    visit(page, server, "/?before")
    assert set(asked) == {"", "www.example", "cdn"}
    say(page, datetime.now(UTC).replace(microsecond=0), True)
    asked.clear()
    visit(page, server, "/?after")
    assert set(asked) == {"", "www.example", "ads", "cdn"}
