"""The forms in which an audit is told: one file each, one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from consent_server.domain.audit import Verdict
from consent_server.domain.audit_reports.as_html import write_html
from consent_server.domain.audit_reports.as_json import write_json
from consent_server.domain.audit_reports.as_junit import write_junit
from consent_server.domain.audit_reports.as_sarif import write_sarif
from consent_server.domain.audit_reports.as_text import write_text
from consent_server.domain.audit_reports.words import LANGUAGES
from consent_server.domain.scan import Scan


class Writer(Protocol):
    """Tells an audit in one form; what programs go by is the same in every language."""

    def __call__(self, scan: Scan, verdicts: Iterable[Verdict], language: str = "en") -> str:
        """Return the whole report."""


FORMATS: Mapping[str, Writer] = {
    "text": write_text,
    "html": write_html,
    "json": write_json,
    "sarif": write_sarif,
    "junit": write_junit,
}

PDF = "pdf"
"""The page, printed: it needs a browser, so it is not written here."""

MEDIA_TYPES: Mapping[str, tuple[str, str]] = {
    "text": ("text/plain", "txt"),
    "html": ("text/html", "html"),
    "json": ("application/json", "json"),
    "sarif": ("application/sarif+json", "sarif"),
    "junit": ("application/xml", "xml"),
    PDF: ("application/pdf", "pdf"),
}
"""What each form is, and how the name of its file ends."""

__all__ = ["FORMATS", "LANGUAGES", "MEDIA_TYPES", "PDF", "Writer"]
