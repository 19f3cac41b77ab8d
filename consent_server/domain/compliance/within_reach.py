"""A11Y-06, A11Y-07: every answer is large enough to hit, in sight when the banner appears, and readable as painted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consent_server.domain.compliance.contrast import BUTTON_TEXT
from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration
from consent_server.domain.rendering import Control, Layer
from consent_server.domain.theme import contrast

LEAST_PX = 24
ROUNDING_PX = 1
ANSWERS = ("accept-all", "refuse-all", "customize", "save", "withdraw")


def check_within_reach(_configuration: Configuration, layers: Iterable[Layer]) -> Iterator[Finding]:
    """Yield a finding for each answer that is small, out of sight or hard to read."""
    for layer in layers:
        for control in layer.controls:
            if control.action in ANSWERS:
                yield from _of_answer(layer, control)


def _of_answer(layer: Layer, control: Control) -> Iterator[Finding]:
    if min(control.width, control.height) < LEAST_PX:
        size = f"{control.width:.0f} × {control.height:.0f} px"
        yield Finding(
            "A11Y-06", layer.where, f"“{control.label}” is {size}: at least {LEAST_PX} × {LEAST_PX} are needed."
        )
    across = control.x >= 0 and control.x + control.width <= layer.width + ROUNDING_PX
    down = control.y >= 0 and control.y + control.height <= layer.height + ROUNDING_PX
    if not (across and down):
        yield Finding("UI-04", layer.where, f"“{control.label}” is out of sight when the banner appears.")
    ratio = contrast(control.colour, control.background)
    if ratio < BUTTON_TEXT:
        yield Finding(
            "A11Y-07",
            layer.where,
            f"“{control.label}” has a contrast of {ratio:.1f}; at least {BUTTON_TEXT:.1f} is needed.",
        )
