"""A11Y: everybody can answer: what is asked has a name, and its answers can be read, hit and reached in a small window.

Only what a browser can measure is judged here, and of the answers alone: a full audit of accessibility is another work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.audit.wording import language_of
from consent_server.domain.scan import UNANSWERED
from consent_server.domain.shown_banner import ACCEPT, REFUSE, SETTINGS, Button, Layer, ShownBanner
from consent_server.domain.theme import contrast

CHECK = "A11Y"
ANSWERS = frozenset({ACCEPT, REFUSE, SETTINGS})
PRESSED = frozenset({"a", "button", "input", "summary"})
DIALOGS = frozenset({"dialog", "alertdialog"})
TARGET_PX = 24
LARGE_PX, LARGE_BOLD_PX, BOLD = 24.0, 18.66, 700
TEXT, LARGE_TEXT = 4.5, 3.0


def check_accessible(evidence: Evidence) -> Iterator[Verdict]:
    """Yield a verdict for each requirement that could be measured; nothing where the banner was not."""
    shown = evidence.shown
    if shown is None:
        return
    page = evidence.page_of(UNANSWERED)
    for requirement, (measure, message, to_do, held) in _JUDGED.items():
        found = tuple(Proof(said, UNANSWERED, page) for said in measure(shown))
        if found:
            yield Verdict(CHECK, requirement, FAILS, message, to_do, found)
        elif requirement == "A11Y-07" and any(not each.colour for each in _answers(shown.wide)):
            yield Verdict(CHECK, requirement, UNDECIDED, "A picture lies behind an answer: its contrast is unknown.")
        elif requirement != "A11Y-15" or language_of(shown.wide.text):
            yield Verdict(CHECK, requirement, HOLDS, held)


def _unnamed(shown: ShownBanner) -> Iterator[str]:
    layer = shown.wide
    if layer.role in DIALOGS and not layer.named:
        yield "the dialog has no name"
    if layer.covers and layer.role not in DIALOGS:
        yield "the banner covers the page and is no dialog"
    for each in _answers(layer):
        if each.tag not in PRESSED and each.role != "button":
            yield f"“{each.label}” is a {each.tag}, not a button"
        elif not each.named:
            yield f"a {each.tag} has no name"


def _small(shown: ShownBanner) -> Iterator[str]:
    for layer in _layers(shown):
        for each in _answers(layer):
            small = min(each.width, each.height) < TARGET_PX and not each.hidden
            if small and not each.inline and not each.plain and _crowded(each, layer):
                yield f"“{each.label}” is {each.size} (window of {layer.width} × {layer.height})"


def _crowded(button: Button, layer: Layer) -> bool:
    """Whether a circle of 24 px around its middle meets another target (WCAG 2.2, 2.5.8)."""
    x, y = button.x + button.width / 2, button.y + button.height / 2
    for other in layer.buttons:
        dx = max(other.x - x, 0, x - other.x - other.width)
        dy = max(other.y - y, 0, y - other.y - other.height)
        if other != button and not other.hidden and dx * dx + dy * dy < (TARGET_PX / 2) ** 2:
            return True
    return False


def _pale(shown: ShownBanner) -> Iterator[str]:
    for each in _answers(shown.wide):
        if each.hidden or not each.colour or not each.background:
            continue
        large = each.font_px >= LARGE_PX or (each.font_px >= LARGE_BOLD_PX and each.font_weight >= BOLD)
        ratio = contrast(each.colour, each.background)
        if ratio < (LARGE_TEXT if large else TEXT):
            yield f"“{each.label}” has a contrast of {ratio:.1f} (window of {shown.wide.width} × {shown.wide.height})"


def _out_of_reach(shown: ShownBanner) -> Iterator[str]:
    narrow = shown.narrow
    seen = {each.label for each in _answers(shown.wide) if not each.hidden}
    for each in _answers(narrow) if narrow else ():
        if narrow and each.lost and each.label in seen:
            yield f"“{each.label}” {each.hidden} (window of {narrow.width} × {narrow.height})"


def _misread(shown: ShownBanner) -> Iterator[str]:
    declared, spoken = shown.wide.language, language_of(shown.wide.text)
    if spoken and not declared:
        yield "no language is declared"
    elif spoken and declared.partition("-")[0].lower() != spoken:
        yield f"the text is in “{spoken}”, “{declared}” is declared"


def _layers(shown: ShownBanner) -> Iterator[Layer]:
    yield shown.wide
    if shown.narrow:
        yield shown.narrow


def _answers(layer: Layer) -> list[Button]:
    return [each for each in layer.buttons if each.answer in ANSWERS]


_JUDGED: Mapping[str, tuple[Callable[[ShownBanner], Iterator[str]], str, str, str]] = {
    "A11Y-06": (
        _small,
        "An answer is too small to be hit.",
        "Make each answer at least 24 × 24 px, better 44.",
        "The answers are large enough to be hit.",
    ),
    "A11Y-07": (
        _pale,
        "An answer is too pale to be read.",
        "Give the text of each answer a contrast of at least 4.5 to 1.",
        "The answers can be read.",
    ),
    "A11Y-10": (
        _out_of_reach,
        "In a window of 320 px, an answer cannot be reached.",
        "Let the buttons wrap, and the banner scroll, in a small window.",
        "The answers can be reached in a window of 320 px.",
    ),
    "A11Y-12": (
        _unnamed,
        "Assistive technology is not told what asks, or what answers.",
        "Make the banner a named dialog, and each answer a button with its label.",
        "Assistive technology is told what asks and what answers.",
    ),
    "A11Y-15": (
        _misread,
        "The language of the banner is not the declared one.",
        "Declare the language of the text with the attribute lang.",
        "The language of the banner is declared.",
    ),
}
