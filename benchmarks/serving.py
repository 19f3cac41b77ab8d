"""What a page view costs the server: processor time for the script and the configuration, whole (200) and known (304).

Each is held against the same server's empty Flask answer, measured in the same run: our server, gunicorn (where it is
installed) with the same application, and nginx with the exported files as the floor. It is the servers' own time, from
the system's books, divided by the answers: how fast the client is, and who else uses the machine, hardly matters.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import multiprocessing
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from flask import Flask

from benchmarks.installation import installation
from benchmarks.ratios import say
from consent_server.app import create_app
from consent_server.cli.gateway import Gateway
from consent_server.cli.serve import Server
from consent_server.config import Settings
from consent_server.services import clock, editing, publishing
from consent_server.services.setting_out import write_files
from consent_server.storage.database import db
from tests import programs
from tests.servers import eventually, free_port

SITE = {"site_key": "bench", "name": "Bench", "origins": ["https://bench.example"], "services": [{"library": "matomo"}]}
CONNECTIONS = 8
SECONDS = 1.0
OURS, NGINX = "granian, our gateway", "nginx, files"
GOAL = 0.25

BROWSER = (
    "Host: bench\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: */*\r\nAccept-Language: fr,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://bench.example/\r\nSec-Fetch-Dest: script\r\nSec-Fetch-Mode: no-cors\r\n"
)
BANNER = "/v1/sites/bench/banner.js"
CONFIG = "/v1/sites/bench/config"


def hello_app() -> Flask:
    """Return the least that Flask can do."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


class BareServer(Server):
    """Our server with an application that knows nothing of it."""

    def _gateway(self) -> Gateway:
        return Gateway(hello_app(), lambda *_: None, 32, lambda: None, lambda: None)


def _granian(settings: Settings, make: Callable[[], Flask] | None) -> None:
    kind: Any = Server if make else BareServer
    kind(make or hello_app, settings, 1, sequence=False).run()


def _gunicorn(settings: Settings, make: Callable[[], Flask] | None) -> None:
    from gunicorn.app.base import BaseApplication  # not one of ours: installed by who wants to compare

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{settings.host}:{settings.port}",
                "worker_class": "gthread",
                "threads": 32,
                "keepalive": 60,
                "loglevel": "warning",
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            app = make() if make else hello_app()
            if make:
                app.extensions["follower"].start()
            return app

    Gunicorn().run()


@contextlib.contextmanager
def _running(serve: Callable[..., None], settings: Settings, make: Callable[[], Flask] | None) -> Iterator[int]:
    """Serve in a process of its own; give its number."""
    process = multiprocessing.get_context("fork").Process(target=serve, args=(settings, make))
    process.start()
    assert process.pid is not None
    try:
        eventually(lambda: _listens(settings.port), "the server listens")
        yield process.pid
    finally:
        process.terminate()
        process.join()


@contextlib.contextmanager
def _nginx(folder: Path, port: int) -> Iterator[int]:
    example = Path("deploy/nginx/static.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "static.conf").write_text(example.replace("/srv/consent", str(folder)))
    (folder / "consent-headers.conf").write_text(Path("deploy/nginx/consent-headers.conf").read_text())
    user = "user root; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; worker_processes 1; pid {folder}/pid; error_log stderr; events {{}} "
        f"http {{ sendfile on; open_file_cache max=100; include static.conf; keepalive_requests 1000000000; }}"
    )
    with subprocess.Popen([programs.nginx(), "-p", folder, "-c", folder / "nginx.conf"]) as process:
        try:
            eventually(lambda: _listens(port), "nginx listens")
            yield process.pid
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _used(pid: int) -> float:
    """Return the processor seconds of a process and its children."""
    first = psutil.Process(pid)
    times = [each.cpu_times() for each in (first, *first.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _asked(port: int, request: bytes, status: bytes, seconds: float) -> int:
    """Ask for a while on a few connections; return how many whole answers came, which all have that status."""
    selector = selectors.DefaultSelector()
    missing: dict[socket.socket, int] = {}
    answered = 0
    with contextlib.ExitStack() as ending:
        for _ in range(CONNECTIONS):
            connection = ending.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            missing[connection] = 0
            connection.sendall(request)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for key, _ in selector.select(1):
                connection = key.fileobj  # type: ignore[assignment]
                came = connection.recv(1 << 17)
                missing[connection] += -len(came) if missing[connection] else _length(came, status) - len(came)
                if missing[connection] == 0:
                    answered += 1
                    connection.sendall(request)
    return answered


def _length(came: bytes, status: bytes) -> int:
    """Return how long the answer is that begins here."""
    head, end, _ = came.partition(b"\r\n\r\n")
    if not end or status not in head[:16]:
        raise RuntimeError(f"not {status.decode()}: {head[:200]!r}")
    name = head.lower().find(b"content-length: ")
    announced = 0 if status == b"304" or name < 0 else int(head[name + 16 :].split(b"\r\n", 1)[0])
    return len(head) + 4 + announced


def _request(path: str, etag: str = "") -> bytes:
    known = f"If-None-Match: {etag}\r\n" if etag else ""
    return f"GET {path} HTTP/1.1\r\n{BROWSER}{known}\r\n".encode()


def _etag(port: int, path: str) -> str:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(path))
        head = connection.recv(1 << 17).partition(b"\r\n\r\n")[0].decode("latin-1")
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("etag: "))


