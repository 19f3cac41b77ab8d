"""How often something may be done: so many times within so many seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from consent_server.domain.errors import Invalid

SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}

_RATE = re.compile(r"([1-9][0-9]{0,9})\s*(?:/|per)\s*(second|minute|hour|day)\Z")


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` times within ``seconds``."""

    count: int
    seconds: int

    def times(self, factor: float) -> Rate:
        """Return a rate so many times as high."""
        return Rate(max(1, int(self.count * factor)), self.seconds)


def parse_rate(name: str, text: str) -> Rate | None:
    """Read a setting such as ``6000 per minute`` or ``100/second``; empty is no limit. Raises ``Invalid``."""
    if not text.strip():
        return None
    match = _RATE.match(text.strip())
    if match is None:
        raise Invalid.because("Write how often, such as “6000 per minute”; second, minute, hour or day.", name)
    return Rate(int(match[1]), SECONDS[match[2]])
