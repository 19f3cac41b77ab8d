"""CHK-5 (UI-07): no box is ticked, and no switch is on, before the visitor touches it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.scan import UNANSWERED

CHECK = "CHK-5"
_NEEDED = re.compile(
    r"n[ée]cessaires?\b|essentiel|indispensable|requis|obligatoire|fonctionnement|s[ée]curit"
    r"|necessary|essential|required|mandatory|security|running the site|always",
    re.I,
)
_CLAIMED = re.compile(r"int[ée]r[êe]ts? l[ée]gitime|legitimate interest|exempt|s[’' ]opposer|object", re.I)


def check_off_at_first(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a use is agreed to in advance; nothing where no switch was found."""
    shown = evidence.shown
    layers = [each for each in (shown.wide, shown.second) if each] if shown else []
    switches = {switch for layer in layers for switch in layer.switches}
    if not switches:
        return
    ticked = sorted(each.label for each in switches if each.checked and not each.fixed)
    ticked = [label for label in ticked if not _NEEDED.search(label)]
    doubtful = [label for label in ticked if not label or _CLAIMED.search(label)]
    sure = [label for label in ticked if label not in doubtful]
    page = evidence.page_of(UNANSWERED)
    if sure:
        yield Verdict(
            CHECK,
            "UI-07",
            FAILS,
            f"{len(sure)} uses are agreed to before the visitor says so.",
            "Leave every box empty and every switch off until the visitor touches it.",
            tuple(Proof(f"“{label}” is on", UNANSWERED, page) for label in sure),
        )
    elif doubtful:
        yield Verdict(
            CHECK,
            "UI-07",
            UNDECIDED,
            f"{len(doubtful)} switches are on at first: whether they are exempt from consent is for a person to say.",
            "Switch off at first what needs consent; a legitimate interest does not replace it.",
            tuple(Proof(f"“{label}” is on", UNANSWERED, page) for label in doubtful),
        )
    else:
        yield Verdict(CHECK, "UI-07", HOLDS, "No use is agreed to in advance.")
