"""UI-04, WD-02: on each layer, refusing stands beside accepting, and nothing but its word tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration
from consent_server.domain.rendering import Control, Layer
from consent_server.domain.theme import contrast

SAME_PX = 1.5
"""Rounding of a column's width."""
SAME_CONTRAST = 0.1


def check_equal_answers(_configuration: Configuration, layers: Iterable[Layer]) -> Iterator[Finding]:
    """Yield a finding for each layer on which refusing is not as easy as accepting."""
    for layer in layers:
        accept, refuse = layer.control("accept-all"), layer.control("refuse-all")
        requirement = "UI-04" if layer.number == 1 else "WD-02"
        if accept is None:
            continue
        if refuse is None:
            yield Finding(requirement, layer.where, "Everything can be accepted here, but not refused.")
            continue
        for said in _differences(accept, refuse):
            yield Finding(requirement, layer.where, said)


def _differences(accept: Control, refuse: Control) -> Iterator[str]:
    if {accept.tag, refuse.tag} != {"button"}:
        yield f"Both answers must be buttons: “{accept.label}” is <{accept.tag}>, “{refuse.label}” is <{refuse.tag}>."
    if abs(accept.width - refuse.width) > SAME_PX or abs(accept.height - refuse.height) > SAME_PX:
        sizes = f"“{accept.label}” is {_size(accept)}, “{refuse.label}” is {_size(refuse)}"
        yield f"Both answers must be of one size: {sizes}."
    if (accept.font_px, accept.font_weight) != (refuse.font_px, refuse.font_weight):
        yield (
            f"Both answers must be written alike: “{accept.label}” is {accept.font_px:g} px of weight "
            f"{accept.font_weight}, “{refuse.label}” is {refuse.font_px:g} px of weight {refuse.font_weight}."
        )
    if abs(_text(accept) - _text(refuse)) > SAME_CONTRAST or abs(_shape(accept) - _shape(refuse)) > SAME_CONTRAST:
        yield (
            f"Both answers must stand out alike: the contrasts of “{accept.label}” are {_text(accept):.1f} and "
            f"{_shape(accept):.1f}, those of “{refuse.label}” {_text(refuse):.1f} and {_shape(refuse):.1f}."
        )
    if abs(accept.order - refuse.order) != 1:
        yield "With the keyboard, both answers must follow each other."


def _size(control: Control) -> str:
    return f"{control.width:.0f} × {control.height:.0f} px"


def _text(control: Control) -> float:
    return contrast(control.colour, control.background)


def _shape(control: Control) -> float:
    return contrast(control.background, control.around)
