"""A small real web server for test pages: a page that Playwright itself answers for may not reach loopback addresses.

Every ``*.localhost`` name leads to it, so that one server is a site and all of its vendors.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is sent back; nothing may be cached unless its headers say so."""

    body: bytes | str = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    later: Sequence[tuple[Callable[[], object], str]] = ()
    """What follows piece by piece, each once what stands before it has returned."""


def script(text: str, **headers: str) -> Answer:
    """Return a script that every page may read."""
    return Answer(text, "text/javascript; charset=utf-8", headers={"Access-Control-Allow-Origin": "*", **headers})


NOT_FOUND = Answer("", "text/plain", 404)


class PageServer:
    """Answers with what ``respond`` says, and remembers what it was asked for."""

    def __init__(self, respond: Callable[[Asked], Answer]) -> None:
        self.respond = respond
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def host(self, name: str) -> str:
        """Return the origin of this name."""
        return f"http://{name}.localhost:{self.port}"

    def __enter__(self) -> PageServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(pages: PageServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            asked = Asked(self.command, headers.get("host", "").partition(".")[0], self.path, headers, body)
            pages.asked.append(asked)
            with contextlib.suppress(ConnectionError):  # the browser has gone on to another page
                self._send(pages.respond(asked))

        do_POST = do_GET  # noqa: N815  # the names that http.server looks for

        def _send(self, answer: Answer) -> None:
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            headers = {"Content-Type": answer.type, "Cache-Control": "no-store", **answer.headers}
            self.send_response(answer.status)
            length = len(body) + sum(len(piece.encode()) for _, piece in answer.later)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            for wait, piece in answer.later:
                wait()
                self.wfile.write(piece.encode())

        def log_message(self, *_: Any) -> None: ...

    return Handler
