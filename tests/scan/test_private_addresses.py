"""A page has a scanning browser ask for this machine in every way there is, and this machine hears of none."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from consent_server.browser import visits
from consent_server.browser.crawl import Plan
from consent_server.browser.egress import Egress, egress
from consent_server.browser.guard import Guard
from tests.scan.hostile_pages import MB, HostileServer, send
from tests.threads import in_a_thread

pytestmark = pytest.mark.browser

PUBLIC = "site.test"
"""A name that stands for a public one."""

HOSTS = ("127.0.0.1", "localhost", "any.localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "[::ffff:127.0.0.1]")

_PAGE = """<!doctype html><title>Site</title>
<link rel=dns-prefetch href="//prefetched.test/"><link rel=preconnect href="http://INSIDE/">
<link rel=stylesheet href=/to-inside>
<meta http-equiv=refresh content="3;url=http://INSIDE/refreshed">
<iframe src="http://INSIDE/frame"></iframe><iframe src="file:///etc/passwd"></iframe><img src="file:///etc/passwd">
<a href="file:///etc/passwd">a</a><a href="http://INSIDE/link">b</a><a href="http://name:word@site.test/">c</a>
<script>
const hosts = HOSTS, file = 'file:///etc/passwd';
const quietly = (deed) => { try { const made = deed(); made && made.catch && made.catch(() => 0); } catch {} };
for (const host of hosts) {
  const at = host + ':TCP';
  quietly(() => { new Image().src = `http://${at}/image`; });
  quietly(() => fetch(`http://${at}/fetch`, { mode: 'no-cors', credentials: 'include' }));
  quietly(() => navigator.sendBeacon(`http://${at}/beacon`, 'x'));
  quietly(() => { new WebSocket(`ws://${at}/socket`); });
  quietly(() => { new EventSource(`http://${at}/events`); });
  quietly(() => { const video = document.createElement('video'); video.src = `http://${at}/video`; video.load(); });
}
quietly(() => { new WebTransport('https://127.0.0.1:UDP/'); });
quietly(() => {
  const connection = new RTCPeerConnection({ iceServers: [
    { urls: ['stun:127.0.0.1:UDP', 'stun:127.0.0.1:TCP?transport=tcp'] },
    { urls: ['turn:127.0.0.1:UDP', 'turn:127.0.0.1:TCP?transport=tcp'], username: 'n', credential: 'w' } ] });
  connection.createDataChannel('x');
  return connection.createOffer().then((offer) => connection.setLocalDescription(offer));
});
quietly(() => fetch('/to-inside', { mode: 'no-cors' }));
quietly(() => fetch(file));
quietly(() => open(file));
quietly(() => open('http://INSIDE/window'));
quietly(() => { new Worker(URL.createObjectURL(new Blob([`importScripts('http://INSIDE/worker')`]))); });
quietly(() => navigator.serviceWorker.register('/to-inside'));
quietly(() => { const form = document.createElement('form'); form.action = 'http://INSIDE/form'; form.method = 'post';
  form.target = 'f'; const frame = document.createElement('iframe'); frame.name = 'f';
  document.body.append(frame, form); form.submit(); });
</script>"""


@pytest.fixture
def inside() -> Iterator[tuple[int, int, list[str]]]:
    """Listen on this machine; say where, for TCP and UDP, and what was heard."""
    heard: list[str] = []
    with socket.create_server(("", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("", 0))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with tcp.accept()[0] as connection:
                        connection.settimeout(2)
                        heard.append(f"tcp {connection.recv(100)!r}")

        def receive() -> None:
            with contextlib.suppress(OSError):
                while True:
                    heard.append(f"udp {udp.recv(100)!r}")

        threads = [threading.Thread(target=each, daemon=True) for each in (accept, receive)]
        for each in threads:
            each.start()
        yield tcp.getsockname()[1], udp.getsockname()[1], heard
        for each in (tcp, udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@in_a_thread
def test_this_machine_hears_nothing_of_a_page_that_asks_for_it_in_every_way(
    inside: tuple[int, int, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tcp, udp, heard = inside
    text = _PAGE.replace("HOSTS", repr(list(HOSTS))).replace("INSIDE", f"127.0.0.1:{tcp}")
    text = text.replace("TCP", str(tcp)).replace("UDP", str(udp))

    def respond(to: BaseHTTPRequestHandler) -> None:
        if to.path in {"/to-inside", "/robots.txt", "/sitemap.xml"}:
            send(to, "", 302, Location=f"http://127.0.0.1:{tcp}{to.path}")
        else:
            send(to, text)

    judged = Egress._addresses

    async def addresses(way: Egress, host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == PUBLIC else await judged(way, host, port)

    monkeypatch.setattr(Egress, "_addresses", addresses)
    log = tmp_path / "net.json"
    monkeypatch.setattr(visits, "ARGUMENTS", (*visits.ARGUMENTS, f"--log-net-log={log}"))
    with HostileServer(respond) as server, egress(10 * MB, {}) as way:
        plan = Plan(f"http://{PUBLIC}:{server.port}/", pages=3, banner_ms=500, settle_ms=3_000)
        visitor = visits.Visitor(plan, way, Guard(plan.most_memory, time.monotonic() + plan.seconds))
        with contextlib.closing(visitor.passes()) as passes:
            seen = next(passes)
        asked = [path for path, _ in server.asked]

    assert seen.pages == (f"http://{PUBLIC}:{server.port}/",)
    assert "/to-inside" in asked
    assert {"127.0.0.1", "localhost", "0.0.0.0", "::1"} <= way.refused
    assert {each.kind for each in seen.requests} >= {"websocket", "image", "fetch"}
    assert any("127.0.0.1" in each for each in seen.limits)
    assert "root:" not in str(seen)
    assert heard == []
    looked_for = {urlsplit(each).hostname for each in re.findall(r'"host":"([a-z]+://[^"]*)"', log.read_text())}
    assert looked_for <= {"~notfound", "127.0.0.1"}  # names are for the way out, which stands at the latter
