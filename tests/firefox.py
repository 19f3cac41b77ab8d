"""A real Firefox for the tests, over Marionette: the remote protocol that every Firefox carries, JSON over a socket.

Playwright drives only a Firefox of its own build. A visitor here is a container, with cookies, storages and a cache of
its own: it takes milliseconds where a profile takes seconds. What no page can see (``HttpOnly`` cookies) is asked of
the browser itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from tests import programs
from tests.servers import eventually

START_SECONDS = 120  # on a machine that is busy with other browsers
WAIT_SECONDS = 10
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver names an element in JSON

# Marionette itself silences updates, telemetry and safe browsing (remote/shared/RecommendedPreferences.sys.mjs).
PREFERENCES: dict[str, bool | int | str] = {
    "marionette.port": 0,
    "app.normandy.enabled": False,
    "browser.newtab.preload": False,
    "browser.newtabpage.enabled": False,
    "browser.startup.page": 0,
    "intl.accept_languages": "fr-FR, fr",
    "network.trr.mode": 5,
    "privacy.userContext.enabled": True,
}

# An expression, or a function that is called, as Playwright takes them; a promise is waited for.
EVALUATE = """const [given, done] = [Array.from(arguments).slice(0, -1), arguments[arguments.length - 1]];
(async () => { const value = (%s); return typeof value === 'function' ? value(...given) : value; })()
  .then((value) => done({ value: value === undefined ? null : value }), (error) => done({ error: String(error) }));"""

STATE = "return location.protocol === 'about:' ? 'empty' : document.readyState;"

FIND = """const look = (root) => {
  const found = root.querySelector(arguments[0]);
  if (found) return found;
  for (const { shadowRoot } of root.querySelectorAll('*')) {
    const inner = shadowRoot && look(shadowRoot);
    if (inner) return inner;
  }
  return null;
};
return look(document);"""

# Run in the browser, not in the page.
OPEN = """const get = (path) => ChromeUtils.importESModule(path);
const { ContextualIdentityService } = get('resource://gre/modules/ContextualIdentityService.sys.mjs');
const { waitForInitialNavigationCompleted } = get('chrome://remote/content/shared/Navigate.sys.mjs');
const { userContextId } = ContextualIdentityService.create('visitor', 'circle', 'blue');
const { linkedBrowser } = gBrowser.addTrustedTab('about:blank', { userContextId });
return waitForInitialNavigationCompleted(linkedBrowser.browsingContext.webProgress).then(() => userContextId);"""
BEGIN = """const [visitor, address] = arguments;
const [own, ...others] = gBrowser.tabs.filter(({ userContextId }) => userContextId === visitor);
for (const other of others) gBrowser.removeTab(other);
const { linkedBrowser } = own;
const page = () => linkedBrowser.browsingContext.currentWindowGlobal?.innerWindowId;
const before = page();
const triggeringPrincipal = Services.scriptSecurityManager.getSystemPrincipal();
linkedBrowser.fixupAndLoadURIString(address, { triggeringPrincipal });
return new Promise((done) => {
  const look = () => page() !== before ? done() : setTimeout(look, 10);
  look();
});"""
COOKIES = """const visitor = JSON.stringify({ userContextId: arguments[0] });
return Services.cookies.getCookiesWithOriginAttributes(visitor).map((one) => ({
  name: one.name, value: one.value, domain: one.host, path: one.path, secure: one.isSecure, httpOnly: one.isHttpOnly,
  expires: one.isSession ? -1 : one.expiry / 1000, partitioned: one.isPartitioned,
}));"""
PUT_COOKIE = """const [userContextId, host, name, value] = arguments;
Services.cookies.add(host, '/', name, value, true, false, true, 0, { userContextId }, 1, 2);"""
FORGET = """const theirs = gBrowser.tabs.filter(({ userContextId }) => userContextId === arguments[0]);
for (const tab of theirs) gBrowser.removeTab(tab);
return new Promise((done) =>
  Services.clearData.deleteDataFromOriginAttributesPattern({ userContextId: arguments[0] }, done));"""


class FirefoxError(Exception):
    """What Firefox answered instead of a result."""


class Firefox:
    """One browser, headless, on a profile of its own that knows nothing; ``folder`` is empty and only its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._tab = ""

    def __enter__(self) -> Firefox:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
        (self._folder / "user.js").write_text("".join(lines))
        command = [
            *(str(programs.firefox()), "--headless", "--no-remote", "--profile", str(self._folder)),
            *("--marionette", "--remote-allow-system-access"),
        ]
        environment = {**os.environ, "HOME": str(self._folder), "TZ": "Europe/Paris", "MOZ_CRASHREPORTER_DISABLE": "1"}
        with (self._folder / "output").open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        try:
            self._greet()
        except BaseException:
            self._process.kill()
            raise
        return self

    def _greet(self) -> None:
        port = self._folder / "MarionetteActivePort"
        eventually(lambda: port.exists() and bool(port.read_text()), "Firefox listens", START_SECONDS)
        self._socket = socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=START_SECONDS)
        self._answers = self._socket.makefile("rb")
        self._read()  # it says its name first
        self.command("WebDriver:NewSession", acceptInsecureCerts=True, unhandledPromptBehavior="dismiss")

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError, ValueError, FirefoxError):
            self.command("Marionette:Quit", flags=["eForceQuit"])
        self._answers.close()
        self._socket.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def command(self, name: str, **parameters: object) -> Any:
        """Send one command, and give what it answers."""
        self._count += 1
        message = json.dumps([0, self._count, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._read()
        if error:
            raise FirefoxError(f"{name}: {error['error']}: {error['message']}")
        return result

    def _read(self) -> Any:
        length = b""
        while (digit := self._answers.read(1)) != b":":
            if not digit:
                raise FirefoxError("Firefox is gone")
            length += digit
        return json.loads(self._answers.read(int(length)))

    def privileged(self, script: str, *arguments: object) -> Any:
        """Run a script in the browser instead of a page; a promise that it returns is waited for."""
        self.command("Marionette:SetContext", value="chrome")
        try:
            return self.command("WebDriver:ExecuteScript", script=script, args=arguments)["value"]
        finally:
            self.command("Marionette:SetContext", value="content")

    def visitor(self) -> Visitor:
        """Give a visitor who was never here."""
        before = set(self.command("WebDriver:GetWindowHandles"))
        container = self.privileged(OPEN)
        found: list[str] = []

        def look() -> bool:
            for tab in set(self.command("WebDriver:GetWindowHandles")) - before:  # pages open some, too
                self.turn_to(tab)
                if self.privileged("return gBrowser.selectedTab.userContextId;") == container:
                    found.append(tab)
            return bool(found)

        eventually(look, "a new tab", START_SECONDS)
        return Visitor(self, container, found[0])

    def turn_to(self, tab: str) -> None:
        """Make a tab the one that commands are for."""
        if tab != self._tab:
            self.command("WebDriver:SwitchToWindow", handle=tab)
            self._tab = tab


class Visitor:
    """A visitor's one tab, and what their browser keeps."""

    def __init__(self, firefox: Firefox, container: int, tab: str) -> None:
        self._firefox = firefox
        self._container = container
        self._tab = tab

    def _command(self, name: str, **parameters: object) -> Any:
        self._firefox.turn_to(self._tab)
        return self._firefox.command(name, **parameters)

    def _run(self, script: str, *arguments: object) -> Any:
        return self._command("WebDriver:ExecuteScript", script=script, args=arguments)["value"]

    def goto(self, url: str) -> None:
        """Open a page and wait until it has loaded."""
        self._command("WebDriver:Navigate", url=url)
        # The first time it may have been the tab's own empty page that was waited for.
        eventually(lambda: self._run(STATE) == "complete", url, WAIT_SECONDS)

    def begin(self, url: str) -> None:
        """Begin to open a page, and close those that pages have opened."""
        self._firefox.privileged(BEGIN, self._container, url)

    def reload(self) -> None:
        self._command("WebDriver:Refresh")

    def evaluate(self, script: str, *arguments: object) -> Any:
        """Give what a script, run in the page's own scope, gives; as Playwright does."""
        answer = self._command("WebDriver:ExecuteAsyncScript", script=EVALUATE % script, args=arguments)["value"]
        if answer is None:
            raise FirefoxError("the page was left meanwhile")
        if "error" in answer:
            raise FirefoxError(answer["error"])
        return answer["value"]

    def untouched(self, script: str) -> Any:
        """Give the list that a script tells its last argument, run beside the page: no page changes what it calls."""
        return self._command("WebDriver:ExecuteAsyncScript", script=script, sandbox="untouched")["value"] or []

    def click(self, selector: str) -> None:
        """Click, as a visitor does, the first element of that kind, in an open shadow root too, once it is there."""
        found: list[dict[str, str]] = []

        def look() -> bool:
            element = self._run(FIND, selector)
            found.extend([element] if element else [])
            return bool(found)

        eventually(look, selector, WAIT_SECONDS)
        self._command("WebDriver:ElementClick", id=found[0][ELEMENT])

    def cookies(self) -> list[dict[str, Any]]:
        """Give every cookie that the visitor's browser keeps, in the shape in which Playwright gives them."""
        return cast("list[dict[str, Any]]", self._firefox.privileged(COOKIES, self._container))

    def put_cookie(self, name: str, value: str, url: str) -> None:
        """Put one into the browser's jar that lasts until it is closed."""
        self._firefox.privileged(PUT_COOKIE, self._container, urlsplit(url).hostname, name, value)

    def close(self) -> None:
        """Close the tab, and those that pages have opened; forget all."""
        self._command("WebDriver:CloseWindow")
        self._firefox.privileged(FORGET, self._container)
