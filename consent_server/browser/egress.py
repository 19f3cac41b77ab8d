"""The one way out of a scanning browser: a proxy on the loopback interface that connects to public addresses only.

A browser resolves names by itself, and a hostile page may point one at this machine or at its network, at once or the
second time it is asked. Here a name is resolved once per connection, every address of it is checked, and it is the
checked address that is connected to. Bytes are counted: a page cannot send without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

LOOPBACK = ".localhost"
PATIENCE_S = 15.0
CHUNK = 64 * 1024
LONGEST_HEAD = 64 * 1024


class Egress:
    """A proxy while it runs: ``refused`` are the hosts that it did not connect to, ``used`` the bytes that came in."""

    def __init__(self, most_bytes: int, resolve: Mapping[str, str], *, private: bool = False) -> None:
        self.most_bytes = most_bytes
        self._resolve = resolve
        self.private = private
        self.used = 0
        self.refused: set[str] = set()
        self.port = 0

    @property
    def exhausted(self) -> bool:
        """Whether everything that may come in has come in."""
        return self.used >= self.most_bytes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection of the browser."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            there = await self._connect(*_host_and_port(method, target))
            if there is None:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await self._carry(method, head, reader, writer, *there)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser sees a connection that ends
        finally:
            writer.close()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        if host in self._resolve:
            elsewhere = urlsplit(f"//{self._resolve[host]}")
            host, port = elsewhere.hostname or "", elsewhere.port or port
        address = await self._address(host, port)
        if address is None or self.exhausted:
            self.refused.add(host)
            return None
        return await asyncio.wait_for(asyncio.open_connection(address, port), PATIENCE_S)

    async def _address(self, host: str, port: int) -> str | None:
        """Return an address to connect to; None when one of the name's is not public."""
        if self.private and (host == "localhost" or host.endswith(LOOPBACK)):
            return "127.0.0.1"  # as browsers read such names; resolvers do not
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not self.private and not all(ipaddress.ip_address(each).is_global for each in addresses):
            return None
        return addresses[0] if addresses else None

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
            await asyncio.gather(self._pump(reader, out, count=False), self._pump(there, writer, count=True))
        finally:
            out.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, count: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                self.used += len(data) if count else 0
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
