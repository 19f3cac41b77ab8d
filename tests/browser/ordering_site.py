"""The site whose scripts are released in order: random pages, and pages made for one test, ruled by the real server."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.page_server import NOT_FOUND, Answer, Asked, PageServer, script
from tests.browser.random_pages import PURPOSES, RandomPage
from tests.servers import ConsentServer

KEPT = ("cookie", "local_storage", "session_storage")
HEADERS = ("referer", "origin", "sec-fetch-mode", "sec-fetch-dest")


class OrderingSite:
    """Serves pages and scripts; ``banner`` is the address of our script, or None for the same page without us."""

    def __init__(self) -> None:
        self.pages: dict[int, RandomPage] = {}
        self.banner: str | None = None
        self.more: dict[str, Answer] = {}
        self.server = PageServer(self._respond)

    def page(self, number: int) -> RandomPage:
        if number not in self.pages:
            self.pages[number] = RandomPage(number, self.server.port)
        return self.pages[number]

    def _respond(self, asked: Asked) -> Answer:
        if asked.path in self.more:
            return self.more[asked.path]
        _, kind, *rest = asked.path.split("/")
        if kind == "p":
            page = self.page(int(rest[0]))
            headers = {"Content-Security-Policy": page.policy} if page.policy else {}
            return Answer(page.html(self.banner), headers=headers)
        found = self.page(int(rest[0])).scripts.get(rest[1].removesuffix(".js")) if kind == "s" else None
        if not found:
            return NOT_FOUND
        time.sleep(found.delay)
        return NOT_FOUND if found.missing else script(found.text)

    def asked(self) -> int:
        """Count the requests for scripts of random pages."""
        return sum(asked.path.startswith("/s/") for asked in self.server.asked)

    def requests(self) -> dict[str, list[Any]]:
        """Tell which scripts of random pages were asked for, and with what."""
        found = defaultdict(list)
        for asked in self.server.asked:
            if asked.path.startswith("/s/"):
                found[asked.path].append([asked.headers.get(name) for name in HEADERS])
        return dict(found)


@pytest.fixture(scope="module")
def ordering(running_server: ConsentServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderingSite]:
    """The pages, and their rules published as a site of the real server."""
    pages = OrderingSite()
    with pages.server:
        file = tmp_path_factory.mktemp("ordering") / "ordering.json"
        file.write_text(json.dumps(site_file(pages.server.port)))
        done = running_server.command("site", "import", str(file), "--publish")
        assert done.returncode == 0, done.stderr
        yield pages


def site_file(port: int) -> dict[str, Any]:
    """Rule the hosts of random pages, and what they keep under their name."""
    described = {"description": {"fr": "x", "en": "x"}, "declared_lifetime": "P1M"}
    services = [
        {
            "id": host,
            "name": host,
            "vendor": host,
            "policy_url": "https://example.org/",
            "purpose": purpose,
            "url_patterns": [f"{host}.localhost:{port}/*"],
            "trackers": [{"name": f"{host}_*", "kind": kind, **described} for kind in KEPT],
        }
        for host, purpose in PURPOSES.items()
    ]
    return {
        "site_key": "ordering",
        "name": "Ordering",
        "origins": [f"http://own.localhost:{port}"],
        "default_language": "fr",
        "languages": ["fr", "en"],
        "banner": {"controller": "Example", "privacy_url": "/privacy"},
        "services": services,
    }
