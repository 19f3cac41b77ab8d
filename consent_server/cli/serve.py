"""``consent-server run|web|worker|init|healthcheck``: starting processes."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import multiprocessing
import os
import signal
import socket
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click
import flask_migrate
from flask import Flask
from flask.cli import ScriptInfo
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketSpec
from granian.server.mp import MPServer

from consent_server.cli.gateway import Gateway
from consent_server.cli.worker_door import open_door, parse_place
from consent_server.config import Settings, read_settings
from consent_server.domain.errors import Invalid, Unavailable
from consent_server.services import clock, managing_people
from consent_server.services.demonstrating import load_demo
from consent_server.services.journaling import set_up_logs
from consent_server.services.keyring import make_missing_keys, read_keyring, secret_key
from consent_server.services.linking import read_linker
from consent_server.services.measuring import exposition, shared_figures
from consent_server.services.restoring import replay_removals
from consent_server.storage.database import db, forget_old_pages, has_wal_reset_bug

log = logging.getLogger(__name__)

HEADER_S = 20
"""Seconds within which a request's headers have to have come, and for which an idle connection is kept."""

GRACEFUL_S = 15
"""Seconds that a worker has to answer what was asked; longer than the body of a choice may take to come."""

LONGEST_HEADERS = 32 * 1024
"""Bytes, request line included; more is answered by granian itself (431), and not as we answer."""

CONNECTIONS = 1000
"""How many each process holds open; more wait to be accepted."""

BACKGROUND = ("sequencer", "months", "purger", "anchorer", "counter", "surveyor", "warner")
"""What is done again and again, in the order in which it starts."""

IN_FRONT = ("follower",)
"""What each web process does."""

ON_DEMAND = ("limiter", "noticing", "recorder", "sweeper")
"""What starts when it is first needed."""


class AlreadyRunning(Unavailable):
    """Another process serves this instance folder, or listens on this port."""


class Server(MPServer):
    """Granian with the application made in its worker, where threads and connections may be opened."""

    def __init__(self, make: Callable[[], Flask], settings: Settings, workers: int, *, sequence: bool) -> None:
        self._make = make
        self._settings = settings
        self._deeds = BACKGROUND if sequence else ()
        self._stopping = multiprocessing.RawValue("b", 0)  # which all workers see
        self._first = os.getpid()
        multiprocessing.set_start_method("fork", force=True)  # a worker is made from what was read here
        super().__init__(
            "consent-server",
            settings.host,
            settings.port,
            interface=Interfaces.RSGI,
            workers=workers,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_S * 1000, max_buffer_size=LONGEST_HEADERS),
            loop=Loops.asyncio,
            websockets=False,
            backpressure=CONNECTIONS,
            log_level=LogLevels.error,
            respawn_failed_workers=True,
            workers_kill_timeout=GRACEFUL_S,
        )

    def run(self) -> None:
        """Serve until told to stop."""
        self.serve(target_loader=self._gateway, wrap_loader=False)  # type: ignore[arg-type]  # an RSGI application is no function

    def signal_handler_interrupt(self, *_signal: Any) -> None:
        """Say for a while that this server is not ready, so that nobody sends it more; told again, stop at once."""
        stop: Callable[[], None] = super().signal_handler_interrupt
        again, self._stopping.value = self._stopping.value, 1
        if again or not self._settings.drain:
            stop()
        else:
            later = threading.Timer(self._settings.drain, stop)
            later.daemon = True
            later.start()

    def _init_shared_socket(self) -> None:
        """Open one socket for all workers.

        Granian's own way is one for each, among which the kernel deals out connections: those that it dealt to a worker
        which ends before it accepts them are lost.
        """
        opened: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd, self._sfd, self._sso = opened, opened.get_fd(), socket.socket(fileno=opened.get_fd())

    def _respawn_workers(self, workers: list[int], *how: Any, **more: Any) -> None:
        """Replace workers that ended, as often as they do; but not more than once a second."""
        if any(time.monotonic() - self.wrks[index].birth < 1 for index in workers):
            time.sleep(1)
        super()._respawn_workers(workers, *how, **more)
        self.respawned_wrks.clear()

    def _gateway(self) -> Gateway:
        app = self._make()
        app.extensions["readiness"].stopping = lambda: bool(self._stopping.value)

        def started() -> None:
            for deed in (*IN_FRONT, *self._deeds):
                app.extensions[deed].start()

        def stopping() -> None:
            for deed in (*IN_FRONT, *BACKGROUND, *ON_DEMAND):
                app.extensions[deed].stop()

        by_host = app.extensions["settings"].demo
        hot = _nothing if by_host else app.extensions["hot_reads"].counted
        take = _nothing if by_host else app.extensions["hot_posts"].take
        return Gateway(app, hot, self._settings.threads, started, stopping, take, self._first)


