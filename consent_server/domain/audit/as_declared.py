"""DRIFT: what the policy and the catalogue say is what a browser sees.

Only a contradiction fails. What was never seen may be on a page that was not visited, and what one of the two leaves
out while the other tells of it is for an editor to put right: of both is said that it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Proof, Verdict
from consent_server.domain.drift import (
    CONTRADICTED,
    NEVER_SEEN,
    NOT_IN_CATALOGUE,
    NOT_IN_POLICY,
    TOO_EARLY,
    TOO_LONG,
    UNDECLARED,
    Drift,
)

CHECK = "DRIFT"

_TOLD = {
    CONTRADICTED: ("DRIFT-01", "contradict a claim of the policy.", "Change the claim, or what contradicts it."),
    TOO_EARLY: (
        "DRIFT-02",
        "came before consent, although the policy or the catalogue says after.",
        "Make what is named below wait for a yes; the text is right, the page is not.",
    ),
    TOO_LONG: (
        "DRIFT-03",
        "last longer than stated.",
        "Shorten them where they are set, or state how long they last.",
    ),
    UNDECLARED: ("DRIFT-04", "are declared nowhere.", "Declare them in the catalogue and in the policy."),
    NOT_IN_POLICY: ("DRIFT-05", "are in the catalogue, not in the policy.", "Name them in the policy."),
    NOT_IN_CATALOGUE: ("DRIFT-06", "are in the policy, not in the catalogue.", "Declare them in the catalogue."),
    NEVER_SEEN: (
        "DRIFT-07",
        "are declared, and were not seen on the pages visited.",
        "Visit more pages with --pages; what no page uses any longer leaves the policy and the catalogue.",
    ),
}


def check_as_declared(drifts: Sequence[Drift]) -> Iterator[Verdict]:
    """Yield a verdict for each sort of difference, those that contradict apart from those that do not."""
    for sort, (requirement, message, to_do) in _TOLD.items():
        for verdict in (FAILS, UNDECIDED):
            of_it = [each for each in drifts if each.sort == sort and each.contradiction == (verdict == FAILS)]
            if of_it:
                told = f"{len(of_it)} things {message}"
                yield Verdict(CHECK, requirement, verdict, told, to_do, tuple(map(_proof, of_it)))
    if not any(each.contradiction for each in drifts):
        yield Verdict(CHECK, "DRIFT-01", HOLDS, "Nothing that was seen contradicts what is said.")


def _proof(drift: Drift) -> Proof:
    accounts = (("policy", drift.policy), ("catalogue", drift.catalogue), ("browser", drift.browser))
    said = "; ".join(f"{who}: {words}" for who, words in accounts if words is not None)
    quoted = f" “{drift.passage}”" if drift.passage else ""
    what = f"{drift.kind.replace('_', ' ')} {drift.name}"
    return Proof(what, drift.seen_in, drift.page, drift.set_by, said + quoted)
