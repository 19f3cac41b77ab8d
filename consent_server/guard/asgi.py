"""The guard for ASGI applications: FastAPI, Starlette, Django.

    app.add_middleware(ConsentGuard, configuration="consent.json")

Only the message that carries a response's headers is looked at; every other message, and every scope that is no
request, passes as the same object. A WebSocket's handshake can set cookies too, and is guarded likewise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from consent_server.guard.headers import PATH_SAFE, Request, guard_headers, read_request, shown_cookies
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.source import CurrentRules, Source

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_WITH_HEADERS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


class ConsentGuard:
    """Wraps an application. ``configuration``: a path, a dictionary, or a function that gives the newest one."""

    def __init__(
        self,
        app: Application,
        configuration: Source,
        *,
        policy: PolicyOptions | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._rules = CurrentRules(configuration)
        self._policy = policy
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, its headers guarded."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        request = _request(scope)

        async def guarded(message: Message) -> None:
            await send(self._guarded(request, message) if message["type"] in _WITH_HEADERS else message)

        await self._app(self._shown(scope, request), receive, guarded)

    def _shown(self, scope: Scope, request: Request) -> Scope:
        shown = shown_cookies(self._rules.get(), request, self._now()) if request.cookie else ""
        if shown == request.cookie:
            return scope
        others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        return {**scope, "headers": [*others, *([(b"cookie", shown.encode("latin-1"))] if shown else [])]}

    def _guarded(self, request: Request, message: Message) -> Message:
        given = message.get("headers") or ()
        sent = given if isinstance(given, list | tuple) else list(given)  # an iterator can be read but once
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent]
        kept = guard_headers(self._rules.get(), request, headers, self._now(), self._policy)
        if kept is headers:
            return message if sent is given else {**message, "headers": sent}
        return {**message, "headers": [(_lower(name), value.encode("latin-1")) for name, value in kept]}


def _lower(name: str) -> bytes:
    """Return a header's name as ASGI wants it."""
    return name.lower().encode("latin-1")


def _request(scope: Scope) -> Request:
    found: dict[bytes, bytes] = {}
    for name, value in scope.get("headers") or ():
        # HTTP/2 may send several Cookie headers (RFC 9113 8.2.3); of any other the first counts.
        found[name] = found[name] + b"; " + value if name == b"cookie" and name in found else found.get(name, value)

    def header(name: bytes) -> str:
        return found.get(name, b"").decode("latin-1")

    server = scope.get("server") or ("",)
    return read_request(
        host=header(b"host") or str(server[0] or ""),
        scheme=str(scope.get("scheme") or ""),
        forwarded_proto=header(b"x-forwarded-proto"),
        fetch_dest=header(b"sec-fetch-dest"),
        accept=header(b"accept"),
        cookie=header(b"cookie"),
        path=_path(scope),
    )


def _path(scope: Scope) -> str:
    """Return the path as the browser wrote it; ``raw_path`` is optional."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(str(scope.get("path") or "/"), PATH_SAFE)
