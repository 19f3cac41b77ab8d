"""What one process publishes, every other shows within seconds, whole; what was shown is shown on, whatever dies."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from consent_server.app import create_app
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import builders
from tests.databases import close, migrate
from tests.servers import ConsentServer, PostgreSQL, eventually, postgresql_server, valkey_server

pytestmark = pytest.mark.postgresql

WITHIN_S = {"with Redis": 2, "without": 15}
PATIENCE = 5
"""How many times longer this machine, with everything else that runs on it, may take."""


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    with postgresql_server() as started:
        yield started


class Node:
    """One that publishes, and beside it a server with two processes that hears of it only through what they share."""

    def __init__(self, folder: Path, database: PostgreSQL, redis_url: str, **environment: str) -> None:
        settings = builders.settings(folder, database_url=database.url, redis_url=redis_url)
        self.app: Flask = create_app(settings)
        self.server = ConsentServer(
            folder,
            "web",
            DATABASE_URL=database.url,
            REDIS_URL=redis_url,
            SECRET_KEY=settings.secret_key,
            LOG_KEY=settings.log_key,
            **environment,
        )

    def publish(self, *services: str) -> int:
        draft = builders.site_file(services=[{"library": name} for name in services])
        with self.app.app_context():
            db.engine.dispose()  # the database may have been away
            editing.import_site(db.session(), draft, clock.now())
            made = publishing.publish(db.session(), "example", "https://consent.example", clock.now())
            return made.configuration.version

    def get(self, file: str) -> tuple[int, str, bytes]:
        """Give status, tag and body, on a connection of its own: any of the server's processes answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", f"/v1/sites/example/{file}")
            answer = connection.getresponse()
            return answer.status, answer.headers.get("ETag", ""), answer.read()

    def shown(self) -> set[int]:
        """Give the configurations that a number of visitors are shown now."""
        return {json.loads(self.get("config")[2])["version"] for _ in range(12)}

    def show(self, version: int, within: float) -> float:
        began = time.monotonic()
        eventually(lambda: self.shown() == {version}, f"everybody is shown configuration {version}", within * PATIENCE)
        return time.monotonic() - began


@pytest.fixture
def node(database: PostgreSQL, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    with contextlib.ExitStack() as ending:

        def make(redis_url: str, **environment: str) -> Node:
            made = Node(tmp_path, database, redis_url, **environment)
            ending.callback(close, made.app)
            migrate(made.app.extensions["settings"])
            ending.enter_context(made.server)
            return made

        yield make


def test_redis_tells_the_others_and_when_it_was_away_they_look(
    node: Callable[..., Node], tell_figure: Callable[[str], None], tmp_path: Path
) -> None:
    with valkey_server() as redis:
        ours = node(redis.url, CONSENT_FOLLOW_INTERVAL="3600")  # nobody looks without being told
        first = ours.publish("matomo")
        assert ours.shown() == {first}

        second = ours.publish("hotjar")
        seconds = ours.show(second, WITHIN_S["with Redis"])
        tell_figure(f"a publication reached the other processes in {seconds:.2f} s with Redis")

        redis.kill()
        third = ours.publish("google-analytics")
        assert ours.shown() == {second}  # nobody can have heard of it, and nothing failed
        redis.start()
        ours.show(third, WITHIN_S["with Redis"])


def test_without_redis_they_look_and_while_the_database_is_away_they_show_what_they_have(
    node: Callable[..., Node], database: PostgreSQL, tell_figure: Callable[[str], None]
) -> None:
    ours = node("")
    first = ours.publish("matomo")
    eventually(lambda: ours.shown() == {first}, "it is shown")
    second = ours.publish("hotjar")
    answers = [ours.get(file) for _ in range(200) for file in ("banner.js", "config")]
    seconds = ours.show(second, WITHIN_S["without"])
    tell_figure(f"a publication reached the other processes in {seconds:.2f} s without Redis")
    answers += [ours.get(file) for _ in range(20) for file in ("banner.js", "config")]
    _assert_never_a_mix(answers)

    digest = json.loads(ours.get("config")[2])["digest"].removeprefix("sha256:")
    files = ("banner.js", "config", f"banner.{digest}.js")
    before = {file: {ours.get(file) for _ in range(12)} for file in files}  # each process has shown each
    database.stop()
    try:
        during = {file: {ours.get(file) for _ in range(100)} for file in files}
        ready = _ready(ours)
    finally:
        database.start()
    assert during == before
    assert {status for answers in during.values() for status, _, _ in answers} == {200}
    assert ready == 503

    eventually(lambda: _ready(ours) == 200, "the database is found again")
    ours.show(ours.publish("matomo", "hotjar"), WITHIN_S["without"])


def _ready(node: Node) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", node.server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status


def _assert_never_a_mix(answers: list[tuple[int, str, bytes]]) -> None:
    """Two configurations, two files: four tags, each with one body."""
    assert {status for status, _, _ in answers} == {200}
    assert len({tag for _, tag, _ in answers}) == len({(tag, body) for _, tag, body in answers}) == 4
