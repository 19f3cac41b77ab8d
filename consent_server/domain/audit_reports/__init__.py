"""The forms in which an audit is told: one file each, one list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from consent_server.domain.audit import Verdict
from consent_server.domain.audit_reports.as_json import write_json
from consent_server.domain.audit_reports.as_junit import write_junit
from consent_server.domain.audit_reports.as_sarif import write_sarif
from consent_server.domain.audit_reports.as_text import write_text
from consent_server.domain.scan import Scan

FORMATS: Mapping[str, Callable[[Scan, Iterable[Verdict]], str]] = {
    "text": write_text,
    "json": write_json,
    "sarif": write_sarif,
    "junit": write_junit,
}

__all__ = ["FORMATS"]
