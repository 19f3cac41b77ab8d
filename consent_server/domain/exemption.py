"""On what ground a tracker needs no consent (CNIL 2020-091 article 5; requirement ids of standards 1.6 and 1.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent_server.domain.document import Reader
from consent_server.domain.purpose import NEVER_EXEMPT
from consent_server.domain.times import parse_rfc3339, rfc3339

GROUNDS = {
    "EXM-01": "keeps the visitor's choice about trackers",
    "EXM-02": "authentication to a service, and securing it",
    "EXM-03": "shopping basket, or invoicing what was bought",
    "EXM-04": "interface personalisation that is part of the service asked for",
    "EXM-05": "load balancing",
    "EXM-06": "limiting free access to a paid site",
    "EXM-07": "audience measurement that meets every condition",
}

AUDIENCE_GROUND = "EXM-07"

AUDIENCE_CONDITIONS = {
    "AUD-01": "used only to measure the audience of this site, for its publisher alone",
    "AUD-02": "produces anonymous statistics only",
    "AUD-03": "not combined with other processing, nothing non-anonymous handed to third parties",
    "AUD-04": "does not follow the visitor across sites or applications",
}

CONDITIONS: Mapping[str, Mapping[str, str]] = {
    "EXM-01": {"EXM-01": "keeps the visitor's choice and nothing else"},
    "EXM-02": {"EXM-02": "the visitor signs in, or is signed in, and it serves nothing else"},
    "EXM-03": {"EXM-03": "the site sells, and it holds the basket or the invoice"},
    "EXM-04": {"EXM-04": "holds the value that was chosen and no identifier"},
    "EXM-05": {"EXM-05": "serves only to carry requests to the right machine"},
    "EXM-06": {"EXM-06": "the site is paid for, and it counts what was read for free"},
    "EXM-07": AUDIENCE_CONDITIONS,
}
"""What must hold on each ground, to be confirmed one by one; ``ONE_PURPOSE`` on every ground."""

ONE_PURPOSE = "EXM-08"


@dataclass(frozen=True)
class Exemption:
    """Why a tracker needs no consent, in whose words, by whom it was decided, and when (RFC 3339)."""

    ground: str
    justification: Mapping[str, str]
    author: str
    conditions: Mapping[str, bool] = field(default_factory=dict)
    decided_at: str | None = None


def conditions_of(ground: str) -> tuple[str, ...]:
    """Return what has to be confirmed on a ground."""
    return (*CONDITIONS[ground], ONE_PURPOSE)


def read_exemption(reader: Reader, languages: tuple[str, ...], proposal: Exemption | None = None) -> Exemption:
    """Read an exemption; what is left out is taken from the library's ``proposal`` when there is one."""
    ground = reader.one_of("ground", GROUNDS, proposal.ground if proposal else None)
    justification = reader.texts_by_language("justification", languages, required=proposal is None)
    author = reader.text("author", longest=200)
    conditions = reader.member("conditions")
    wanted = conditions_of(ground) if ground in CONDITIONS else ()
    answers = {
        key: conditions.boolean(key, False) for key in wanted if key in AUDIENCE_CONDITIONS or conditions.has(key)
    }
    for left_over in {*AUDIENCE_CONDITIONS, ONE_PURPOSE, *CONDITIONS}:
        conditions.raw(left_over)  # answers for another ground say nothing about this one
    conditions.refuse_unknown()
    decided_at = reader.parsed("decided_at", _moment, None)
    reader.refuse_unknown()
    return Exemption(
        ground,
        justification or (proposal.justification if proposal else {}),
        author,
        answers,
        decided_at,
    )


def _moment(text: str) -> str:
    return rfc3339(parse_rfc3339(text))


def exemption_problems(exemption: Exemption, purpose: str | None, never_exempt: str | None) -> list[str]:
    """Return why this exemption cannot stand (EXM-08, EXM-10, AUD-01..04); empty when it can."""
    problems = []
    if never_exempt:
        problems.append(f"This can never be exempt: {never_exempt}")
    if purpose is None:
        problems.append("Give it a purpose before you exempt it (CAT-01).")
    elif purpose in NEVER_EXEMPT:
        problems.append(f"A tracker for “{purpose}” cannot be exempt (EXM-08).")
    if (exemption.ground == AUDIENCE_GROUND) != (purpose == "audience"):
        problems.append("Ground EXM-07 and the purpose “audience” go together, and with nothing else (EXM-08).")
    if exemption.ground == AUDIENCE_GROUND:
        missing = [key for key in AUDIENCE_CONDITIONS if not exemption.conditions.get(key)]
        if missing:
            problems.append(f"Every condition must be confirmed: {', '.join(missing)} is not.")
    return problems
