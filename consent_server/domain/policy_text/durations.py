"""Durations as people write them, in French and English: “treize (13) mois”, “24H”, “two years”, “fin de session”.

Known here: numbers and units. Not known: what lasts that long. All functions take folded text (``text.fold``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import SESSION, parse_lifetime

_WORDS = {
    word: number
    for number, words in {
        1: "un une one a an",
        2: "deux two",
        3: "trois three",
        4: "quatre four",
        5: "cinq five",
        6: "six",
        7: "sept seven",
        8: "huit eight",
        9: "neuf nine",
        10: "dix ten",
        12: "douze twelve",
        13: "treize thirteen",
        14: "quatorze fourteen",
        15: "quinze fifteen",
        18: "dix-huit eighteen",
        20: "vingt twenty",
        24: "vingt-quatre twenty-four",
        25: "vingt-cinq twenty-five",
        30: "trente thirty",
        60: "soixante sixty",
        90: "quatre-vingt-dix ninety",
    }.items()
    for word in words.split()
}

_UNITS = {
    name: unit
    for unit, names in {
        "Y": "an ans annee annees year years yr yrs y an(s) annee(s) year(s)",
        "M": "mois month months mth mths month(s)",
        "W": "semaine semaines week weeks w semaine(s) week(s)",
        "D": "jour jours jr jrs j day days d jour(s) day(s)",
        "H": "heure heures h hr hrs hour hours heure(s) hour(s)",
        "m": "minute minutes min mins mn minute(s)",
        "S": "seconde secondes second seconds sec secs s seconde(s) second(s)",
    }.items()
    for name in names.split()
}
_ORDER = "YMWDHmS"
_SECONDS = {"Y": 31_556_952, "M": 2_629_746, "W": 604_800, "D": 86_400, "H": 3_600, "m": 60, "S": 1}


def _one_of(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# “24h/24” and “7j/7” are opening hours; the number of “1.5 years” must not be read as 5.
_DURATION = re.compile(
    rf"(?<![\w.,/-])(?<!il y a )(?:(?P<digits>\d{{1,3}}(?: \d{{3}})(?!\d)|\d{{1,9}})(?: ?\([a-z -]{{1,30}}\))?"
    rf"|(?P<word>{_one_of(_WORDS)})(?: ?\((?P<again>\d{{1,4}})\))?(?=[ -]))"
    rf"(?: |- ?)?(?P<unit>{_one_of(_UNITS)})(?![\w'/]| ago\b)"
)
_HALF = re.compile(
    r"(?<![\w/])(?:1/2 ?|½ ?|(?:une |1 )?demi[e -]{1,2}|half (?:an |a )?)"
    r"(?P<unit>heure|hour|h|annee|year)\b"
)
_HALVES = {"h": (30, "m"), "a": (6, "M"), "y": (6, "M")}
_SESSION = re.compile(
    r"\b(?:duree|temps|fin|cloture|fermeture|time|end|duration|length|close) (?:de |of )?(?:la |votre |sa |the "
    r"|your |a |each )?"
    r"(?:session|visite|navigation session|browser session|browsing session)\b"
    r"|\bcookies? (?:temporaires? )?de session\b|\bsession cookies?\b|\b(?:par|per) session\b"
    r"|\bfermeture d[eu] (?:l'onglet\b|(?:votre |leur |son )?navigateur\b)"
    r"|\bclos(?:e|es|ing) (?:of )?(?:the |your )?tab\b"
    r"|\bfermez (?:votre|le) navigateur\b"
    r"|\b(?:exit|leav(?:e|es|ing)|clos(?:e|es|ing)) (?:of )?(?:your |the |their )?(?:web )?browser\b"
    r"|\b(?:your |the )?browser (?:is |has been )?"
    r"(?:closed|shut ?down|shut)\b|\bnavigateur est ferme\b|\b(?:close|shut down|quit) (?:your|the) browser\b"
    r"|\b(?:duree|expiration|expire|expires|conservation|duration|lifetime|retention"
    r"|validite) ?: ?(?:la )?session\b"
    r"|[(\[]session[)\]]|(?:(?<=[:-])|(?<=[:-] )|(?<=, ))session(?=[.)]?\Z)"
)
_SESSION_CELL = re.compile(
    r"(?:en |de |la |the |browser |during (?:the )?)?(?:session|sessions|sessional|seance)\b(?! (?:id|identif))"
)
_SUM = frozenset({" et ", " and ", " "})
_RANGE = frozenset({" a ", " to ", " et ", " and ", " - ", "-", " ou ", " or ", " jusqu'a ", " up to "})


@dataclass(frozen=True)
class Duration:
    """A duration and where it stands in the text."""

    start: int
    end: int
    iso: str
    seconds: float = 0


@dataclass(frozen=True)
class _Part:
    start: int
    end: int
    number: int
    unit: str

    @property
    def seconds(self) -> int:
        return self.number * _SECONDS[self.unit]


def durations(folded: str) -> list[Duration]:
    """Return the durations in order; “1 an et 1 mois” is one, “de 1 à 13 mois” is its longer end.

    Left out: no time at all, more than a hundred years, “permanent”.
    """
    found: list[Duration] = []
    run: list[_Part] = []
    for part in _parts(folded):
        if run and not _continues(folded, run[-1], part):
            found += _duration(run)
            run = []
        run.append(part)
    found += _duration(run)
    found += [Duration(match.start(), match.end(), SESSION) for match in _SESSION.finditer(folded)]
    return sorted(found, key=lambda duration: duration.start)


def each_duration(folded: str) -> list[Duration]:
    """Return every duration by itself, none added up, sessions included: “2 ans, 24 heures et une minute” are three."""
    found = [each for part in _parts(folded) for each in _duration([part])]
    found += [Duration(match.start(), match.end(), SESSION) for match in _SESSION.finditer(folded)]
    return sorted(found, key=lambda duration: duration.start)


def duration_of_cell(folded: str) -> str | None:
    """Return the duration that a cell under “duration” gives, the session when that is all it says."""
    found = [duration.iso for duration in durations(folded)]
    timed = [iso for iso in found if iso != SESSION]
    if timed:
        return timed[0]
    return SESSION if found or _SESSION_CELL.match(folded) else None


def _parts(folded: str) -> list[_Part]:
    halves = [_Part(half.start(), half.end(), *_HALVES[half["unit"][0]]) for half in _HALF.finditer(folded)]
    wholes = _whole_parts(_HALF.sub(lambda half: "/" * len(half[0]), folded) if halves else folded)
    return sorted([*halves, *wholes], key=lambda part: part.start)


def _whole_parts(folded: str) -> Iterator[_Part]:
    for match in _DURATION.finditer(folded):
        digits = match["again"] or match["digits"]
        number = int(digits.replace(" ", "")) if digits else _WORDS[match["word"]]
        yield _Part(match.start(), match.end(), number, _UNITS[match["unit"]])


def _continues(folded: str, last: _Part, part: _Part) -> bool:
    between = folded[last.end : part.start] if part.start - last.end < 12 else "."
    smaller = _ORDER.index(part.unit) - _ORDER.index(last.unit)
    return between in _SUM and smaller < 4 if smaller > 0 else between in _RANGE and part.seconds > last.seconds


def _duration(run: list[_Part]) -> list[Duration]:
    """Return the one duration that a run of parts writes, when it is one that a tracker can have."""
    kept: list[_Part] = []
    for part in run:
        if kept and _ORDER.index(part.unit) <= _ORDER.index(kept[-1].unit):
            kept = []  # the far end of a range
        kept.append(part)
    iso = _iso(kept)
    try:
        parse_lifetime(iso)
    except Invalid:
        return []
    return [Duration(run[0].start, run[-1].end, iso, sum(part.seconds for part in kept))]


def _iso(parts: list[_Part]) -> str:
    date = "".join(f"{part.number}{part.unit}" for part in parts if part.unit in "YMWD")
    time = "".join(f"{part.number}{part.unit.upper()}" for part in parts if part.unit in "HmS")
    return f"P{date}" + (f"T{time}" if time else "")
