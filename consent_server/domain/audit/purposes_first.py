"""CHK-6 (UI-02): the first layer names what the trackers that come after a yes are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict, proof_of
from consent_server.domain.audit.wording import is_read
from consent_server.domain.scan import ACCEPTED

CHECK = "CHK-6"
SURE = frozenset({"audience", "marketing"})
"""Purposes that are hardly ever put in words unknown here."""

_NAMED = {
    "audience": r"audience|statisti|mesur|fr[ée]quent|analy|visites|measur|performance|usage|comprendre|understand",
    "marketing": r"publicit|annonce|marketing|\bpubs?\b|advert|\bads?\b|commercia|promotion|cibl|target|profil",
    "social": r"contenu|r[ée]seaux|vid[ée]o|carte|partag|social|content|\bmaps?\b|shar(?:e|ing)|embed",
    "preferences": r"pr[ée]f|confort|personn?ali|comfort|custom|fonctionnalit|functional",
}


def check_purposes_first(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether each purpose is named; nothing where nothing came that has one."""
    shown = evidence.shown
    used = {each.purpose: each for each in evidence.needing_consent(ACCEPTED) if each.purpose in _NAMED}
    if shown is None or not used:
        return
    missing = {purpose for purpose in used if not re.search(_NAMED[str(purpose)], shown.wide.text, re.I)}
    proofs = tuple(proof_of(used[purpose], ACCEPTED) for purpose in sorted(map(str, missing)))
    if missing & SURE and is_read(shown.wide.text):
        yield Verdict(
            CHECK,
            "UI-02",
            FAILS,
            "The first layer does not name every purpose that a yes allows.",
            "Name each purpose on the first layer, with a sentence on what it means.",
            proofs,
        )
    elif missing:
        yield Verdict(
            CHECK,
            "UI-02",
            UNDECIDED,
            "Words for some purposes were not found on the first layer: whether it names them is for a person to say.",
            "Name each purpose on the first layer, with a sentence on what it means.",
            proofs,
        )
    else:
        yield Verdict(CHECK, "UI-02", HOLDS, "The first layer names the purposes of what came after a yes.")
