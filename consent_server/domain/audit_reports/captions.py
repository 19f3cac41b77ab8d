"""What reports and pages call a visit, and the picture of one."""

from __future__ import annotations

from consent_server.domain.audit_reports.words import Words, plain
from consent_server.domain.scan import (
    ACCEPTED,
    BEFORE,
    NEXT_VISIT,
    ONE_PURPOSE,
    REFUSED,
    UNANSWERED,
    WITHDRAWN,
    on_phone,
)

TITLES = {
    BEFORE: "Before any answer",
    REFUSED: "After a refusal",
    NEXT_VISIT: "The next visit after the refusal",
    ACCEPTED: "After everything was accepted",
    WITHDRAWN: "After the withdrawal",
    UNANSWERED: "Without an answer",
}

DEEDS = {
    BEFORE: "A visitor who answers nothing.",
    REFUSED: "A new visitor who refuses everything.",
    NEXT_VISIT: "The same visitor comes back.",
    ACCEPTED: "A new visitor who accepts everything.",
    WITHDRAWN: "The same visitor, who opens the settings and withdraws.",
    UNANSWERED: "A new visitor who does what is no answer: waits, scrolls, presses Escape.",
}


def title_of(name: str, words: Words) -> str:
    """Return what a pass is called."""
    if name.startswith(ONE_PURPOSE):
        return words("After agreeing to “{}” alone", plain(name.removeprefix(ONE_PURPOSE)))
    return words(TITLES[name]) if name in TITLES else plain(name)


def caption_of(name: str, words: Words) -> str:
    """Return what a picture shows."""
    if name == WITHDRAWN:
        return words("The settings opened again, before the withdrawal")
    of = title_of(pass_of_picture(name), words)
    return words("At a phone’s width, {}" if is_on_phone(name) else "The window, {}", of[:1].lower() + of[1:])


def pass_of_picture(name: str) -> str:
    """Return the pass that a picture was taken in."""
    return BEFORE if is_on_phone(name) else name


def is_on_phone(name: str) -> bool:
    """Return whether a picture shows the window of a phone: only what asks first is pictured there."""
    return name == on_phone(BEFORE)
