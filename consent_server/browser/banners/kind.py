"""How one kind of banner is told from others, and what a visitor presses in it."""

from __future__ import annotations

from dataclasses import dataclass

Clicks = tuple[str, ...]
"""CSS selectors, pressed one after the other."""


@dataclass(frozen=True)
class BannerKind:
    """A consent platform's banner. ``accept`` and ``refuse`` are ways, the shortest first; a way is a row of clicks.

    ``reopen`` brings the banner back for who answered: selectors to press, or JavaScript where the platform gives a
    function for it.
    """

    name: str
    seen: str
    accept: tuple[Clicks, ...]
    refuse: tuple[Clicks, ...]
    reopen: Clicks = ()
    reopen_script: str = ""
