"""A banner as a visitor has it before them: what stands in it, where, how it looks, and what it takes for an answer.

Facts alone, as a browser measured them. Sizes are CSS pixels; colours are ``#rrggbb`` as painted, or empty where a
picture lies behind. What could not be measured is not there: no layer, no list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCEPT, REFUSE, SETTINGS = "accept", "refuse", "settings"
WAITING, SCROLLING, CLICKING, ESCAPE = "waiting", "scrolling", "clicking elsewhere", "Escape"


@dataclass(frozen=True)
class Button:
    """Something to press. ``answer`` is what it is for, where that is known, else empty.

    ``hidden`` says why it is not before the visitor's eyes, empty when it is; ``lost`` that scrolling does not help.
    ``opacity`` counts what stands around it; ``inline`` is a link within a sentence; ``plain`` a control that the
    browser's own size and look were left to. ``named`` is what assistive technology calls it.
    """

    answer: str
    label: str
    named: str
    tag: str
    role: str
    x: float
    y: float
    width: float
    height: float
    font_px: float
    font_weight: int
    colour: str
    background: str
    around: str
    line: str
    opacity: float
    inline: bool
    plain: bool
    hidden: str
    lost: bool

    @property
    def size(self) -> str:
        """Return its size in words."""
        return f"{self.width:.0f} × {self.height:.0f} px"


@dataclass(frozen=True)
class Switch:
    """A box or switch for one use. ``fixed`` is one that cannot be changed."""

    label: str
    checked: bool
    fixed: bool


@dataclass(frozen=True)
class Layer:
    """One layer in a window of a size. ``covers`` is whether the page behind cannot be used.

    ``language`` is the declared one; ``role`` and ``named`` are what assistive technology is told of it.
    """

    width: int
    height: int
    text: str
    language: str
    role: str
    named: str
    covers: bool
    buttons: tuple[Button, ...]
    switches: tuple[Switch, ...]
    links: tuple[str, ...]

    def button(self, answer: str) -> Button | None:
        """Return what gives an answer."""
        return next((each for each in self.buttons if each.answer == answer), None)


@dataclass(frozen=True)
class Deed:
    """Something a visitor did that is no answer: whether the banner went away, and what then came that had not been."""

    name: str
    closed: bool
    brought: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stop:
    """What the focus came to, after how many presses of Tab. ``answer`` is what it gives, where known.

    ``inside`` of the banner; ``hidden`` says why it is not before the visitor's eyes, ``behind`` that it is wholly
    because of the banner. ``marked`` is the contrast of what the focus changes on the screen: 1 where nothing, none
    where that is not known.
    """

    answer: str
    label: str
    tag: str
    presses: int
    inside: bool
    operable: bool
    hidden: str
    behind: bool
    marked: float | None


@dataclass(frozen=True)
class Answered:
    """An answer that had the focus, and the key that gave it; empty where neither Enter nor Space did."""

    answer: str
    label: str
    tag: str
    key: str


@dataclass(frozen=True)
class Keys:
    """What a visitor with a keyboard alone came to. ``missed`` are answers without the focus: label and tag of each.

    ``whole``: everything in the banner that Tab leads to had the focus. ``kept``: the focus goes round within the
    banner although there is more on the page. ``modal``: the banner says that it is alone on the page.
    """

    stops: tuple[Stop, ...]
    missed: tuple[tuple[str, str], ...]
    presses: int
    whole: bool
    kept: bool
    modal: bool
    answered: Answered | None = None


@dataclass(frozen=True)
class ShownBanner:
    """What was seen of a banner before it was answered. ``at_once`` are the titles of all banners on the page."""

    wide: Layer
    narrow: Layer | None = None
    second: Layer | None = None
    at_once: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    keys: Keys | None = None


def shown_from_json(document: Mapping[str, Any] | None) -> ShownBanner | None:
    """Return the banner that ``dataclasses.asdict`` wrote."""
    if document is None:
        return None
    wide = layer_from_json(document["wide"])
    assert wide
    return ShownBanner(
        wide,
        layer_from_json(document["narrow"]),
        layer_from_json(document["second"]),
        tuple(document["at_once"]),
        tuple(
            Deed(each["name"], each["closed"], tuple((kind, name) for kind, name in each["brought"]))
            for each in document["deeds"]
        ),
        _keys_from_json(document.get("keys")),
    )


def _keys_from_json(document: Mapping[str, Any] | None) -> Keys | None:
    """Return what ``dataclasses.asdict`` wrote; scans of before have none."""
    if document is None:
        return None
    answered = document["answered"]
    read = {
        "stops": tuple(Stop(**each) for each in document["stops"]),
        "missed": tuple((label, tag) for label, tag in document["missed"]),
        "answered": Answered(**answered) if answered else None,
    }
    return Keys(**{**document, **read})


def layer_from_json(document: Mapping[str, Any] | None) -> Layer | None:
    """Return a layer as it was written, or as a page told it."""
    if document is None:
        return None
    lists = {
        "buttons": tuple(Button(**each) for each in document["buttons"]),
        "switches": tuple(Switch(**each) for each in document["switches"]),
        "links": tuple(document["links"]),
    }
    return Layer(**{**document, **lists})
