"""WALL-01: the page can be read without agreeing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.scan import UNANSWERED
from consent_server.domain.shown_banner import ACCEPT, REFUSE, SETTINGS

CHECK = "WALL"
_PAID = re.compile(r"abonn|payer|payant|€|subscri|\bpay\b|premium|sans pub|ad[- ]free", re.I)


def check_no_wall(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether only a yes opens the page; nothing where the banner was not looked at."""
    shown = evidence.shown
    if shown is None:
        return
    second = shown.second
    refusable = shown.wide.button(REFUSE) or (second and (second.button(REFUSE) or second.switches))
    if not shown.wide.covers or refusable or any(deed.closed for deed in shown.deeds):
        yield Verdict(CHECK, "WALL-01", HOLDS, "The page can be reached without agreeing.")
        return
    others = [each.label for each in shown.wide.buttons if each.answer != ACCEPT and each.label]
    proof = Proof("the banner lies over the whole page", UNANSWERED, evidence.page_of(UNANSWERED))
    if any(_PAID.search(label) for label in others):
        yield Verdict(
            CHECK,
            "WALL-01",
            UNDECIDED,
            "Who does not agree must pay: whether that is fair is judged case by case.",
            "Offer a real and fair alternative, at a price that can be justified.",
            (proof,),
        )
    elif shown.wide.button(SETTINGS):
        yield Verdict(CHECK, "WALL-01", UNDECIDED, "The page is covered, and no way to refuse was found.", "", (proof,))
    else:
        yield Verdict(
            CHECK,
            "WALL-01",
            FAILS,
            "Nothing but a yes opens the page.",
            "Put “Tout refuser” beside “Tout accepter”, and let the page be read after either.",
            (proof,),
        )
