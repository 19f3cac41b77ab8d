"""Reading the words of a banner: in which language they are, and what they speak of. French and English only."""

from __future__ import annotations

import re

LONGEST = 8_000
"""A text as long as this was cut: what it lacks cannot be told."""

_COMMON = {
    "fr": re.compile(r"\b(?:le|la|les|des|et|vous|nous|vos|votre|notre|pour|sur|de|du|une?|est|ce|avec)\b", re.I),
    "en": re.compile(r"\b(?:the|and|of|to|you|we|your|our|for|on|is|this|with|a|are)\b", re.I),
}
LEAST, MARGIN = 4, 2


def language_of(text: str) -> str:
    """Return ``fr`` or ``en``, whose common words it has by far the most of; empty when neither is sure."""
    (most, language), (other, _) = sorted(
        ((len(pattern.findall(text)), name) for name, pattern in _COMMON.items()), reverse=True
    )
    return language if most >= LEAST and most >= MARGIN * other else ""


def is_read(text: str) -> bool:
    """Whether what a text does not say may be held against it: it is whole, and in a language known here."""
    return len(text) < LONGEST and bool(language_of(text))
