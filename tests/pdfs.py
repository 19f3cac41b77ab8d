"""PDFs for tests, typeset from their source."""

from __future__ import annotations

import typst


def pdf_of(source: str) -> bytes:
    """Return the PDF of a text in Typst's markup."""
    written: bytes = typst.compile(source.encode())
    return written
