"""The guard for WSGI applications (PEP 3333): Flask, Django, Bottle, Pyramid.

    app.wsgi_app = ConsentGuard(app.wsgi_app, "consent.json")

Only headers pass through here. The body is returned as the application returned it, so that streaming, ``close()`` and
the server's own file sending work as without us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from consent_server.guard.headers import PATH_SAFE, Headers, Request, guard_headers, read_request, shown_cookies
from consent_server.guard.policy import PolicyOptions
from consent_server.guard.source import CurrentRules, Source


class ConsentGuard:
    """Wraps an application. ``configuration``: a path, a dictionary, or a function that gives the newest one."""

    def __init__(
        self,
        app: WSGIApplication,
        configuration: Source,
        *,
        policy: PolicyOptions | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._rules = CurrentRules(configuration)
        self._policy = policy
        self._now = now

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, its headers guarded."""
        request = _request(environ)  # before the application can change it
        if request.cookie and (shown := shown_cookies(self._rules.get(), request, self._now())) != request.cookie:
            environ["HTTP_COOKIE"] = shown

        def guarded(status: str, headers: Headers, *error: Any) -> Callable[[bytes], object]:
            now = self._now()
            return start_response(status, guard_headers(self._rules.get(), request, headers, now, self._policy), *error)

        return self._app(environ, guarded)


def _request(environ: WSGIEnvironment) -> Request:
    def header(name: str) -> str:
        return str(environ.get(f"HTTP_{name}") or "")

    return read_request(
        host=header("HOST") or str(environ.get("SERVER_NAME") or ""),
        scheme=str(environ.get("wsgi.url_scheme") or ""),
        forwarded_proto=header("X_FORWARDED_PROTO"),
        fetch_dest=header("SEC_FETCH_DEST"),
        accept=header("ACCEPT"),
        cookie=header("COOKIE"),
        path=_path(environ),
    )


def _path(environ: WSGIEnvironment) -> str:
    """Return the path as the browser wrote it, as far as can be told: WSGI has it decoded."""
    decoded = str(environ.get("SCRIPT_NAME") or "") + str(environ.get("PATH_INFO") or "")
    return quote(decoded, PATH_SAFE, "latin-1", "replace") or "/"
