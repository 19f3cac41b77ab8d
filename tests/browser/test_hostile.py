"""Pages that clobber names, break the platform or try to get rid of us: the gates hold, and the page never hears us."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.page_server import script
from tests.browser.shop import Shop
from tests.servers import eventually

TOOLS = """
const { apply: does, getOwnPropertyDescriptor: about } = Reflect, { createElement, appendChild } = Document.prototype;
const { setAttribute } = Element.prototype;
const its = (name, owner = Document.prototype, self = document) => does(about(owner, name).get, self, []);
const make = (name) => does(createElement, document, [name]);
const put = (node) => does(appendChild, its('body'), [node]);
"""
ROADS = """
const tried = async (deed) => { try { await deed(); } catch {} };
(async () => {
  await tried(() => { document.cookie = '_t1=1; path=/; max-age=99999'; });
  await tried(() => cookieStore.set('_t2', '1'));
  await tried(() => localStorage.setItem('_t3', '1'));
  await tried(() => { localStorage._t4 = '1'; });
  await tried(() => { sessionStorage['_t5'] = '1'; });
  await tried(() => new Promise((done) => { indexedDB.open('_t6').onerror = done; setTimeout(done, 50); }));
  await tried(() => fetch('{tracker}/fetch'));
  await tried(() => { const x = new XMLHttpRequest(); x.open('GET', '{tracker}/xhr'); x.send(); });
  await tried(() => { navigator.sendBeacon('{tracker}/beacon', 'x'); });
  await tried(() => { new Image().src = '{tracker}/image'; });
  await tried(() => { new WebSocket('{tracker}/socket'.replace('http', 'ws')); });
  await tried(() => { new EventSource('{tracker}/events'); });
  await tried(() => { new Worker('/tracker/worker.js'); });
  await tried(() => {
    const s = make('script');
    s.src = '{tracker}/script';
    put(s);
  });
  await tried(() => {
    const s = make('script');
    s.setAttribute('src', '{tracker}/attribute');
    its('body').append(s);
  });
  await tried(() => { its('body').insertAdjacentHTML('beforeend', '<img src="{tracker}/markup">'); });
  await tried(() => {
    const f = put(make('iframe'));
    does(about(f.contentWindow.Document.prototype, 'cookie').set, document, ['_t7=1; path=/']);
    return f.contentWindow.fetch('{tracker}/frame');
  });
  await tried(() => { document.cookie = 'own=1; path=/'; });
  await tried(() => localStorage.setItem('own', '1'));
  await tried(() => fetch('/own'));
  does(setAttribute, its('documentElement'), ['data-done', '']);
})();
"""
WAITING = {"/script", "/attribute", "/image", "/markup"}
"""What of these comes once it is granted; requests that were refused do not."""

KEPT = """(async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...(await indexedDB.databases()).map(({name}) => name),
])()"""
PRESS = """(() => {
  const host = document.querySelector('[data-consent-banner]');
  const button = host?.shadowRoot.querySelector('[data-consent-action=accept-all]');
  button?.click();
  return !!button;
})()"""


def _beside(page: Page, text: str) -> Any:
    """Evaluate in a world of its own: the same document, with a language that the page cannot reach."""
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    told = session.send(
        "Runtime.evaluate", {"expression": text, "contextId": world, "awaitPromise": True, "returnByValue": True}
    )
    session.detach()
    return told["result"].get("value")


def _device(page: Page) -> set[str]:
    found: list[str] = _beside(page, KEPT)
    return {
        name for name in [*found, *(c["name"] for c in page.context.cookies())] if not name.startswith("eu-consent")
    }


def _hostile(shop: Shop, context: BrowserContext, breaks: str, *, body: str = "") -> tuple[Page, list[str]]:
    """Break the page, try every road, and give the page and what it complained about."""
    shop.files["/own"] = script("")
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    scripts = "".join(f"<script>{text}</script>" for text in (TOOLS, breaks, shop.fill(ROADS)))
    page = shop.visit(context, body + scripts)
    eventually(lambda: _beside(page, "'done' in document.querySelector('html').dataset"), "every road is tried")
    return page, errors


WORDS = """
const { ownKeys, defineProperty } = Reflect;
const owners = [Array, String, RegExp, Map, Set, WeakMap, WeakSet, Function, Number, Date, Math, JSON, Object, Promise];
const iterators = [[].values(), new Map().values(), new Set().values(), ''.matchAll(/x/g)].map(Object.getPrototypeOf);
const holders = [...owners.map(({ prototype }) => prototype), ...owners, Reflect, Object.getPrototypeOf(iterators[0]),
  ...iterators];
"""
"""Every word of the language: what its classes and their prototypes have."""
EVERY_WORD = (
    WORDS
    + """
