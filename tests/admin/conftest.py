"""The admin as it is used: the application behind a real web server, and people in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from consent_server.domain.account import Role
from tests.admin_server import AdminServer, admin_server
from tests.answers import publish_site

SERVICES = [{"library": "google-analytics"}, {"library": "meta-pixel"}, {"library": "matomo"}]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[AdminServer]:
    """The application on an empty SQLite database, listening."""
    with admin_server(tmp_path) as started:
        yield started


@pytest.fixture
def with_a_site(served: AdminServer) -> AdminServer:
    """The same with one site that has two publications behind it."""
    for services in (SERVICES[:1], SERVICES):
        publish_site(served.app, services=services)
    return served


Desk = Callable[..., Page]


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Desk]:
    """Sign somebody in and give their page: ``desk(server, Role.OWNER, language="fr", viewport=PHONE)``."""
    contexts = []

    def sit_down(server: AdminServer, role: Role, language: str = "en", **options: Any) -> Page:
        contexts.append(server.context(chromium, role, language, **options))
        return contexts[-1].new_page()

    yield sit_down
    for context in contexts:
        context.close()
