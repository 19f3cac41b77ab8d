"""Going through a page with a banner by keyboard alone: where Tab leads, what the focus changes, what Enter does.

Known here: which keys are pressed, how often at most, and how pictures with and without the focus are compared.
``keyboard.js`` tells where the focus is. Not known: what is right or wrong about it.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops, ImageDraw

from consent_server.browser import banner_shown
from consent_server.browser.banners import BannerKind
from consent_server.browser.banners.words import SETTINGS
from consent_server.domain.shown_banner import ACCEPT, REFUSE, Answered, Keys, Stop
from consent_server.domain.theme import contrast

if TYPE_CHECKING:
    from playwright.sync_api import JSHandle, Page

FORWARD, BACK = "Tab", "Shift+Tab"
MOST_PRESSES = 60
MOST_SECONDS = 20.0
"""A page that answers each key so slowly is not gone through to its end."""
MOST_PICTURES = 16
PICTURE_MS = 3_000
CLOSING_S = 1.5
PAUSE_MS = 100
SAME_PX = 0.5
AROUND_PX = 8
"""How far around a control what marks the focus is looked for."""
CHANGED = 10
"""By how much of 255 a colour must change to be seen to."""
LEAST_PIXELS = 12

_FUNCTIONS = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

Rect = Sequence[float]


def walk(page: Page, kind: BannerKind) -> Keys | None:
    """Go through a page with a banner that nobody touched, and answer at the end; None where that cannot be done."""
    with contextlib.suppress(Exception):
        return _walk(page, kind)
    return None


def _walk(page: Page, kind: BannerKind) -> Keys | None:
    page.wait_for_timeout(banner_shown.SETTLED_MS)
    answers = banner_shown.answers_on(page, kind)
    box = banner_shown.box_on(page, kind, answers)
    if box is None:
        return None
    journey = _Journey(page, box.evaluate_handle(_call("setOut"), [answers, SETTINGS]))
    whole, within = journey.make()
    left = journey.state.evaluate(_call("whatIsLeft"))
    told = Keys(
        tuple(journey.stops()),
        tuple((label, tag) for _answer, label, tag in left["missed"]),
        journey.presses,
        whole and not left["gone"],
        within and left["beside"] > 0 and not left["gone"],
        left["modal"],
    )
    return told if left["gone"] else journey.answering(told, kind)


def mark(focused: Image.Image, other: Image.Image, control: Rect, elsewhere: Sequence[Rect] = ()) -> float:
    """Return the contrast of what is drawn in and around a control in one picture and not in another; 1 for nothing.

    What is drawn around the controls ``elsewhere``, which have the focus in the other picture, does not count.
    """
    mask = Image.new("1", focused.size)
    drawn = ImageDraw.Draw(mask)
    drawn.rectangle(_around(control), fill=1)
    for each in elsewhere:
        drawn.rectangle(_around(each), fill=0)
    red, green, blue = ImageChops.difference(focused, other).split()
    changed = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(lambda by: 255 * (by > CHANGED))
    changed = ImageChops.logical_and(changed.convert("1"), mask)
    area = changed.getbbox()
    if area is None:
        return 1.0
    one, two = (image.crop(area).tobytes() for image in (focused, other))
    where = (3 * number for number, counts in enumerate(changed.crop(area).convert("L").tobytes()) if counts)
    ratios = sorted((contrast(_hex(one, at), _hex(two, at)) for at in where), reverse=True)
    return round(ratios[LEAST_PIXELS - 1], 2) if len(ratios) >= LEAST_PIXELS else 1.0


@dataclass
class _Picture:
    """The window while the focus was on a control (-1: on none of the banner), and where all controls stood."""

    control: int
    rects: Sequence[Rect]
    image: Image.Image
    by_key: bool


@dataclass
class _Journey:
    """A way through a page, as far as it went."""

    page: Page
    state: JSHandle
    presses: int = 0
    since: float = field(default_factory=time.monotonic)
    places: list[Mapping[str, Any]] = field(default_factory=list)
    pictures: list[_Picture] = field(default_factory=list)

    def make(self) -> tuple[bool, bool]:
        """Go as far as it takes; return whether that was everywhere, and whether it was within the banner alone."""
        whole, within = self._make()
        return whole and not self._over, within and not self._over

    @property
    def _over(self) -> bool:
        return time.monotonic() - self.since > MOST_SECONDS

    def _make(self) -> tuple[bool, bool]:
        self._look()
        came_round = self._go(FORWARD, MOST_PRESSES)
        if not came_round:
            ends = [not self.places[-1]["inside"]]
            self._go_back()
            ends.append(not self.places[-1]["inside"])
            return all(ends) and any(place["inside"] for place in self.places), False
        first, within = self._round()
        if within:
            before = len(self.places)
            self._go(BACK, before - first + 1, stop=False)
            within = all(place["inside"] for place in self.places[before:])
        by_key = (place for place in self.places[:first] if place["presses"] and place["at"] >= 0)
        return within or not any(by_key), within

    def _look(self) -> Mapping[str, Any]:
        """Note where the focus is; take a picture of what of the banner has it for the first time."""
        place = {**self.state.evaluate(_call("whereIs")), "presses": self.presses}
        self.places.append(place)
        if not self.presses or (place["inside"] and place["operable"] and not self._pictured(place["control"])):
            self._picture(place)
        return place

    def _pictured(self, control: int) -> _Picture | None:
        """Return the picture of what the focus came to by a key: only then must it be seen."""
        return next((each for each in self.pictures if each.by_key and each.control == control), None)

    def _go(self, key: str, most: int, *, stop: bool = True) -> bool:
        """Press a key, until the focus comes back to where it was; return whether it did."""
        for _ in range(most):
            if self._over:
                break
            self.page.keyboard.press(key)
            self.presses += 1
            if self._look()["again"] and stop:
                return True
        return False

    def _go_back(self) -> None:
        """Go back to the start and on from there, until the banner lies behind."""
        self._go(BACK, self.presses, stop=False)
        for _ in range(MOST_PRESSES):
            before = self.places[-1]
            self._go(BACK, 1)
            if before["inside"] and not self.places[-1]["inside"]:
                return

    def _round(self) -> tuple[int, bool]:
        """Return since which place the focus goes round, and whether it is within the banner alone that it does."""
        last = self.places[-1]["at"]
        first = next(number for number, place in enumerate(self.places) if place["at"] == last)
        return first, all(place["inside"] for place in self.places[first:])

    def _picture(self, place: Mapping[str, Any]) -> None:
        if len(self.pictures) >= MOST_PICTURES:
            return
        with contextlib.suppress(Exception):
            taken = self.page.screenshot(timeout=PICTURE_MS, animations="disabled")
            with Image.open(io.BytesIO(taken), formats=["PNG"]) as opened:
                image = opened.convert("RGB")
            control = place["control"] if place["inside"] else -1
            self.pictures.append(_Picture(control, place["rects"], image, self.presses > 0))

    def stops(self) -> list[Stop]:
        """Return what had the focus, each once, in order."""
        firsts = {place["at"]: place for place in reversed(self.places) if place["at"] >= 0}
        found = sorted(firsts.values(), key=lambda place: place["presses"])
        names = ("answer", "label", "tag", "presses", "inside", "operable", "hidden", "behind")
        return [Stop(**{name: place[name] for name in names}, marked=self._marked(place)) for place in found]

    def _marked(self, place: Mapping[str, Any]) -> float | None:
        control = place["control"]
        if not place["inside"] or control < 0:
            return None
        own = self._pictured(control)
        for other in self.pictures if own else ():
            if own and other.control != control and _same(other.rects[control], own.rects[control]):
                elsewhere = [other.rects[other.control]] if other.control >= 0 else []
                return mark(own.image, other.image, own.rects[control], elsewhere)
        return None

    def answering(self, told: Keys, kind: BannerKind) -> Keys:
        """Return what was found, with what came of pressing the refusal, or else the agreement, by its keys."""
        reached = {place["answer"]: place for place in self.places if place["at"] >= 0}
        place = reached.get(REFUSE) or reached.get(ACCEPT)
        if place is None:
            return told
        with contextlib.suppress(Exception):
            self.state.evaluate(_call("focusOn"), place["at"])
        key = next((key for key in ("Enter", "Space") if self._closes(key, kind)), "")
        return replace(told, answered=Answered(place["answer"], place["label"], place["tag"], key))

    def _closes(self, key: str, kind: BannerKind) -> bool:
        self.page.keyboard.press(key)
        until = time.monotonic() + CLOSING_S
        while True:
            self.page.wait_for_timeout(PAUSE_MS)
            with contextlib.suppress(Exception):  # the page may be on its way to another
                if self._is_gone() and banner_shown.shown(self.page, kind.seen) is None:
                    return True
            if time.monotonic() > until:
                return False

    def _is_gone(self) -> bool:
        with contextlib.suppress(Exception):
            return bool(self.state.evaluate(_call("areGone")))
        return True  # the page that it was on went with it


def _call(function: str) -> str:
    return banner_shown.call(function, _FUNCTIONS)


def _same(one: Rect, other: Rect) -> bool:
    return all(abs(a - b) < SAME_PX for a, b in zip(one, other, strict=True))


def _around(rect: Rect) -> tuple[float, float, float, float]:
    x, y, width, height = rect
    return x - AROUND_PX, y - AROUND_PX, x + width + AROUND_PX, y + height + AROUND_PX


def _hex(pixels: bytes, at: int) -> str:
    return "#" + pixels[at : at + 3].hex()
