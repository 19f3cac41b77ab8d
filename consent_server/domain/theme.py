"""The banner's colours and shape as typed tokens: no style text of anybody's reaches the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields

from consent_server.domain.document import Reader
from consent_server.domain.errors import Invalid

POSITIONS = ("bottom", "bottom-left", "bottom-right", "center")

_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, each ``#rrggbb``; accept and refuse share ``accent``."""

    background: str = "#ffffff"
    text: str = "#1c2430"
    accent: str = "#1f3a8a"
    accent_text: str = "#ffffff"
    border: str = "#6b7480"


DARK = Palette("#171c26", "#eef1f6", "#c3d0ff", "#10162a", "#8b95a5")


@dataclass(frozen=True)
class Theme:
    """Light and dark palettes, corner radius in CSS pixels, and where the box stands on a wide screen."""

    light: Palette = field(default_factory=Palette)
    dark: Palette | None = DARK
    radius: int = 14
    position: str = "bottom-left"


def parse_colour(text: str) -> str:
    """Return ``#rrggbb`` in lower case; raise ``Invalid`` otherwise."""
    colour = text.lower()
    if not _COLOUR.match(colour):
        raise Invalid.because(f"“{text[:20]}” is not a colour: write #rrggbb.")
    return colour


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def read_theme(reader: Reader) -> Theme:
    """Read a theme; every token has a default, ``dark: null`` switches the dark scheme off."""
    light = _palette(reader, Palette())
    dark: Palette | None = DARK
    if "dark" in reader.values:
        dark = None
        if reader.raw("dark") is not None:
            inner = reader.member("dark")
            dark = _palette(inner, DARK)
            inner.refuse_unknown()
    theme = Theme(light, dark, reader.integer("radius", 14, 0, 40), reader.one_of("position", POSITIONS, "bottom-left"))
    reader.refuse_unknown()
    return theme


def _palette(reader: Reader, default: Palette) -> Palette:
    return Palette(
        **{
            token.name: reader.parsed(token.name, parse_colour, getattr(default, token.name))
            for token in fields(Palette)
        }
    )
