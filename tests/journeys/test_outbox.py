"""Acceptance 3, in the browser: an answer is never lost, whatever happens to the server or to the tab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.journeys.visiting import Visitor
from tests.servers import ConsentServer

OUTBOX = "() => JSON.parse(localStorage.getItem('eu-consent-outbox') || '[]').length"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentServer]:
    """A server of this module's own, because it is killed."""
    with ConsentServer(tmp_path_factory.mktemp("outbox"), "run", "--demo", CONSENT_RATE_LIMIT="") as started:
        yield started


def test_an_answer_to_a_dead_server_arrives_once_when_it_is_back(
    server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(server, "ubiq", context)
    visitor.goto()
    server.kill()
    visitor.press("refuse-all")
    visitor.action("open").wait_for()
    assert visitor.page.evaluate(OUTBOX) == 1

    server.start()
    visitor.page.wait_for_function(f"({OUTBOX})() === 0")

    assert [record["action"] for record in visitor.records()] == ["refuse_all"]


def test_an_answer_in_a_closed_tab_arrives_at_the_next_visit(server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(server, "ubiq", context)
    visitor.goto()
    server.kill()
    visitor.press("accept-all")
    visitor.action("open").wait_for()
    visitor.page.close()
    server.start()
    again = Visitor(server, "ubiq", context)
    again.goto()

    assert [record["action"] for record in again.wait_for_records(1)] == ["accept_all"]
    again.goto("bureaux")
    assert len(again.records()) == 1
    assert again.page.evaluate(OUTBOX) == 0


def test_a_tab_closed_at_once_loses_nothing(server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(server, "ubiq", context)
    visitor.goto()
    visitor.press("refuse-all")
    visitor.page.close()
    again = Visitor(server, "ubiq", context)
    again.goto()

    assert [record["action"] for record in again.wait_for_records(1)] == ["refuse_all"]


def test_the_same_answer_sent_twice_is_one_record(server: ConsentServer, context: BrowserContext) -> None:
    visitor = Visitor(server, "ubiq", context)
    bodies: list[str] = []
    visitor.page.on("request", lambda request: bodies.extend([request.post_data or ""] * _is_answer(request.url)))
    visitor.goto()
    visitor.answer("refuse-all")
    visitor.wait_for_records(1)
    address = f"{server.url}/v1/sites/ubiq/consents"
    post = "async ([url, body]) => (await fetch(url, { method: 'POST', body })).status"
    status = visitor.page.evaluate(post, [address, bodies[0]])

    assert status == 200
    assert len(visitor.records()) == 1


def _is_answer(url: str) -> bool:
    return url.endswith("/consents")
