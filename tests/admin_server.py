"""The application on a port of its own, in this process: a test fills its database and drives a browser at it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from consent_server.domain.account import Role
from tests import admins, builders
from tests.browsers import WAIT_MS
from tests.databases import close, migrate
from tests.servers import eventually, free_port

LOCALES = {"fr": "fr-FR", "en": "en-GB"}
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}}
MOST_TABS = 250


@dataclass(frozen=True)
class AdminServer:
    """A running application and where it is."""

    app: Flask
    url: str

    def context(
        self, browser: Browser, role: Role = Role.OWNER, language: str = "fr", **options: Any
    ) -> BrowserContext:
        """Give a browser's context of somebody who is signed in."""
        context = self.stranger(browser, language, **options)
        context.add_cookies([admins.cookie(self.app, self.url, role, language)])
        return context

    def stranger(self, browser: Browser, language: str = "fr", **options: Any) -> BrowserContext:
        """Give a browser's context of somebody who is not."""
        given = {"base_url": self.url, "locale": LOCALES[language], "viewport": DESKTOP, **options}
        context = browser.new_context(**given)
        context.set_default_timeout(3 * WAIT_MS)
        return context


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None: ...


@contextlib.contextmanager
def admin_server(folder: Path) -> Iterator[AdminServer]:
    """Start it on an empty database."""
    from consent_server.app import create_app  # here, so that the domain's tests start without it

    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = builders.settings(folder, port=port, public_url=url)
    migrate(settings)
    app = create_app(settings)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield AdminServer(app, url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        close(app)


def violations(page: Page) -> list[str]:
    """Tell what axe finds wrong with a page: where, which rule, in which element."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {rule['id']}: {node['html'][:150]}" for rule in found for node in rule["nodes"][:3]]


def tab_to(page: Page, target: Locator) -> None:
    """Press the tab key until something has the focus."""
    for _ in range(MOST_TABS):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def press_in_frame(target: Locator) -> None:
    """Click what is in a frame of a process of its own, such as the banner's preview.

    Until Chromium has drawn such a frame, it gives what the mouse does there to the page around it; a move shows when.
    """

    def is_heard() -> bool:
        target.hover()
        return bool(target.evaluate("element => element.matches(':hover')"))

    eventually(is_heard, "the frame hears the mouse")
    target.click()
