"""What keeping an answer costs, on SQLite and PostgreSQL, each as durable as in production.

Limits of the same run: an empty Flask POST of the same server (processor time of the server for each request), the
same server with one transaction for each answer (rate and slowness at 64 connections), the same rows inserted by the
driver alone with one and with 64 of them to a commit, and the sequencer.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import flask_migrate
import psutil
import sqlalchemy as sa
from flask import Flask, request

from benchmarks.ratios import say
from consent_server.app import create_app
from consent_server.cli.gateway import Gateway
from consent_server.cli.serve import Server
from consent_server.config import Settings, read_settings
from consent_server.services import clock, editing, publishing, recording
from consent_server.services.sequencing import integrate_all
from consent_server.storage.database import db
from tests.servers import eventually, free_port, postgresql_server

SITE = {"site_key": "bench", "name": "Bench", "origins": ["https://bench.example"], "services": [{"library": "matomo"}]}
PATH = "/v1/sites/bench/consents"
CONNECTIONS = (1, 8, 64)
ROUNDS = 3
WARM = 200
HEADERS = {
    "Content-Type": "text/plain",
    "Origin": "https://bench.example",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
    "Sec-Fetch-Site": "cross-site",
}


@dataclass(frozen=True)
class Measured:
    """One round: answers a second, processor µs of the server for each, milliseconds that visitors waited."""

    rate: float
    processor: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Running:
    """A server that is measured."""

    port: int
    process: int


class EmptyServer(Server):
    """The same server with an application that does nothing."""

    def _gateway(self) -> Gateway:
        return Gateway(empty(), lambda *_: None, self._settings.threads, lambda: None, lambda: None)


def empty() -> Flask:
    """Return an application whose only view takes a body and says nothing."""
    app = Flask("empty")

    @app.post("/v1/sites/<site_key>/consents")
    def post(site_key: str) -> tuple[str, int]:
        request.get_data()
        return "", 201

    return app


def serve(what: str) -> None:
    """Be the server that is measured."""
    settings = _settings()
    recording.SLOW_S = recording.LONGEST_WAIT_S = recording.PATIENCE_S = 60.0  # who is slow is measured, not refused
    if what == "alone":
        recording.LARGEST_BATCH = 1
    server = EmptyServer if what == "empty" else Server
    server(lambda: create_app(settings), settings, 1, sequence=False).run()


def _settings(**changes: Any) -> Settings:
    return replace(read_settings(), log_key="01" * 32, rate_limit="1000000000 per minute", screenshots=False, **changes)


@contextlib.contextmanager
def _server(what: str, settings: Settings) -> Iterator[Running]:
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "CONSENT_INSTANCE": str(settings.instance),
        "DATABASE_URL": settings.database_url,
        "CONSENT_THREADS": str(max(CONNECTIONS)),
    }
    with subprocess.Popen([sys.executable, "-m", "benchmarks.recording", "--serve", what], env=environment) as process:
        try:
            eventually(lambda: _answers(port), f"the server “{what}” answers")
            yield Running(port, process.pid)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        return True
    return False


def _processor(process: int) -> float:
    """Return the processor seconds of a process and of those that it started."""
    first = psutil.Process(process)
    return sum(sum(each.cpu_times()[:2]) for each in (first, *first.children(recursive=True)))


def _round(server: Running, purposes: list[str], connections: int, answers: int) -> Measured:
    bodies = [json.dumps(_answer(purposes)) for _ in range(answers)]
    waits: list[float] = []

    def visit(number: int) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            for body in bodies[number::connections]:
                began = time.perf_counter()
                connection.request("POST", PATH, body, HEADERS)
                answer = connection.getresponse()
                answer.read()
                waits.append(time.perf_counter() - began)
                if answer.status != 201:
                    raise RuntimeError(f"the server answered {answer.status}")

    processor, began = _processor(server.process), time.perf_counter()
    with ThreadPoolExecutor(connections) as visitors:
        list(visitors.map(visit, range(connections)))
    rate = answers / (time.perf_counter() - began)
    used = (_processor(server.process) - processor) * 1e6 / answers
    waits.sort()
    return Measured(rate, used, statistics.median(waits) * 1e3, waits[int(len(waits) * 0.99)] * 1e3)


def _answer(purposes: list[str]) -> dict[str, Any]:
    ids = {"record_id": str(uuid.uuid4()), "consent_id": str(uuid.uuid4())}
    said = {"action": "refuse_all", "decisions": dict.fromkeys(purposes, False), "config_version": 1, "language": "fr"}
    return {**ids, **said, "layer": 1, "page_url": "https://bench.example/a", "signals": {"gpc": False}}


def _raw_inserts(engine: sa.Engine, rows_a_commit: int, commits: int) -> float:
    """Insert copies of kept rows by the driver alone, as durable as the others; return rows a second."""
    with engine.connect() as connection:
        tables = [sa.Table(name, sa.MetaData(), autoload_with=engine) for name in ("consent_record", "proof_pending")]
        statements, rows = [], []
        for table in tables:
            columns = [column for column in table.columns if column.name != "seq"]
            found = connection.execute(sa.select(*columns).where(table.c.record_id.is_not(None)).limit(rows_a_commit))
            rows.append([dict(row._mapping) for row in found])
            statements.append(
                str(sa.insert(table).values({c.name: sa.bindparam(c.name) for c in columns}).compile(engine))
            )
        connection.rollback()
        raw = connection.connection.driver_connection
        assert raw is not None
        began = time.perf_counter()
        for _ in range(commits):
            ids = [str(uuid.uuid4()) for _ in range(rows_a_commit)]
            if engine.dialect.name == "sqlite":
                raw.execute("BEGIN IMMEDIATE")
            cursor = raw.cursor()
            for statement, table_rows in zip(statements, rows, strict=True):
                fresh = [{**row, "record_id": each} for row, each in zip(table_rows, ids, strict=True)]
                if engine.dialect.name == "sqlite":
                    names = list(table_rows[0])
                    cursor.executemany(statement, [[_plain(row[name]) for name in names] for row in fresh])
                else:
                    cursor.executemany(statement, fresh)
            raw.commit()
        return rows_a_commit * commits / (time.perf_counter() - began)


def _plain(value: Any) -> Any:
    return value.isoformat(" ") if hasattr(value, "isoformat") else value


def _measure(name: str, settings: Settings, answers: int) -> None:
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
        editing.import_site(db.session(), SITE, clock.now())
        configuration = publishing.publish(db.session(), "bench", "https://consent.example", clock.now()).configuration
        db.session.remove()
        purposes = list(configuration.asked_purposes)
        found: dict[tuple[str, int], list[Measured]] = {}
        with contextlib.ExitStack() as stack:
            servers = {what: stack.enter_context(_server(what, settings)) for what in ("empty", "ours")}
            for server in servers.values():
                _round(server, purposes, 8, WARM)
            for _ in range(ROUNDS):
                for connections in CONNECTIONS:
                    for what, server in servers.items():
                        several = max(answers // 4, 50) if connections == 1 else answers
                        found.setdefault((what, connections), []).append(_round(server, purposes, connections, several))
        with _server("alone", settings) as server:
            _round(server, purposes, 8, WARM)
            found["alone", 64] = [_round(server, purposes, 64, answers) for _ in range(ROUNDS)]
        for (what, connections), rounds in found.items():
            print(
                f"{name:10} {what:5} {connections:2} connections: {_median(rounds, 'rate'):6.0f}/s, processor "
                f"{_median(rounds, 'processor'):5.0f} µs, p50 {_median(rounds, 'p50'):6.1f} ms, p99 "
                f"{_median(rounds, 'p99'):6.1f} ms"
            )
        raw = {
            rows: statistics.median(_raw_inserts(db.engine, rows, 4_000 // (rows + 15)) for _ in range(ROUNDS))
            for rows in (1, 64)
        }
        print(f"{name:10} rows by the driver alone: {raw[1]:.0f}/s with one to a commit, {raw[64]:.0f}/s with 64")
        began = time.perf_counter()
        entries = integrate_all(
            app.extensions["sessions"], app.extensions["keyring"], settings.high_water_mark, clock.now()
        )
        sequenced = entries / (time.perf_counter() - began)
        print(f"{name:10} sequenced: {sequenced:.0f} entries/s")
        _say(name, found, raw, sequenced)
        for engine in db.engines.values():
            engine.dispose()


def _say(name: str, found: dict[tuple[str, int], list[Measured]], raw: dict[int, float], sequenced: float) -> None:
    def of(what: str, connections: int, figure: str) -> float:
        return _median(found[what, connections], figure)

    for connections in CONNECTIONS:
        ratio = of("ours", connections, "processor") / of("empty", connections, "processor")
        say(f"{name}, processor at {connections} connections / an empty Flask POST", ratio, at_most=2)
    say(
        f"{name}, rate at 64 connections / one transaction each",
        of("ours", 64, "rate") / of("alone", 64, "rate"),
        at_least=4,
    )
    say(
        f"{name}, p99 at 64 connections / one transaction each",
        of("ours", 64, "p99") / of("alone", 64, "p99"),
        at_most=0.333,
    )
    for rows, rate in raw.items():
        say(f"{name}, rate at 64 connections / the driver alone with {rows} to a commit", of("ours", 64, "rate") / rate)
    say(f"{name}, sequencing / recording", sequenced / of("ours", 64, "rate"), at_least=20)


def _median(rounds: list[Measured], figure: str) -> float:
    return float(statistics.median(getattr(each, figure) for each in rounds))


def main() -> None:
    """Measure both databases, rounds taking turns, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=2_000, help="posted in each round (2000)")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--serve", choices=("empty", "ours", "alone"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    for name in ("sqlite", "postgresql"):
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
                url = f"sqlite:///{folder}/bench.sqlite"
                if name == "postgresql":
                    url = stack.enter_context(postgresql_server(durable=True)).url
                mark = Path(folder) / "mark.json"
                _measure(
                    name, _settings(instance=Path(folder), database_url=url, high_water_mark=mark), options.answers
                )


if __name__ == "__main__":
    main()
