"""The corpus: its server, its site published by the real consent server, and its own browsers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import programs
from tests.browser.vectors.driving import FirefoxVisitor, PlaywrightVisitor
from tests.browser.vectors.open import OPEN, SOMETIMES
from tests.browser.vectors.site import CONSENT, KEY, site_file
from tests.browser.vectors.visiting import COURSES, Corpus, chooses
from tests.browser.vectors.web import Web
from tests.browsers import arguments
from tests.servers import ConsentServer

pytest.register_assert_rewrite("tests.browser.vectors.cells")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from tests.firefox import Firefox


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with Web(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="session")
def vectors_server(tmp_path_factory: pytest.TempPathFactory, web: Web) -> Iterator[ConsentServer]:
    folder = tmp_path_factory.mktemp("vectors")
    with ConsentServer(folder, "run", PUBLIC_URL=web.url(CONSENT), CONSENT_RATE_LIMIT="") as server:
        (folder / "site.json").write_text(json.dumps(site_file(web.port)))
        imported = server.command("site", "import", "site.json", "--publish")
        assert imported.returncode == 0, imported.stderr
        web.consent_server = server.url
        yield server


@pytest.fixture(scope="session")
def vectors_browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser that takes our certificate everywhere: service workers are refused where a page merely ignores it."""
    browser = playwright.chromium.launch(
        executable_path=programs.chromium(),
        headless=True,
        args=[*arguments(), "--ignore-certificate-errors"],
        timeout=60_000,
    )
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def configuration(vectors_server: ConsentServer) -> dict[str, Any]:
    """What is published of the site."""
    with urllib.request.urlopen(f"{vectors_server.url}/v1/sites/{KEY}/config", timeout=10) as answer:
        published: dict[str, Any] = json.load(answer)
    return published


@pytest.fixture(scope="session")
def corpus(web: Web, configuration: dict[str, Any], vectors_browser: Browser) -> Corpus:
    return Corpus(web, lambda: PlaywrightVisitor(vectors_browser), configuration, late=_is_unexpected)


def _is_unexpected(vector: str, kind: str) -> bool:
    return (vector, kind) not in OPEN and (vector, kind) not in SOMETIMES


@pytest.fixture(scope="session")
def firefox_corpus(web: Web, configuration: dict[str, Any], firefox: Firefox) -> Corpus:
    """The same in Firefox, where it is installed; one visitor's way, so that a run of all tests affords it."""
    courses = {**{kind: steps[:1] for kind, steps in COURSES.items()}, "untagged": (chooses,)}
    return Corpus(web, lambda: FirefoxVisitor(firefox), configuration, courses)
