"""KEEP-02: who refused is not asked again on the next visit."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Verdict
from consent_server.domain.scan import NEXT_VISIT, REFUSED

CHECK = "KEEP"


def check_choice_is_kept(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a refusal is remembered; nothing where none could be pressed."""
    refused, later = evidence.of(REFUSED), evidence.of(NEXT_VISIT)
    if refused is None or later is None or not (refused.banner and refused.banner.answered) or not later.pages:
        return
    if later.banner is None:
        yield Verdict(CHECK, "KEEP-02", HOLDS, "A refusal is remembered on the next visit.")
    else:
        yield Verdict(
            CHECK,
            "KEEP-02",
            FAILS,
            f"{later.banner.name} asks again on the next visit, although the visitor refused.",
            "Keep the refusal as long as a yes would be kept: six months is the CNIL's good practice.",
        )
