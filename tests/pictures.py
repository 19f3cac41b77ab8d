"""Pictures for tests, made here: what a site owner uploads as a logo, and what somebody with bad intentions does."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def logo(size: tuple[int, int] = (600, 150), colour: str = "#1f3a8a") -> Image.Image:
    """Draw a disc and a bar on nothing."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    width, height = size
    draw = ImageDraw.Draw(picture)
    draw.ellipse((0, 0, min(size) - 1, height - 1), fill=colour)
    draw.rectangle((width * 0.3, height * 0.3, width - 1, height * 0.7), fill=colour)
    return picture


def encoded(picture: Image.Image | None = None, kind: str = "PNG", **options: Any) -> bytes:
    """Give a picture as a file."""
    file = io.BytesIO()
    picture = picture or logo()
    (picture.convert("RGB") if kind == "JPEG" else picture).save(file, kind, **options)
    return file.getvalue()


def opened(picture: bytes) -> Image.Image:
    """Open a picture that a scan took."""
    return Image.open(io.BytesIO(picture), formats=["WEBP"])


def bomb(width: int, height: int) -> bytes:
    """Give a small, honest PNG of many white pixels."""
    row = b"\x00" + b"\xff" * ((width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def scans(count: int) -> bytes:
    """Give a progressive JPEG with scans added that refine nothing: each costs what a whole picture does."""
    data = encoded(logo((800, 200)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + data[-2:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
