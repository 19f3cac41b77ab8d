"""Finding and starting Chromium. Playwright drives it; both are optional (``pip install consent-server[browser]``)."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consent_server.domain.errors import Unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_MS = 60_000

_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
"""Without these Chromium talks to its makers by itself."""


_WANTED = ("--disable-popup-blocking", "--disable-ipc-flooding-protection")
"""What Playwright would switch off, and hostile pages are kept in bounds by."""


@contextlib.contextmanager
def open_chromium(*arguments: str, proxy_port: int = 0, foreign_cookies: bool = False) -> Iterator[Browser]:
    """Start a browser and end it; to be used in the thread that it was started in.

    With a ``proxy_port`` everything goes through the proxy there, addresses of this machine too. ``foreign_cookies``:
    sites within a page may keep theirs, as visitors' browsers let them.

    Raises ``Unavailable`` where Playwright or Chromium is not installed, or does not start.
    """
    program = find_chromium()
    from playwright.sync_api import Error, sync_playwright

    root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium's sandbox refuses root
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        try:
            browser = _launch(
                playwright,
                place if foreign_cookies else "",
                executable_path=program,
                args=[*_QUIET, *root, *arguments],
                ignore_default_args=_WANTED,
                timeout=START_MS,
                proxy={"server": f"http://127.0.0.1:{proxy_port}", "bypass": "<-loopback>"} if proxy_port else None,
            )
        except Error as error:
            raise Unavailable(f"Chromium does not start: {error.message.splitlines()[0]}") from None
        try:
            yield browser
        finally:
            browser.close()


def _launch(playwright: Playwright, place: str, **how: Any) -> Browser:
    """Start the program. Profiles like ours are incognito to it: they refuse foreign cookies unless told not to."""
    if not place:
        return playwright.chromium.launch(**how)
    first = Path(place, "Default")
    first.mkdir()
    (first / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}), encoding="utf-8")
    browser = playwright.chromium.launch_persistent_context(place, **how).browser
    assert browser is not None
    return browser


def is_installed() -> bool:
    """Return whether Playwright and a Chromium are there."""
    with contextlib.suppress(Unavailable):
        return bool(find_chromium())
    return False


def find_chromium() -> str:
    """Return the browser that ``CHROMIUM`` names, or the first on PATH.

    Raises ``Unavailable`` without one, or without Playwright to drive it.
    """
    if importlib.util.find_spec("playwright") is None:
        raise Unavailable("Playwright is not installed: pip install 'consent-server[browser]'.")
    named = os.environ.get("CHROMIUM")
    for name in (named,) if named else NAMES:
        if found := shutil.which(name):
            return found
    raise Unavailable("Chromium was not found: install it, or name its program in CHROMIUM.")
