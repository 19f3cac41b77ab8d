"""The ground every test stands on: a fresh, migrated database on each engine, and the application over it.

PostgreSQL and Valkey are real servers, started once per run; a database is copied from a migrated template, which costs
milliseconds. Nothing here skips: where a program is missing, the test fails and says what to install. The exceptions
are tests/guard/test_recipes.py and nginx, for other people's servers, tests/tsa.py, for openssl, and Firefox.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from tests import builders, servers
from tests.accounts import CHEAP
from tests.browsers import chromium, context, firefox, page, playwright, running_server  # noqa: F401  # fixtures for every folder
from tests.databases import close, migrate, postgresql_database

if TYPE_CHECKING:
    from tests.proof_logs import Installation

FIGURE = "figure"

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL; the address is that of its administrator's database."""
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real server of the Redis protocol."""
    with servers.valkey() as url:
        yield url


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn; a test that asks for a database asks for this, too."""
    name: str = request.param
    return name


@pytest.fixture
def empty_database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without a table."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    with postgresql_database(request.getfixturevalue("postgresql_url")) as url:
        yield url


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of the test's own."""
    if engine == "sqlite":
        copied = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "consent.sqlite")
        yield f"sqlite:///{copied}"
        return
    template = request.getfixturevalue("postgresql_template")
    with postgresql_database(request.getfixturevalue("postgresql_url"), template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite-template")
    migrate(builders.settings(folder))
    return folder / "consent.sqlite"


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql_database(postgresql_url) as url:
        migrate(builders.settings(tmp_path_factory.mktemp("postgresql-template"), database_url=url))
        yield url.rpartition("/")[2]


@pytest.fixture
def settings(engine: str, tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> builders.Settings:
    """The embedded installation on SQLite, and the distributed one on PostgreSQL with Redis (DESIGN 5)."""
    redis_url = "" if engine == "sqlite" else _emptied(request.getfixturevalue("redis_url"))
    return builders.settings(tmp_path, database_url=database_url, redis_url=redis_url)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """A site and its log in the test's own database."""
    from tests.proof_logs import standing  # here, so that the domain's tests start without it

    with standing(database_url, tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let argon2 take no time in this process; servers that tests start hash as in production."""
    monkeypatch.setattr("consent_server.services.passwords.hasher", CHEAP)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine be no slow database in this process; servers that tests start are as in production."""
    for name in ("recording.LONGEST_WAIT_S", "recording.SLOW_S", "recording.PATIENCE_S", "patience.PATIENCE_S"):
        monkeypatch.setattr(f"consent_server.services.{name}", 30.0)


@pytest.fixture
def tell_figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something measured that belongs under the run's end, from whichever process measured it."""
    return lambda sentence: record_property(FIGURE, sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every figure that a test has told."""
    reports = [r for found in terminalreporter.stats.values() for r in found if isinstance(r, pytest.TestReport)]
    figures = [value for r in reports if r.when == "call" for name, value in r.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("measured")
    for figure in figures:
        terminalreporter.write_line(str(figure))


def _emptied(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushall()
    return redis_url


@pytest.fixture
def app(settings: builders.Settings) -> Iterator[Flask]:
    from consent_server.app import create_app  # here, so that the domain's tests start without it

    try:
        application = create_app(settings)
    except SystemError:  # Python 3.11 counts the depth of syntax trees for all threads together; another one made some
        application = create_app(settings)
    application.testing = True
    yield application
    close(application)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
