"""One server that is every host of the tests, over TLS as real sites are: the page, its trackers, the consent server's
public address. It writes down what it is asked; that log is the verdict.

Addresses are ``https://<host>/<visit>/<vector>/<file>``; on the page's own host a folder stands before them. Hosts
under ``localhost`` need no name server.
"""

from __future__ import annotations

import contextlib
import datetime
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from wsgiref.types import StartResponse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.browser.vectors.site import CONSENT, EXEMPT, SITE, UNKNOWN

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "vtt": "text/vtt",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "woff2": "font/woff2",
    "gif": "image/gif",
}
BODIES = {
    "json": b"{}",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "html": b"<!doctype html><title>t</title>",
    "vtt": b"WEBVTT\n",
    "gif": GIF,
}
FORWARDED = ("Content-Type", "ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin", "Retry-After")


class Asked(NamedTuple):
    """One request: on which visit, who made it (a vector, ``page``, ``own`` …), and for what."""

    visit: str
    owner: str
    file: str


class Visit(Protocol):
    """What the server needs of a visit in order to answer."""

    def page(self, environ: dict[str, Any], start_response: StartResponse) -> bytes: ...

    def file(self, owner: str, name: str) -> str | None:
        """Give the text of a script; None: an empty one."""


class Web:
    """The server, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.consent_server = ""
        self.asked: list[Asked] = []
        self.visits: dict[str, Visit] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.tls.load_cert_chain(_certificate(folder))
        self.port: int = self._server.server_address[1]

    def url(self, host: str) -> str:
        return f"https://{host}:{self.port}"

    def __enter__(self) -> Web:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    tls: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread: a browser opens some that it never uses."""
        request.settimeout(30)
        with contextlib.suppress(OSError), self.tls.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers break connections off when a page is left."""


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [x509.DNSName("localhost"), x509.DNSName("*.localhost")]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / "certificate.pem"
    path.write_bytes(pem)
    return path


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            host = (self.headers.get("Host") or "").partition(":")[0].lower().rstrip(".")
            if host == CONSENT:
                return self._forward(body)
            parts = self.path.partition("?")[0].strip("/").split("/")
            if host in (SITE, EXEMPT, UNKNOWN):
                folder, *parts = parts if host == SITE else [{EXEMPT: "exempt", UNKNOWN: "unknown"}[host], *parts]
            else:
                folder = ""
            if len(parts) != 3:
                return self._send("404 Not Found", [], b"")
            visit, owner, file = parts
            found = web.visits.get(visit)
            if found and folder == "shop":
                web.asked.append(Asked(visit, "page" if owner == "x" else "inner page", file))
                return self._page(found)
            bystander = folder in ("own", "exempt", "unknown")
            web.asked.append(Asked(visit, folder if bystander else owner, f"{folder}/{file}" if bystander else file))
            if file == "events":
                return self._send("204 No Content", [], b"")  # it would be asked for again and again
            kind = file.rpartition(".")[2]
            text = found.file(owner, file) if found and kind == "js" else None
            content = text.encode() if text is not None else BODIES.get(kind, b"")
            return self._send("200 OK", [("Content-Type", TYPES.get(kind, "image/gif"))], content or b"")

        do_GET = do_POST = do_OPTIONS = do_HEAD = _answer  # noqa: N815

        def _page(self, visit: Visit) -> None:
            environ = {
                "wsgi.url_scheme": "https",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": self.path,
                **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()},
            }
            said: list[Any] = []

            def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
                said[:] = [status, headers]
                return lambda _: None

            body = visit.page(environ, start_response)
            self._send(said[0], said[1], body)

        def _forward(self, body: bytes) -> None:
            """Pass on to the consent server, which speaks plain HTTP as behind any proxy."""
            headers = {
                name: value for name, value in self.headers.items() if name in ("Origin", "Content-Type", "Accept")
            }
            request = urllib.request.Request(
                web.consent_server + self.path, data=body or None, headers=headers, method=self.command
            )
            try:
                answer = urllib.request.urlopen(request, timeout=20)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                said = [
                    (name, value)
                    for name, value in answer.headers.items()
                    if name in FORWARDED or name.startswith("Access-Control-")
                ]
                self._send(f"{answer.status} {answer.reason}", said, answer.read())

        def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(int(status[:3]), status[4:])
            names = {name.lower() for name, _ in headers}
            if "cache-control" not in names:
                self.send_header("Cache-Control", "no-store")
            if "access-control-allow-origin" not in names:
                self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin") or "*")
                self.send_header("Access-Control-Allow-Credentials", "true")
                self.send_header("Access-Control-Allow-Headers", "content-type")
            for name, value in headers:
                self.send_header(name, value)
            if status[:3] != "204":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    return Handler
