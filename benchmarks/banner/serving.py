"""The measured page's server, its vendors' stand-ins included: everything from memory, compressed beforehand."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli

VENDOR = b"document.cookie = 'vendor=1; Path=/; Max-Age=600';"


class Shelf(ThreadingHTTPServer):
    """Serves ``files`` by path, and a vendor's script under any other host name."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port: int = self.server_address[1]
        self._files: dict[str, tuple[str, bytes]] = {}

    def add(self, files: Mapping[str, bytes]) -> None:
        """Serve these as well."""
        for path, data in files.items():
            kind = mimetypes.guess_type(path)[0] or "text/html"
            self._files[path] = (f"{kind}; charset=utf-8", brotli.compress(data, quality=11))

    def address(self, page: str) -> str:
        """Return where a page is."""
        return f"http://localhost:{self.port}/{page}"

    def find(self, host: str, path: str) -> tuple[str, bytes] | None:
        """Return type and compressed bytes."""
        if host.partition(":")[0] != "localhost" or path == "/vendor.js":
            return "text/javascript", brotli.compress(VENDOR)
        return self._files.get(path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: Shelf

    def do_GET(self) -> None:
        found = self.server.find(self.headers["Host"], self.path.partition("?")[0])
        self._answer(200 if found else 404, *(found or ("text/plain", brotli.compress(b"nothing here"))))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer(201, "application/json", brotli.compress(b"{}"))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Encoding", "br")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=300")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def serving() -> Iterator[Shelf]:
    """Serve on a free port of this machine."""
    with Shelf() as shelf:
        threading.Thread(target=shelf.serve_forever, daemon=True).start()
        yield shelf
        shelf.shutdown()
