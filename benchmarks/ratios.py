"""How a benchmark says what it found: a line that ``python -m benchmarks`` gathers, readable by itself.

``= export csv / plain csv: 2.84 (at most 3)``
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE = re.compile(r"= (?P<what>[^:]+): (?P<value>[\d.]+)(?: \((?P<side>at most|at least) (?P<goal>[\d.]+)\))?\Z")


@dataclass(frozen=True)
class Ratio:
    """One ratio, with the goal it is held against and on which side of it is well."""

    what: str
    value: float
    side: str = ""
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.side == "at most" else self.value >= self.goal


def say(what: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
    """Print a ratio and its goal."""
    goal = f" (at most {at_most:g})" if at_most is not None else f" (at least {at_least:g})" if at_least else ""
    print(f"= {what}: {value:.4g}{goal}", flush=True)


def read(line: str) -> Ratio | None:
    """Return the ratio that a line says, or None for a line that says something else."""
    found = LINE.match(line.strip())
    if found is None:
        return None
    return Ratio(
        found["what"], float(found["value"]), found["side"] or "", float(found["goal"]) if found["goal"] else None
    )
