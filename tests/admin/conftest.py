"""The admin as it is used: the application behind a real web server, and people in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from consent_server.domain.account import Role
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import admins, builders
from tests.browsers import WAIT_MS
from tests.databases import migrate
from tests.servers import free_port

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

SERVICES = [{"library": "google-analytics"}, {"library": "meta-pixel"}, {"library": "matomo"}]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty SQLite database, listening; ``PUBLIC_URL`` is where."""
    from consent_server.app import create_app

    port = free_port()
    settings = builders.settings(tmp_path, port=port, public_url=f"http://127.0.0.1:{port}")
    migrate(settings)
    app = create_app(settings)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()
    for deed in ("anchorer", "purger", "recorder", "sequencer", "sweeper"):
        app.extensions[deed].stop()


@pytest.fixture
def with_a_site(served: Flask) -> Flask:
    """The same with one site that has two publications behind it."""
    with served.app_context():
        session, url = db.session(), served.extensions["settings"].public_url
        for services in (SERVICES[:1], SERVICES):
            editing.import_site(session, builders.site_file(services=services), clock.now())
            publishing.publish(session, "example", url, clock.now())
    return served


Desk = Callable[..., Page]


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Desk]:
    """Sign somebody in and give their page: ``desk(app, Role.OWNER, language="fr", viewport=PHONE)``."""
    contexts = []

    def sit_down(app: Flask, role: Role, language: str = "en", **options: Any) -> Page:
        url = app.extensions["settings"].public_url
        context = chromium.new_context(base_url=url, **{"viewport": DESKTOP, **options})
        contexts.append(context)
        context.add_cookies([admins.cookie(app, url, role, language)])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        return page

    yield sit_down
    for context in contexts:
        context.close()
