"""What a check has to say, and the text that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GUIDELINES = "CNIL, délibération n° 2020-091 du 17 septembre 2020"
RECOMMENDATION = "CNIL, délibération n° 2020-092 du 17 septembre 2020"

SOURCES: Mapping[str, str] = {
    "UI-02": f"{RECOMMENDATION}, art. 2.1",
    "UI-04": f"{GUIDELINES}, art. 2 ; {RECOMMENDATION}, art. 2.4",
    "UI-05": f"{RECOMMENDATION}, art. 2.4",
    "UI-07": f"{RECOMMENDATION}, art. 2.4 ; RGPD, consid. 32 ; CJUE, C-673/17",
    "UI-10": f"{GUIDELINES}, art. 2 ; RGPD, art. 13",
    "UI-12": "CNIL, mises en demeure du 12 décembre 2024 ; CEPD, lignes directrices 03/2022",
    "WD-02": f"RGPD, art. 7(3) ; {RECOMMENDATION}, art. 3",
    "WD-03": f"RGPD, art. 7(3) ; {RECOMMENDATION}, art. 3",
    "A11Y-06": "WCAG 2.2, 2.5.8 (AA)",
    "A11Y-07": "WCAG 2.2, 1.4.3 (AA) ; RGAA 4.1, 3.2",
    "A11Y-08": "WCAG 2.2, 1.4.11 (AA) ; RGAA 4.1, 3.3",
}
"""Requirement id → where it is written, cited as French lawyers do."""


@dataclass(frozen=True)
class Finding:
    """One requirement that does not hold: its id, where, and what to do, in one sentence."""

    requirement: str
    where: str
    message: str

    @property
    def source(self) -> str:
        """Return the text that the requirement rests on."""
        return SOURCES[self.requirement]
