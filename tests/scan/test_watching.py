"""What a page asks for and keeps is told from its first request on, and as whose it is. In a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from consent_server.browser.watching import Watch
from tests.browser.page_server import NOT_FOUND, Answer, PageServer, script

pytestmark = pytest.mark.browser

BESIDE_EMPTY_FRAMES = """<!doctype html><title>Site</title>
<iframe></iframe>
<iframe srcdoc="<script>localStorage.setItem('from-srcdoc', '1')</script>"></iframe>
<script>localStorage.setItem('from-page', '1')</script>"""

PIXEL = "new Image().src = '/now.gif'; setTimeout(() => { new Image().src = '/later.gif'; });"


def test_frames_without_an_address_keep_nothing_of_their_own(context: BrowserContext) -> None:
    with PageServer(lambda asked: Answer(BESIDE_EMPTY_FRAMES) if asked.path == "/" else NOT_FOUND) as server:
        watch = Watch("shop.localhost")
        watch.attach(context)
        page = context.new_page()
        watch.follow(page)
        page.goto(server.host("shop") + "/")
        page.wait_for_function("localStorage.length === 2")
        watch.look(page)
        page.close()

    assert {name: (key.origin, key.set_by.kind) for (_, name, _), key in watch.storage.items()} == {
        "from-page": ("http://shop.localhost", "script"),
        "from-srcdoc": ("http://shop.localhost", "script"),
    }
    assert len(watch.storage) == 2


def test_the_first_page_is_listened_to_from_its_first_request_on(context: BrowserContext) -> None:
    answer = Answer("<!doctype html><script src=/first.js></script>", headers={"Set-Cookie": "own=1"})
    with PageServer(lambda asked: answer if asked.path == "/" else script("")) as server:
        watch = Watch("shop.localhost")
        watch.attach(context)
        page = context.new_page()
        watch.follow(page)
        page.goto(server.host("shop") + "/")
        cookie = watch.cookies(context)[0]

    assert [address.rpartition("/")[2] for address in watch.requests][:2] == ["", "first.js"]
    assert (cookie.set_by.kind, cookie.set_by.addresses) == ("answer", (server.host("shop") + "/",))


def test_requests_that_a_query_tells_apart_are_told_apart_and_without_it(context: BrowserContext) -> None:
    hits = script("new Image().src = '/hit?page=1'; new Image().src = '/hit?id=7&atc=PUB-42';")
    files = {"/": Answer("<!doctype html><script src=/hits.js></script>"), "/hits.js": hits}
    with PageServer(lambda asked: files.get(asked.path, NOT_FOUND)) as server:
        watch = Watch("shop.localhost", ("shop.localhost/hit?*atc=PUB-*",))
        watch.attach(context)
        page = context.new_page()
        watch.follow(page)
        page.goto(server.host("shop") + "/")
        told = [each for each in watch.requests.values() if "/hit" in each.address and "js" not in each.address]

    assert {each.matches for each in told} == {(), ("shop.localhost/hit?*atc=PUB-*",)}
    assert {each.address for each in told} == {server.host("shop") + "/hit"}


def test_a_pixel_is_told_by_the_script_that_made_it(context: BrowserContext) -> None:
    files = {"/": Answer("<!doctype html><script src=/vendor.js></script>"), "/vendor.js": script(PIXEL)}
    with PageServer(lambda asked: files.get(asked.path, NOT_FOUND)) as server:
        watch = Watch("shop.localhost")
        watch.attach(context)
        page = context.new_page()
        watch.follow(page)
        with page.expect_request("**/later.gif"):
            page.goto(server.host("shop") + "/")

    told = {address.rpartition("/")[2]: request.because_of for address, request in watch.requests.items()}
    assert {told["now.gif"], told["later.gif"]} == {(server.host("shop") + "/vendor.js",)}
