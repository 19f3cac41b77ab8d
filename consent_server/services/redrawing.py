"""Drawing a logo anew: whatever somebody uploads, what is kept is a small WebP that holds pixels and nothing else.

What comes in is hostile until it is drawn: only three decoders are asked, none before the size that the file names was
looked at, and nothing of the file itself (metadata, what is behind its end) goes further. SVG is markup with scripts in
it, and is refused.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from PIL import Image, ImageOps, UnidentifiedImageError

from consent_server.domain.errors import Invalid
from consent_server.domain.logo import TALLEST, WIDEST

LARGEST_UPLOAD = 2 * 1024 * 1024
MOST_PIXELS = 12_000_000
MOST_SCANS = 64
"""Of a progressive JPEG: each costs as much as the whole picture, whatever few bytes it has."""

LARGEST_KEPT = 6 * 1024
DENSITY = 2
"""Pixels of the picture in a CSS pixel: screens are that fine."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITIES = (90, 75, 60, 40, 20)

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True)
class Drawn:
    """A picture as it is kept, and its size on the page in CSS pixels."""

    webp: bytes = field(repr=False)
    width: int
    height: int


def redraw(data: bytes) -> Drawn:
    """Return the picture as a banner shows it. Raises ``Invalid`` for what is none, too large, or SVG."""
    if len(data) > LARGEST_UPLOAD:
        raise Invalid.because(f"A logo has at most {LARGEST_UPLOAD // 2**20} MiB.", "image")
    picture = _cropped(_decoded(data))
    shown = min(WIDEST / picture.width, TALLEST / picture.height, 1)
    kept = picture.resize(_times(picture.size, min(shown * DENSITY, 1)), Image.Resampling.LANCZOS)
    return Drawn(_encoded(kept), *_times(picture.size, shown))


def _decoded(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _refuse_costly(opened, data)
            opened.draft("RGB", (WIDEST * DENSITY, TALLEST * DENSITY))  # a JPEG need not be decoded at its full size
            return _eight_bits(ImageOps.exif_transpose(opened)).convert("RGBA")
    except Invalid:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many() from None
    except UnidentifiedImageError:
        raise _unknown(data) from None
    except Exception:  # decoders of what is damaged on purpose raise what they like
        raise Invalid.because("This picture is damaged: save it again, and upload that.", "image") from None


def _refuse_costly(opened: Image.Image, data: bytes) -> None:
    if opened.width * opened.height > MOST_PIXELS:
        raise _too_many()
    if opened.format == "JPEG" and data.count(b"\xff\xda") > MOST_SCANS:
        raise Invalid.because("This picture is damaged: save it again, and upload that.", "image")


def _too_many() -> Invalid:
    return Invalid.because(f"A logo has at most {MOST_PIXELS // 10**6} million pixels: make it smaller.", "image")


def _unknown(data: bytes) -> Invalid:
    if b"<svg" in data[:4096].lower():
        return Invalid.because("An SVG can hold scripts and is not taken: save it as PNG, 400 pixels wide.", "image")
    return Invalid.because("This is not a picture in PNG, JPEG or WebP.", "image")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a picture of 16-bit greys with eight: Pillow would cut them off, not scale them."""
    if not picture.mode.startswith("I"):
        return picture
    return picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")


def _cropped(picture: Image.Image) -> Image.Image:
    """Return what of a picture can be seen: margins are the banner's."""
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise Invalid.because("Nothing can be seen on this picture.", "image")
    return picture.crop(box)


def _times(size: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _encoded(picture: Image.Image) -> bytes:
    """Return it without loss if that is small enough, and else with as little as it takes."""
    plain = picture.convert("RGB") if picture.getchannel("A").getextrema() == (255, 255) else picture
    tries = [{"lossless": True, "quality": 70}, *({"quality": quality} for quality in _QUALITIES)]
    for options in tries:
        file = io.BytesIO()
        plain.save(file, "WEBP", method=4, exif=b"", icc_profile=b"", xmp=b"", **options)
        if file.tell() <= LARGEST_KEPT:
            return file.getvalue()
    raise Invalid.because("This picture has too many details for a logo.", "image")
