"""A whole installation as processes: web, worker, database and Redis, each of which can be killed at any moment.

It does for them what a system's supervisor does: whatever was killed is started again, as it was.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from consent_server.app import create_app
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import builders
from tests.databases import close, migrate
from tests.faults.visitors import Auditor, Visitors
from tests.servers import (
    ConsentServer,
    PostgreSQL,
    Valkey,
    children,
    eventually,
    postgresql_server,
    valkey_server,
)

SITE = "example"
PURPOSES = ("audience", "marketing")
PUBLIC_URL = "https://consent.example"
NO_MORE: Mapping[str, str] = {}


class Cluster:
    """The processes of one installation, its site published; on SQLite there is no other server than ours."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        database: PostgreSQL | None,
        redis: Valkey | None,
        environment: Mapping[str, str],
    ) -> None:
        self.folder, self.database, self.redis = folder, database, redis
        settings = builders.settings(
            folder, database_url=database_url, public_url=PUBLIC_URL, redis_url=redis.url if redis else ""
        )
        self.environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": settings.redis_url,
            "PUBLIC_URL": PUBLIC_URL,
            "SECRET_KEY": settings.secret_key,
            "LOG_KEY": settings.log_key,
            "CONSENT_RATE_LIMIT": "1000000 per minute",  # counted, and never reached
            "CONSENT_SEQUENCER_INTERVAL": "0.2",
            **environment,
        }
        _publish(settings)
        self.web = ConsentServer(folder, "web", **self.environment)
        self.worker = ConsentServer(folder, "worker", **self.environment)

    @property
    def site_url(self) -> str:
        return f"{self.web.url}/v1/sites/{SITE}"

    def visitors(self, count: int = 4, pause: float = 0) -> Visitors:
        return Visitors(self.site_url, PURPOSES, count=count, pause=pause)

    def auditor(self) -> Auditor:
        return Auditor(f"{self.site_url}/log")

    def start(self) -> None:
        self.worker.start(wait=False)
        self.web.start()

    @property
    def victims(self) -> dict[str, Callable[[random.Random], None]]:
        """Everything that can be killed, with how: when it returns, that runs again."""
        ours: dict[str, Callable[[random.Random], None]] = {
            "web": lambda _: self.kill(self.web),
            "worker": lambda _: self.kill(self.worker),
            "both": lambda _: self.kill(self.web, self.worker),
            "one process of web": self._kill_child,
            "the first process of web": lambda _: self._kill_first(),
        }
        if self.database:
            ours |= {"PostgreSQL": lambda _: self._kill_database(), "a backend": lambda _: self._kill_backend()}
        if self.redis:
            ours["Redis"] = lambda _: self._kill_redis()
        return ours

    def kill(self, *servers: ConsentServer) -> None:
        """Kill servers of ours, all of them before the first is started again."""
        for server in servers:
            server.kill()
        for server in servers:
            server.start(wait=False)
        eventually(self.web.ready, "the server is ready again")

    def _kill_child(self, chance: random.Random) -> None:
        """Kill one of the processes that answer; whoever started it starts another."""
        found = children(self.web.pid)
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
        eventually(self.web.ready, "the server is ready again")

    def _kill_first(self) -> None:
        """Kill who started the others, as somebody does who knows one number; start anew once they have left."""
        orphans = children(self.web.pid)
        self.web.kill_first()
        eventually(lambda: not any(map(_lives, orphans)), "orphans leave by themselves")
        self.web.start()

    def _kill_database(self) -> None:
        assert self.database
        self.database.kill()
        self.database.start()
        eventually(self.web.ready, "the server is ready again")

    def _kill_backend(self) -> None:
        assert self.database
        self.database.kill_one()
        eventually(self.web.ready, "the server is ready again")

    def _kill_redis(self) -> None:
        assert self.redis
        self.redis.kill()
        self.redis.start()


@contextlib.contextmanager
def running_cluster(
    engine: str, folder: Path, through: Callable[[str], Any] | None = None, environment: Mapping[str, str] = NO_MORE
) -> Iterator[Cluster]:
    """Start an installation on this engine; ``through`` may put something between it and its database's address."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql_server()) if engine == "postgresql" else None
        redis = stack.enter_context(valkey_server()) if engine == "postgresql" else None
        database_url = database.url if database else f"sqlite:///{folder / 'consent.sqlite'}"
        migrate(builders.settings(folder, database_url=database_url))
        if through:
            database_url = stack.enter_context(through(database_url))
        cluster = Cluster(folder, database_url, database, redis, environment)
        for server in (cluster.web, cluster.worker):
            stack.callback(server.end)
        cluster.start()
        yield cluster


def _publish(settings: builders.Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        editing.import_site(db.session(), builders.site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), SITE, PUBLIC_URL, clock.now())
    close(app)


def _lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False