def main() -> None:
    """Let the servers take turns, and print medians, ranges and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    servers = {OURS: _granian}
    if importlib.util.find_spec("gunicorn"):
        servers["gunicorn, gthread"] = _gunicorn
    else:
        print("gunicorn is not installed: it is left out", file=sys.stderr)
    with installation() as (app, folder), tempfile.TemporaryDirectory() as files, contextlib.ExitStack() as ending:
        editing.import_site(db.session(), SITE, clock.now())
        publishing.publish(db.session(), "bench", "https://consent.example", clock.now())
        write_files(db.session(), "bench", Path(files))
        settings: Settings = replace(app.extensions["settings"], secret_key="s" * 64, metrics=True)
        db.session.remove()
        db.engine.dispose()
        places: list[tuple[str, str, int, int]] = []
        for name, serve in servers.items():
            for what, make in (("Flask hello", None), ("ours", lambda: create_app(settings))):
                placed = replace(settings, port=free_port())
                places.append((name, what, placed.port, ending.enter_context(_running(serve, placed, make))))
        with contextlib.suppress(programs.ProgramMissing):
            port = free_port()
            places.append((NGINX, "ours", port, ending.enter_context(_nginx(Path(files), port))))
        _print(_measured(places, options.rounds))
        del folder


def _measured(places: list[tuple[str, str, int, int]], rounds: int) -> dict[tuple[str, str], list[float]]:
    cases = [
        (name, label, port, pid, _request(path, etag), b"304" if etag else b"200")
        for name, what, port, pid in places
        for label, path, etag in (
            [("Flask hello", "/", "")]
            if what == "Flask hello"
            else [
                ("banner.js 200", BANNER, ""),
                ("banner.js 304", BANNER, _etag(port, BANNER)),
                ("config 200", CONFIG, ""),
                ("config 304", CONFIG, _etag(port, CONFIG)),
            ]
        )
    ]
    for _, _, port, _, request, status in cases:
        _asked(port, request, status, SECONDS / 2)
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, label, port, pid, request, status in cases:
            before = _used(pid)
            answered = _asked(port, request, status, SECONDS)
            found.setdefault((name, label), []).append((_used(pid) - before) / answered * 1e6)
    return found


def _print(found: dict[tuple[str, str], list[float]]) -> None:
    print(f"processor µs of the server for each answer; goal: at most {GOAL} of the same server's Flask hello")
    for (name, label), times in found.items():
        median = statistics.median(times)
        hello = statistics.median(found.get((name, "Flask hello"), [float("nan")]))
        print(f"{name:22} {label:14} {median:7.1f}  ({min(times):.1f} to {max(times):.1f})")
        if label != "Flask hello" and hello == hello:
            say(f"{name}, {label} / its Flask hello", median / hello, at_most=GOAL if name == OURS else None)
    for label in ("banner.js 200", "banner.js 304", "config 200", "config 304"):
        limit = found.get((NGINX, label))
        if limit:
            say(f"{label} / nginx with the file", statistics.median(found[OURS, label]) / statistics.median(limit))


if __name__ == "__main__":
    main()
