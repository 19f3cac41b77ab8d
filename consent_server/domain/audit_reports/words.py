"""What reports say, in the reader's language. English is the source: a sentence without a translation stays English.

Checks write their sentences with what they saw in them; ``{}`` in a translation's key stands for that. Adding a
language is one table beside this file and one line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from consent_server.domain.audit_reports.english import ENGLISH
from consent_server.domain.audit_reports.french import FRENCH


def _spaced(french: str) -> str:
    """Keep French signs on the line of the word that they belong to."""
    for sign in (" :", " ;", " ?", " !", " »"):
        french = french.replace(sign, f"\u00a0{sign[1]}")
    return french.replace("« ", "«\u00a0")


LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "fr": {key: _spaced(said) for key, said in FRENCH.items()}}

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
        for pieces, translation in _patterns(self.language):
            values = _values(pieces, sentence)
            if values is not None:
                return translation.format(*(_Value(value, self) for value in values))
        return sentence

    def limit(self, sentence: str) -> str:
        """Return what ended something early; the address of a page may stand before it."""
        address, found, why = sentence.partition(": ")
        return f"{address}: {self.said(why)}" if found and address.startswith("http") else self.said(sentence)


class _Value:
    """What stood in a sentence: a name stays as it is; ``{:say}`` says that it is a sentence of ours again."""

    def __init__(self, text: str, words: Words) -> None:
        self._text = text
        self._words = words

    def __format__(self, spec: str) -> str:
        return self._words.said(self._text) if spec == "say" else self._text


@cache
def _patterns(language: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the translations that have values in them, the most particular first: a value may begin with anything."""
    table = LANGUAGES[language]
    keys = sorted((key for key in table if "{}" in key), key=lambda key: (key.startswith("{}"), -len(key)))
    return tuple((tuple(key.split("{}")), table[key]) for key in keys)


def _values(pieces: tuple[str, ...], sentence: str) -> list[str] | None:
    """Return what stands between the pieces of a sentence, in a time that grows with its length and no faster."""
    first, *middle, last = pieces
    if not sentence.startswith(first) or not sentence.endswith(last) or len(sentence) < len(first) + len(last):
        return None
    values, rest = [], sentence[len(first) : len(sentence) - len(last)]
    for piece in middle:
        value, found, rest = rest.partition(piece)
        if not found:
            return None
        values.append(value)
    return [*values, rest]


def plain(text: str) -> str:
    """Return a text of a site without what could act on a reader's screen."""
    return _CONTROL.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Return the same on one line: a key may have line ends in its name, and would say what looks like ours."""
    return " ".join(plain(text).split("\n"))


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
