"""What a withdrawal takes away, wherever the browser keeps it, and what it says about the rest (WD-04)."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.page_server import script
from tests.browser.shop import Shop
from tests.servers import eventually

FAR = "max-age=99999"
HOST = "www.shop"


def _kept(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()} - {"eu-consent"}


def _withdraw(page: Page) -> dict[str, Any]:
    """Withdraw, wait for the page to come anew, and give the record as it was sent."""
    with page.expect_request(lambda request: "withdraw" in (request.post_data or "")) as sent, page.expect_navigation():
        page.evaluate("consent.withdraw()")
    page.locator("[data-consent-action=open]").wait_for()
    record: dict[str, Any] = json.loads(sent.value.post_data or "")
    return record


def _accepted(shop: Shop, context: BrowserContext, path: str = "/a/b/c") -> Page:
    page = shop.visit(context, "<h1>Shop</h1>", HOST, path)
    page.locator("[data-consent-action=accept-all]").click()
    page.locator("[data-consent-action=open]").wait_for()
    return page


def test_cookies_go_from_every_domain_and_path(shop: Shop, context: BrowserContext) -> None:
    page = _accepted(shop, context)
    places = [
        "path=/",
        "path=/; domain=shop.localhost",
        "path=/a",
        "path=/a/",
        "path=/a/b/c; domain=www.shop.localhost",
        "path=/; secure; samesite=none; partitioned",
        "path=/a/b; domain=.shop.localhost; secure",
    ]
    for i, place in enumerate(places):
        page.evaluate(f"document.cookie = '_t{i}=1; {FAR}; {place}'; document.cookie = '_tall=1; {FAR}; {place}'")
    page.evaluate(f"document.cookie = 'own=1; {FAR}; path=/a'")
    assert _kept(page) == {f"_t{i}" for i in range(len(places))} | {"_tall", "own"}

    record = _withdraw(page)
    assert _kept(page) == {"own"}
    assert "not_removed" not in record


def test_what_no_script_may_remove_is_named_in_the_record(shop: Shop, context: BrowserContext) -> None:
    page = _accepted(shop, context)
    url = shop.web.host(HOST)
    context.add_cookies([{"name": "exact", "value": "1", "url": url, "httpOnly": True}])
    context.add_cookies([{"name": "own", "value": "1", "url": url, "httpOnly": True}])

    assert _withdraw(page)["not_removed"] == ["exact"]
    assert _kept(page) == {"exact", "own"}

    # On the domain of the site, too.
    page.evaluate("consent.acceptAll()")
    context.clear_cookies(name="exact")
    context.add_cookies([{"name": "exact", "value": "1", "domain": ".shop.localhost", "path": "/", "httpOnly": True}])
    assert _withdraw(page)["not_removed"] == ["exact"]


def test_looking_for_what_stays_leaves_nothing(shop: Shop, context: BrowserContext) -> None:
    page = _accepted(shop, context)

    assert "not_removed" not in _withdraw(page)
    assert _kept(page) == set()


def test_storages_databases_caches_and_service_workers_go(shop: Shop, context: BrowserContext) -> None:
    shop.files["/tracker/worker.js"] = script("// a tracker's", **{"Service-Worker-Allowed": "/"})
    shop.files["/own.js"] = script("// the site's")
    shop.files["/keep.js"] = script("caches.open('made-up'); indexedDB.open('made-up')")
    page = shop.visit(context, "<script src={tracker}/keep.js></script>")
    page.locator("[data-consent-action=accept-all]").click()
    page.evaluate("""async () => {
      localStorage._t1 = sessionStorage._t2 = localStorage.own = 1;
      await new Promise((done) => { indexedDB.open('_t1').onsuccess = ({target}) => done(target.result.close()); });
      await new Promise((done) => { indexedDB.open('own').onsuccess = done; });
      await caches.open('own');
      for (const url of ['/tracker/worker.js', '/own.js']) await navigator.serviceWorker.register(url);
    }""")
    kept = """async () => [
      ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...await caches.keys(),
      ...(await indexedDB.databases()).map(({name}) => name),
      ...(await navigator.serviceWorker.getRegistrations()).map((one) => new URL((one.active || one.waiting ||
        one.installing).scriptURL).pathname),
    ].filter((name) => !name.startsWith('eu-consent')).sort()"""
    own = ["/own.js", "own", "own", "own"]
    everything = ["/own.js", "/tracker/worker.js", "_t1", "_t1", "_t2", "made-up", "made-up", "own", "own", "own"]
    eventually(lambda: page.evaluate(kept) == everything, "what the tracker keeps")

    _withdraw(page)
    eventually(lambda: page.evaluate(kept) == own, "what is left")


def test_what_is_older_than_it_may_be_goes_at_the_next_page(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    page.locator("[data-consent-action=accept-all]").click()
    page.evaluate("""async () => {
      localStorage._t1 = localStorage.own = 1;
      await new Promise((done) => { indexedDB.open('_t1').onsuccess = ({target}) => done(target.result.close()); });
    }""")
    # The first writes are as old as they are said to be: half a year and a day.
    page.evaluate("""() => {
      const writes = JSON.parse(localStorage['eu-consent-writes']);
      for (const entry of Object.values(writes)) entry[0] -= 184 * 864e5;
      localStorage['eu-consent-writes'] = JSON.stringify(writes);
    }""")
    page.reload()
    assert page.evaluate("[localStorage._t1, localStorage.own]") == [None, "1"]
    eventually(lambda: page.evaluate("indexedDB.databases()") == [], "the database goes")
