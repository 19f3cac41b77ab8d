"""CHK-5 (UI-12): the buttons say in plain words what they do."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Proof, Verdict
from consent_server.domain.compliance.plain_labels import MISLEADING
from consent_server.domain.scan import UNANSWERED
from consent_server.domain.shown_banner import ACCEPT, REFUSE

CHECK = "CHK-5"


def check_plain_answers(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a label steers or confuses; nothing where no answer was seen."""
    shown = evidence.shown
    labels = [each.label for each in shown.wide.buttons if each.answer in {ACCEPT, REFUSE}] if shown else []
    if not labels:
        return
    found = [label for label in labels if any(word in label.casefold() for word in MISLEADING)]
    if not found:
        yield Verdict(CHECK, "UI-12", HOLDS, "The buttons say in plain words what they do.")
        return
    page = evidence.page_of(UNANSWERED)
    yield Verdict(
        CHECK,
        "UI-12",
        FAILS,
        "A button does not say in plain words what it does.",
        "Write “Tout accepter” and “Tout refuser”, and nothing else.",
        tuple(Proof(f"“{label}”", UNANSWERED, page) for label in found),
    )
