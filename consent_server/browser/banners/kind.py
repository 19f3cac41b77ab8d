"""How one kind of banner is told from others, and what a visitor presses in it."""

from __future__ import annotations

from dataclasses import dataclass

Clicks = tuple[str, ...]
"""CSS selectors, pressed one after the other."""


class Untick(str):
    """A step of a way that turns off every switch it selects, before the button of the next step is pressed."""

    __slots__ = ()


@dataclass(frozen=True)
class BannerKind:
    """A consent platform's banner. ``accept`` and ``refuse`` are ways, the shortest first; a way is a row of clicks.

    ``reopen`` brings the banner back for who answered: selectors to press, or JavaScript where the platform gives a
    function for it. ``by_words`` is a kind that buttons alone give away, so that what surrounds them must be looked at.
    """

    name: str
    seen: str
    accept: tuple[Clicks, ...]
    refuse: tuple[Clicks, ...]
    reopen: Clicks = ()
    reopen_script: str = ""
    by_words: bool = False
