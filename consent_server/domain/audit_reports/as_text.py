"""An audit for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consent_server.domain.audit import FAILS, HOLDS, Verdict
from consent_server.domain.scan import Scan

MOST_PROOFS = 20
_MARKS = {FAILS: "✗", HOLDS: "✓"}


def write_text(scan: Scan, verdicts: Iterable[Verdict]) -> str:
    """Return the audit, failures first, each with what shows it and what to do."""
    listed = list(verdicts)
    failed = sum(verdict.verdict == FAILS for verdict in listed)
    lines = [f"Audit of {scan.address}, {scan.started_at}", ""]
    for seen in scan.passes:
        lines += [f"{seen.name}: {'; '.join(seen.limits)}"] if seen.limits else []
    for verdict in listed:
        lines += _lines(verdict)
    lines += ["", f"{failed} of {len(listed)} checks failed." if failed else f"None of {len(listed)} checks failed."]
    return "\n".join(lines) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    mark = _MARKS.get(verdict.verdict, "?")
    yield f"{mark} {verdict.check} {verdict.requirement} {verdict.verdict}: {verdict.message}"
    for proof in verdict.proofs[:MOST_PROOFS]:
        by = f", by {' ← '.join(proof.because_of[:3])}" if proof.because_of else ""
        seen_in = f" [{proof.seen_in}]" if proof.seen_in else ""
        yield f"    {proof.what}{seen_in}{f' on {proof.page}' if proof.page else ''}{by}"
        if proof.said:
            yield f"        {proof.said}"
    if len(verdict.proofs) > MOST_PROOFS:
        yield f"    and {len(verdict.proofs) - MOST_PROOFS} more"
    if verdict.to_do:
        yield f"    → {verdict.to_do}"
    if verdict.verdict == FAILS:
        yield f"    {verdict.source}"