const { has } = WeakSet.prototype;
const spare = new WeakSet([Object, Object.prototype.toString, Promise]); // what the roads below stand on
for (let i = 0; i < holders.length; i++) {
  const names = holders[i] ? ownKeys(holders[i]) : [];
  for (let j = 0; j < names.length; j++) {
    const { value, writable } = about(holders[i], names[j]);
    if (typeof value === 'function' && writable && !does(has, spare, [value])) holders[i][names[j]] = EVIL;
  }
}
"""
)

BREAKS = {
    "every word throws": EVERY_WORD.replace("EVIL", "function () { throw new Error('broken') }"),
    "every word lies": EVERY_WORD.replace("EVIL", "function () { return [] }"),
    "every word says yes": EVERY_WORD.replace("EVIL", "function () { return { allowed: true } }"),
    "every word looks for a way out": EVERY_WORD.replace(
        "EVIL",
        """function (...given) {
          for (let k = 0; k <= given.length; k++) {
            const one = k < given.length ? given[k] : this;
            try { if (one && one.allowed === false) one.allowed = true; } catch {}
          }
          return does(value, this, given);
        }""",
    ),
    "classes are somebody else's": """
        for (const name of ['Map', 'Set', 'WeakMap', 'WeakSet', 'RegExp', 'Date', 'Promise', 'Array', 'Object', 'Math',
            'Reflect', 'Symbol', 'TypeError', 'String', 'Number', 'decodeURIComponent', 'parseInt', 'queueMicrotask']) {
          window[name] = function () { throw new Error('broken') };
        }""",
    "iterators end": """
        Array.prototype[Symbol.iterator] = Map.prototype[Symbol.iterator] = function* () {};
        Object.getPrototypeOf([].values()).next = () => ({ done: true });""",
    "a word is a getter that throws": """
        for (const name of ['filter', 'map', 'find', 'includes']) {
          Object.defineProperty(Array.prototype, name, { get() { throw new Error('broken') }, configurable: true });
        }""",
    "the platform's own getters lie": """
        for (const [type, names] of [[URL, ['hostname', 'host', 'origin', 'protocol', 'pathname', 'href', 'port']],
            [Node, ['nodeType', 'isConnected', 'parentNode', 'ownerDocument', 'baseURI', 'firstChild', 'childNodes']],
            [Element, ['localName', 'tagName', 'attributes', 'shadowRoot']],
            [Document, ['readyState', 'currentScript']], [Request, ['url']]]) {
          for (const name of names) Object.defineProperty(type.prototype, name, { get: () => 'about:blank' });
        }""",
    "the platform's own methods lie": """
        for (const type of [Element, Node, Document, EventTarget]) for (const name of
            ['getAttribute', 'removeAttribute', 'querySelectorAll', 'matches', 'dispatchEvent']) {
          if (type.prototype.hasOwnProperty(name)) type.prototype[name] = () => null;
        }
        Reflect.apply = Reflect.defineProperty = Reflect.ownKeys = () => undefined;
        JSON.parse = JSON.stringify = () => '{}';
        window.URL = window.Proxy = window.Error = window.MutationObserver = window.Request = function () {};""",
    "stacks are somebody else's": """
        Error.prepareStackTrace = () => 'https://innocent.example/a.js:1:1';
        Error.stackTraceLimit = 0;""",
    "prototypes are polluted": """
        for (const name of ['get', 'set', 'value', 'writable', 'configurable', 'enumerable', 'allowed', 'service',
            'detail', 'signal', 'mode', 'once', 'capture', 'passive', 'hold', 'release', 'seen', 'open', 'held']) {
          Object.prototype[name] = true;
        }
        Reflect.defineProperty(Object.prototype, '_ga', { __proto__: null, get() { return 1 }, set() {} });""",
    "hooks are deleted": """
        for (const [owner, name] of [[Document.prototype, 'cookie'], [window, 'localStorage'], [window, 'fetch'],
            [XMLHttpRequest.prototype, 'send'], [HTMLImageElement.prototype, 'src'],
            [HTMLIFrameElement.prototype, 'contentWindow']]) {
          delete owner[name];
        }""",
    "hooks are wrapped": """
        const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
        Object.defineProperty(Document.prototype, 'cookie', { get() { return cookie.get.call(this) },
          set(text) { cookie.set.call(this, text); }, configurable: true });
        const ask = window.fetch; window.fetch = (...all) => ask(...all);""",
}
NAMES = (
    "cookie body head documentElement currentScript createElement createElementNS addEventListener dispatchEvent "
    "querySelectorAll implementation defaultView readyState baseURI visibilityState forms consent consentQueue klaro "
    "Didomi OneTrust attributes parentNode nodeType localName children isConnected append getAttribute setAttribute "
    "removeChild childNodes firstChild style"
).split()
CLOBBERED = (
    "".join(f'<img name="{name}"><a id="{name}"></a><form name="{name}"></form>' for name in NAMES)
    + f"<form id=trap>{''.join(f'<input name={name}>' for name in NAMES)}</form>"
)


@pytest.mark.parametrize("breaks", BREAKS)
def test_nothing_gets_through_on_a_broken_page(shop: Shop, context: BrowserContext, breaks: str) -> None:
    page, errors = _hostile(shop, context, BREAKS[breaks])

    assert shop.tracked() == []
    assert _device(page) <= {"own"}
    assert errors == []


ONE_BY_ONE = (
    WORDS
    + """
