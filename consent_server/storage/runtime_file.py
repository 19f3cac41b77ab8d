"""The built banner runtime, ``static/banner.js``: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CANDIDATES = (
    Path(__file__).parents[2] / "static" / "banner.js",
    Path(__file__).parents[1] / "static" / "banner.js",
)


@cache
def load_runtime() -> bytes:
    """Return the runtime's bytes; raises ``FileNotFoundError`` when it was never built."""
    for path in CANDIDATES:
        if path.is_file():
            return path.read_bytes()
    raise FileNotFoundError("static/banner.js is missing: run `make banner`.")
