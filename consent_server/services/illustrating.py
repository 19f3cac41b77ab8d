"""What is kept of a scan for people to look at: pictures of what each visitor saw.

Pictures come from the program that visits strangers' pages: none is kept that is not a WebP of a window, or too large.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from itertools import islice

from PIL import Image

from consent_server.domain.scan import picture_file
from consent_server.storage.scan_files import NewFile

MOST_PICTURES = 12
MOST_BYTES = 150_000
"""Of one picture as it is kept; a visit makes them as good as fits."""

MOST_SIDE = 2_000
LONGEST_NAME = 150


def files_of(pictures: Mapping[str, bytes]) -> tuple[NewFile, ...]:
    """Return those pictures of a scan that are kept, in the order in which they were taken."""
    files = {each.name: each for each in _fitting(pictures)}
    return tuple(islice(files.values(), MOST_PICTURES))


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
