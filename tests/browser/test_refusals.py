"""A refusal looks like a network that is down, or a full disk: what every caller has to expect anyway."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.shop import Shop

HEARD = """(target, ...types) => new Promise((done) => {
  const heard = [];
  for (const type of types) {
    target['on' + type] = () => heard.push('on' + type);
    target.addEventListener(type, () => { heard.push(type); if (type === types.at(-1)) done(heard); });
  }
})"""


def _tell(shop: Shop, page: Page, text: str) -> Any:
    return page.evaluate(f"async () => {{ const heard = {HEARD}; {shop.fill(text)} }}")


def test_a_refused_request_fails_as_without_a_network(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    failed = (
        "return fetch('{tracker}/x').then(() => 'answered', (error) => error instanceof TypeError && error.message)"
    )
    assert _tell(shop, page, failed) == "Failed to fetch"
    assert _tell(shop, page, failed.replace("'{tracker}/x'", "new Request('{tracker}/x')")) == "Failed to fetch"
    assert _tell(shop, page, "return navigator.sendBeacon('{tracker}/x', 'x')") is True
    assert (
        _tell(shop, page, "return (await caches.open('own')).add('{tracker}/x').catch((error) => error.name)")
        == "TypeError"
    )
    assert (
        _tell(shop, page, "return navigator.serviceWorker.register('/tracker/worker.js').catch((error) => error.name)")
        == "TypeError"
    )

    assert shop.tracked() == []
    assert errors == []


def test_a_refused_xmlhttprequest_tells_of_a_network_error(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    told = _tell(
        shop,
        page,
        """
        const request = new XMLHttpRequest();
        request.open('GET', '{tracker}/x');
        request.setRequestHeader('X-Own', '1');
        const told = heard(request, 'load', 'readystatechange', 'error', 'loadend');
        request.send();
        const before = request.readyState;
        await told;
        const after = [request.readyState, request.status, request.responseText, request.getAllResponseHeaders()];
        request.open('GET', '/');
        return [before, await told, after, request.readyState];
        """,
    )
    order = ["onreadystatechange", "readystatechange", "onerror", "error", "onloadend", "loadend"]
    assert told == [1, order, [4, 0, "", ""], 1]
    sync = "const request = new XMLHttpRequest(); request.open('GET', '{tracker}/x', false);"
    assert _tell(shop, page, sync + "try { request.send() } catch (error) { return error.name }") == "NetworkError"
    assert shop.tracked() == []


def test_a_refused_connection_is_closed_and_says_so(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    for text, events, state in (
        ("new WebSocket('{tracker}/x'.replace('http', 'ws'))", ["error", "close"], 3),
        ("new EventSource('{tracker}/x')", ["error"], 2),
    ):
        kind = text.partition("(")[0].removeprefix("new ")
        told = _tell(
            shop,
            page,
            f"""
            const made = {text};
            const told = await heard(made, 'open', 'message', ...{events});
            made.close();
            return [made instanceof {kind}, made.constructor === {kind}, told, made.readyState, made.url];
            """,
        )
        handlers = [each for event in events for each in (f"on{event}", event)]
        assert told[:4] == [True, True, handlers, state]
        assert "tracker.localhost" in told[4]
    assert shop.tracked() == []


def test_a_refused_worker_could_not_be_loaded(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    at = "const at = (text) => URL.createObjectURL(new Blob(['/* own */', text]));"

    for text in (
        "new Worker('/tracker/worker.js')",
        "new SharedWorker('/tracker/worker.js')",
        "new Worker(at(`importScripts('{tracker}/x')`))",
        "new Worker('data:text/javascript,' + encodeURIComponent(`fetch('{tracker}/x')`))",
        "new Worker('data:text/javascript;base64,' + btoa(`fetch('{tracker}/x')`))",
        "new Worker(at(`new Worker('${at(`fetch('{tracker}/x')`)}')`))",
        "new Worker(at(`indexedDB.open('_t1')`))",
    ):
        told = _tell(
            shop,
            page,
            f"{at} const made = {text}; made.postMessage?.(1); made.port?.start(); return await heard(made, 'error')",
        )
        assert told == ["onerror", "error"], text
    assert shop.tracked() == []
    assert _tell(shop, page, "return (await indexedDB.databases()).length") == 0


def test_workers_of_the_page_work(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    answer = "onmessage = ({data}) => postMessage(data + 1)"
    said = _tell(
        shop,
        page,
        f"""
        const worker = new Worker(URL.createObjectURL(new Blob(["{answer}"])));
        worker.postMessage(1);
        return new Promise((done) => (worker.onmessage = ({{data}}) => done(data)));
        """,
    )
    assert said == 2


def test_a_refused_database_could_not_be_opened(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    told = _tell(
        shop,
        page,
        """
        const request = indexedDB.open('_t1');
        const told = await heard(request, 'success', 'upgradeneeded', 'error');
        return [told, request instanceof IDBOpenDBRequest, request.error.name, request.readyState];
        """,
    )
    assert told == [["onerror", "error"], True, "UnknownError", "done"]
    assert _tell(shop, page, "return heard(indexedDB.open('own'), 'success')") == ["onsuccess", "success"]
    assert _tell(shop, page, "return (await indexedDB.databases()).map(({name}) => name)") == ["own"]


def test_what_is_not_granted_is_not_read(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    # A page without the banner has kept these after ours was loaded.
    shop.files["/bare"] = type(shop.files["/"])("<p>bare</p>")
    other = context.new_page()
    other.goto(shop.web.host("shop") + "/bare")
    other.evaluate("['_t1', '_t2', '_t3', '_t4', 'own'].forEach((name) => localStorage.setItem(name, '1'))")
    other.evaluate("['_t1', 'own'].forEach((name) => document.cookie = name + '=1; path=/')")

    assert page.evaluate("[localStorage.getItem('_t1'), localStorage._t2, '_t3' in localStorage]") == [
        None,
        None,
        False,
    ]
    assert "_t4" not in page.evaluate("Object.keys(localStorage)")
    assert page.evaluate("[localStorage.own, localStorage.getItem('own')]") == ["1", "1"]
    assert page.evaluate("document.cookie") == "own=1"
    assert page.evaluate("cookieStore.getAll().then((all) => all.map(({name}) => name))") == ["own"]
    assert page.evaluate("cookieStore.get('_t1')") is None


def test_changes_of_what_is_not_granted_are_not_heard(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    shop.files["/bare"] = type(shop.files["/"])("<p>bare</p>")
    other = context.new_page()
    other.goto(shop.web.host("shop") + "/bare")

    page.evaluate("""() => {
      window.heard = [];
      cookieStore.onchange = ({changed, deleted}) => heard.push(...changed, ...deleted);
    }""")
    other.evaluate("document.cookie = '_t1=1; path=/'; document.cookie = 'own=1; path=/'")
    page.wait_for_function("heard.some(({name}) => name === 'own')")
    assert page.evaluate("heard.map(({name}) => name)") == ["own"]


def test_a_storage_event_names_the_storage_that_the_page_knows(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")

    assert page.evaluate(
        "new StorageEvent('storage', {key: 'a', storageArea: localStorage}).storageArea === localStorage"
    )


def test_debug_says_which_rule_decided(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(
        context,
        """<script>
        document.cookie = '_t1=1; path=/';
        fetch('{tracker}/x').catch(() => 0);
        localStorage.own = 1;
        </script>""",
    )
    decisions = page.evaluate("consent.debug().decisions")

    cookie = next(one for one in decisions if one["gate"] == "cookies")
    assert cookie["what"] == "_t1"
    assert [cookie[name] for name in ("allowed", "service", "purpose", "rule")] == [False, "tracker", "audience", "_t*"]
    request = next(one for one in decisions if one["gate"] == "requests")
    assert request["what"] == f"{shop.web.host('tracker')}/x"
    assert request["rule"].startswith("tracker.localhost")
    assert [one["rule"] for one in decisions if one["gate"] == "page"] == ["ours"]
