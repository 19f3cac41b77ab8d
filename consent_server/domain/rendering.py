"""What a browser made of a banner: the facts that fairness is judged by, measured, never assumed.

Sizes are CSS pixels, colours ``#rrggbb`` as painted: what is behind a see-through part has been mixed in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """Something to press. ``action`` is its ``data-consent-action``, ``purpose`` that of a switch.

    ``order`` is its place for the keyboard, ``around`` the colour that it stands on.
    """

    action: str
    purpose: str
    tag: str
    label: str
    order: int
    x: float
    y: float
    width: float
    height: float
    font_px: float
    font_weight: int
    colour: str
    background: str
    around: str
    checked: bool


@dataclass(frozen=True)
class Layer:
    """One layer in one language on one device, as it stood when it had just appeared."""

    language: str
    number: int
    device: str
    width: int
    height: int
    text: str
    controls: tuple[Control, ...]

    @property
    def where(self) -> str:
        """Say which layer it is."""
        return f"{self.language}, layer {self.number}, {self.device}"

    def control(self, action: str) -> Control | None:
        """Return the control with an action."""
        return next((control for control in self.controls if control.action == action), None)