@click.command()
@click.option("--demo", is_flag=True, help="Also load the five demo sites and serve them with stand-in vendors.")
@click.option("--show-config", is_flag=True, help="Print every setting with its meaning, secrets masked, and stop.")
@click.pass_obj
def run(info: ScriptInfo, demo: bool, show_config: bool) -> None:
    """Run everything on one machine: web, sequencer, jobs."""
    _run(info, demo, show_config)


@click.command()
@click.pass_obj
def demo(info: ScriptInfo) -> None:
    """Run everything, with the five demo sites and their stand-in vendors: the same as run --demo."""
    _run(info, demo=True)


def _run(info: ScriptInfo, demo: bool, show_config: bool = False) -> None:
    settings = read_settings()
    if show_config:
        _show(settings)
        return
    for path in make_missing_keys(settings):
        click.echo(f"made {path}", err=True)
    lock = only_one(settings)
    _require_free_port(settings)
    _set_up_logs(settings)
    if demo:
        os.environ["CONSENT_DEMO"] = "1"
    app = info.load_app()
    with app.app_context():
        flask_migrate.upgrade()
        _forget_again(app)
        if demo:
            for line in load_demo(db.session(), settings, clock.now()):
                click.echo(line)
        else:
            click.echo(f"Consent Server at {settings.public_url}")
        first = managing_people.make_first_link(db.session(), read_linker(settings), clock.now())
        click.echo(f"First owner      {first}" if first else f"Admin            {settings.public_url}/admin/")
        db.engine.dispose()
    _serve(info, settings, workers=2, sequence=True)
    lock.close()


@click.command()
@click.option("--workers", default=2, show_default=True, help="Processes; one with SQLite.")
@click.pass_obj
def web(info: ScriptInfo, workers: int) -> None:
    """Serve web requests only; needs SECRET_KEY and PROMISE_KEY or LOG_KEY."""
    settings = read_settings()
    _require_keys(settings)
    lock = only_one(settings) if settings.sqlite else None
    _require_free_port(settings)
    _set_up_logs(settings)
    _forget_again(info.load_app())
    _serve(info, settings, workers, sequence=False)
    if lock:
        lock.close()


def _serve(info: ScriptInfo, settings: Settings, workers: int, *, sequence: bool) -> None:
    """Serve until told to stop; with SQLite in one process, else in several that add up their figures."""
    workers = 1 if settings.sqlite else workers
    if settings.sqlite and has_wal_reset_bug():
        log.warning("SQLite %s has a rare fault that may damage the database: 3.51.3 has not", sqlite3.sqlite_version)
    with shared_figures() if workers > 1 else contextlib.nullcontext():
        Server(_maker(info), settings, workers, sequence=sequence).run()


def _set_up_logs(settings: Settings) -> None:
    set_up_logs(settings.log_format, requests=settings.log_requests)


