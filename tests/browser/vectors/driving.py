"""The one place that knows which browser is driven: a visitor with one tab, and what that browser keeps.

Another browser is another class with these methods; nothing else here names Playwright or Marionette.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

from tests.firefox import FirefoxError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.firefox import Firefox

# Taken before anything of the page runs, so that what is read is what is there and not what the banner shows.
READER = """(() => {
  if (window !== top) return;
  const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const getter = (owner, name) => getOwnPropertyDescriptor(owner, name)?.get;
  const [local, session, idb, cache] = ['localStorage', 'sessionStorage', 'indexedDB', 'caches']
    .map((name) => getter(window, name));
  const { key } = Storage.prototype, length = getter(Storage.prototype, 'length');
  const { databases } = IDBFactory.prototype;
  const keys = globalThis.CacheStorage?.prototype.keys;
  const container = getter(Navigator.prototype, 'serviceWorker');
  const registrations = globalThis.ServiceWorkerContainer?.prototype.getRegistrations;
  const names = (kind, read) => {
    const storage = apply(read, window, []), found = [];
    for (let i = 0; i < apply(length, storage, []); i++) found.push(kind + ' ' + apply(key, storage, [i]));
    return found;
  };
  const tried = async (deed) => { try { return await deed(); } catch { return []; } };
  defineProperty(window, '__kept', { value: async () => [
    ...await tried(() => names('local', local)),
    ...await tried(() => names('session', session)),
    ...(await tried(() => apply(databases, apply(idb, window, []), []))).map(({ name }) => 'database ' + name),
    ...(await tried(() => apply(keys, apply(cache, window, []), []))).map((name) => 'cache ' + name),
    ...(await tried(() => apply(registrations, apply(container, navigator, []), [])))
      .map(({ active, waiting, installing }) => 'worker ' + (active || waiting || installing)?.scriptURL),
  ] });
})()"""

# The same where the page's own functions cannot be met at all: Firefox shows this scope the browser's.
FIREFOX_READER = """const done = arguments[arguments.length - 1];
const tried = async (deed) => { try { return await deed(); } catch { return []; } };
const names = (kind, storage) => Array.from({ length: storage.length }, (_, i) => kind + ' ' + storage.key(i));
(async () => done([
  ...await tried(() => names('local', localStorage)),
  ...await tried(() => names('session', sessionStorage)),
  ...Array.from(await tried(() => indexedDB.databases()), ({ name }) => 'database ' + name),
  ...Array.from(await tried(() => caches.keys()), (name) => 'cache ' + name),
  ...Array.from(await tried(() => navigator.serviceWorker.getRegistrations()),
    ({ active, waiting, installing }) => 'worker ' + (active || waiting || installing)?.scriptURL),
]))();"""


class Visitor(Protocol):
    """A fresh profile with one tab."""

    def open(self, url: str) -> None:
        """Begin to load a page; other windows are closed."""

    def run(self, text: str) -> Any:
        """Evaluate in the page, and give what it says as data."""

    def loaded(self) -> bool:
        """Tell whether the page has loaded, and its scripts may run."""

    def kept(self) -> set[str]:
        """Give what the browser keeps: ``cookie name`` of every site, storages of this one; empty between two pages."""

    def cookie(self, name: str) -> str | None: ...

    def put_cookie(self, name: str, value: str, url: str) -> None: ...

    def pause(self, seconds: float) -> None:
        """Let the browser work."""

    def close(self) -> None: ...


class PlaywrightVisitor:
    """Chromium, and any other browser that Playwright drives."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(ignore_https_errors=True, locale="en-GB", timezone_id="Europe/Paris")
        self._context.set_default_timeout(30_000)
        self._context.add_init_script(READER)
        self._page = self._context.new_page()

    def open(self, url: str) -> None:
        for other in self._context.pages:
            if other != self._page:
                other.close()
        self._page.goto(url, wait_until="commit")

    def run(self, text: str) -> Any:
        return self._page.evaluate(text)

    def loaded(self) -> bool:
        with contextlib.suppress(_error()):
            return bool(self._page.evaluate("document.readyState === 'complete'"))
        return False

    def kept(self) -> set[str]:
        found = {f"cookie {cookie['name']}" for cookie in self._context.cookies()}
        with contextlib.suppress(_error()):
            found.update(self._page.evaluate("window.__kept ? __kept() : []"))
        return found

    def cookie(self, name: str) -> str | None:
        return next((cookie["value"] for cookie in self._context.cookies() if cookie["name"] == name), None)

    def put_cookie(self, name: str, value: str, url: str) -> None:
        self._context.add_cookies([{"name": name, "value": value, "url": url}])

    def pause(self, seconds: float) -> None:
        self._page.wait_for_timeout(seconds * 1000)

    def close(self) -> None:
        self._context.close()


class FirefoxVisitor:
    """Firefox, as it is driven by Marionette."""

    def __init__(self, firefox: Firefox) -> None:
        self._visitor = firefox.visitor()

    def open(self, url: str) -> None:
        self._visitor.begin(url)

    def run(self, text: str) -> Any:
        return self._visitor.evaluate(text)

    def loaded(self) -> bool:
        with contextlib.suppress(FirefoxError):
            return bool(self._visitor.evaluate("document.readyState === 'complete'"))
        return False

    def kept(self) -> set[str]:
        found = {f"cookie {cookie['name']}" for cookie in self._visitor.cookies()}
        with contextlib.suppress(FirefoxError):
            found.update(self._visitor.untouched(FIREFOX_READER))
        return found

    def cookie(self, name: str) -> str | None:
        return next((cookie["value"] for cookie in self._visitor.cookies() if cookie["name"] == name), None)

    def put_cookie(self, name: str, value: str, url: str) -> None:
        self._visitor.put_cookie(name, value, url)

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        self._visitor.close()


def _error() -> type[Exception]:
    from playwright.sync_api import Error

    return Error
