"""A scanning browser's way out leads to public addresses only, whatever a page asks for, and not without end."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from consent_server.browser.egress import egress, is_public

LONG = b"x" * 500_000


class _Inside(BaseHTTPRequestHandler):
    """A server that only this machine reaches."""

    reached: list[str] = []  # of the class: every request makes a handler

    def do_GET(self) -> None:
        self.reached.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(LONG if self.path == "/long" else b"secret")

    def log_message(self, *_given: object) -> None:
        pass


@pytest.fixture
def inside() -> Iterator[int]:
    _Inside.reached.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Inside) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _ask(port: int, target: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "site.localhost", "0.0.0.0", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"],
)
def test_nothing_of_this_machine_is_reached(inside: int, host: str) -> None:
    with egress(10**6, {}) as way:
        try:
            status, _body = _ask(way.port, f"http://{host}:{inside}/")
        except (http.client.HTTPException, OSError):
            status = 0
    assert status != 200
    assert _Inside.reached == []


def test_a_network_of_ones_own_is_not_reached() -> None:
    with egress(10**6, {}) as way:
        assert [_ask(way.port, f"http://{host}/")[0] for host in ("10.0.0.1", "192.168.1.1", "169.254.169.254")] == [
            403
        ] * 3
        assert way.refused == {"10.0.0.1", "192.168.1.1", "169.254.169.254"}


@pytest.mark.parametrize(
    "address",
    """0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 168.63.129.16 169.254.169.254 172.16.0.1 192.168.0.1 224.0.0.1
    255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1
    2002:7f00:1:: 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1""".split(),
)
def test_an_address_that_leads_to_this_machine_or_its_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_name_is_judged_by_all_its_addresses_each_time(inside: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [["8.8.8.8", "127.0.0.1"], ["127.0.0.1"], ["::ffff:127.0.0.1"]]

    async def resolve(_loop: object, _host: str, port: int, **_how: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (each, port)) for each in given.pop(0)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    with egress(10**6, {}) as way:
        assert [_ask(way.port, f"http://rebinding.example:{inside}/")[0] for _ in range(3)] == [403] * 3
    assert _Inside.reached == []


def test_the_makers_of_the_browser_do_not_hear_of_a_scan() -> None:
    with egress(10**6, {}) as way, pytest.raises((http.client.HTTPException, OSError)):
        _ask(way.port, "http://clients2.google.com/time/1/current")
    assert way.refused == set()


def test_who_may_look_inside_does_and_a_host_can_be_looked_for_elsewhere(inside: int) -> None:
    with egress(10**6, {"www.shop.example": f"127.0.0.1:{inside}"}, private=True) as way:
        assert _ask(way.port, f"http://site.localhost:{inside}/") == (200, b"secret")
        assert _ask(way.port, "http://www.shop.example/") == (200, b"secret")


def test_what_a_host_is_really_called_is_known(inside: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def called(_host: str, port: int, *_given: object, **_more: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "Shop.Tracker.example.", ("127.0.0.1", port))]

    with egress(
        10**6, {"cdn.shop.example": "edge.example", "edge.example": f"127.0.0.1:{inside}"}, private=True
    ) as way:
        assert _ask(way.port, "http://cdn.shop.example/") == (200, b"secret")
        monkeypatch.setattr(socket, "getaddrinfo", called)
        assert _ask(way.port, f"http://metrics.shop.example:{inside}/") == (200, b"secret")
        assert way.names == {"cdn.shop.example": "edge.example", "metrics.shop.example": "shop.tracker.example"}


def test_what_comes_in_is_bounded(inside: int) -> None:
    with egress(100_000, {}, private=True) as way:
        _status, body = _ask(way.port, f"http://site.localhost:{inside}/long")
        assert len(body) < len(LONG)
        assert way.exhausted
        assert _ask(way.port, f"http://site.localhost:{inside}/")[0] == 403
