"""CHK-1 (UI-01): Google's tags are told “denied” until the visitor says yes."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Proof, Verdict
from consent_server.domain.scan import BEFORE, REFUSED

CHECK = "CHK-1"
ALWAYS = frozenset({"security_storage"})


def check_signals_denied(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether consent mode was granted to a visitor who had not agreed; nothing where it is not used."""
    seen = [each for each in map(evidence.of, (BEFORE, REFUSED)) if each is not None and each.consent_mode]
    if not seen:
        return
    granted = [
        Proof(f"consent mode {name}: {state}", each.name, each.pages[0] if each.pages else evidence.scan.address)
        for each in seen
        for name, state in each.consent_mode.items()
        if state.endswith("granted") and name not in ALWAYS
    ]
    if granted:
        yield Verdict(
            CHECK,
            "UI-01",
            FAILS,
            "Google's tags were told that consent is granted, although nobody agreed.",
            "Set every type of consent mode to “denied” by default, before the first tag.",
            tuple(granted),
        )
    else:
        yield Verdict(CHECK, "UI-01", HOLDS, "Google's tags were told “denied” until somebody agreed.")
