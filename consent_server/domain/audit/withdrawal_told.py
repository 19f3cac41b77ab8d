"""WD-03: who is asked is told that they can change their mind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.audit.wording import is_read
from consent_server.domain.scan import UNANSWERED

CHECK = "WD"
_TOLD = re.compile(
    r"moment|n.importe quand|changer? d.avis|retir|revenir sur|modifi|ult[ée]rieur|r[ée]voqu"
    r"|any ?time|change your|withdraw|revoke|revisit|later|manage (?:your|my) (?:choices|preferences|cookies)",
    re.I,
)


def check_withdrawal_told(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether the first layer says so; nothing where it was not seen."""
    shown = evidence.shown
    if shown is None:
        return
    if _TOLD.search(shown.wide.text):
        yield Verdict(CHECK, "WD-03", HOLDS, "The first layer says that the answer can be changed.")
        return
    yield Verdict(
        CHECK,
        "WD-03",
        FAILS if is_read(shown.wide.text) else UNDECIDED,
        "The first layer does not say that the answer can be changed.",
        "Say on the first layer that consent can be withdrawn at any time, and how.",
        (Proof("the first layer", UNANSWERED, evidence.page_of(UNANSWERED)),),
    )