@click.command()
@click.pass_obj
def worker(info: ScriptInfo) -> None:
    """Run the sequencer and jobs only; needs LOG_KEY."""
    settings = read_settings()
    if read_keyring(settings).master is None:
        raise Invalid.because("The worker signs checkpoints: give it LOG_KEY or LOG_KEY_FILE.", "LOG_KEY")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _set_up_logs(settings)
    app = info.load_app()
    _forget_again(app)
    for deed in BACKGROUND:
        app.extensions[deed].start()
    open_door(settings.worker_metrics, lambda: exposition(app.extensions["overview"]), lambda: _trouble(app))
    stop.wait()
    for deed in ("surveyor", "warner", "anchorer", "counter", "months", "purger", "sequencer", "sweeper"):
        app.extensions[deed].stop()


@click.command()
@click.pass_obj
def init(info: ScriptInfo) -> None:
    """Make what is missing: secrets of an embedded installation, and the database's tables."""
    for path in make_missing_keys(read_settings()):
        click.echo(f"made {path}", err=True)
    with info.load_app().app_context():
        flask_migrate.upgrade()
    click.echo("ready")


def _trouble(app: Flask) -> str | None:
    """Return why a worker is not doing its work, None when it is."""
    if not app.extensions["sequencer"].is_at_work():
        return "The sequencer has stood still for too long."
    with app.extensions["sessions"]() as session:
        trouble: str | None = app.extensions["readiness"].trouble_with_database(session)
        return trouble


@click.command()
@click.option("--worker", is_flag=True, help="Ask the worker of this machine whether it does its work.")
def healthcheck(worker: bool) -> None:
    """Ask the running server whether it could record a choice; exit 3 when not."""
    settings = read_settings()
    host, port = parse_place(settings.worker_metrics) if worker else (settings.host, settings.port)
    name = f"[{host}]" if ":" in host else host
    with urllib.request.urlopen(f"http://{name}:{port}/readyz", timeout=5) as answer:  # our own
        click.echo(answer.read().decode().strip())


def _forget_again(app: Flask) -> None:
    """Delete what a restored backup brought back, before anybody is answered."""
    with app.app_context():
        settings: Settings = app.extensions["settings"]
        if count := replay_removals(app.extensions["sessions"], settings.high_water_mark):
            click.echo(f"{count} records had come back with a restored database, and were deleted again", err=True)
            forget_old_pages(db.engine)
        db.engine.dispose()


def _nothing(*_asked: object) -> None:
    """Know no answer."""


def _maker(info: ScriptInfo) -> Callable[[], Flask]:
    create = info.create_app
    if create is None:
        raise AssertionError("the command line was started without an application factory")

    def make() -> Flask:
        _set_up_logs(read_settings())  # again in each process that the server starts
        return create(info)

    return make


def _show(settings: Settings) -> None:
    for variable, value, meaning in settings.shown():
        click.echo(f"{variable}={value}\n    {meaning}")


def _require_keys(settings: Settings) -> None:
    if not secret_key(settings):
        raise Invalid.because("Set SECRET_KEY: production does not make one up.", "SECRET_KEY")
    if read_keyring(settings).promise is None:
        raise Invalid.because(
            "Set PROMISE_KEY, LOG_KEY or LOG_KEY_FILE: without one no choice can be promised.", "LOG_KEY"
        )


def only_one(settings: Settings) -> IO[str]:
    """Hold the instance folder's lock: two processes writing one SQLite file starve each other (ledger section 7)."""
    path = Path(settings.instance) / "lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise AlreadyRunning(f"Another process serves {settings.instance} already.") from None
    return lock


def _require_free_port(settings: Settings) -> None:
    """Say at once that the port is taken, in a sentence, instead of trying for seconds."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            why = error.strerror or "it cannot be opened"
            raise AlreadyRunning(f"{settings.host}:{settings.port}: {why}. Set PORT to another one.") from None


SERVING = (run, demo, web, worker, init, healthcheck)
