"""A choice that is taken in front of Flask is answered, kept, counted and told of exactly as Flask does it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client import REGISTRY
from werkzeug.test import EnvironBuilder, run_wsgi_app

from consent_server.app import create_app
from consent_server.cli.gateway import Gateway
from consent_server.domain.assurance import read_assurance
from consent_server.domain.consent_record import ConsentRecord, parse_record
from consent_server.domain.errors import Unavailable
from consent_server.services import clock, editing, publishing
from consent_server.services.journaling import REQUESTS
from consent_server.storage.database import db
from consent_server.storage.tables import ConsentRecordRow
from tests.answers import sequence
from tests.builders import Settings, consent, site_file
from tests.databases import close
from tests.threads import in_a_thread

PURPOSES = ("audience", "marketing")
PATH = "/v1/sites/example/consents"
PAGE = "https://www.example.fr"
MOST = 4

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Told = tuple[int, dict[str, str], bytes]


def made(settings: Settings, **changes: Any) -> Flask:
    app = create_app(dataclasses.replace(settings, **changes))
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
        db.session.remove()
    flask(app, posted())
    return app


@pytest.fixture(autouse=True)
def _remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be asked for again while a test goes on, however slow the machine is."""
    monkeypatch.setattr("consent_server.services.remembering.FRESH_SECONDS", 1e9)
    monkeypatch.setattr("consent_server.services.recording.COUNT_EVERY_S", 1e9)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made_app = made(settings)
    yield made_app
    close(made_app)


def posted(body: Any = None, path: str = PATH, method: str = "POST", sender: str = "", **headers: str) -> dict:
    """Give the environ of a request that was read whole, as the gateway does."""
    data = body if isinstance(body, bytes) else json.dumps(body or consent(PURPOSES)).encode()
    named = {"Content-Type": "text/plain", "User-Agent": "x"} | {k.replace("_", "-"): v for k, v in headers.items()}
    builder = EnvironBuilder(path, method=method, data=data, headers=named, environ_base={"REMOTE_ADDR": sender})
    return builder.get_environ()


def flask(app: Flask, environ: dict) -> Told:
    body, status, headers = run_wsgi_app(app, environ)
    return int(status[:3]), dict(headers), b"".join(body)


def hot(app: Flask, environ: dict) -> Told | None:
    """Give the answer of the gateway without Flask; None when Flask has to answer."""
    taken = app.extensions["hot_posts"].take(environ)
    if taken is None:
        return None
    with contextlib.suppress(Exception):
        taken.made.result(30)
    whole = taken.answer()
    return whole and (whole[0], dict(whole[1]), whole[2])


def same(told: Told) -> Told:
    """Leave out what is of one request alone."""
    return told[0], {name: value for name, value in told[1].items() if name != "X-Request-ID"}, told[2]


def kept(app: Flask, body: dict) -> sa.Row:
    with app.app_context():
        row = ConsentRecordRow
        query = sa.select(row.record, row.assurance, row.site_id, row.action).where(row.record_id == body["record_id"])
        return db.session.execute(query).one()


def test_it_is_answered_as_flask_does(app: Flask) -> None:
    for changes in (
        {},
        {"action": "accept_all"},
        {"language": "en", "layer": 2},
        {"page_url": "https://é.example/ü?q"},
    ):
        body = consent(PURPOSES, **changes)
        first = hot(app, posted(body, Origin=PAGE))
        again = hot(app, posted(body, Origin=PAGE))
        flasks = flask(app, posted(body, Origin=PAGE))

        assert first[0] == 201
        assert first[1]["X-Request-ID"] != again[1]["X-Request-ID"]
        assert same(again) == same(flasks)
        assert (same(first)[1:]) == same(flasks)[1:]


@ON_SQLITE
def test_what_is_kept_is_what_flask_keeps(app: Flask) -> None:
    said = {"Origin": PAGE, "Sec_Fetch_Site": "cross-site", "Sec_GPC": "1"}
    ours, flasks = consent(PURPOSES), consent(PURPOSES)
    assert hot(app, posted(ours, **said))
    flask(app, posted(flasks, **said))

    def plain(body: dict) -> tuple[ConsentRecord, Any]:
        row = kept(app, body)
        nothing = {"record_id": "", "recorded_at": "", "expires_at": "", "personal": None}
        return dataclasses.replace(parse_record(row.record), **nothing), read_assurance(row.assurance)

    assert plain(ours) == plain(flasks)
    assert plain(ours)[0].signals == {"gpc": False, "gpc_header": True}
    assert plain(ours)[1].origin_listed


