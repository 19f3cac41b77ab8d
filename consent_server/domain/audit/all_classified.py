"""CAT-01: whatever was seen has a purpose, or is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import HOLDS, UNDECIDED, Evidence, Verdict, proof_of

CHECK = "CAT"


def check_all_classified(evidence: Evidence) -> Iterator[Verdict]:
    """Yield what nobody can say the purpose of."""
    unknown = {
        (each.kind, each.name, each.domain): (each, name)
        for name, things in reversed([*evidence.classified.items()])  # the first sighting stays
        for each in things
        if each.needs_consent is None
    }
    if not unknown:
        yield Verdict(CHECK, "CAT-01", HOLDS, "Everything that was seen is known.")
        return
    yield Verdict(
        CHECK,
        "CAT-01",
        UNDECIDED,
        f"{len(unknown)} things are unknown.",
        "Classify them in the catalogue; until then our banner blocks what the library knows to be a tracker's.",
        tuple(proof_of(each, name) for each, name in unknown.values()),
    )
