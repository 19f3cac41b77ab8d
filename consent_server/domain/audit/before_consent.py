"""CHK-1 (UI-01): nothing that needs consent before a choice is made."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict, proof_of
from consent_server.domain.scan import BEFORE

CHECK = "CHK-1"


def check_before_consent(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether the first pass, which chose nothing, met something that waits for a yes."""
    if evidence.of(BEFORE) is None:
        yield Verdict(CHECK, "UI-01", UNDECIDED, "The pass before any choice was not made.")
        return
    found, unknown = evidence.needing_consent(BEFORE), evidence.unknown(BEFORE)
    if found:
        yield Verdict(
            CHECK,
            "UI-01",
            FAILS,
            f"{len(found)} things that need consent were there before the visitor answered.",
            "Load the scripts named below only after a yes: put the banner's tag first in the head, and declare them.",
            tuple(proof_of(each, BEFORE) for each in found),
        )
    elif unknown:
        yield Verdict(
            CHECK,
            "UI-01",
            UNDECIDED,
            f"Nothing that is known to need consent came before the answer, but {len(unknown)} things are unknown.",
            "Classify them in the catalogue: what is unclassified may need consent.",
            tuple(proof_of(each, BEFORE) for each in unknown),
        )
    else:
        yield Verdict(CHECK, "UI-01", HOLDS, "Nothing that needs consent came before the visitor answered.")
