"""A small shop with one tracker that needs a yes, for tests that write their own pages.

The pages stand on ``shop.localhost`` and ``www.shop.localhost``, the tracker on ``tracker.localhost``; it answers to
everything and remembers it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from consent_server.domain.tag import tag
from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer, script
from tests.servers import ConsentServer, eventually

DRAWS = """(url) => {
  const drawn = document.createElement('b');
  drawn.style.cssText = `position: fixed; width: 1px; height: 1px; background: url(${url})`;
  document.body.append(drawn);
}"""


class Shop:
    """Pages by path; ``{tracker}`` and ``{tag}`` in them stand for the tracker's origin and the recommended snippet."""

    def __init__(self, server: ConsentServer) -> None:
        self.server = server
        self.files: dict[str, Answer] = {}
        self.settled = 0
        self.web = PageServer(self._respond)

    def _respond(self, asked: Asked) -> Answer:
        path = asked.path.partition("?")[0]
        if asked.host == "tracker" and path not in self.files:
            return script("self.document && document.documentElement.setAttribute('data-ran', '1')")
        return self.files.get(path, NOT_FOUND)

    @property
    def tag(self) -> str:
        return tag(f"{self.server.url}/v1/sites/shop/banner.js")

    def fill(self, text: str) -> str:
        return text.replace("{tracker}", self.web.host("tracker")).replace("{tag}", self.tag)

    def put(self, path: str, html: str) -> None:
        self.files[path] = Answer(self.fill(html))

    def visit(self, context: BrowserContext, body: str, host: str = "shop", path: str = "/") -> Page:
        """Open a page with the banner first in its head and this in its body."""
        self.put(path, "<!doctype html><html lang=en><head><title>Shop</title>{tag}</head><body>" + body)
        self.forget()
        page = context.new_page()
        page.goto(self.web.host(host) + path)
        return page

    def settle(self, page: Page) -> None:
        """Wait for what the page asks for last of all, an image that it draws, from a host of its own."""
        self.settled += 1
        host = f"settled{self.settled}"
        page.evaluate(DRAWS, f"{self.web.host(host)}/drawn.gif")
        eventually(lambda: any(asked.host == host for asked in self.web.asked), "the image is asked for")

    def forget(self) -> None:
        self.web.asked.clear()

    def tracked(self) -> list[str]:
        """Give what the tracker was asked for."""
        return [asked.path for asked in self.web.asked if asked.host == "tracker"]


def _site(port: int) -> dict[str, object]:
    def tracker(name: str, kind: str = "cookie") -> dict[str, object]:
        return {
            "name": name,
            "kind": kind,
            "purpose": "audience",
            "declared_lifetime": "P6M",
            "description": {"en": "."},
        }

    kinds = ("local_storage", "session_storage", "indexed_db")
    return {
        "site_key": "shop",
        "name": "Shop",
        "origins": [f"http://{host}.localhost:{port}" for host in ("shop", "www.shop")],
        "default_language": "en",
        "languages": ["en"],
        "banner": {"controller": "Shop SAS"},
        "services": [
            {
                "id": "tracker",
                "name": "Tracker",
                "vendor": "Tracker Inc.",
                "purpose": "audience",
                "url_patterns": [f"tracker.localhost:{port}/*", "shop.localhost/tracker/*"],
                "trackers": [tracker("_t*"), tracker("exact"), *(tracker("_t*", kind) for kind in kinds)],
            }
        ],
    }


@contextlib.contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """Start the shop, and a consent server that has published its banner."""
    with ConsentServer(folder, "run", CONSENT_RATE_LIMIT="") as server:
        opened = Shop(server)
        with opened.web:
            (folder / "shop.json").write_text(json.dumps(_site(opened.web.port)))
            imported = server.command("site", "import", "shop.json", "--publish")
            assert imported.returncode == 0, imported.stderr
            yield opened
