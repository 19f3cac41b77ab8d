"""What a check has to say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One requirement that does not hold: its id, where, and what to do, in one sentence."""

    requirement: str
    where: str
    message: str
