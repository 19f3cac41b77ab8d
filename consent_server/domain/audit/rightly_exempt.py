"""CHK-7 (EXM-10): nothing is called strictly necessary that the library knows never to be."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Verdict, proof_of
from consent_server.domain.classification import DECLARED, Classified
from consent_server.domain.library import Library

CHECK = "CHK-7"


def check_rightly_exempt(evidence: Evidence, library: Library) -> Iterator[Verdict]:
    """Yield whether an exemption that the site claims is one that nobody grants; nothing without a catalogue."""
    claimed: dict[str, tuple[Classified, str]] = {
        each.name: (each, name)
        for name, things in evidence.classified.items()
        for each in things
        if each.confidence == DECLARED and each.needs_consent is False and each.kind != "request"
    }
    wrong = [(each, name) for each, name in claimed.values() if library.never_exempt(each.name)]
    if wrong:
        yield Verdict(
            CHECK,
            "EXM-10",
            FAILS,
            f"{len(wrong)} things are declared exempt that cannot be.",
            "Give them a purpose that is asked for.",
            tuple(proof_of(each, name) for each, name in wrong),
        )
    elif claimed:
        yield Verdict(CHECK, "EXM-10", HOLDS, "What is declared exempt can be.")
