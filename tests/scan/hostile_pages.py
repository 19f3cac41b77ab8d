"""Pages that want to keep a scanner, exhaust it, or have it read what is not theirs. Adding one is one entry.

Each says which words the finding must have; a page that merely wastes time may do so within the bounds, without any.
"""

from __future__ import annotations

import contextlib
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Respond = Callable[[BaseHTTPRequestHandler], None]

MB = 2**20
PATIENCE_S = 120
"""How long a server that answers nothing waits for the browser to go."""


@dataclass(frozen=True)
class Hostile:
    """A hostile site: what it answers, what a scan must say of it, and the bounds that it is scanned within."""

    respond: Respond
    said: str = ""
    bounds: Mapping[str, Any] = field(default_factory=dict)


def send(to: BaseHTTPRequestHandler, body: str | bytes, status: int = 200, **headers: str) -> None:
    """Send one whole answer."""
    raw = body.encode() if isinstance(body, str) else body
    to.send_response(status)
    for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
        to.send_header(name.replace("_", "-"), value)
    to.send_header("Content-Length", str(len(raw)))
    to.end_headers()
    to.wfile.write(raw)


def page(body: str, **headers: str) -> Respond:
    """Return a site that is the same page at every path but ``/robots.txt`` and ``/sitemap.xml``."""

    def respond(to: BaseHTTPRequestHandler) -> None:
        if to.path in {"/robots.txt", "/sitemap.xml"}:
            send(to, "", 404)
        else:
            send(to, f"<!doctype html><title>Hostile</title><body>{body}", 200, **headers)

    return respond


def script(text: str) -> Respond:
    """Return a site whose page runs this."""
    return page(f"<script>{text}</script>")


def _redirects(to: BaseHTTPRequestHandler) -> None:
    send(to, "", 302, Location=f"/{time.monotonic_ns()}")


def _refreshes(to: BaseHTTPRequestHandler) -> None:
    send(to, f"<meta http-equiv=refresh content='0;url=/{time.monotonic_ns()}'><p>…")


def _goes_on(to: BaseHTTPRequestHandler) -> None:
    send(to, f"<script>location.href = '/{time.monotonic_ns()}'</script><p>…")


