"""An audit as SARIF 2.1.0 (OASIS), which code hosts show beside a change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from consent_server.domain.audit import FAILS, UNDECIDED, Verdict
from consent_server.domain.audit.verdict import Proof
from consent_server.domain.baseline import fingerprint
from consent_server.domain.scan import Scan

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {FAILS: "error", UNDECIDED: "note"}
_SUPPRESSED = {"suppressions": [{"kind": "external", "justification": "known: the baseline tells of it"}]}


def write_sarif(scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
    """Return a log with one run: a result for each proof of what fails or cannot be told."""
    told = [verdict for verdict in verdicts if verdict.verdict in _LEVELS]
    rules = {verdict.requirement: verdict for verdict in told}
    run = {
        "tool": {
            "driver": {
                "name": "Consent Server",
                "version": scan.software.rpartition("/")[2],
                "rules": [_rule(requirement, verdict) for requirement, verdict in sorted(rules.items())],
            }
        },
        "results": [result for verdict in told for result in _results(scan, verdict)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(requirement: str, verdict: Verdict) -> dict[str, Any]:
    return {"id": requirement, "shortDescription": {"text": verdict.source}}


def _results(scan: Scan, verdict: Verdict) -> Iterable[dict[str, Any]]:
    for proof in verdict.proofs or (Proof("", "", scan.address),):
        by = f", by {' ← '.join(proof.because_of[:3])}" if proof.because_of else ""
        seen_in = f" [{proof.seen_in}]" if proof.seen_in else ""
        what = f" {proof.what}{seen_in}{by}{f': {proof.said}' if proof.said else ''}" if proof.what else ""
        yield {
            "ruleId": verdict.requirement,
            "level": _LEVELS[verdict.verdict],
            "message": {"text": f"{verdict.message}{what}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": proof.page or scan.address}}}],
            "partialFingerprints": {"what/v1": fingerprint(verdict, proof if verdict.proofs else None)},
            **(_SUPPRESSED if proof.known or verdict.known else {}),
        }
