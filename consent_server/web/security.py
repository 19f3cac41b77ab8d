"""Response headers, per audience: what visitors' pages may read from elsewhere, and what nobody may do with ours."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from consent_server.config import Settings

CROSS_ORIGIN = "/v1/"
"""Everything below is public, read by pages of other origins, and needs no cookies: ``*`` is exact, not lax."""

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Set the headers of every answer, and believe only as many proxies as are configured."""
    app.wsgi_app = behind_proxies(app, app.wsgi_app)  # type: ignore[method-assign]
    app.after_request(_headers)


def behind_proxies(app: Flask, application: Any) -> Any:
    """Return the WSGI application that is told what those proxies say, and of nothing that others say."""
    settings: Settings = app.extensions["settings"]
    count = settings.trusted_proxies
    return ProxyFix(application, x_for=count, x_proto=count, x_host=count) if count else application


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    if request.path.startswith(CROSS_ORIGIN):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = "Retry-After, ETag"
        headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin")
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = headers.get("Allow", "GET, HEAD, OPTIONS")
            headers["Access-Control-Allow-Headers"] = "Content-Type"
            headers["Access-Control-Max-Age"] = "86400"
    else:
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response
