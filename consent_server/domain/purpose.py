"""Why a tracker is used: the five default purposes and a site's own ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from consent_server.domain.errors import Invalid

NECESSARY = "necessary"

DEFAULT_PURPOSES = (NECESSARY, "preferences", "audience", "marketing", "social")

NEVER_EXEMPT = frozenset({"marketing", "social"})
"""Purposes of which no tracker can be exempt (standards section 6)."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclass(frozen=True)
class Purpose:
    """A purpose as the visitor reads it: language → text; ``description`` is the one sentence of layer 1."""

    id: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    details: Mapping[str, str]

    @property
    def exempt(self) -> bool:
        """Whether the purpose needs no consent; only ``necessary`` does not."""
        return self.id == NECESSARY


def parse_purpose_id(text: str) -> str:
    """Return ``text`` when it can name a purpose; raise ``Invalid`` otherwise.

    Ids are ASCII because they become keys of canonical JSON (ledger section 4).
    """
    if not _ID.match(text):
        raise Invalid.because(
            f"“{text[:60]}” cannot name a purpose: use a lower-case letter, then letters, digits or _ (40 at most)."
        )
    return text
