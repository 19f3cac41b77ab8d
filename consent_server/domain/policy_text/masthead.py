"""What a policy says of itself: its language, its date, whom to write to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from consent_server.domain.policy_text.text import fold

_FRENCH = frozenset("le la les des une est vous nous votre vos sont pour dans sur par avec que qui du et ou".split())
_ENGLISH = frozenset("the of and to is are you your our we for with that this by or from on be may data use".split())
_SAMPLE = 200_000

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier january jan",
            "fevrier february feb fevr",
            "mars march mar",
            "avril april apr avr",
            "mai may",
            "juin june jun",
            "juillet july jul juil",
            "aout august aug",
            "septembre september sept sep",
            "octobre october oct",
            "novembre november nov",
            "decembre december dec",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"(?<!\d)(?:(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"|(?P<a>\d{{1,2}})[/. -](?P<b>\d{{1,2}})[/. -](?P<year>\d{{4}}|\d{{2}})"
    rf"|(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)?(?: of)? ?-?(?P<month>{_MONTH})\.?,? ?-?(?P<year2>\d{{4}})"
    rf"|(?P<month3>{_MONTH})\.? (?P<day3>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year3>\d{{4}}))(?!\d)"
)
_UPDATED = re.compile(
    r"\b(?:(?:derniere?s?|date de) (?:mises? a jour|modification|version|revision|actualisation|edition)"
    r"|mise? a jour|maj\b"
    r"|modifiee? le|revisee? le|actualisee? le|last (?:\w{1,12} )?(?:updated|modified|revised|reviewed|changed"
    r"|edited|update"
    r"|revision|modification)|(?:was|were) (?:last )?updated|updated(?: on)?\b|update date|revised on|date of last)"
)
_EFFECTIVE = re.compile(
    r"\b(?:effecti(?:f|ve|fs|ves)\b|(?:entree?|entre) en vigueur|en vigueur|applicable|date d'effet|version\b"
    r"|publiee? le"
    r"|in (?:effect|force) (?:as of|from|since)|posted on|published on|date ?:)"
)
_REACH = 70
_OF_A_LAW = re.compile(
    r"\b(?:loi|lois|law|laws|reglement|reglementation|regulation|directive|rgpd|gdpr|decret|ordonnance|act|arrete"
    r"|deliberation|code|traite|convention|contrat|agreement)\b"
)
_OF_THIS = re.compile(r"\b(?:politique|policy|notice|charte|presente?s?|page|document|declaration)\b")
_STOP = re.compile(r"[.!?;]\s|\n\n")

_MAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}(?:@"
    r"| ?[\[(] ?(?:at|arobase|@) ?[\])] ?)(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w@])"
)
_FILES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js")
_MOST_MAILS = 50


def language_of(text: str) -> str:
    """Return ``fr`` or ``en``, by the small words; ``fr`` when they do not tell."""
    words = re.findall(r"[a-z]{1,20}", fold(text[:_SAMPLE]))
    french = sum(1 for word in words if word in _FRENCH)
    english = sum(1 for word in words if word in _ENGLISH)
    return "en" if english > french else "fr"


def contact_emails(text: str) -> tuple[str, ...]:
    """Return the mail addresses in order of appearance, each once."""
    found: dict[str, str] = {}
    for match in _MAIL.finditer(text):
        address = re.sub(r" ?[\[(] ?(?:at|arobase|@) ?[\])] ?", "@", match[0])
        if not address.lower().endswith(_FILES):
            found.setdefault(address.lower(), address)
        if len(found) == _MOST_MAILS:
            break
    return tuple(found.values())


def policy_date(text: str) -> str | None:
    """Return the day on which the policy says it was last updated, else since when it applies (ISO 8601).

    The day comes before the month in ``03/04/2024``, in English too, unless it cannot. The date of a law is not the
    policy's; a month without its day is no date.
    """
    folded = fold(text)
    for keyword in (_UPDATED, _EFFECTIVE):
        dates = list(_dates_after(folded, keyword))
        if dates:
            return max(dates).isoformat()
    return None


def _dates_after(folded: str, keyword: re.Pattern[str]) -> Iterator[date]:
    for match in keyword.finditer(folded):
        near = folded[match.end() : match.end() + _REACH]
        found = _DATE.search(near)
        between = near[: found.start()] if found else ""
        day = _date(found) if found else None
        if day and not _STOP.search(between) and not _is_of_a_law(folded, match.start(), between):
            yield day


def _is_of_a_law(folded: str, at: int, between: str) -> bool:
    """Whether the sentence so far speaks of a law, and not of this document."""
    before = folded[max(0, at - 120) : at]
    clause = re.split(r"[.!?;]\s|\n", before)[-1] + between
    return _OF_A_LAW.search(clause) is not None and _OF_THIS.search(clause) is None


def _date(match: re.Match[str]) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        day, month, year = _numbers(match)
        return date(year, month, day) if 1995 <= year <= 2100 else None
    except ValueError:
        return None


def _numbers(match: re.Match[str]) -> tuple[int, int, int]:
    if match["month"]:
        return int(match["day"]), _MONTHS[match["month"]], int(match["year2"])
    if match["month3"]:
        return int(match["day3"]), _MONTHS[match["month3"]], int(match["year3"])
    day, month, year = int(match["a"]), int(match["b"]), int(match["year"])
    if month > 12 >= day:
        day, month = month, day
    return day, month, year if year > 99 else 2000 + year
