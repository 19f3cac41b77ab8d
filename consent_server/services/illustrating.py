"""What is kept of a scan for people to look at: pictures of what each visitor saw, and the report as PDF.

The report is printed when the scan has ended, by who made it: whoever serves the admin needs no browser for it.
Pictures come from the program that visits strangers' pages: none is kept that is not a WebP of a window, or too large.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from PIL import Image

from consent_server.domain.audit import Verdict
from consent_server.domain.audit_reports import LANGUAGES
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import Scan, picture_file
from consent_server.storage.scan_files import NewFile

log = logging.getLogger(__name__)

MOST_PICTURES = 12
MOST_BYTES = 150_000
"""Of one picture as it is kept; a visit makes them as good as fits."""

MOST_SIDE = 2_000
LONGEST_NAME = 150
LARGEST_PDF = 3_000_000
"""A report with all pictures has a third of it; one that is larger is not kept."""

Printer = Callable[[Scan, Sequence[Verdict], Sequence[str]], Mapping[str, bytes]]
"""Prints the audit of a scan in some languages; raises ``Unavailable`` where it cannot."""


def files_of(pictures: Mapping[str, bytes]) -> tuple[NewFile, ...]:
    """Return those pictures of a scan that are kept, in the order in which they were taken."""
    files = {each.name: each for each in _fitting(pictures)}
    return tuple(islice(files.values(), MOST_PICTURES))


def prints_of(scan: Scan, verdicts: Sequence[Verdict], printer: Printer) -> tuple[NewFile, ...]:
    """Return the report as PDF in every language that reports have; nothing of what cannot be printed."""
    try:
        prints = printer(scan, verdicts, list(LANGUAGES)).items()
    except Unavailable as away:
        log.warning("the report of a scan is not printed: %s", away)
        return ()
    fitting = ((print_file(language), pdf) for language, pdf in prints if len(pdf) <= LARGEST_PDF)
    return tuple(NewFile(name, size=len(pdf), content=pdf) for name, pdf in fitting)


def print_file(language: str) -> str:
    """Return the name of the file that a printed report is kept in."""
    return f"audit-{language}.pdf"


def _fitting(pictures: Mapping[str, bytes]) -> Iterator[NewFile]:
    for shows, webp in pictures.items():
        size = _size_of(webp) if len(webp) <= MOST_BYTES and len(shows) <= LONGEST_NAME else None
        if size and max(size) <= MOST_SIDE:
            yield NewFile(picture_file(shows), shows, *size, len(webp), webp)


def _size_of(webp: bytes) -> tuple[int, int] | None:
    """Return width and height; nothing of what is no WebP."""
    try:
        with Image.open(io.BytesIO(webp), formats=["WEBP"]) as opened:
            return opened.size
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
