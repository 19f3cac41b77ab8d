"""The topology of deploy/ as plain processes: two web nodes that have no seed, workers, PostgreSQL, Redis or none."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path

import psycopg

from consent_server.domain.proof_log import keys
from tests import builders
from tests.faults.visitors import Auditor, Visitors
from tests.servers import ConsentServer, eventually, postgresql_server, valkey_server

OURS = Path(__file__).parents[2]
SITE = "example"
PURPOSES = ("audience", "marketing")
PAUSE_S = 0.05
"""Between two questions of a reader, and two answers of a visitor: as many as are checked one by one at the end."""
LOG_KEY = bytes(range(32))


class Topology:
    """An installation of several nodes; its address is the proxy's, whoever stands there."""

    def __init__(self, folder: Path, *, redis: bool = True, workers: int = 1, code: Path = OURS) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.database_url = self._stack.enter_context(postgresql_server()).url
        redis_url = self._stack.enter_context(valkey_server()).url if redis else ""
        self._common = {
            "PYTHONPATH": str(code),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": redis_url,
            "PUBLIC_URL": "https://127.0.0.1",
            "SECRET_KEY": "s" * 64,
            "CONSENT_HWM_FILE": str(folder / "mark" / "high-water-mark.json"),
            "CONSENT_RATE_LIMIT": "1000000 per minute",
            "CONSENT_SEQUENCER_INTERVAL": "0.2",
        }
        promise = keys.promise_master(LOG_KEY).hex()
        self.web = [self._server(f"web{n}", "web", PROMISE_KEY=promise, CONSENT_TRUSTED_PROXIES="1") for n in (1, 2)]
        self.workers = [self._server(f"worker{n + 1}", "worker", LOG_KEY=LOG_KEY.hex()) for n in range(workers)]

    def _server(self, name: str, role: str, **environment: str) -> ConsentServer:
        (self.folder / name).mkdir()
        return ConsentServer(self.folder / name, role, **self._common, **environment)

    @property
    def operator(self) -> ConsentServer:
        """Whoever runs commands: where the seed is."""
        return self.workers[0]

    def __enter__(self) -> Topology:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        self.command("init")
        site = builders.site_file(services=[{"library": "google-analytics"}])
        (self.folder / "site.json").write_text(json.dumps(site))
        self.command("site", "import", str(self.folder / "site.json"), "--publish")
        for each in (*self.workers, *self.web):
            self._stack.callback(each.end)
            each.start(wait=False)
        for each in self.web:
            eventually(each.ready, f"{each.folder.name} is ready")

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def command(self, *arguments: str) -> str:
        """Run a command where the seed is; return what it printed."""
        done = self.operator.command(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def visitors(self, url: str, count: int = 4) -> Visitors:
        return Visitors(f"{url}/v1/sites/{SITE}", PURPOSES, count=count, pause=PAUSE_S)

    def auditor(self, url: str) -> Auditor:
        return Auditor(f"{url}/v1/sites/{SITE}/log")

    def schema(self) -> str:
        """Return the revision that the database is at."""
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""

    def take_up(self, code: Path) -> None:
        """Let what is started from now on be of this code: commands at once, nodes when they are restarted."""
        for each in (*self.web, *self.workers):
            each.environment["PYTHONPATH"] = str(code)

    def restart_one_by_one(self) -> None:
        """Restart each web node once the one before could record again, and then the workers."""
        for each in (*self.web, *self.workers):
            assert each.stop() == 0, each.output()
            each.start(wait=each in self.web)


class Readers:
    """Who ask for addresses over and over, with one try each; ``failed`` is every answer that was no 200."""

    def __init__(self, url: str, paths: Sequence[str]) -> None:
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []
        self._leaving = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(url, path)) for path in paths]

    def _read(self, url: str, path: str) -> None:
        while not self._leaving.wait(PAUSE_S):
            start = time.monotonic()
            try:
                with urllib.request.urlopen(url + path, timeout=30) as answer:
                    answer.read()
                self.answered[path] += 1
            except urllib.error.HTTPError as refused:
                with refused:
                    self.failed.append(f"{path}: {refused.code} {refused.read()[:200]!r}")
            except (OSError, HTTPException) as away:
                self.failed.append(f"{path}: {away!r} after {time.monotonic() - start:.1f} s")

    def __enter__(self) -> Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._leaving.set()
        for thread in self._threads:
            thread.join()
