"""What reports say, in the reader's language. English is the source: a sentence without a translation stays English.

Checks write their sentences with what they saw in them; ``{}`` in a translation's key stands for that. Adding a
language is one table beside this file and one line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from consent_server.domain.audit_reports.french import FRENCH


def _spaced(french: str) -> str:
    """Keep French signs on the line of the word that they belong to."""
    for sign in (" :", " ;", " ?", " !", " »"):
        french = french.replace(sign, f"\u00a0{sign[1]}")
    return french.replace("« ", "«\u00a0")


LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "fr": {key: _spaced(said) for key, said in FRENCH.items()}}

_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What no report shows as it is: control characters, halves of characters, and what turns the direction of a line."""


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._table = LANGUAGES[self.language]

    def __call__(self, sentence: str, *values: object) -> str:
        """Return one of our own sentences, with values in the places of ``{}``."""
        return self._table.get(sentence, sentence).format(*values)

    def template(self, sentence: str) -> str:
        """Return one of our own sentences with its ``{}`` in it."""
        return self._table.get(sentence, sentence)

    def said(self, sentence: str) -> str:
        """Return what a check or a scan said, whose values are in it already."""
        if sentence in self._table:
            return self._table[sentence]
        for pattern, translation in _patterns(self.language):
            found = pattern.fullmatch(sentence)
            if found:
                return translation.format(*(self._table.get(value, value) for value in found.groups()))
        return sentence


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the translations that have values in them, the most particular first."""
    table = LANGUAGES[language]
    return tuple(
        (re.compile("(.*)".join(map(re.escape, key.split("{}"))), re.S), table[key])
        for key in sorted(table, key=len, reverse=True)
        if "{}" in key
    )


def plain(text: str) -> str:
    """Return a text of a site without what could act on a reader's screen."""
    return _CONTROL.sub("\ufffd", text)


def time_of(moment: str) -> str:
    """Return a time as people read it in both languages: the day, the minute, and that it is UTC."""
    return f"{moment[:10]}, {moment[11:16]} UTC"


def days_of(seconds: int | None) -> Iterator[str | int]:
    """Yield a sentence for a lifetime and its value."""
    if seconds is None:
        yield "session"
    elif seconds < 0:
        yield "removed"
    else:
        unit = next((u for u in _UNITS if seconds >= u[0] * 2), _UNITS[-1])
        yield unit[1]
        yield round(seconds / unit[0])


_UNITS = ((86_400, "{} days"), (3_600, "{} hours"), (60, "{} minutes"), (1, "{} seconds"))