def _without_end(to: BaseHTTPRequestHandler) -> None:
    to.send_response(200)
    to.send_header("Content-Type", "text/html")
    to.end_headers()
    piece = b"<p>more of it</p>" * 4_096
    for _ in range(1_024 * MB // len(piece)):
        to.wfile.write(piece)


def drips(to: BaseHTTPRequestHandler) -> None:
    to.send_response(200)
    to.send_header("Content-Type", "text/html")
    to.end_headers()
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        to.wfile.write(b"<!-- -->")
        to.wfile.flush()
        time.sleep(0.5)


def says_nothing(to: BaseHTTPRequestHandler) -> None:
    to.connection.settimeout(PATIENCE_S)
    to.connection.recv(1)


def packed(piece: bytes, times: int) -> bytes:
    """Return gzip of something repeated, without having it in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(piece) for _ in range(times)]) + packer.flush()


BOMB = packed(b"<p>more of it</p>" * 65_536, 900)
"""One gigabyte in about one megabyte."""


def _bomb(to: BaseHTTPRequestHandler) -> None:
    send(to, BOMB, Content_Encoding="gzip")


def _download(to: BaseHTTPRequestHandler) -> None:
    if to.path == "/file":
        to.send_response(200)
        to.send_header("Content-Type", "application/octet-stream")
        to.send_header("Content-Disposition", "attachment; filename=file")
        to.end_headers()
        for _ in range(2_048):
            to.wfile.write(b"\0" * MB)
    else:
        page("<script>setInterval(() => { location.href = '/file'; }, 50)</script>")(to)


def _protected(to: BaseHTTPRequestHandler) -> None:
    if to.path in {"/robots.txt", "/sitemap.xml"}:
        send(to, "", 404)
    else:
        send(to, "<p>Who are you?", 401, WWW_Authenticate='Basic realm="Say your name"')


def _serves_itself(to: BaseHTTPRequestHandler) -> None:
    if to.path == "/worker.js":
        send(
            to,
            "oninstall = () => skipWaiting(); onactivate = () => clients.claim();"
            "onfetch = (event) => event.respondWith(new Promise(() => {}));",
            Content_Type="text/javascript",
        )
    else:
        page(
            "<a href=/two>Two</a><script>navigator.serviceWorker.register('/worker.js');"
            "navigator.serviceWorker.oncontrollerchange = () => { for (;;) fetch('/x' + Math.random()); }</script>"
        )(to)


ENDED = "/: "
"""What stands between a page's address and what it was ended for."""

LONG = {"page_seconds": 60}
"""For what is to be ended by another bound than time, however busy the machine is."""

HOSTILE: dict[str, Hostile] = {
    "redirects": Hostile(_redirects, "TOO_MANY_REDIRECTS"),
    "refreshes": Hostile(_refreshes),
    "goes-on-and-on": Hostile(_goes_on),
    "scrolls": Hostile(
        script(
            "const more = () => document.body.append(...Array.from({ length: 2000 }, () => { const p ="
            " document.createElement('p'); p.textContent = 'more'; return p; })); more();"
            " addEventListener('scroll', more)"
        )
    ),
    "cookies": Hostile(
        script("for (let i = 0; i < 10000; i++) document.cookie = `c${i}=${i}; max-age=9000; path=/p${i % 100}`"),
        bounds=LONG,
    ),
    "keys": Hostile(script("for (let i = 0; i < 10000; i++) localStorage.setItem('key' + i, i)"), "keys", LONG),
    "gigabyte": Hostile(_without_end, "MB", {**LONG, "most_bytes": 50 * MB, "most_memory": 4_096 * MB}),
    "bomb": Hostile(_bomb, ENDED),
    "fetched-bomb": Hostile(
        lambda to: (
            _bomb(to)
            if to.path == "/bomb"
            else script(
                "(async () => { for (;;) { const all = []; for (let i = 0; i < 10; i++)"
                " all.push(await (await fetch('/bomb')).arrayBuffer()); } })()"
            )(to)
        ),
        "MB of memory",
        LONG,
    ),
    "alerts": Hostile(script("for (;;) { alert('Hello'); confirm('Sure?'); prompt('Why?'); }"), "not done"),
    "stays": Hostile(script("onbeforeunload = (event) => { event.preventDefault(); event.returnValue = 'Stay'; }")),
    "prints": Hostile(script("onload = () => setInterval(() => print(), 1)")),
    "windows": Hostile(script("setInterval(() => { for (let i = 0; i < 20; i++) open('/', '_blank'); }, 10)")),
    "windows-on-click": Hostile(
        page(
            "<button>Tout accepter</button> <button>Tout refuser</button><script>"
            "onclick = () => { for (let i = 0; i < 100; i++) open('/w', '_blank', 'noopener'); }</script>"
        )
    ),
    "download": Hostile(_download),
    "endless-loop": Hostile(script("for (;;);"), ENDED),
    "endless-loop-later": Hostile(script("setTimeout(() => { for (;;); }, 300)"), "not done", {"page_seconds": 1}),
    "memory": Hostile(
        script("const all = []; setInterval(() => all.push(new Uint8Array(100 * 2**20).fill(1)), 50)"),
        "MB of memory",
        LONG,
    ),
    "heap": Hostile(
        script("let all = []; setInterval(() => { for (let i = 0; i < 1e6; i++) all.push({ i }); }, 10)"), ENDED, LONG
    ),
    "says-nothing": Hostile(says_nothing, ENDED),
    "drips": Hostile(drips, ENDED),
    "workers": Hostile(
        script(
            "const source = URL.createObjectURL(new Blob(['for (;;);']));"
            "setInterval(() => { for (let i = 0; i < 50; i++) new Worker(source); }, 10)"
        ),
        ENDED,
    ),
    "history": Hostile(
        script("setInterval(() => { for (let i = 0; i < 1e4; i++) history.pushState(i, '', '/' + i) }, 1)")
    ),
    "console": Hostile(script("setInterval(() => { for (let i = 0; i < 1e4; i++) console.log('x'.repeat(1e4)) }, 1)")),
    "requests": Hostile(
        script("setInterval(() => { for (let i = 0; i < 1000; i++) new Image().src = '/i' + Math.random() }, 1)")
    ),
    "elements": Hostile(script("for (let i = 0; i < 3e6; i++) document.body.append(document.createElement('p'))"), ""),
    "deep": Hostile(page("<div>" * 200_000)),
    "frames": Hostile(
        script(
            "setInterval(() => { const frame = document.createElement('iframe'); frame.src = '/' + Math.random();"
            " document.body.append(frame); }, 1)"
        )
    ),
    "protected": Hostile(_protected, "AUTH_CREDENTIALS"),
    "serves-itself": Hostile(_serves_itself, ""),
    "liar": Hostile(
        script(
            "Array.prototype.map = Array.prototype.slice = () => 'x'.repeat(5e8);"
            "Object.defineProperty(document, 'links', { get() { for (;;); } })"
        ),
        ENDED,
    ),
    "files": Hostile(
        page(
            "<a href='file:///etc/passwd'>a</a><iframe src='file:///etc/passwd'></iframe><img src='file:///etc/passwd'>"
            "<script>open('file:///etc/passwd'); fetch('file:///etc/passwd').catch(() => 0);"
            "setTimeout(() => { location.href = 'file:///etc/passwd'; }, 200)</script>"
        )
    ),
    "to-a-file": Hostile(lambda to: send(to, "", 302, Location="file:///etc/passwd"), "ERR_"),
}

SOME = ("endless-loop-later", "memory")
"""What stands for the others in every run of the tests; the rest are tried with ``CONSENT_TEST_SITES=all``."""


class HostileServer:
    """Serves one hostile site on a port of the loopback interface; every ``*.localhost`` name leads to it."""

    def __init__(self, respond: Respond) -> None:
        self.asked: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond, self.asked))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> HostileServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(respond: Respond, asked: list[tuple[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            with contextlib.suppress(OSError):  # the browser has gone
                respond(self)

        def log_message(self, *_said: object) -> None: ...

    return Handler
