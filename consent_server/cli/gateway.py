"""Between granian and WSGI: a request is read whole, within a time and a size, before a thread is spent on it.

Thirty visitors whose telephones stall in the middle of a post, or one who stalls thirty connections on purpose, cost
memory and no thread: everybody else is answered as before. Knows HTTP as granian gives it (RSGI) and WSGI as Flask
takes it (PEP 3333); knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from granian.rsgi import HTTPProtocol, ProtocolClosed, ProtocolError, Scope

BODY_S = 10
LARGE_BODY_S = 60
"""Seconds within which a body has to have come, as small or as large as the next two."""

SMALL_BODY = 64 * 1024
LARGEST_BODY = 5 * 1024 * 1024
"""Bytes. What announces more is handed on without its body: the view that wanted it says what it takes (413)."""

LARGE_BODIES = 8
"""How many bodies that are not small are held at once, in each process."""

WHOLE = 256 * 1024
"""Bytes of an answer that are held in memory; a longer one waits in a file, once it is whole."""

OPENED_S = 60
"""Seconds after which a file that is sent has been opened, and needs its name no more."""

Environ = dict[str, Any]
Answer = tuple[int, list[tuple[str, str]]]
Whole = tuple[int, list[tuple[str, str]], bytes]
Hot = Callable[[str, str, str, Callable[[str], str | None]], Whole | None]
"""Answers from memory, given method, path, query and what gives a header; None: it cannot."""


class Application(Protocol):
    """What PEP 3333 calls an application."""

    def __call__(self, environ: Environ, start_response: Callable[..., Any], /) -> Iterable[bytes]:
        """Answer one request."""


class Taken(Protocol):
    """A request whose answer is being made elsewhere: no thread of ours waits for it."""

    made: Future[Any]
    patience_s: float

    def answer(self) -> Whole | None:
        """Return it, once it is made or nobody waits any longer; None: the application shall answer."""


Take = Callable[[Environ], Taken | None]
"""Takes a request that was read whole; None: it does not, and has done nothing."""


class Gateway:
    """An RSGI application made of a WSGI one, for one process.

    ``hot`` answers what is in memory, at once and without a thread: it goes on while every thread waits for a database.
    ``take`` is asked next, without a thread as well.
    ``started`` and ``stopping`` are called in it: before the first request, and after the last was answered. ``first``
    is the process that started this one: it may be gone before anything here is asked.
    """

    def __init__(
        self,
        application: Application,
        hot: Hot,
        threads: int,
        started: Callable[[], None],
        stopping: Callable[[], None],
        take: Take = lambda _environ: None,
        first: int | None = None,
    ) -> None:
        self._application = application
        self._hot = hot
        self._threads = threads
        self._started = started
        self._stopping = stopping
        self._take = take
        self._made: deque[asyncio.Future[None]] = deque()
        self._large = LARGE_BODIES
        self._sent: set[Path] = set()
        self._first = first or os.getppid()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start what belongs to this process."""
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the first process ends the rest
        self._loop = loop
        self._pool = ThreadPoolExecutor(self._threads, "request")
        self._watch_parent()
        self._started()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop it; every request has been answered."""
        self._pool.shutdown()
        for path in tuple(self._sent):
            self._forget(path)
        self._stopping()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        headers = scope.headers
        if known := self._hot(scope.method, scope.path, scope.query_string, headers.get):
            return protocol.response_bytes(*known)
        body = b""
        if "content-length" in headers:
            try:
                body = await self._body(headers.get("content-length"), protocol)
            except TimeoutError:
                return protocol.response_empty(408, [("connection", "close")])
            except _TooMany:
                return protocol.response_empty(503, [("connection", "close"), ("retry-after", "5")])
            except (ProtocolError, ProtocolClosed):  # who asked sent less than announced, and may be gone
                return protocol.response_empty(400, [("connection", "close")])
        environ = _environ(scope, body)
        if taken := self._take(environ):
            await self._until_made(taken)
            if whole := taken.answer():
                return protocol.response_bytes(*whole)
        await self._loop.run_in_executor(self._pool, self._answer, environ, protocol)

    async def _until_made(self, taken: Taken) -> None:
        """Wait for an answer that another thread makes, as long as whoever took the request says."""
        waiter = self._loop.create_future()

        def made(_answer: Future[Any]) -> None:
            self._made.append(waiter)
            if len(self._made) == 1:  # who makes several at once wakes the loop once
                self._loop.call_soon_threadsafe(self._go_on)

        taken.made.add_done_callback(made)
        limit = self._loop.call_later(taken.patience_s, _end, waiter)
        await waiter
        limit.cancel()

    def _go_on(self) -> None:
        while self._made:
            _end(self._made.popleft())

    async def _body(self, announced: str, protocol: HTTPProtocol) -> bytes:
        length = int(announced)
        if length > LARGEST_BODY:
            return b""
        if length <= SMALL_BODY:
            async with asyncio.timeout(BODY_S):
                return bytes(await protocol())
        if not self._large:
            raise _TooMany
        self._large -= 1
        try:
            async with asyncio.timeout(LARGE_BODY_S):
                return bytes(await protocol())
        finally:
            self._large += 1

    def _answer(self, environ: Environ, protocol: HTTPProtocol) -> None:
        """Ask the application, in a thread, and send what it says."""
        begun: list[Answer] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            begun[:] = [(int(status[:3]), headers)]

        answer = self._application(environ, start_response)
        try:
            pieces = iter(answer)
            first, more = _beginning(pieces)
            status, headers = begun[0]
            if more is None:
                protocol.response_bytes(status, headers, first)
            else:
                self._stream(protocol, status, headers, chain((first, more), pieces))
        finally:
            with contextlib.suppress(AttributeError):
                answer.close()  # type: ignore[attr-defined]

    def _stream(
        self, protocol: HTTPProtocol, status: int, headers: list[tuple[str, str]], pieces: Iterable[bytes]
    ) -> None:
        """Write it down, and have the file sent: granian keeps in memory whatever a slow reader has not taken yet."""
        with tempfile.NamedTemporaryFile(prefix="consent-answer-", delete=False) as file:
            try:
                file.writelines(pieces)
            except BaseException:
                Path(file.name).unlink()
                raise
        protocol.response_file(status, headers, file.name)
        self._loop.call_soon_threadsafe(self._forget_later, Path(file.name))

    def _forget_later(self, path: Path) -> None:
        self._sent.add(path)
        self._loop.call_later(OPENED_S, self._forget, path)

    def _forget(self, path: Path) -> None:
        self._sent.discard(path)
        path.unlink(missing_ok=True)

    def _watch_parent(self) -> None:
        """Stop when the first process is gone: nobody else would end this one, and it holds the port."""
        if os.getppid() != self._first:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self._loop.call_later(1, self._watch_parent)


class _TooMany(Exception):
    pass


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, bytes | None]:
    """Return what fits in one piece, and the piece that does not, if there is one."""
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > WHOLE and gathered:
            return b"".join(gathered), piece
        gathered.append(piece)
    return b"".join(gathered), None


_SAME: Environ = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def _environ(scope: Scope, body: bytes) -> Environ:
    environ = _SAME.copy()
    server, _, port = scope.server.rpartition(":")
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = unquote_to_bytes(scope.path).decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["SERVER_NAME"] = server
    environ["SERVER_PORT"] = port
    environ["SERVER_PROTOCOL"] = f"HTTP/{scope.http_version}"
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    environ["wsgi.url_scheme"] = scope.scheme
    environ["wsgi.input"] = BytesIO(body)
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # it would pass for the header that a proxy sets with a hyphen
        name = name.upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ
