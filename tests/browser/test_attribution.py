"""What a known tracker keeps under names that nobody declared is that tracker's: it goes when the tracker goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from consent_server.domain.tag import tag
from tests.servers import ConsentServer, eventually

TRACKER = """
document.cookie = 'zz_kept=1; Max-Age=99999999; Path=/';
document.cookie = 'zz_session=1; Path=/';
localStorage.setItem('zz_local', '1');
localStorage.zz_property = '1';
sessionStorage.setItem('zz_tab', '1');
"""

SHARED = """
document.cookie = 'shared=tracker; Path=/';
localStorage.setItem('shared', 'tracker');
localStorage.shared = 'tracker';
"""

PAGE = """<!doctype html><html lang="fr"><head>{tag}
<script>
document.cookie = 'own=1; Max-Age=1000; Path=/';
localStorage.setItem('own', '1');
sessionStorage.setItem('own', '1');
</script>
<script src="http://www.googletagmanager.com.localhost:{port}/gtag/js"></script></head><body><h1>Page</h1></body></html>"""

KEPT = """[
  ...document.cookie.split('; ').map((pair) => pair.split('=')[0]),
  ...Object.keys(localStorage).map((key) => 'local ' + key),
  ...Object.keys(sessionStorage).map((key) => 'tab ' + key),
]"""


@pytest.fixture
def page_port(running_server: ConsentServer) -> Iterator[int]:
    """A page and a tracker of our own; a page that Playwright answers for may not reach loopback addresses."""
    ours = tag(f"{running_server.url}/v1/sites/ubiq/banner.js")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path.startswith("/gtag")
            page = PAGE.format(tag=ours, port=self.server.server_address[1])  # type: ignore[str-format]
            body = ((SHARED if "shared" in self.path else TRACKER) if script else page).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _kept(page: Page) -> set[str]:
    return {name for name in page.evaluate(KEPT) if "zz_" in name or name.split()[-1] == "own"}


def test_undeclared_names_of_a_tracker_come_and_go_with_it(page_port: int, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"http://ubiq.localhost:{page_port}/")
    own = {"own", "local own", "tab own"}
    assert _kept(page) == own

    page.locator('[data-consent-action="accept-all"]').click()
    tracked = {"zz_kept", "zz_session", "local zz_local", "local zz_property", "tab zz_tab"}
    eventually(lambda: _kept(page) == own | tracked, "what the tracker keeps")

    with page.expect_navigation():
        page.evaluate("consent.withdraw()")
    page.locator('[data-consent-action="open"]').wait_for()
    assert _kept(page) == own


def test_a_name_that_the_page_writes_itself_is_still_refused_to_a_tracker(
    page_port: int, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"http://ubiq.localhost:{page_port}/")
    write = (
        "for (let i = 0; i < 3; i++) { document.cookie = 'shared=own; Path=/'; localStorage.setItem('shared', 'own') }"
    )
    kept = "document.cookie.match(/shared=(\\w+)/)[1] + ' ' + localStorage.getItem('shared')"
    page.evaluate(write)
    # A script of the page's has it loaded in a way that nobody sees, and writes again when it has run.
    address = f"http://www.googletagmanager.com.localhost:{page_port}/gtag/js?shared"
    page.evaluate(f"() => import('{address}').then(() => 0)")
    assert page.evaluate(kept) == "own own"
    page.evaluate(write)
    assert page.evaluate(kept) == "own own"


def test_an_address_is_judged_anew_under_another_base(page_port: int, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"http://ubiq.localhost:{page_port}/")
    ask = "() => fetch('/gtag/js').then(() => 'came', () => 'refused')"
    assert page.evaluate(ask) == "came"
    base = f"http://www.googletagmanager.com.localhost:{page_port}/"
    page.evaluate(f"document.head.append(Object.assign(document.createElement('base'), {{href: '{base}'}}))")
    assert page.evaluate(ask) == "refused"