window.words = {};
window.thrown = [];
const { then } = Promise.prototype;
const roads = [
  (id) => { document.cookie = '_t' + id + '=1; path=/; max-age=9999'; },
  () => document.cookie,
  (id) => localStorage.setItem('_t' + id, '1'),
  (id) => { sessionStorage['_t' + id] = '1'; },
  (id) => { indexedDB.open('_t' + id); },
  (id) => { does(then, fetch('{tracker}/fetch' + id), [null, () => {}]); },
  (id) => { const x = new XMLHttpRequest(); x.open('GET', '{tracker}/xhr' + id); x.send(); },
  (id) => navigator.sendBeacon('{tracker}/beacon' + id),
  (id) => { new Image().src = '{tracker}/image' + id; },
  (id) => { const s = make('script'); s.setAttribute('src', '{tracker}/script' + id); put(s); },
  (id) => { const i = make('i'); i.style.cssText = 'background: url({tracker}/style' + id + ')'; put(i); },
  (id) => its('body').insertAdjacentHTML('beforeend', '<img src="{tracker}/markup' + id + '">'),
  (id) => {
    const f = put(make('iframe'));
    does(about(f.contentWindow.Document.prototype, 'cookie').set, document, ['_tframe' + id + '=1; path=/']);
    f.remove();
  },
];
for (let i = 0; i < holders.length; i++) {
  const names = holders[i] ? ownKeys(holders[i]) : [];
  for (let j = 0; j < names.length; j++) {
    const before = about(holders[i], names[j]);
    if (typeof before.value !== 'function' || !before.configurable) continue;
    const id = '.' + i + '.' + j + '.';
    words[id] = i + ' ' + String(names[j]);
    for (const value of [() => { throw new Error('broken') }, () => undefined]) {
      defineProperty(holders[i], names[j], { __proto__: null, value, writable: true, configurable: true });
      for (let k = 0; k < roads.length; k++) {
        try { roads[k](id); } catch (error) { thrown[thrown.length] = words[id] + ': ' + error; }
      }
      defineProperty(holders[i], names[j], before);
    }
  }
}
"""
)


def test_no_single_word_is_missed(shop: Shop, context: BrowserContext) -> None:
    context.set_default_timeout(120_000)
    page, errors = _hostile(shop, context, shop.fill(ONE_BY_ONE))

    words = page.evaluate("words")
    through = {f"{road}: {words.get(id)}" for name in shop.tracked() for road, id in [_road(name)]}
    through |= {f"{road}: {words.get(id)}" for name in _device(page) - {"own"} for road, id in [_road(name)]}
    assert sorted(through) == []
    assert page.evaluate("thrown") == []
    assert len(words) > 300
    assert errors == []


def _road(name: str) -> tuple[str, str]:
    road, dot, rest = name.partition(".")
    return road, dot + rest


@pytest.mark.parametrize("breaks", ["prototypes are polluted", "hooks are wrapped"])
def test_what_is_granted_comes_on_a_broken_page(shop: Shop, context: BrowserContext, breaks: str) -> None:
    page, errors = _hostile(shop, context, BREAKS[breaks])
    eventually(lambda: _beside(page, PRESS), "the banner is there")

    eventually(lambda: {"_t1", "_t3", "_t4", "_t5", "own"} <= _device(page), "what waited is written")
    eventually(lambda: set(shop.tracked()) >= WAITING, "what waited is asked for")
    assert errors == []


def test_names_in_the_markup_take_nothing_from_us(shop: Shop, context: BrowserContext) -> None:
    tagged = '<img data-consent-service=tracker data-src="{tracker}/tagged">'
    inside = tagged + "<script>trap.appendChild(Object.assign(new Image(), {src: '{tracker}/trap'}))</script>"
    for name in ("script", "attribute"):
        shop.files[f"/{name}"] = script("")
    page, errors = _hostile(shop, context, "", body=CLOBBERED + shop.fill(inside))

    assert shop.tracked() == []
    assert _device(page) <= {"own"}
    eventually(lambda: _beside(page, PRESS), "the banner is there")
    eventually(lambda: {"_t3", "_t4", "_t5"} <= _device(page), "what waited is written")
    eventually(lambda: set(shop.tracked()) >= WAITING | {"/tagged"}, "what waited is asked for")
    assert errors == []


def test_arguments_that_change_their_mind_are_heard_once(shop: Shop, context: BrowserContext) -> None:
    fickle = """
    const fickle = (first, then) => { let asked = 0; return { toString: () => asked++ ? then : first }; };
    const moody = (then) => {
      let asked = 0;
      return { toString() { if (asked++) return then; throw new Error('own') } };
    };
    for (const make of [(then) => fickle('/own', then), moody]) {
      const tried = (deed) => { try { deed(); } catch (error) { if (error.message !== 'own') throw error; } };
      tried(() => fetch(make('{tracker}/fetch')).catch(() => 0));
      tried(() => navigator.sendBeacon(make('{tracker}/beacon')));
      tried(() => { const x = new XMLHttpRequest(); x.open('GET', make('{tracker}/xhr')); x.send(); });
      tried(() => new EventSource(make('{tracker}/events')));
      tried(() => { document.cookie = make('_t1=1; path=/'); });
      tried(() => localStorage.setItem(make('_t3'), '1'));
      tried(() => { new Image().src = make('{tracker}/image'); });
      tried(() => document.body.insertAdjacentHTML('beforeend', make('<img src="{tracker}/markup">')));
      tried(() => {
        const s = document.createElement('script'); s.setAttribute('src', make('{tracker}/x')); its('body').append(s);
      });
      tried(() => document.write({ toString: () => '<script src="{tracker}/written"></' + 'script>' }));
    }"""
    page, errors = _hostile(shop, context, shop.fill(fickle))

    assert shop.tracked() == []
    assert _device(page) <= {"own", "/own", ""}  # a cookie without a name
    assert errors == []


NAMES_TO_HANG = {
    "long": "_t" + "a" * 20_000,
    "positions": "_t" + "a:1" * 5_000,
    "equals": "=" * 20_000 + "_t",
    "blanks": "_t" + " " * 20_000 + "x",
    "stars": "*" * 20_000,
    "semicolons": "_t;" * 5_000,
    "dots": "a." * 10_000,
}


@pytest.mark.parametrize("kind", NAMES_TO_HANG)
def test_no_name_can_make_us_slow(shop: Shop, context: BrowserContext, kind: str) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    write = """(name) => {
      const start = performance.now();
      for (let i = 0; i < 5; i++) {
        document.cookie = name + i + '=1; path=/; expires=' + name;
        localStorage[name + i] = i;
        document.body.insertAdjacentHTML('beforeend', '<p>' + name);
        try { navigator.sendBeacon('https://' + name + '.invalid/', ''); } catch {} // no address
      }
      return performance.now() - start;
    }"""
    short, long = (min(page.evaluate(write, NAMES_TO_HANG[kind] * times) for _ in range(3)) for times in (1, 4))

    assert long < 10 * short + 1_000  # four times the length; the square would be sixteen


def test_ten_thousand_cookies_neither_hang_the_page_nor_fill_its_memory(shop: Shop, context: BrowserContext) -> None:
    page = shop.visit(context, "<h1>Shop</h1>")
    spent = page.evaluate("""() => {
      const start = performance.now();
      for (let i = 0; i < 10000; i++) document.cookie = '_t' + i + '=1; path=/';
      return performance.now() - start;
    }""")

    assert spent < 10_000
    assert len(page.evaluate("consent.debug().gates").pop(0)["held"]) <= 1_000
    assert page.context.cookies() == []


def test_a_second_tag_does_nothing(shop: Shop, context: BrowserContext) -> None:
    page, errors = _hostile(shop, context, "", body=shop.tag + shop.tag)

    page.locator("[data-consent-action=accept-all]").wait_for()
    assert page.locator("[data-consent-banner]").count() == 1
    assert shop.tracked() == []
    assert errors == []


@pytest.mark.parametrize("name", ["__tcfapi", "Didomi", "tarteaucitron", "OneTrust"])
def test_beside_another_platform_we_are_silent_and_shut(shop: Shop, context: BrowserContext, name: str) -> None:
    page, errors = _hostile(shop, context, f"window['{name}'] = () => 0")

    assert page.locator("[data-consent-banner]").count() == 0
    assert shop.tracked() == []
    assert _device(page) <= {"own"}
    assert errors == []
    page.evaluate("consent.acceptAll()")
    eventually(lambda: "_t1" in _device(page) and set(shop.tracked()) >= WAITING, "the site's own call opens the gates")
