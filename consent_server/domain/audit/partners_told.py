"""CHK-6 (UI-09): where a yes lets others in, the banner tells that there are others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict, proof_of
from consent_server.domain.audit.wording import is_read
from consent_server.domain.scan import ACCEPTED, SeenRequest
from consent_server.domain.shown_banner import SETTINGS

CHECK = "CHK-6"
_OTHERS = re.compile(r"partenaire|partner|vendor|fournisseur|\btiers\b|third[- ]part|prestataire|soci[ée]t[ée]s", re.I)


def check_partners_told(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether partners are told of; nothing where no request to others needs consent."""
    shown = evidence.shown
    others = {
        each.domain: each
        for each in evidence.needing_consent(ACCEPTED)
        if isinstance(each.seen, SeenRequest) and each.seen.third_party
    }
    if shown is None or not others:
        return
    layers = [layer for layer in (shown.wide, shown.second) if layer]
    if any(_OTHERS.search(layer.text) or any(map(_OTHERS.search, layer.links)) for layer in layers):
        yield Verdict(CHECK, "UI-09", HOLDS, "The banner tells that others take part.")
        return
    unread = shown.second is None and shown.wide.button(SETTINGS) is not None
    sure = not unread and all(is_read(layer.text) for layer in layers)
    yield Verdict(
        CHECK,
        "UI-09",
        FAILS if sure else UNDECIDED,
        "Nothing in the banner tells that others are let in.",
        "Say on the first layer how many partners there are, and link to the list of them.",
        tuple(proof_of(each, ACCEPTED) for each in others.values()),
    )
