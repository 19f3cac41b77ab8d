"""What a check of a site comes to: whether a requirement holds, and what shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consent_server.domain.classification import Classified
from consent_server.domain.compliance.finding import GUIDELINES, RECOMMENDATION
from consent_server.domain.scan import (
    BEFORE,
    NEXT_VISIT,
    REFUSED,
    UNANSWERED,
    WITHDRAWN,
    Pass,
    Scan,
    SeenRequest,
    host_of,
    on_phone,
    same_site,
)
from consent_server.domain.shown_banner import ShownBanner

HOLDS, FAILS, UNDECIDED = "holds", "fails", "cannot tell"

_TRUE = "Loi n° 78-17, art. 82 ; RGPD"

SOURCES: Mapping[str, str] = {
    "UI-01": f"Loi n° 78-17, art. 82 ; {GUIDELINES}, art. 2",
    "UI-04": f"{GUIDELINES}, art. 2 ; {RECOMMENDATION}, art. 2.4",
    "UI-02": f"{RECOMMENDATION}, art. 2.1 ; CNIL, SAN-2025-005",
    "UI-09": f"{RECOMMENDATION}, art. 2.3 ; CJUE, 1er octobre 2019, C-673/17, points 75 à 81",
    "UI-12": f"{GUIDELINES}, art. 2 ; CNIL, mises en demeure du 12 décembre 2024 ; CEPD, lignes directrices 03/2022",
    "WD-03": f"RGPD, art. 7(3) ; {RECOMMENDATION}, art. 3",
    "A11Y-01": "WCAG 2.2, 2.1.1 (A) ; RGAA 4.1, 7.3",
    "A11Y-02": "WCAG 2.2, 2.1.2 (A) ; RGAA 4.1, 12.9",
    "A11Y-03": "WCAG 2.2, 2.4.3 (A) ; RGAA 4.1, 12.8",
    "A11Y-04": "WCAG 2.2, 2.4.7 (AA) ; RGAA 4.1, 10.7",
    "A11Y-05": "WCAG 2.2, 2.4.11 (AA)",
    "A11Y-06": "WCAG 2.2, 2.5.8 (AA)",
    "A11Y-07": "WCAG 2.2, 1.4.3 (AA) ; RGAA 4.1, 3.2",
    "A11Y-10": "WCAG 2.2, 1.4.10 (AA) ; RGAA 4.1, 10.11",
    "A11Y-12": "WCAG 2.2, 4.1.2 (A) ; RGAA 4.1, 7.1",
    "A11Y-15": "WCAG 2.2, 3.1.1 et 3.1.2 ; RGAA 4.1, 8.3 et 8.7",
    "UI-07": f"{RECOMMENDATION}, art. 2.4 ; RGPD, consid. 32 ; CJUE, 1er octobre 2019, C-673/17",
    "UI-13": "RGPD, art. 4(11) ; CNIL, SAN-2025-005",
    "WALL-01": "RGPD, art. 4(11) et 7(4) ; CNIL, critères d’évaluation des murs de traceurs, 16 mai 2022",
    "WD-01": f"RGPD, art. 7(3) ; {RECOMMENDATION}, art. 3",
    "WD-04": f"RGPD, art. 7(3) ; {GUIDELINES}, art. 2 ; CNIL, SAN-2024-019",
    "KEEP-02": f"{RECOMMENDATION}, art. 2.4 ; CEPD, lignes directrices 03/2022",
    "DUR-01": f"{GUIDELINES}, art. 5 ; {RECOMMENDATION}, art. 5",
    "DUR-04": f"{GUIDELINES}, art. 5",
    "EXM-10": f"{GUIDELINES}, art. 5 ; CNIL, SAN-2025-010",
    "CAT-01": f"{GUIDELINES}, art. 2 : chaque traceur a une finalité",
    "DRIFT-01": f"{_TRUE}, art. 5(1)(a) et 13",
    "DRIFT-02": f"{_TRUE}, art. 7 ; {GUIDELINES}, art. 2",
    "DRIFT-03": f"{_TRUE}, art. 13(2)(a) ; CJUE, 1er octobre 2019, C-673/17, points 75 à 81",
    "DRIFT-04": f"{_TRUE}, art. 13 ; {GUIDELINES}, art. 2",
    "DRIFT-05": f"{_TRUE}, art. 13",
    "DRIFT-06": f"{GUIDELINES}, art. 2 : chaque traceur a une finalité",
    "DRIFT-07": f"{_TRUE}, art. 5(1)(a) et 13",
}
"""Requirement id → where it is written, cited as French lawyers do."""

_SHOWN_IN: Mapping[str, Sequence[str]] = {
    "UI-04": (BEFORE,),
    "KEEP-02": (REFUSED, NEXT_VISIT),
    "WD-01": (WITHDRAWN,),
}
"""Requirement id → the passes whose pictures show it, where no proof names one."""

_PICTURED: Mapping[str, str] = {UNANSWERED: BEFORE}
"""A pass → the one whose pictures show the same."""


@dataclass(frozen=True)
class Proof:
    """One thing that was seen: what, in which pass, on which page, and who did it, the nearest first.

    ``said`` is what others say of it; it may change while the finding stays the same.
    ``known``: a baseline tells of it.
    """

    what: str
    seen_in: str
    page: str
    because_of: tuple[str, ...] = ()
    said: str = ""
    known: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``message`` says it in one sentence, ``to_do`` what helps.

    ``known``: a baseline tells of all of it.
    """

    check: str
    requirement: str
    verdict: str
    message: str
    to_do: str = ""
    proofs: tuple[Proof, ...] = ()
    known: bool = False

    @property
    def source(self) -> str:
        """Return the text that the requirement rests on."""
        return SOURCES[self.requirement]

    def rests_on(self) -> tuple[str, ...]:
        """Return the names of the pictures that show it, should they have been taken."""
        named = (_PICTURED.get(each.seen_in, each.seen_in) for each in self.proofs if each.seen_in)
        passes = dict.fromkeys(named) or _SHOWN_IN.get(self.requirement, ())
        return tuple(name for each in passes for name in (each, on_phone(each)))


