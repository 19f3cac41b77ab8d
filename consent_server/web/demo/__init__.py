"""The demo of five real customers: their pages, stand-ins for their vendors, and what those vendors were asked.

Told apart by host name alone: browsers resolve every name under ``localhost`` to the machine itself, so
``ubiq.localhost`` is a site, ``www.google-analytics.com.localhost`` a vendor, and anything else the application.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from consent_server.config import Settings
from consent_server.services.demonstrating import LOOPBACK
from consent_server.storage.demo_sites import load_demo_sites
from consent_server.web.demo.counters import Counters, counters_page
from consent_server.web.demo.pages import make_pages
from consent_server.web.demo.vendors import make_vendors

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ByHost:
    """Hands a request to whom its ``Host`` names."""

    def __init__(
        self,
        app: WSGIApplication,
        own_host: str,
        sites: Container[str],
        pages: WSGIApplication,
        vendors: WSGIApplication,
    ) -> None:
        self._app = app
        self._own_host = own_host
        self._sites = sites
        self._pages = pages
        self._vendors = vendors

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._whom(environ.get("HTTP_HOST", ""))(environ, start_response)

    def _whom(self, address: str) -> WSGIApplication:
        host = address.partition(":")[0].lower().rstrip(".")
        if host == self._own_host or not host.endswith(LOOPBACK):
            return self._app
        return self._pages if host.removesuffix(LOOPBACK) in self._sites else self._vendors


def register(app: Flask) -> None:
    """Serve the demo beside the application."""
    settings: Settings = app.extensions["settings"]
    counters = Counters()
    names = {document["site_key"]: document["name"] for document in load_demo_sites()}
    app.register_blueprint(counters_page(counters, names, settings.port))
    app.wsgi_app = ByHost(  # type: ignore[method-assign]  # as Flask's documentation has it
        app.wsgi_app,
        urlsplit(settings.public_url).hostname or "",
        frozenset(names),
        make_pages(settings, names),
        make_vendors(counters, frozenset(names)),
    )
