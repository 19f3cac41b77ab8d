"""A11Y-07, A11Y-08: text and controls can be read in every scheme (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration
from consent_server.domain.theme import contrast

BUTTON_TEXT = 5.0
TEXT = 4.5
CONTROL = 3.0

PAIRS = (
    ("text", "background", TEXT),
    ("accent_text", "accent", BUTTON_TEXT),
    ("accent", "background", CONTROL),
    ("border", "background", CONTROL),
)


def check_contrast(configuration: Configuration) -> Iterator[Finding]:
    """Yield a finding for each pair of colours that is too close."""
    theme = configuration.document["banner"]["theme"]
    yield from _of_palette(theme, "banner.theme")
    if "dark" in theme:
        yield from _of_palette(theme["dark"], "banner.theme.dark")


def _of_palette(palette: Mapping[str, str], where: str) -> Iterator[Finding]:
    for front, back, least in PAIRS:
        ratio = contrast(palette[front], palette[back])
        if ratio < least:
            yield Finding(
                "A11Y-07" if front.endswith("text") else "A11Y-08",
                f"{where}.{front}",
                f"{palette[front]} on {palette[back]} has a contrast of {ratio:.1f}; at least {least:.1f} is needed.",
            )
