"""The application on a port of its own, in this process: a test fills its database and drives a browser at it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from consent_server.domain.account import Role
from tests import admins, builders
from tests.browsers import WAIT_MS
from tests.databases import close, migrate
from tests.servers import free_port

LOCALES = {"fr": "fr-FR", "en": "en-GB"}


@dataclass(frozen=True)
class AdminServer:
    """A running application and where it is."""

    app: Flask
    url: str

    def context(
        self, browser: Browser, role: Role = Role.OWNER, *, language: str = "fr", **options: object
    ) -> BrowserContext:
        """Give a browser's context of somebody who is signed in."""
        context = browser.new_context(base_url=self.url, locale=LOCALES[language], **options)  # type: ignore[arg-type]
        context.set_default_timeout(3 * WAIT_MS)
        context.add_cookies([admins.cookie(self.app, self.url, role, language)])
        return context


@contextlib.contextmanager
def admin_server(folder: Path) -> Iterator[AdminServer]:
    """Start it on an empty database."""
    from consent_server.app import create_app  # here, so that the domain's tests start without it

    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = builders.settings(folder, port=port, public_url=url)
    migrate(settings)
    app = create_app(settings)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield AdminServer(app, url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)
