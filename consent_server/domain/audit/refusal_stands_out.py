"""CHK-5 (UI-04): the refusal of the first layer is seen as well as its agreement, in a wide window and in a narrow one.

What nobody can miss the difference of fails; what a person may see one way or the other is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.scan import UNANSWERED
from consent_server.domain.shown_banner import ACCEPT, REFUSE, Button, Layer
from consent_server.domain.theme import contrast

CHECK = "CHK-5"
LEGIBLE = 3.0
MUCH_LARGER = 2.0
LARGER = 1.3
MUCH_LARGER_TEXT = 1.25
FILLED = 1.5
"""The contrast from which a button's ground is seen to be another than what it stands on."""


def check_refusal_stands_out(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether nothing but its word sets the refusal apart; nothing where one of both is not there to compare."""
    shown = evidence.shown
    if shown is None:
        return
    pairs = [
        (layer, accept, refuse)
        for layer in (shown.wide, shown.narrow)
        if layer and (accept := layer.button(ACCEPT)) and (refuse := layer.button(REFUSE))
    ]
    if not pairs:
        return
    page = evidence.page_of(UNANSWERED)
    worse = [Proof(said, UNANSWERED, page) for each in pairs for said in _worse(*each)]
    other = [Proof(said, UNANSWERED, page) for each in pairs for said in _other(*each)]
    if worse:
        yield Verdict(
            CHECK,
            "UI-04",
            FAILS,
            "The refusal is harder to see than the agreement.",
            "Give both buttons one form, one size and one contrast, side by side, on phones too.",
            tuple(worse),
        )
    elif other:
        yield Verdict(
            CHECK,
            "UI-04",
            UNDECIDED,
            "The refusal does not look like the agreement: whether it is seen as well is for a person to say.",
            "Give both buttons one form, one size and one contrast.",
            tuple(other),
        )
    else:
        yield Verdict(CHECK, "UI-04", HOLDS, "The refusal is seen as well as the agreement.")


def _worse(layer: Layer, accept: Button, refuse: Button) -> Iterator[str]:
    """Yield what makes the refusal harder to see, beyond doubt."""
    where = f"(window of {layer.width} × {layer.height})"
    if refuse.hidden and not accept.hidden:
        yield f"“{refuse.label}” {refuse.hidden} {where}"
        return
    if refuse.inline and not accept.inline:
        yield f"“{refuse.label}” is a link in a sentence {where}"
    if (ratio := _text(refuse)) is not None and ratio < LEGIBLE and (_text(accept) or LEGIBLE) >= LEGIBLE:
        yield f"“{refuse.label}” has a contrast of {ratio:.1f} {where}"
    if _area(accept) > MUCH_LARGER * _area(refuse) and accept.height > LARGER * refuse.height:
        yield f"“{refuse.label}” is {refuse.size}, “{accept.label}” is {accept.size} {where}"
    if accept.font_px > MUCH_LARGER_TEXT * refuse.font_px:
        yield f"“{refuse.label}” is written in {refuse.font_px:g} px, “{accept.label}” in {accept.font_px:g} {where}"


def _other(layer: Layer, accept: Button, refuse: Button) -> Iterator[str]:
    """Yield what sets them apart."""
    where = f"(window of {layer.width} × {layer.height})"
    if _area(accept) > MUCH_LARGER * _area(refuse):
        yield f"“{refuse.label}” is {refuse.size}, “{accept.label}” is {accept.size} {where}"
    if _shape(accept) >= FILLED > _shape(refuse):
        yield f"“{accept.label}” is filled, “{refuse.label}” is not {where}"
    if accept.font_weight - refuse.font_weight >= 200:
        yield f"“{accept.label}” is bold, “{refuse.label}” is not {where}"
    if refuse.tag == "a" != accept.tag and not refuse.role:
        yield f"“{refuse.label}” is a link, “{accept.label}” is none {where}"


def _area(button: Button) -> float:
    return button.width * button.height


def _text(button: Button) -> float | None:
    return contrast(button.colour, button.background) if button.colour and button.background else None


def _shape(button: Button) -> float:
    return contrast(button.background, button.around) if button.background and button.around else 1.0
