"""Pictures of a page as a visitor sees it now: the window, no more, as WebP of a bounded size.

What a page draws may be hostile: it can neither make a picture large nor keep the scan waiting.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

PATIENCE_MS = 5_000
QUALITIES = (75, 45, 20, 5)
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


def take(page: Page, most_bytes: int) -> bytes | None:
    """Return what the window shows; None where the page does not let it be drawn in time."""
    from playwright.sync_api import Error

    try:
        return bounded(page.screenshot(timeout=PATIENCE_MS), most_bytes)
    except Error:
        return None


def take_on_phone(page: Page, settle_ms: int, most_bytes: int) -> bytes | None:
    """Return the same page in a window as wide as a phone; the window is as it was afterwards."""
    from playwright.sync_api import Error

    try:
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(settle_ms)
        taken = take(page, most_bytes)
        page.set_viewport_size(DESKTOP)
        return taken
    except Error:
        return None


def bounded(png: bytes, most_bytes: int) -> bytes | None:
    """Return a picture as WebP, as good as fits; None where nothing does."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        picture = opened.convert("RGB")
    for quality in QUALITIES:
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality)
        if file.tell() <= most_bytes:
            return file.getvalue()
    return None
