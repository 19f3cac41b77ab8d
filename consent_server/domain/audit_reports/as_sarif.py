"""An audit as SARIF 2.1.0 (OASIS), which code hosts show beside a change.

A run says in which language its messages are; identifiers and fingerprints are the same in each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from consent_server.domain.audit import FAILS, UNDECIDED, Verdict
from consent_server.domain.audit.verdict import Proof
from consent_server.domain.audit_reports.words import Words
from consent_server.domain.baseline import fingerprint
from consent_server.domain.scan import Scan

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {FAILS: "error", UNDECIDED: "note"}


def write_sarif(scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
    """Return a log with one run: a result for each proof of what fails or cannot be told."""
    told, words = [verdict for verdict in verdicts if verdict.verdict in _LEVELS], Words(language)
    rules = {verdict.requirement: verdict for verdict in told}
    run = {
        "tool": {
            "driver": {
                "name": "Consent Server",
                "version": scan.software.rpartition("/")[2],
                "rules": [_rule(requirement, verdict) for requirement, verdict in sorted(rules.items())],
            }
        },
        "language": words.language,
        "results": [result for verdict in told for result in _results(scan, verdict, words)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(requirement: str, verdict: Verdict) -> dict[str, Any]:
    return {"id": requirement, "shortDescription": {"text": verdict.source}}


def _results(scan: Scan, verdict: Verdict, words: Words) -> Iterable[dict[str, Any]]:
    for proof in verdict.proofs or (Proof("", "", scan.address),):
        yield {
            "ruleId": verdict.requirement,
            "level": _LEVELS[verdict.verdict],
            "message": {"text": f"{words.said(verdict.message)}{_what(proof, words)}"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": proof.page or scan.address}}}],
            "partialFingerprints": {"what/v1": fingerprint(verdict, proof if verdict.proofs else None)},
            **(_suppressed(words) if proof.known or verdict.known else {}),
        }


def _what(proof: Proof, words: Words) -> str:
    if not proof.what:
        return ""
    seen_in = f" [{proof.seen_in}]" if proof.seen_in else ""
    by = f", {words('by {}', ' ← '.join(proof.because_of[:3]))}" if proof.because_of else ""
    said = f"{words(': ')}{words.said(proof.said)}" if proof.said else ""
    return f" {words.said(proof.what)}{seen_in}{by}{said}"


def _suppressed(words: Words) -> dict[str, Any]:
    return {"suppressions": [{"kind": "external", "justification": words("known: the baseline tells of it")}]}
