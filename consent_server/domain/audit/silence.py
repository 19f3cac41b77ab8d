"""CHK-1 (UI-01): waiting, scrolling, clicking elsewhere or pressing Escape is no agreement."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict, proof_of
from consent_server.domain.classification import Classified
from consent_server.domain.scan import ACCEPTED, UNANSWERED
from consent_server.domain.shown_banner import CLICKING, ESCAPE, SCROLLING, WAITING, Deed

CHECK = "CHK-1"
TAKEN = {
    WAITING: "The banner takes silence for a yes.",
    SCROLLING: "The banner takes scrolling for a yes.",
    CLICKING: "The banner takes a click elsewhere for a yes.",
    ESCAPE: "The banner takes the key Escape for a yes.",
}


def check_silence(evidence: Evidence) -> Iterator[Verdict]:
    """Yield what the banner took for a yes; nothing where nothing was tried."""
    shown = evidence.shown
    if shown is None or not shown.deeds:
        return
    left = next((deed for deed in shown.deeds if deed.closed), None)
    if left is None:
        yield Verdict(CHECK, "UI-01", HOLDS, "The banner waits for an answer, whatever else is done.")
        return
    came = [each for each in evidence.classified[UNANSWERED] if (each.kind, each.name) in left.brought]
    granted = [name for kind, name in left.brought if kind == "consent mode" and name.endswith("granted")]
    wanted = [each for each in came if each.needs_consent]
    if wanted or granted:
        page = evidence.page_of(UNANSWERED)
        yield Verdict(
            CHECK,
            "UI-01",
            FAILS,
            TAKEN[left.name],
            "Ask until a button is pressed: only a clear act is consent, and silence is a refusal.",
            (
                *(proof_of(each, UNANSWERED) for each in wanted),
                *(Proof(f"consent mode {name}", UNANSWERED, page) for name in granted),
            ),
        )
    elif _nothing_else(evidence, left, came):
        yield Verdict(
            CHECK, "UI-01", HOLDS, "The banner can be left without an answer, and takes that for no agreement."
        )
    else:
        yield Verdict(
            CHECK,
            "UI-01",
            UNDECIDED,
            "The banner leaves without an answer: what it takes that for could not be told.",
            "Ask until a button is pressed.",
        )


def _nothing_else(evidence: Evidence, left: Deed, came: list[Classified]) -> bool:
    """Whether nothing came although an agreement would have brought something."""
    unknown = any(each.needs_consent is None for each in came)
    return not unknown and bool(evidence.needing_consent(ACCEPTED)) and not (left.brought and not came)
