"""A logo as a banner shows it: a picture kept elsewhere by its digest, its size on the page, and what it says in words.

Not known here: what is in the picture (``services/redrawing.py``), and where it is kept (``storage/logos.py``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.document import Reader
from consent_server.domain.errors import Invalid

WIDEST, TALLEST = 200, 48
"""CSS pixels on the page; fewer where there is no room."""

LONGEST_ALT = 200

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class Logo:
    """``alt`` is language → what it says; empty for one that only decorates, since the title names who asks."""

    digest: str
    width: int
    height: int
    alt: Mapping[str, str]


def parse_digest(text: str) -> str:
    """Return ``sha256:<hex>``; raise ``Invalid`` otherwise."""
    if not _DIGEST.match(text):
        raise Invalid.because("This is not the digest of a logo: upload a picture.")
    return text


def read_logo(reader: Reader, languages: Collection[str]) -> Logo:
    """Read a logo; its words are there in every language, or in none."""
    decorates = reader.raw("alt") == {}
    said = {} if decorates else reader.texts_by_language("alt", languages, required=True)
    alt = {language: text for language, text in said.items() if language in languages}
    for language, text in alt.items():
        if len(text) > LONGEST_ALT:
            reader.problem(f"alt.{language}", f"This must be at most {LONGEST_ALT} characters.")
    logo = Logo(
        reader.parsed("digest", parse_digest, "", required=True),
        reader.integer("width", 1, 1, WIDEST),
        reader.integer("height", 1, 1, TALLEST),
        alt,
    )
    reader.refuse_unknown()
    return logo


def is_named(title: str, names: Iterable[str]) -> bool:
    """Return whether a title says who asks, so that a picture of that name says nothing more."""
    return any(name.casefold() in title.casefold() for name in ("{controller}", *names) if name)


def write_logo(logo: Logo) -> dict[str, Any]:
    """Return a logo as site files and configurations say it."""
    return {"digest": logo.digest, "width": logo.width, "height": logo.height, "alt": dict(logo.alt)}
