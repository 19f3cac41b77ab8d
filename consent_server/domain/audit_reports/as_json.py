"""An audit for programs: every verdict with its proofs, and the scan that they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from consent_server.domain.audit import Verdict
from consent_server.domain.scan import Scan, picture_file


def write_json(scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
    """Return the audit as one JSON object."""
    listed = [
        {**asdict(verdict), "source": verdict.source, "pictures": _pictures(scan, verdict)} for verdict in verdicts
    ]
    return json.dumps({"verdicts": listed, "scan": scan.to_json()}, ensure_ascii=False, indent=2) + "\n"


def _pictures(scan: Scan, verdict: Verdict) -> list[str]:
    """Return the files, kept beside, of the pictures that show a verdict."""
    return [picture_file(name) for name in verdict.rests_on() if name in scan.pictures]
