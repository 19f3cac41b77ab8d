"""Looking at a page of a site: what is there is told, and nothing that this machine alone reaches is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from consent_server.domain.errors import Invalid, Unavailable
from consent_server.domain.tag import tag
from consent_server.services.looking import is_loopback, look_at
from consent_server.storage.sites import Site
from tests.browser.page_server import NOT_FOUND, Answer, PageServer

URL = "https://consent.example"
SCRIPT = f"{URL}/v1/sites/example/banner.js"


Pages = dict[str, Answer]


@pytest.fixture
def pages() -> Pages:
    return {"/": Answer(f"<head>{tag(SCRIPT)}</head>")}


@pytest.fixture
def web(pages: Pages) -> Iterator[PageServer]:
    with PageServer(lambda asked: pages.get(asked.path, NOT_FOUND)) as server:
        yield server


def _site(origin: str) -> Site:
    return Site(1, "example", "Example", (origin,), {}, datetime(2026, 1, 1, tzinfo=UTC), 1)


def test_a_page_is_looked_at(web: PageServer) -> None:
    origin = web.host("shop")
    looked = look_at(_site(origin), origin, URL, private=True)
    assert looked.status == 200
    assert looked.tag.found
    assert looked.tag.weaknesses == ()


def test_what_only_this_machine_reaches_is_not_looked_at(web: PageServer) -> None:
    origin = f"http://127.0.0.1:{web.port}"
    with pytest.raises(Invalid, match="this machine alone"):
        look_at(_site(origin), origin, URL)
    assert web.asked == []


def test_a_redirect_is_followed_a_few_times_and_not_out_of_the_web(web: PageServer, pages: Pages) -> None:
    origin = web.host("shop")
    pages["/"] = Answer("", status=302, headers={"Location": "/there"})
    pages["/there"] = Answer("<head></head>")
    assert not look_at(_site(origin), origin, URL, private=True).tag.found
    pages["/there"] = Answer("", status=302, headers={"Location": "/there"})
    with pytest.raises(Unavailable, match="on and on"):
        look_at(_site(origin), origin, URL, private=True)
    pages["/there"] = Answer("", status=302, headers={"Location": "file:///etc/passwd"})
    with pytest.raises(Invalid, match="none of the web"):
        look_at(_site(origin), origin, URL, private=True)


def test_another_address_than_the_sites_is_refused(web: PageServer) -> None:
    with pytest.raises(Invalid, match="not an address of the site"):
        look_at(_site("https://www.example.fr"), web.host("shop"), URL, private=True)


def test_nobody_at_home_is_said(web: PageServer) -> None:
    with pytest.raises(Unavailable, match="did not answer"):
        look_at(_site("http://127.0.0.1:9"), "http://127.0.0.1:9", URL, private=True)


@pytest.mark.parametrize("host", ["localhost", "ubiq.localhost", "127.0.0.1", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback("www.example.fr")
