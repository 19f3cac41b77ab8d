"""A11Y: who has no mouse comes to every answer, sees where they are, and can go on.

Judged is the first layer, of which a browser went through the page by Tab, and pressed one answer by its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.scan import UNANSWERED
from consent_server.domain.shown_banner import Keys, ShownBanner, Stop

CHECK = "A11Y"
CLEAR = 3.0
"""The contrast from which everybody sees what changes (WCAG 2.2, 1.4.11)."""
NATIVE = frozenset({"a", "button", "input", "summary"})

Found = Iterator[tuple[str, str]]
"""Verdicts, and what was seen."""


def check_by_keyboard(evidence: Evidence) -> Iterator[Verdict]:
    """Yield a verdict for each requirement; nothing where no banner was seen."""
    shown = evidence.shown
    if shown is None:
        return
    page = evidence.page_of(UNANSWERED)
    for requirement, (judge, fails, to_do, unsure, holds) in _JUDGED.items():
        if shown.keys is None:
            yield Verdict(CHECK, requirement, UNDECIDED, "The page could not be gone through with the keyboard.")
            continue
        found = list(judge(shown, shown.keys))
        verdict = next((each for each in (FAILS, UNDECIDED) if each in dict(found)), HOLDS)
        message = {FAILS: fails, UNDECIDED: unsure, HOLDS: holds}[verdict]
        proofs = tuple(Proof(said, UNANSWERED, page) for which, said in found if which == verdict and said)
        yield Verdict(CHECK, requirement, verdict, message, to_do if verdict != HOLDS else "", proofs)


def _out_of_reach(_shown: ShownBanner, keys: Keys) -> Found:
    for label, tag in keys.missed:
        yield (
            FAILS if keys.whole else UNDECIDED,
            f"“{label}” ({tag}) never has the focus (Tab pressed {keys.presses} times)",
        )
    if keys.answered is None:
        if not keys.missed:
            yield UNDECIDED, "the banner left before it was answered"
    elif not keys.answered.key:
        pressed = f"“{keys.answered.label}” ({keys.answered.tag}) has the focus, but neither Enter nor Space presses it"
        yield UNDECIDED if keys.answered.tag in NATIVE else FAILS, pressed


def _kept(shown: ShownBanner, keys: Keys) -> Found:
    if keys.kept and not shown.wide.covers:
        labels = ", ".join(f"“{each.label}”" for each in _operable(keys))
        yield UNDECIDED if keys.modal else FAILS, f"the focus goes round between {labels}"
    elif not keys.stops:
        yield UNDECIDED, ""


def _behind(shown: ShownBanner, keys: Keys) -> Found:
    if not shown.wide.covers:
        return
    for each in keys.stops:
        if not each.inside and each.hidden.startswith("lies under"):
            yield FAILS, f"“{each.label}” has the focus behind the banner ({_presses(each)})"
            return


def _obscured(shown: ShownBanner, keys: Keys) -> Found:
    if shown.wide.covers:
        return  # which is judged as what lies behind it
    for each in keys.stops:
        if each.behind and not each.inside:
            yield FAILS, f"“{each.label}” has the focus and lies wholly under the banner ({_presses(each)})"


def _unmarked(_shown: ShownBanner, keys: Keys) -> Found:
    stops = _operable(keys)
    for each in stops:
        if each.hidden:
            continue  # why it is not seen is another matter
        if each.marked is None:
            if each.answer:
                yield UNDECIDED, f"“{each.label}” could not be compared with and without the focus"
        elif each.marked == 1:
            yield FAILS, f"“{each.label}” looks the same with and without the focus ({_presses(each)})"
        elif each.marked < CLEAR:
            yield UNDECIDED, f"the focus on “{each.label}” changes it by a contrast of {each.marked:.1f}"
    if not any(each.answer for each in stops):
        yield UNDECIDED, ""


def _operable(keys: Keys) -> list[Stop]:
    return [each for each in keys.stops if each.inside and each.operable]


def _presses(stop: Stop) -> str:
    return f"Tab pressed {stop.presses} times"


_JUDGED: Mapping[str, tuple[Callable[[ShownBanner, Keys], Found], str, str, str, str]] = {
    "A11Y-01": (
        _out_of_reach,
        "An answer cannot be given with the keyboard.",
        "Make each answer a button (or give it tabindex=0 and listen to Enter and Space).",
        "Whether every answer can be given with the keyboard could not be told.",
        "The answers can be given with the keyboard alone.",
    ),
    "A11Y-02": (
        _kept,
        "The banner keeps the focus, although the page behind it can be used.",
        "Let Tab leave the banner, or make it a modal dialog that covers the page.",
        "The banner may keep the focus if the page behind it cannot be used: that is for a person to say.",
        "The banner does not keep the focus from the page.",
    ),
    "A11Y-03": (
        _behind,
        "The focus goes to what the banner lies over.",
        "Open the banner with showModal(), or make the rest of the page inert.",
        "Where the focus goes could not be told.",
        "The focus goes to nothing that the banner lies over.",
    ),
    "A11Y-04": (
        _unmarked,
        "Something in the banner does not show that it has the focus.",
        "Leave the browser's outline, or draw one with :focus-visible that has a contrast of at least 3 to 1.",
        "Whether everything in the banner shows well that it has the focus is for a person to say.",
        "Everything in the banner shows that it has the focus.",
    ),
    "A11Y-05": (
        _obscured,
        "The banner hides what of the page has the focus.",
        "Leave the page room below (padding, scroll-padding) as high as the banner, or make it modal.",
        "Whether the banner hides what has the focus could not be told.",
        "Nothing of the page that had the focus was hidden by the banner.",
    ),
}
