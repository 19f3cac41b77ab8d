"""A privacy policy as somebody has it, a text, a page or a PDF, as the text that the policy reader takes."""

from __future__ import annotations

from consent_server.services.reading_pdf import is_pdf, pdf_text


def policy_text(data: bytes) -> str:
    """Return the text of a file: a PDF's, or what is UTF-8, or else Windows-1252, as older editors write it.

    Raises ``Invalid`` for a PDF that cannot be read.
    """
    if is_pdf(data):
        return pdf_text(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
