"""Where a worker tells how it is doing: ``/metrics`` and ``/readyz`` on a port of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from consent_server.domain.errors import Invalid

log = logging.getLogger(__name__)

SLOWEST_S = 5.0
"""How long a request may take to be read."""


def parse_place(text: str) -> tuple[str, int]:
    """Return host and port; a port alone is one of this machine. Raises ``Invalid``."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise Invalid.because("Give host:port, or a port alone.", "CONSENT_WORKER_METRICS")
    return host.strip("[]") or "127.0.0.1", int(port)


class Door(ThreadingHTTPServer):
    """The server of one worker; ``trouble`` says why it is not ready, ``figures`` gives what Prometheus reads."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], figures: Callable[[], bytes], trouble: Callable[[], str | None]) -> None:
        super().__init__(place, _Visit)
        self.figures = figures
        self.trouble = trouble


class _Visit(BaseHTTPRequestHandler):
    server: Door
    timeout = SLOWEST_S
    server_version = "consent-server"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, self.server.figures())
        elif path == "/readyz":
            trouble = self.server.trouble()
            self._answer(503 if trouble else 200, "text/plain; charset=utf-8", f"{trouble or 'ready'}\n".encode())
        else:
            self._answer(404, "text/plain; charset=utf-8", b"There is /metrics, and /readyz.\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_told: Any) -> None:
        """Write nothing down: the base class would tell the address of who asks."""


def open_door(place: str, figures: Callable[[], bytes], trouble: Callable[[], str | None]) -> Door | None:
    """Answer at ``host:port`` in a thread; with a word in the log, and no door, when somebody else is there already."""
    if not place:
        return None
    try:
        door = Door(parse_place(place), figures, trouble)
    except OSError as error:
        log.warning(
            "no figures at %s: %s; give each worker of a machine its own CONSENT_WORKER_METRICS", place, error.strerror
        )
        return None
    threading.Thread(target=door.serve_forever, name="worker-door", daemon=True).start()
    return door
