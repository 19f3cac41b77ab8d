"""CHK-4 (UI-01): nothing that needs consent after a refusal, on this visit and on the next."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict, proof_of
from consent_server.domain.scan import BEFORE, NEXT_VISIT, REFUSED

CHECK = "CHK-4"


def check_after_refusal(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a visitor who refused met something that waits for a yes.

    What never waited for a yes is told by CHK-1, and not again here.
    """
    refused = evidence.of(REFUSED)
    if refused is None or refused.banner is None or not refused.banner.answered:
        yield Verdict(CHECK, "UI-01", UNDECIDED, "No refusal could be pressed, so none was tried.")
        return
    early = {(each.kind, each.name) for each in evidence.needing_consent(BEFORE)}
    found = [
        (each, name)
        for name in (REFUSED, NEXT_VISIT)
        for each in evidence.needing_consent(name)
        if (each.kind, each.name) not in early
    ]
    if not found:
        yield Verdict(CHECK, "UI-01", HOLDS, "A visitor who refused met nothing that needs consent.")
        return
    yield Verdict(
        CHECK,
        "UI-01",
        FAILS,
        f"{len(found)} things that need consent came although the visitor refused.",
        "Make the scripts named below wait for a yes; a refusal must end what an earlier page began.",
        tuple(proof_of(each, name) for each, name in found),
    )
