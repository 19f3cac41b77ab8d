"""Whoever is slow, gone, broken or hostile takes nothing from the others; who is stopped answers what was asked."""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from consent_server.cli.gateway import Gateway
from consent_server.cli.serve import Server
from tests import builders
from tests.servers import ConsentServer, eventually, free_port

SITE = "ubiq"
STALLED = 200
"""Connections; more than a process has threads."""

POST = f"POST /v1/sites/{SITE}/consents HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentServer]:
    folder = tmp_path_factory.mktemp("serving")
    with ConsentServer(folder, "run", "--demo", CONSENT_RATE_LIMIT="") as started:
        yield started


def _send(server: ConsentServer, sent: bytes) -> bytes:
    """Give all that is answered until the connection is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def _get(server: ConsentServer, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def _workers(server: ConsentServer) -> list[psutil.Process]:
    return psutil.Process(server.pid).children(recursive=True)


def test_posts_that_stall_keep_nobody_waiting(server: ConsentServer) -> None:
    with contextlib.ExitStack() as stalled:
        for _ in range(STALLED):
            connection = stalled.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            connection.sendall(f"{POST}Content-Length: 500\r\n\r\n{{".encode())
        for _ in range(10):
            assert _get(server, "/readyz") == 200
        # They are told off one after the other, by the server's clock; the last one stalled last.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: \xe9\xff\r\n\r\n", 200),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        (b"GET /" + b"a" * 90_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 90_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 1_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (POST.encode() + b"Content-Length: -2\r\n\r\n{}", 400),
        (POST.encode() + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (POST.encode() + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", 422),
        (POST.encode() + b"Content-Length: 10000000000\r\nConnection: close\r\n\r\n{}", 413),
        (POST.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
        (POST.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 411),
    ],
    ids=[
        "HTTP/1.0",
        "bytes in a header",
        "a long path",
        "an endless path",
        "an endless header",
        "endless headers",
        "a folded header",
        "TLS",
        "less than nothing",
        "two lengths",
        "honest",
        "ten gigabytes",
        "in chunks",
        "in broken chunks",
    ],
)
def test_what_is_not_quite_a_request_is_refused_and_nothing_breaks(
    server: ConsentServer, sent: bytes, status: int
) -> None:
    assert _send(server, sent).startswith(f"HTTP/1.{int(b'HTTP/1.0' not in sent)} {status} ".encode())
    assert _get(server, "/readyz") == 200


def test_requests_that_come_at_once_are_answered_in_their_order(server: ConsentServer) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    answered = _send(server, b"".join(asked))

    assert answered.count(b"HTTP/1.1 200 OK") == 2
    assert answered.index(b"ok\n") < answered.index(b"ready\n")


def test_a_body_that_is_shorter_than_announced_is_nothing(server: ConsentServer) -> None:
    body = json.dumps(builders.consent(("audience",), action="refuse_all")).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(f"{POST}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)

        assert b" 20" not in connection.recv(65_536)[:20]


def test_a_header_with_an_underscore_does_not_pass_for_another(server: ConsentServer) -> None:
    honest = POST.encode() + b"Content_Length: 500\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

    assert _send(server, honest).startswith(b"HTTP/1.1 422 ")


def test_a_worker_that_is_killed_is_replaced_again_and_again(server: ConsentServer) -> None:
    for _ in range(3):
        (worker,) = _workers(server)
        worker.kill()
        eventually(lambda killed=worker: [w.pid for w in _workers(server)] not in ([], [killed.pid]), "a new worker")
        eventually(server.ready, "it answers")


def test_workers_do_not_outlive_the_first_process(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run")
    server.start()
    workers = _workers(server)

    os.kill(server.pid, signal.SIGKILL)

    assert workers
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    server.kill()


def test_a_worker_that_only_begins_does_not_outlive_it_either(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run")
    server.start()
    (killed,) = _workers(server)
    killed.kill()
    eventually(lambda: [w.pid for w in _workers(server)] not in ([], [killed.pid]), "another begins")
    begun = _workers(server)

    os.kill(server.pid, signal.SIGKILL)

    assert psutil.wait_procs(begun, timeout=60)[1] == []
    server.kill()


def test_who_is_told_to_stop_says_so_first_and_stops_at_once_when_told_again(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run", CONSENT_DRAIN="3600")
    server.start()

    os.kill(server.pid, signal.SIGTERM)

    eventually(lambda: _get(server, "/readyz") == 503, "it says that it stops")
    assert _get(server, "/healthz") == 200
    assert server.stop() == 0


class _Large(Server):
    """Our server with an application whose one answer is long."""

    def _gateway(self) -> Gateway:
        def application(_environ: object, start_response: Callable[..., object]) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (LINES % number for number in range(2_000))

        return Gateway(application, lambda *_: None, 4, lambda: None, lambda: None)


LINES = b"%07d\n" + b"x" * 32_000


def test_who_reads_slowly_takes_no_memory_and_gets_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = builders.settings(tmp_path, port=free_port())
    server = _Large(lambda: Flask("large"), settings, 1, sequence=False)
    process = multiprocessing.get_context("fork").Process(target=server.run)
    process.start()
    try:
        eventually(lambda: _listens(settings.port), "it listens")
        (worker,) = psutil.Process(process.pid).children(recursive=True)
        before = worker.memory_info().rss
        with socket.create_connection(("127.0.0.1", settings.port), timeout=60) as reader:
            reader.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            head = reader.recv(1_000)
            grown = worker.memory_info().rss - before
            body = head + b"".join(iter(lambda: reader.recv(1 << 20), b""))
    finally:
        process.terminate()
        process.join()

    assert body.partition(b"\r\n\r\n")[2].count(b"x") == 2_000 * 32_000
    assert b"0000000\n" in body
    assert b"0001999\n" in body
    assert grown < 32 * 1024 * 1024
    assert list(tmp_path.glob("consent-answer-*")) == []


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class _Visitors:
    """Browsers that each post one answer after the other on connections of their own, and remember what they heard."""

    def __init__(self, server: ConsentServer, count: int) -> None:
        self.acknowledged: set[str] = set()
        self.unanswered: set[str] = set()
        self._port = server.port
        self._threads = [threading.Thread(target=self._answer) for _ in range(count)]
        self._purposes = self._config()

    def _config(self) -> tuple[tuple[str, ...], int]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", f"/v1/sites/{SITE}/config")
            document = json.load(connection.getresponse())
        return tuple(each["id"] for each in document["purposes"] if not each["exempt"]), document["version"]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _answer(self) -> None:
        purposes, version = self._purposes
        while True:
            body = builders.consent(purposes, action="refuse_all", config_version=version)
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.connect()
            except OSError:
                return  # the server takes no more
            with contextlib.closing(connection):
                try:
                    headers = {"Content-Type": "application/json", "Connection": "close"}
                    connection.request("POST", f"/v1/sites/{SITE}/consents", json.dumps(body), headers)
                    assert connection.getresponse().status == 201
                except (OSError, http.client.HTTPException):
                    self.unanswered.add(body["record_id"])
                    return
            self.acknowledged.add(body["record_id"])


def test_a_server_that_is_stopped_under_load_answers_whatever_it_keeps(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run", "--demo", CONSENT_RATE_LIMIT="")
    server.start()
    visitors = _Visitors(server, 8)
    visitors.start()
    eventually(lambda: len(visitors.acknowledged) > 40, "visitors are answered")

    began = time.monotonic()
    code = server.stop()
    visitors.join()

    assert code == 0, server.output()
    assert time.monotonic() - began < 30
    exported = tmp_path / "records.jsonl"
    assert server.command("proofs", "export", SITE, "-o", str(exported), "--format", "jsonl").returncode == 0
    lines = [json.loads(line).get("record") for line in exported.read_text().splitlines()]
    kept = {json.loads(line)["record_id"] for line in lines if isinstance(line, str)}
    assert kept == visitors.acknowledged
