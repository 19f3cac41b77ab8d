"""Pressing the buttons of a banner, as a visitor would who knows the way."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from consent_server.browser.banners.kind import Clicks, Untick

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

STANDS_MS = 1_000
"""How long the first button of a way may take to show: the banner stands there already."""
CLICK_MS = 3_000
LEAVE_MS = 1_000
SWITCH_MS = 50
MOST_SWITCHES = 100


def press(page: Page, ways: tuple[Clicks, ...]) -> bool:
    """Press the buttons of the first way that leads to its end, and return whether one does."""
    for way in ways:
        with contextlib.suppress(Exception):
            _walk(page, way)
            return True
    return False


def _walk(page: Page, way: Clicks) -> None:
    patience = STANDS_MS
    for step, before in zip(way, ("", *way), strict=False):
        if isinstance(step, Untick):
            continue
        button = page.locator(f"{step} >> visible=true").first
        button.wait_for(timeout=patience)
        if isinstance(before, Untick):
            _untick(page, before)
        _click(button)
        patience = CLICK_MS


def _click(button: Locator) -> None:
    """Press a button; once more where it stays, because a banner may show before it listens."""
    button.click(timeout=CLICK_MS)
    with contextlib.suppress(Exception):
        button.wait_for(state="hidden", timeout=LEAVE_MS)
        return
    with contextlib.suppress(Exception):  # it may have gone meanwhile
        button.click(timeout=LEAVE_MS)


def _untick(page: Page, switches: Untick) -> None:
    """Turn off what is on, one by one: a switch may turn others with it."""
    for _ in range(MOST_SWITCHES):
        if not page.locator(switches).count():
            return
        page.locator(switches).first.dispatch_event("click")
        page.wait_for_timeout(SWITCH_MS)
