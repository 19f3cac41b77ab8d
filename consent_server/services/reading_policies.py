"""A privacy policy as somebody has it, a text, a page or a PDF, as the text that the policy reader takes."""

from __future__ import annotations

import codecs
import re

from consent_server.domain.errors import Invalid
from consent_server.services.reading_pdf import is_pdf, pdf_text

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # what no editor writes; a form feed is
_SEEN = 100_000


def policy_text(data: bytes) -> str:
    """Return the text of a file: a PDF's, or what is UTF-8 or UTF-16, or else Windows-1252, as older editors write it.

    Raises ``Invalid`` for a PDF that cannot be read, and for what is no text: a picture, a word processor's file.
    """
    if is_pdf(data):
        return pdf_text(data)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if len(_NO_TEXT.findall(data, 0, _SEEN)) * 50 > min(len(data), _SEEN):
        raise Invalid.because("This file is neither text nor HTML nor PDF: save it as one of these.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
