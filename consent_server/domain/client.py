"""What is kept of a visitor's browser: family, major version, kind of device. Never more (PRF-07)."""

from __future__ import annotations

from dataclasses import dataclass

FORM_FACTORS = ("desktop", "mobile", "tablet", "bot", "other")


@dataclass(frozen=True)
class Client:
    """A browser reduced to what singles nobody out; every part may be unknown."""

    family: str | None = None
    major: str | None = None
    form_factor: str | None = None
