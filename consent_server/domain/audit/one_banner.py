"""CHK-6 (UI-13): one banner asks, not two that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Proof, Verdict
from consent_server.domain.scan import UNANSWERED

CHECK = "CHK-6"


def check_one_banner(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether two ask at once; nothing where none was looked at."""
    shown = evidence.shown
    if shown is None or not shown.at_once:
        return
    if len(shown.at_once) == 1:
        yield Verdict(CHECK, "UI-13", HOLDS, "One banner asks.")
        return
    page = evidence.page_of(UNANSWERED)
    yield Verdict(
        CHECK,
        "UI-13",
        FAILS,
        f"{len(shown.at_once)} banners ask at once: no visitor can tell which answer counts.",
        "Keep one consent platform, and remove the tags and plugins of the others.",
        tuple(Proof(f"banner “{title}”", UNANSWERED, page) for title in shown.at_once),
    )
