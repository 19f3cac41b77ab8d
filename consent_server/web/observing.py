"""Every request as its operator sees it: an id, a figure, a line in the log. Nothing in them is about who asked.

It stands outside of the application, so that what never reached a view is counted, too. Whoever answers before the
application says which route that was in ``environ[ROUTE]``. A route is a template; what stood in its place is kept
nowhere, except the key of a site that exists.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request

from consent_server.config import Settings
from consent_server.services import journaling
from consent_server.services.journaling import REQUEST_ID
from consent_server.services.measuring import REFUSED, REQUESTS

log = logging.getLogger(journaling.REQUESTS)

ROUTE = "consent.route"
SITE = "consent.site"
SEEN = "consent.seen"
HEADER = "X-Request-ID"
NO_ROUTE = "(none)"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset(
    {
        "/v1/sites/<site_key>/banner.js",
        "/v1/sites/<site_key>/banner.<digest>.js",
        "/v1/sites/<site_key>/config",
        "/healthz",
        "/readyz",
        "/metrics",
    }
)
"""Routes whose every success is counted, and not written down: there are too many, and they are all alike."""

CONSENTS = "/v1/sites/<site_key>/consents"
REASONS = {
    400: "malformed",
    403: "origin",
    404: "unknown_site",
    409: "conflict",
    413: "too_large",
    415: "content_type",
    422: "invalid",
    429: "too_many",
    503: "unavailable",
}

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")


def register(app: Flask) -> None:
    """Watch every request of the application; to be called last, because who comes last stands outside."""
    settings: Settings = app.extensions["settings"]
    app.after_request(_name_route)
    app.log_exception = _log_exception  # type: ignore[method-assign,assignment]  # Flask's names the whole path
    observer = Observer(app.wsgi_app, believed=settings.trusted_proxies > 0)
    app.extensions["observer"] = app.wsgi_app = observer  # type: ignore[method-assign]


def _name_route(response: Response) -> Response:
    if request.url_rule is not None:
        request.environ[ROUTE] = request.url_rule.rule
        site_key = (request.view_args or {}).get("site_key", "")
        if response.status_code != 404 and _SITE_KEY.fullmatch(site_key):
            request.environ[SITE] = site_key
    return response


def _log_exception(error: Any) -> None:
    logging.getLogger("consent_server.web").error("an unexpected error", exc_info=error)


class Observer:
    """The outermost WSGI application: gives each request its id, and tells of it when its last byte was handed over."""

    def __init__(self, inner: WSGIApplication, *, believed: bool) -> None:
        self._inner = inner
        self._believed = believed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with the request's id beside."""
        seen = self.watch(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            seen.status = int(status[:3])
            if not _is_shared(headers):
                headers = [*headers, (HEADER, seen.request_id)]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        REQUEST_ID.set(seen.request_id)
        try:
            body = self._inner(environ, start)
        except BaseException:
            seen.end()
            raise
        return _Body(body, seen)

    def watch(self, environ: WSGIEnvironment) -> Seen:
        """Return what is told of a request once it has ended: the same, whoever looks at it first."""
        if SEEN not in environ:
            environ[SEEN] = Seen(environ, self._id(environ))
        seen: Seen = environ[SEEN]
        return seen

    def _id(self, environ: WSGIEnvironment) -> str:
        """Return the id that a proxy of ours gave, if it is one, else a new one."""
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._believed else ""
        return given if _ID.fullmatch(given) else secrets.token_hex(8)


def _is_shared(headers: list[tuple[str, str]]) -> bool:
    """Return whether others may be given the same answer from a cache: the id would be another request's."""
    return any(name.lower() == "cache-control" and "public" in value for name, value in headers)


class Seen:
    """What is told of one request, once."""

    def __init__(self, environ: WSGIEnvironment, request_id: str) -> None:
        self._environ = environ
        self._started = time.perf_counter()
        self._told = False
        self.request_id = request_id
        self.status = 500
        self.size = 0

    def end(self) -> None:
        """Tell it."""
        if self._told:
            return
        self._told = True
        seconds = time.perf_counter() - self._started
        method = self._environ.get("REQUEST_METHOD", "")
        method = method if method in METHODS else "OTHER"
        route = self._environ.get(ROUTE, NO_ROUTE)
        REQUESTS.labels(method, route, f"{self.status // 100}xx").observe(seconds)
        if route == CONSENTS and method == "POST" and self.status >= 400:
            REFUSED.labels(REASONS.get(self.status, "error")).inc()
        if log.isEnabledFor(logging.INFO) and not (route in QUIET and self.status < 400):
            self._write(method, route, seconds)
        REQUEST_ID.set("")

    def _write(self, method: str, route: str, seconds: float) -> None:
        told = {"method": method, "route": route, "status": self.status}
        if SITE in self._environ:
            told["site_key"] = self._environ[SITE]
        told |= {"duration_ms": round(seconds * 1000, 1), "bytes": self.size}
        log.info("request", extra={"told": told})


class _Body:
    """The answer's bytes, counted as they go by."""

    def __init__(self, body: Iterable[bytes], seen: Seen) -> None:
        self._body = body
        self._seen = seen

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._body:
                self._seen.size += len(chunk)
                yield chunk
        finally:
            self._seen.end()

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._seen.end()
