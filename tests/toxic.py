"""A network that misbehaves between a client and a real server on one machine: slow, silent, or cut at a given byte."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

PIECE = 65_536
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards every connection to a port, and everything on it, until it is told otherwise.

    ``sent`` and ``answered`` count the bytes that passed, to and from the server.
    """

    def __init__(self, target: int) -> None:
        self.latency = 0.0
        self.sent = self.answered = 0
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._left: dict[str, int | None] = {"sent": None, "answered": None}
        self._flowing = threading.Event()
        self._flowing.set()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def cut_after(self, count: int, direction: str) -> None:
        """Cut every connection after so many more bytes ``sent`` to the server, or ``answered`` by it; once."""
        with self._lock:
            self._left[direction] = count

    def forget_cuts(self) -> None:
        """Cut nothing after all."""
        with self._lock:
            self._left = {"sent": None, "answered": None}

    def swallow(self) -> None:
        """Let nothing pass any more, and say nothing about it, until ``flow``: packets that vanish."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """Cut every connection now, as a reset does."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                connection.shutdown(socket.SHUT_RDWR)  # wakes who reads there
            connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.flow()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _start(self, deed, *arguments) -> None:  # type: ignore[no-untyped-def]
        thread = threading.Thread(target=deed, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:  # whoever is behind is away: so are we
                client.close()
                continue
            server.settimeout(None)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            self._start(self._pump, client, server, "sent")
            self._start(self._pump, server, client, "answered")

    def _pump(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                self._flowing.wait()
                if self.latency:
                    time.sleep(self.latency)
                allowed, last = self._allowed(len(piece), direction)
                target.sendall(piece[:allowed])
                if last:
                    self.cut()
        for each in (source, target):
            with self._lock:
                self._open.discard(each)
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _allowed(self, size: int, direction: str) -> tuple[int, bool]:
        """Return how much of a piece may pass, and whether that is the end."""
        with self._lock:
            left = self._left[direction]
            allowed = size if left is None else min(size, left)
            last = left is not None and left <= size
            if left is not None:
                self._left[direction] = None if last else left - allowed
            setattr(self, direction, getattr(self, direction) + allowed)
            return allowed, last


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Stand between a client and a port of this machine."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