@ON_SQLITE
@pytest.mark.parametrize(
    ("environ", "status"),
    [
        (lambda: posted(b"{"), 400),
        (lambda: posted(b""), 400),
        (lambda: posted([1]), 422),
        (lambda: posted(consent(PURPOSES, action="maybe")), 422),
        (lambda: posted(consent(("audience",))), 422),
        (lambda: posted(consent(PURPOSES, config_version=7)), 422),
        (lambda: posted(Origin="https://elsewhere.example"), 403),
        (lambda: posted(Origin="null"), 403),
        (lambda: posted(Content_Type="text/html"), 415),
        (lambda: posted(Transfer_Encoding="chunked"), 411),
        (lambda: posted(path="/v1/sites/nowhere/consents"), 404),
        (lambda: posted(path="/v1/sites/example/consents/"), 404),
        (lambda: posted(method="PUT"), 405),
        (lambda: posted({k: v for k, v in consent(PURPOSES).items() if k != "record_id"}), 201),
        (lambda: posted(consent(PURPOSES, unknown="x" * 5_000)), 201),
        (lambda: posted(consent(PURPOSES, unknown="x" * 17_000)), 413),
    ],
    ids=[
        "half",
        "nothing",
        "a list",
        "an unknown action",
        "a purpose is missing",
        "an unknown configuration",
        "another page",
        "no page",
        "a form",
        "in chunks",
        "an unknown site",
        "another path",
        "another method",
        "without an id",
        "long",
        "too long",
    ],
)
def test_whatever_else_there_is_to_say_flask_says(app: Flask, environ: Callable[[], dict], status: int) -> None:
    came = environ()

    assert hot(app, came) is None
    assert flask(app, came)[0] == status


def test_the_same_id_with_another_answer_is_refused_as_ever(app: Flask) -> None:
    body = consent(PURPOSES)
    assert hot(app, posted(body))
    came = posted({**body, "language": "en"})

    assert hot(app, came) is None
    assert flask(app, came)[0] == 409


