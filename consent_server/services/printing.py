"""Printing the audit of a scan as PDF: the same page as the HTML report, with its pictures as photographs.

Chromium puts a JPEG into a PDF as it is, and anything else as all its pixels.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from consent_server.browser.printing import print_pdfs
from consent_server.domain.audit import Verdict
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.scan import Scan

QUALITY = 75


def print_audit(scan: Scan, verdicts: Sequence[Verdict], languages: Sequence[str]) -> dict[str, bytes]:
    """Return the report as PDF in each of the languages. Raises ``Unavailable`` without a browser."""
    pictures = {name: _photograph(picture) for name, picture in scan.pictures.items()}
    printed = replace(scan, pictures=pictures)
    pages = [FORMATS["html"](printed, verdicts, language) for language in languages]
    return dict(zip(languages, print_pdfs(pages), strict=True))


def _photograph(webp: bytes) -> bytes:
    """Return a picture as JPEG; what cannot be read stays what it is."""
    try:
        with Image.open(io.BytesIO(webp), formats=["WEBP"]) as opened:
            file = io.BytesIO()
            opened.convert("RGB").save(file, "JPEG", quality=QUALITY)
            return file.getvalue()
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return webp
