"""What could not be seen is not said to hold: a page that had to be ended may have done more than it showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from consent_server.domain.audit.verdict import HOLDS, UNDECIDED, Proof, Verdict
from consent_server.domain.scan import ACCEPTED, BEFORE, NEXT_VISIT, REFUSED, WITHDRAWN, Scan

_LOOKED_AT: Mapping[tuple[str, str], Sequence[str]] = {
    ("CHK-1", "UI-01"): (BEFORE,),
    ("CHK-4", "UI-01"): (REFUSED, NEXT_VISIT),
    ("CHK-4", "WD-04"): (ACCEPTED, WITHDRAWN),
}
"""Check and requirement → the passes that had to show nothing for it to hold."""

_EVERY_PASS = {"DUR-01", "CAT-01"}
"""Requirements that every pass had to show nothing for."""


def as_far_as_seen(verdict: Verdict, scan: Scan) -> Verdict:
    """Return a verdict, undecided where it holds only by what was not seen in a pass that was not whole."""
    names = _LOOKED_AT.get((verdict.check, verdict.requirement), ())
    cut = [
        each for each in scan.passes if not each.whole and (each.name in names or verdict.requirement in _EVERY_PASS)
    ]
    if verdict.verdict != HOLDS or not cut:
        return verdict
    return replace(
        verdict,
        verdict=UNDECIDED,
        message="Nothing was found, but the visit of a page had to be ended before everything was seen.",
        to_do="See what ended it, and visit the site again.",
        proofs=tuple(
            Proof(limit, each.name, each.pages[-1] if each.pages else scan.address)
            for each in cut
            for limit in each.limits
        ),
    )
