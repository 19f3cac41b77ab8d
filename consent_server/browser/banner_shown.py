"""Looking at a banner without answering it: its layers, wide and narrow, and what else it takes for an answer.

Known here: how a banner is found around its buttons, and what is tried. ``banner_shown.js`` measures. Not known: what
is right or wrong about a banner. What cannot be measured is left out; nothing here fails a visit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consent_server.browser.banners import KINDS, BannerKind
from consent_server.browser.banners.words import ABOUT_CONSENT, SETTINGS
from consent_server.domain.shown_banner import (
    ACCEPT,
    CLICKING,
    ESCAPE,
    REFUSE,
    SCROLLING,
    WAITING,
    Deed,
    Layer,
    ShownBanner,
    layer_from_json,
)

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, JSHandle, Page

NARROW = (320, 640)
SETTLED_MS = 400
LAYER_MS = 1_500
"""How long a second layer may take to come."""
SILENCE_MS = 3_000
"""How long at least nothing is said to a banner, to see whether it takes that for an answer."""
MOST_FOUND = 20

_FUNCTIONS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def call(function: str, more: str = "") -> str:
    """Return a script that calls one of the functions, or one of ``more`` that are built on them."""
    return f"(one, other) => {{\n{_FUNCTIONS}\n{more}\nreturn {function}(one, other);\n}}"


def shown(page: Page, selector: str) -> ElementHandle | None:
    """Return the first that is on the page and shows."""
    return next(_all_shown(page, selector), None)


def about_consent(kind: BannerKind, found: ElementHandle) -> bool:
    """Whether what was found asks for consent; of a platform that is known by name it need not be said."""
    return not kind.by_words or bool(found.evaluate(call("isAbout"), ABOUT_CONSENT))


def has_door(page: Page) -> bool:
    """Whether something on the page leads back to the choice."""
    return any(shown(page, selector) for kind in KINDS for selector in kind.reopen)


def is_within(page: Page, kind: BannerKind, found: ElementHandle) -> bool:
    """Whether what was found stands in the banner; of a platform that is known by name it does."""
    start = shown(page, kind.seen)
    return not kind.by_words or bool(start and start.evaluate(call("isBeside"), found))


def look_around(page: Page, kind: BannerKind) -> ShownBanner | None:
    """Return what can be seen of a banner that is not answered; none where it cannot be measured."""
    wide = _look(page, kind)
    if wide is None:
        return None
    at_once, narrow = _banners_at_once(page), _look_narrow(page, kind)
    return ShownBanner(wide, narrow, _second_layer(page, kind), at_once)


def deeds(page: Page, kind: BannerKind, settle_ms: int, things: Callable[[], set[tuple[str, str]]]) -> Iterator[Deed]:
    """Do what is no answer, one after the other until the banner leaves; ``things`` tells what is there so far."""
    answers = answers_on(page, kind)
    button, box = next(filter(None, answers.values()), None), box_on(page, kind, answers)
    if button is None or box is None:
        return
    for name, do in _DEEDS.items():
        before = things()
        if not do(page, box):
            continue
        page.wait_for_timeout(max(settle_ms, SILENCE_MS) if name == WAITING else settle_ms)
        closed = _is_gone(button) and shown(page, kind.seen) is None
        yield Deed(name, closed, tuple(sorted(things() - before)) if closed else ())
        if closed:
            return


def _scroll(page: Page, _box: JSHandle) -> bool:
    page.mouse.move(5, 5)
    for _ in range(3):
        page.mouse.wheel(0, 1_200)
        page.wait_for_timeout(100)
    return True


def _click(page: Page, box: JSHandle) -> bool:
    spot = box.evaluate(call("spotBeside"))
    if spot:
        page.mouse.click(*spot)
    return bool(spot)


def _escape(page: Page, _box: JSHandle) -> bool:
    page.keyboard.press("Escape")
    return True


_DEEDS: Mapping[str, Callable[[Page, JSHandle], bool]] = {
    WAITING: lambda _page, _box: True,
    SCROLLING: _scroll,
    CLICKING: _click,
    ESCAPE: _escape,
}


def _look(page: Page, kind: BannerKind) -> Layer | None:
    with contextlib.suppress(Exception):
        answers = answers_on(page, kind)
        box = box_on(page, kind, answers)
        return layer_from_json(box.evaluate(call("readLayer"), [answers, SETTINGS])) if box else None
    return None


def _look_narrow(page: Page, kind: BannerKind) -> Layer | None:
    """Measure it in a small window, and give the page its size back."""
    size = page.viewport_size
    if size is None:
        return None
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.wait_for_timeout(SETTLED_MS)
    try:
        return _look(page, kind)
    finally:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.wait_for_timeout(SETTLED_MS)


def _second_layer(page: Page, kind: BannerKind) -> Layer | None:
    """Press what leads to the choice by purpose, and measure what comes; none where no switch does."""
    with contextlib.suppress(Exception):
        box = box_on(page, kind, answers_on(page, kind))
        door = box.evaluate_handle(call("settingsOf"), SETTINGS).as_element() if box else None
        if door is None:
            return None
        door.click(timeout=LAYER_MS)
        page.wait_for_timeout(SETTLED_MS)
        layer = page.evaluate_handle(call("boxOfSwitches")).as_element()
        return layer_from_json(layer.evaluate(call("readLayer"), [answers_on(page, kind), SETTINGS])) if layer else None
    return None


def _banners_at_once(page: Page) -> tuple[str, ...]:
    """Return how each banner on a page begins; one within the other is one."""
    boxes = [
        found.evaluate_handle(call("boxOf"))
        for kind in KINDS
        for found in _all_shown(page, kind.seen)
        if about_consent(kind, found)
    ]
    return tuple(page.evaluate(call("titlesOf"), boxes)) if boxes else ()


def _is_gone(button: ElementHandle) -> bool:
    """Whether a button of the banner left; the page is scrolled back to where it stood."""
    with contextlib.suppress(Exception):
        return bool(button.evaluate(call("isGone")))
    return True  # the page that it was on went with it


def answers_on(page: Page, kind: BannerKind) -> dict[str, ElementHandle | None]:
    """Return the buttons that accept and refuse on the layer that stands there, with one click."""
    found = {ACCEPT: kind.accept, REFUSE: kind.refuse}
    return {
        answer: next(filter(None, (shown(page, way[0]) for way in ways if len(way) == 1)), None)
        for answer, ways in found.items()
    }


def box_on(page: Page, kind: BannerKind, answers: Mapping[str, Any]) -> JSHandle | None:
    """Return what stands around the answers, or around what the banner is told by."""
    start = shown(page, kind.seen) or next(filter(None, answers.values()), None)
    return start.evaluate_handle(call("boxOf")) if start else None


def _all_shown(page: Page, selector: str) -> Iterator[ElementHandle]:
    with contextlib.suppress(Exception):
        yield from (each for each in page.locator(selector).element_handles()[:MOST_FOUND] if each.is_visible())