@ON_SQLITE
def test_what_is_not_in_memory_is_asked_for_by_a_thread(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, at_once in (("remembering.FRESH_SECONDS", 0), ("recording.COUNT_EVERY_S", -1)):
        with monkeypatch.context() as asked:
            asked.setattr(f"consent_server.services.{name}", at_once)
            asked.setattr(app.extensions["recorder"]._memory, "ask", lambda _: pytest.fail("the loop would wait"))
            assert hot(app, posted()) is None
    assert hot(app, posted())


@ON_SQLITE
def test_when_a_failure_is_over_the_next_good_answer_is_kept_whoever_was_refused_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = app.extensions["recorder"]
    recorder._circuit.failed()
    assert hot(app, posted()) is None
    assert flask(app, posted())[0] == 503
    recorder._circuit._next_try = time.monotonic()

    assert flask(app, posted({**consent(PURPOSES), "config_version": 9}))[0] == 422
    with monkeypatch.context() as counting:
        counting.setattr("consent_server.services.recording.COUNT_EVERY_S", -1)
        assert hot(app, posted()) is None, "it is time to count, which is Flask's to do"
    assert hot(app, posted())[0] == 201
    assert recorder._circuit._next_try is None


def test_while_too_many_stand_in_line_nobody_is_promised_a_place(app: Flask, monkeypatch: Any) -> None:
    sequence(app)
    monkeypatch.setattr("consent_server.services.recording.MOST_PENDING", 2)
    monkeypatch.setattr("consent_server.services.recording.COUNT_EVERY_S", -1)
    assert flask(app, posted())[0] == 201
    assert flask(app, posted())[0] == 201

    came = posted()
    assert hot(app, came) is None
    status, headers, body = flask(app, came)
    assert (status, headers["Retry-After"]) == (503, "60")
    assert b"proof log" in body
    sequence(app)
    assert flask(app, posted())[0] == 201


@ON_SQLITE
def test_a_flood_is_counted_once_wherever_it_is_answered(settings: Settings) -> None:
    app = made(settings, rate_limit=f"{MOST} per day", trusted_proxies=1)
    told = []
    for number in range(MOST + 2):
        came = posted(sender="127.0.0.1", X_Forwarded_For=f"198.51.100.{number}, 203.0.113.{number}")
        told.append((hot(app, came) or flask(app, came))[0])

    assert told == [201] * MOST + [429] * 2
    assert hot(app, posted(sender="127.0.0.1", X_Forwarded_For="203.0.114.1"))
    close(app)


@ON_SQLITE
def test_it_is_counted_and_written_down_as_flasks_is(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, REQUESTS)
    labels = {"method": "POST", "route": "/v1/sites/<site_key>/consents", "status": "2xx"}

    def counted() -> tuple[float, ...]:
        requests = REGISTRY.get_sample_value("consent_http_request_seconds_count", labels)
        return requests or 0, REGISTRY.get_sample_value("consent_records_total", {"action": "refuse_all"}) or 0

    before = counted()
    answers = [hot(app, posted()), flask(app, posted())]
    requests, records = counted()
    lines = [record.told for record in caplog.records if record.name == REQUESTS]

    assert (requests, records) == (before[0] + 2, before[1] + 2)
    for line, (_, headers, body) in zip(lines, answers, strict=True):
        assert line.pop("duration_ms") >= 0
        assert line.pop("bytes") == len(body) == int(headers["Content-Length"])
    assert lines[0] == lines[1]


@ON_SQLITE
def test_an_answer_that_is_not_kept_in_time_is_flasks_to_refuse(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = app.extensions["recorder"]
    never: Future[Any] = Future()
    failed: Future[Any] = Future()
    failed.set_exception(Unavailable("The database is away."))
    for outcome in (never, failed):
        with monkeypatch.context() as slow:
            slow.setattr(recorder, "begin", lambda *_, outcome=outcome, **__: outcome)
            assert app.extensions["hot_posts"].take(posted()).answer() is None


class Sent:
    """What the gateway asks of granian, and gives it."""

    def __init__(self, body: bytes) -> None:
        self.headers = {"content-length": str(len(body))}
        self.method, self.path, self.query_string, self.scheme, self.http_version = "POST", "/", "", "http", "1.1"
        self.server = self.client = "127.0.0.1:80"
        self.answers: list[tuple[int, bytes]] = []
        self._body = body

    async def __call__(self) -> bytes:
        return self._body

    def response_bytes(self, status: int, _headers: Any, body: bytes) -> None:
        self.answers.append((status, body))


class Promised:
    """A request that was taken."""

    patience_s = 30.0

    def __init__(self, outcome: tuple[int, list, bytes] | None) -> None:
        self.made: Future[None] = Future()
        self._outcome = outcome

    def answer(self) -> tuple[int, list, bytes] | None:
        return self._outcome if self.made.done() else None


@in_a_thread
def test_the_gateway_waits_for_many_answers_without_a_thread_and_asks_the_application_for_the_others() -> None:
    taken: list[Promised] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("503 SERVICE UNAVAILABLE", [])
        return [environ["wsgi.input"].read()]

    async def serve(count: int, outcomes: list[Any], patience: float) -> list[list[tuple[int, bytes]]]:
        def take(_environ: Any) -> Promised:
            taken.append(Promised(outcomes[len(taken) % len(outcomes)]))
            taken[-1].patience_s = patience
            return taken[-1]

        gateway = Gateway(application, lambda *_: None, 1, lambda: None, lambda: None, take)
        gateway._loop, gateway._pool = asyncio.get_running_loop(), ThreadPoolExecutor(1)
        sent = [Sent(uuid.uuid4().bytes) for _ in range(count)]
        asked = [asyncio.ensure_future(gateway.__rsgi__(each, each)) for each in sent]
        while len(taken) < count:
            await asyncio.sleep(0)
        if patience:
            await asyncio.to_thread(lambda: [each.made.set_result(None) for each in taken])
        await asyncio.gather(*asked)
        gateway._pool.shutdown()
        return [[(status, body) if status == 201 else (status, b"") for status, body in each.answers] for each in sent]

    kept_and_not = asyncio.run(serve(100, [(201, [], b"kept"), None], 30.0))
    assert kept_and_not == [[(201, b"kept")], [(503, b"")]] * 50
    taken.clear()
    assert asyncio.run(serve(10, [(201, [], b"kept")], 0.0)) == [[(503, b"")]] * 10
