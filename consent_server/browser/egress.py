"""The one way out of a scanning browser: a proxy on the loopback interface that connects to public addresses only.

A browser resolves names by itself, and a hostile page may point one at this machine or at its network, at once or the
second time it is asked. Here a name is resolved once per connection, every address of it is checked, and it is the
checked address that is connected to. Bytes are counted, both ways: a page cannot send without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ".localhost"
PATIENCE_S = 15.0
LONGEST_DETOUR = 4
MOST_NAMES = 1_000
CHUNK = 64 * 1024
LONGEST_HEAD = 64 * 1024
MOST_ADDRESSES = 4
MOST_REFUSED = 100

_EMBEDDED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: who has IPv6 alone reaches IPv4 addresses through these
_6TO4 = ipaddress.ip_network("2002::/16")
_GLOBAL = ipaddress.ip_network("2000::/3")
_OF_A_CLOUD = {ipaddress.ip_address("168.63.129.16")}
"""Public by its number, and yet what answers there is the machine's own host, which has its secrets."""


_OF_THE_BROWSER = frozenset(
    "clients2.google.com clients4.google.com optimizationguide-pa.googleapis.com "
    "safebrowsing.googleapis.com update.googleapis.com".split()
)
"""What Chromium asks for by itself, whatever it is told; no page needs these, nor its makers to know who scans."""


def is_public(text: str) -> bool:
    """Whether an address is one of the Internet's, not of this machine, its network or its cloud."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in _EMBEDDED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return address in _GLOBAL and address not in _6TO4 and address.is_global
        address = inner
    return address.is_global and not address.is_multicast and address not in _OF_A_CLOUD


class Egress:
    """A proxy while it runs: ``refused`` are hosts that were not connected to, ``used`` the bytes passed on.

    ``names`` are hosts that are only another name for one: what the domain name system calls its canonical name.
    """

    def __init__(self, most_bytes: int, resolve: Mapping[str, str], *, private: bool = False) -> None:
        self.most_bytes = most_bytes
        self._resolve = resolve
        self.private = private
        self.used = 0
        self.refused: set[str] = set()
        self.names: dict[str, str] = {}
        self.port = 0
        self.loop: asyncio.AbstractEventLoop

    @property
    def exhausted(self) -> bool:
        """Whether everything that may be passed on has been."""
        return self.used >= self.most_bytes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of the browser."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            host, port = _host_and_port(method, target)
            if host in _OF_THE_BROWSER:
                return
            there = await self._connect(host, port)
            if there is None:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await self._carry(method, head, reader, writer, *there)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser sees a connection that ends
        finally:
            writer.close()

    async def ask(self, address: str, head: bytes, most: int) -> bytes | None:
        """Return what a web server answers to a request of ours, cut at ``most``; None where nobody may ask.

        Raises ``OSError`` when it does not answer.
        """
        parts = urlsplit(address)
        secure = ssl.create_default_context() if parts.scheme == "https" else None
        there = await self._connect(parts.hostname or "", parts.port or (443 if secure else 80), secure)
        if there is None:
            return None
        source, out = there
        try:
            out.write(head)
            answer = bytearray()
            while len(answer) < most and not self.exhausted and (data := await source.read(CHUNK)):
                self.used += len(data)
                answer += data
            return bytes(answer[:most])
        finally:
            out.close()

    async def _connect(
        self, host: str, port: int, secure: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        name = host
        for _ in range(LONGEST_DETOUR):
            if host in self._resolve:
                elsewhere = urlsplit(f"//{self._resolve[host]}")
                self._note(name, host)
                host, port = elsewhere.hostname or "", elsewhere.port or port
        addresses = await self._addresses(host, port)
        if not addresses or self.exhausted:
            if len(self.refused) < MOST_REFUSED:
                self.refused.add(host)
            return None
        told: dict[str, Any] = {"ssl": secure, "server_hostname": name} if secure else {}
        for last, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return await asyncio.wait_for(asyncio.open_connection(address, port, **told), PATIENCE_S)
            except (OSError, TimeoutError):
                if not last:
                    raise
        return None

    def _note(self, host: str, called: str) -> None:
        called = called.lower().rstrip(".")
        if called not in {"", host} and len(self.names) < MOST_NAMES:
            self.names[host] = called

    async def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses to connect to, in order; none when one of the name's is not public."""
        if self.private and (host == "localhost" or host.endswith(LOOPBACK)):
            return ["127.0.0.1"]  # as browsers read such names; resolvers do not
        resolving = asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME
        )
        answers = await asyncio.wait_for(resolving, PATIENCE_S)
        self._note(host, next((str(each[3]) for each in answers if each[3]), ""))
        found = dict.fromkeys(str(each[4][0]) for each in answers)
        return list(found)[:MOST_ADDRESSES] if self.private or all(map(is_public, found)) else []

    async def _carry(
        self,
        method: str,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        out: asyncio.StreamWriter,
    ) -> None:
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            out.write(_to_origin(head))
        try:
            await asyncio.gather(self._pump(reader, out), self._pump(there, writer))
        finally:
            out.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                self.used += len(data)
                if self.exhausted:
                    break
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError):
            sink.close()


@contextlib.contextmanager
def egress(most_bytes: int, resolve: Mapping[str, str], *, private: bool = False) -> Iterator[Egress]:
    """Run a proxy in a thread of its own; its ``port`` is on 127.0.0.1."""
    way, started = Egress(most_bytes, resolve, private=private), threading.Event()
    stopping: list[Callable[[], object]] = []

    async def run() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        way.loop = loop
        server = await asyncio.start_server(way.serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        way.port = server.sockets[0].getsockname()[1]
        stopping.append(lambda: loop.call_soon_threadsafe(over.set))
        started.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="egress", daemon=True)
    thread.start()
    started.wait()
    try:
        yield way
    finally:
        stopping[0]()
        thread.join()


def _host_and_port(method: str, target: str) -> tuple[str, int]:
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or (443 if method == "CONNECT" else 80)


def _to_origin(head: bytes) -> bytes:
    """Return a request's head as an origin server takes it, for one request on this connection."""
    line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, version = line.split(b" ", 2)
    parts = urlsplit(target.decode("latin-1"))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [each for each in headers if not each.lower().startswith((b"proxy-connection:", b"connection:"))]
    return b"\r\n".join([b" ".join((method, path.encode("latin-1"), version)), *kept, b"Connection: close", b"", b""])
