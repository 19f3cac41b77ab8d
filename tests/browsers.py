"""A real Chromium and a real server with the demo sites; both start once, each test gets a profile of its own.

Playwright's synchronous interface may be started once in a thread, so every folder of tests shares these fixtures: they
are handed on by tests/conftest.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import programs
from tests.firefox import Firefox
from tests.servers import ConsentServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

# Without these Chromium talks to its makers on its own; a test must see the page's requests alone.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
]
WAIT_MS = 10_000
FRENCH = {"locale": "fr-FR", "timezone_id": "Europe/Paris"}


def arguments() -> list[str]:
    """Give what every Chromium here is started with; its sandbox refuses root."""
    return [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives browsers."""
    from playwright.sync_api import sync_playwright  # here, so that the domain's tests start without it

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser."""
    browser = playwright.chromium.launch(
        executable_path=programs.chromium(), headless=True, args=arguments(), timeout=60_000
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """The other browser, where it is installed."""
    try:
        programs.firefox()
    except programs.ProgramMissing as missing:
        pytest.skip(str(missing))
    with Firefox(tmp_path_factory.mktemp("firefox")) as browser:
        yield browser


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentServer]:
    """``consent-server run --demo`` on a folder of its own; ``.host("ubiq")`` is the address of a demo site."""
    with ConsentServer(tmp_path_factory.mktemp("demo"), "run", "--demo", CONSENT_RATE_LIMIT="") as server:
        yield server


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A visitor: no cookies, no storage, no cache; speaks French like the demo sites."""
    visitor = chromium.new_context(locale="fr-FR", timezone_id="Europe/Paris")
    visitor.set_default_timeout(WAIT_MS)
    yield visitor
    visitor.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The visitor's tab."""
    return context.new_page()
