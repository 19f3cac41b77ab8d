"""Sites of a test's own with the vendors they name, on this machine: what their pages hold is for the test to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from consent_server.domain.tag import tag
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer
from tests.builders import site_file
from tests.servers import ConsentServer

SYSTEM_FAILED = 3


class Sites:
    """Sites published on one server; every ``*.localhost`` name is answered by one page server."""

    def __init__(self, server: ConsentServer, respond: Callable[[Asked], Answer] = lambda _: NOT_FOUND) -> None:
        self.server = server
        self.pages: dict[str, str] = {}
        self.vendors = PageServer(self._answer)
        self._respond = respond

    def publish(self, site: str, services: list[Mapping[str, Any]], **settings: Any) -> None:
        """Publish a site whose pages are at ``http://SITE.localhost``; ``{port}`` in a URL pattern is the vendors'."""
        document = site_file(
            site_key=site,
            name=site.title(),
            origins=[self.vendors.host(site)],
            services=[
                {**service, "url_patterns": [p.replace("{port}", str(self.vendors.port)) for p in patterns]}
                if (patterns := service.get("url_patterns")) is not None
                else service
                for service in services
            ],
            **settings,
        )
        file = self.server.folder / f"{site}.json"
        file.write_text(json.dumps(document))
        # A machine busy with other tests may keep SQLite's one writer waiting for longer than its patience.
        for _ in range(3):
            done = self.server.command("site", "import", str(file), "--publish")
            if done.returncode != SYSTEM_FAILED:
                break
        assert done.returncode == 0, done.stderr

    def serve(self, site: str, head: str, body: str = "<h1>Page</h1>") -> None:
        """Make a page the home page of a site, behind our tag; ``{port}`` in it is the vendors'."""
        ours = tag(f"{self.server.url}/v1/sites/{site}/banner.js")
        markup = (head + "</head><body>" + body).replace("{port}", str(self.vendors.port))
        self.pages[site] = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{ours}{markup}</body></html>'

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/" and asked.host in self.pages:
            return Answer(self.pages[asked.host])
        return self._respond(asked)


class Visit:
    """One tab on one site. What the stand-ins of vendors say (``told(…)`` in their scripts) is kept in ``told``."""

    def __init__(self, sites: Sites, site: str, context: BrowserContext) -> None:
        self.url = sites.vendors.host(site)
        self.told: list[Any] = []
        self.errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def goto(self) -> None:
        """Open the home page and wait until the banner has either asked or settled."""
        self.page.goto(f"{self.url}/")
        self.shown()

    def shown(self) -> None:
        """Wait until the banner asks, or offers to ask again."""
        self.page.locator(":is([data-consent-action=accept-all], [data-consent-action=open]):visible").first.wait_for()

    def press(self, action: str) -> None:
        """Press one of the banner's buttons."""
        self.page.locator(f"[data-consent-action={action}]").click()

    def withdraw(self) -> None:
        """Take everything back; the page loads anew."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.evaluate("consent.withdraw()")
        self.shown()

    def heard(self, *args: Any) -> bool:
        """Tell whether a stand-in was told this."""
        self.page.evaluate("0")  # what the page said until now has arrived, too
        return list(args) in self.told

    def _hear(self, message: ConsoleMessage) -> None:
        if message.text.startswith("told "):
            self.told.append(json.loads(message.text.removeprefix("told ")))


TOLD = "window.told = (...args) => console.info('told ' + JSON.stringify(args));"
"""Before a vendor's stand-in: how it says what it was told."""