@dataclass(frozen=True)
class Evidence:
    """A scan with what each thing in it probably is, pass by pass."""

    scan: Scan
    classified: Mapping[str, Sequence[Classified]]

    def of(self, name: str) -> Pass | None:
        """Return a pass."""
        return self.scan.of(name)

    @property
    def shown(self) -> ShownBanner | None:
        """Return what was seen of the banner before it was answered."""
        seen = self.of(UNANSWERED)
        return seen.banner.shown if seen and seen.banner else None

    def page_of(self, name: str) -> str:
        """Return the first page of a pass."""
        seen = self.of(name)
        return seen.pages[0] if seen and seen.pages else self.scan.address

    def of_site(self, each: Classified) -> bool:
        """Whether something is the site's own: what others keep on their own hosts, no page can shorten or remove."""
        return same_site(each.domain, host_of(self.scan.address))

    def needing_consent(self, name: str) -> list[Classified]:
        """Return what needs consent among what a pass saw."""
        return [each for each in self.classified.get(name, ()) if each.needs_consent]

    def unknown(self, name: str) -> list[Classified]:
        """Return what nobody knows among what a pass saw."""
        return [each for each in self.classified.get(name, ()) if each.needs_consent is None]


def proof_of(each: Classified, seen_in: str) -> Proof:
    """Return the proof that something was seen."""
    if each.kind == "request":
        by = f" ({each.service})" if each.service else ""
        if each.needs_consent and not each.service and isinstance(each.seen, SeenRequest):
            by = f" with {', '.join(each.seen.carries).replace('_storage', ' storage')}"
        return Proof(f"request to {each.domain}{by}", seen_in, each.seen.page, each.seen.who)
    return Proof(f"{each.kind.replace('_', ' ')} {each.label}", seen_in, each.seen.page, each.seen.who)
