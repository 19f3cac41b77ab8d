"""How long a choice holds, what ends it, and what it never is: prolonged, moved to other purposes, or outrun."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright

from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, add_months
from consent_server.domain.tag import EMPTY_POLICY, NO_LOOKING_AHEAD
from tests import programs
from tests.browsers import FRENCH, arguments
from tests.journeys.visiting import OURS, Kept, Visitor, receipts
from tests.servers import ConsentServer, eventually

DAY = 86_400


@pytest.fixture
def visitor(running_server: ConsentServer, context: BrowserContext) -> Visitor:
    return Visitor(running_server, "aquao", context)


@pytest.mark.parametrize("answer", ["accept-all", "refuse-all"])
def test_a_yes_and_a_no_are_kept_for_six_calendar_months(visitor: Visitor, answer: str) -> None:
    visitor.goto()
    visitor.answer(answer)

    assert _end(visitor) == pytest.approx(add_months(datetime.now(UTC), 6).timestamp(), abs=15)


def test_a_choice_holds_in_another_tab_and_after_a_reload(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("refuse-all")
    visitor.page.reload()
    visitor.action("open").wait_for()
    other = Visitor(visitor.server, "aquao", visitor.context)
    other.goto("services")

    assert not visitor.action("accept-all").is_visible()
    assert not other.action("accept-all").is_visible()
    assert len(other.wait_for_records(1)) == 1


def test_a_choice_holds_after_the_browser_was_closed(
    playwright: Playwright, running_server: ConsentServer, tmp_path: Path
) -> None:
    for visit in ("first", "second"):
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=programs.chromium(), headless=True, args=arguments(), locale="fr-FR"
        )
        visitor = Visitor(running_server, "aquao", context)
        visitor.goto()
        if visit == "first":
            visitor.answer("accept-all")
        else:
            assert not visitor.action("accept-all").is_visible()
            visitor.assert_all_of(*visitor.declared.asked)
        context.close()


def test_visits_do_not_prolong_a_choice(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")
    before = _end(visitor)
    visitor.page.clock.set_system_time(datetime.now(UTC) + timedelta(days=90))
    visitor.browse()

    assert _end(visitor) == before


def test_a_choice_that_ran_out_is_a_refusal_and_is_asked_again(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")
    visitor.browse()
    consent_id = (visitor.saved() or {})["id"]
    visitor.page.clock.set_system_time(datetime.now(UTC) + timedelta(days=200))
    visitor.forget_requests()
    visitor.goto()
    visitor.action("accept-all").wait_for()

    visitor.assert_only()
    visitor.browse()
    visitor.assert_only()
    records = _records_of(visitor, consent_id, 2)
    assert [record["action"] for record in records] == ["accept_all", "expire"]
    assert set(records[1]["decisions"].values()) == {False}


def test_a_cookie_written_again_keeps_the_end_of_its_first_life(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")
    first = _cookie(visitor, "cto_bundle")["expires"]
    assert first == pytest.approx(time.time() + MAX_LIFETIME_SECONDS, abs=15)
    later = datetime.now(UTC) + timedelta(days=30)
    visitor.page.clock.set_system_time(later)
    visitor.browse()
    visitor.page.evaluate("document.cookie = 'cto_bundle=again; Path=/; Max-Age=63072000; SameSite=Lax'")

    again = _cookie(visitor, "cto_bundle")
    assert again["value"] == "again"
    # A Max-Age is counted from the browser's own clock, which stands thirty days behind the page's.
    assert again["expires"] == pytest.approx(first, abs=15) or again["expires"] == pytest.approx(
        first - 30 * DAY, abs=15
    )


def test_a_session_cookie_stays_one(visitor: Visitor) -> None:
    visitor.goto()
    visitor.answer("accept-all")

    assert _cookie(visitor, "cto_tld_test")["expires"] == -1


def test_vendors_are_not_even_asked_before_a_yes(visitor: Visitor) -> None:
    # The browser looks ahead in the markup and asks for what it sees; the recommended tag keeps it from that.
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.goto()

    own = (visitor.server.host("aquao"), visitor.server.url)
    assert [url for url in asked if not url.startswith(own)] == []


def test_by_the_script_alone_nothing_is_stored_either(visitor: Visitor) -> None:
    # What the rest of the tag is for: without it the look-ahead asks for scripts that stand in the markup. It runs none
    # of them.
    html = _html(visitor.server, "aquao")
    assert EMPTY_POLICY in html
    assert NO_LOOKING_AHEAD in html
    with _served(html.replace(EMPTY_POLICY, "").replace(NO_LOOKING_AHEAD, "")) as port:
        visitor.page.goto(f"http://aquao.localhost:{port}/")
        visitor.action("accept-all").wait_for()
        visitor.settle()

        assert {kept for kept in visitor.device() if not visitor.declared.allowed(kept, ())} == set()
        assert {row["path"] for row in visitor.requests()} <= {"/js/ld/ld.js"}, "only what stands in the markup"


def test_a_held_embed_shows_who_asks_and_opens_alone(visitor: Visitor) -> None:
    visitor.goto("agences")
    visitor.answer("refuse-all")
    placeholder = visitor.page.locator("[data-consent-placeholder]")
    placeholder.wait_for()
    placeholder.get_by_text("Géoportail").first.wait_for()
    placeholder.get_by_role("button").first.click()
    placeholder.wait_for(state="detached")
    visitor.settle()

    assert {row["host"] for row in visitor.requests()} == {"www.geoportail.gouv.fr"}
    assert visitor.wait_for_records(2)[1]["services"] == {"geoportail": True}
    assert Kept("cookie", "aquao_agency") not in visitor.device()


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentServer]:
    """A server of this module's own, because its sites are changed."""
    with ConsentServer(tmp_path_factory.mktemp("choice"), "run", "--demo", CONSENT_RATE_LIMIT="") as started:
        yield started


def test_a_new_partner_asks_again_for_its_purpose_alone(
    own_server: ConsentServer, chromium: Browser, tmp_path: Path
) -> None:
    context = chromium.new_context(**FRENCH)  # type: ignore[arg-type]  # locale and time zone
    visitor = Visitor(own_server, "imope", context)
    visitor.page.route("**/banner.js", lambda route: route.continue_())  # the browser's cache would keep the old one
    visitor.goto()
    visitor.answer("accept-all")
    visitor.browse()
    _republish(own_server, tmp_path, "imope", {"library": "hotjar"})
    visitor.goto()
    visitor.action("accept-all").wait_for()

    state = visitor.page.evaluate("consent.get()")
    assert state["answered"] is False
    assert state["decisions"] == {"necessary": True, "audience": False, "marketing": True}
    visitor.answer("accept-all")
    assert (visitor.saved() or {})["version"] == 2
    assert [record["config_version"] for record in visitor.wait_for_records(2)] == [1, 2]
    context.close()


def test_a_second_start_publishes_nothing_new(own_server: ConsentServer) -> None:
    before = own_server.command("site", "list").stdout
    own_server.stop()
    own_server.start()

    assert own_server.command("site", "list").stdout == before


def _republish(server: ConsentServer, folder: Path, key: str, service: dict[str, Any]) -> None:
    document = json.loads(server.command("site", "export", key).stdout)
    file = folder / f"{key}.json"
    file.write_text(json.dumps({**document, "services": [*document["services"], service]}))
    done = server.command("site", "import", str(file), "--publish")
    assert done.returncode == 0, done.stderr
    time.sleep(1.1)  # a node looks for a new configuration once a second


def _html(server: ConsentServer, key: str) -> str:
    """Give a home page as the site's server sends it; this machine need not resolve names under ``localhost``."""
    request = urllib.request.Request(f"{server.url}/", headers={"Host": f"{key}.localhost:{server.port}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        html: str = answer.read().decode()
    return html


@contextlib.contextmanager
def _served(html: str) -> Iterator[int]:
    """Serve one page on loopback; give the port."""

    class OnePage(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OnePage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def _cookie(visitor: Visitor, name: str) -> dict[str, Any]:
    [found] = [cookie for cookie in visitor.cookies() if cookie["name"] == name]
    return found


def _end(visitor: Visitor) -> float:
    end: float = _cookie(visitor, OURS)["expires"]
    return end


def _records_of(visitor: Visitor, consent_id: str, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return receipts(visitor.server, visitor.key, consent_id)

    eventually(lambda: len(found()) >= count, f"{count} records", seconds=15)
    return found()
