"""Reading a document that somebody wrote (JSON or YAML) and telling every mistake at once.

A ``Reader`` walks one object; each problem is kept under its path (``services.2.trackers.0.name``), the caller gets
a harmless value back and goes on, and ``done`` raises ``Invalid`` with all of them at the end. Unknown is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from consent_server.domain.errors import Invalid

T = TypeVar("T")

LONGEST_TEXT = 4_000


class Problems:
    """The mistakes found so far: path → messages."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, path: str, message: str) -> None:
        """Keep one message for one path."""
        self.found.setdefault(path, []).append(message)

    def raise_if_any(self) -> None:
        """Raise ``Invalid`` with everything that was found."""
        if self.found:
            raise Invalid(self.found)


class Reader:
    """One object of the document, at ``path``."""

    def __init__(self, value: object, problems: Problems, path: str = "") -> None:
        self.problems = problems
        self.path = path
        self.values: Mapping[str, Any] = {}
        self._seen: set[str] = set()
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            self.values = value
        else:
            problems.add(path, "This must be an object.")

    def at(self, key: str) -> str:
        """Return the path of one member."""
        return f"{self.path}.{key}" if self.path else key

    def problem(self, key: str, message: str) -> None:
        """Keep a message for one member."""
        self.problems.add(self.at(key), message)

    def has(self, key: str) -> bool:
        """Return whether the member is given and not null."""
        return self.values.get(key) is not None

    def raw(self, key: str) -> Any:
        """Return the member as it stands, or None."""
        self._seen.add(key)
        return self.values.get(key)

    def text(self, key: str, default: str | None = None, longest: int = LONGEST_TEXT) -> str:
        """Return a non-empty text; without ``default`` it is required."""
        value = self.raw(key)
        if value is None:
            if default is None:
                self.problem(key, "This is required.")
            return default or ""
        if not isinstance(value, str) or not value.strip():
            self.problem(key, "This must be a non-empty text.")
        elif len(value) > longest:
            self.problem(key, f"This must be at most {longest} characters.")
        elif "\x00" in value:
            self.problem(key, "This must not hold NUL characters.")
        else:
            return value
        return default or ""

    def parsed(self, key: str, parse: Callable[[str], T], default: T, *, required: bool = False) -> T:
        """Return a text read by ``parse``; its ``Invalid`` becomes a message here."""
        if not self.has(key):
            self._seen.add(key)
            if required:
                self.problem(key, "This is required.")
            return default
        text = self.text(key, "")
        if not text:
            return default
        try:
            return parse(text)
        except Invalid as wrong:
            for messages in wrong.problems.values():
                for message in messages:
                    self.problem(key, message)
            return default

    def one_of(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """Return one of a few words."""
        allowed = tuple(allowed)
        value = self.text(key, default)
        if value and value not in allowed:
            self.problem(key, f"“{value[:60]}” must be one of: {', '.join(allowed)}.")
            return default or allowed[0]
        return value

    def boolean(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, "This must be true or false.")
            return default
        return value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number between ``low`` and ``high``."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.problem(key, f"This must be a whole number from {low} to {high}.")
            return default
        return value

    def texts_by_language(self, key: str, languages: Iterable[str], *, required: bool = False) -> dict[str, str]:
        """Return language → text; a plain text counts for every language."""
        value = self.raw(key)
        if value is None:
            if required:
                self.problem(key, "This is required.")
            return {}
        if isinstance(value, str):
            value = dict.fromkeys(languages, value)
        reader = Reader(value, self.problems, self.at(key))
        found = {language: reader.text(language, "") for language in reader.values}
        if required:
            for language in languages:
                if not found.get(language):
                    reader.problem(language, "This is required.")
        return {language: text for language, text in found.items() if text}

    def member(self, key: str) -> Reader:
        """Return a reader of one member, empty when it is missing."""
        value = self.raw(key)
        return Reader({} if value is None else value, self.problems, self.at(key))

    def items(self, key: str, longest: int = 2_000) -> list[Any]:
        """Return a list as it stands."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > longest:
            self.problem(key, f"This must be a list of at most {longest} items.")
            return []
        return value

    def objects(self, key: str) -> Iterator[Reader]:
        """Yield a reader for each object of a list."""
        for number, item in enumerate(self.items(key)):
            yield Reader(item, self.problems, f"{self.at(key)}.{number}")

    def texts(self, key: str, parse: Callable[[str], object] | None = None) -> tuple[str, ...]:
        """Return a list of texts, each acceptable to ``parse``."""
        found = []
        for number, item in enumerate(self.items(key)):
            if not isinstance(item, str) or not item:
                self.problem(f"{key}.{number}", "This must be a non-empty text.")
                continue
            try:
                if parse:
                    parse(item)
                found.append(item)
            except Invalid as wrong:
                for messages in wrong.problems.values():
                    for message in messages:
                        self.problem(f"{key}.{number}", message)
        return tuple(found)

    def refuse_unknown(self) -> None:
        """Name every member that nobody asked for; call it last."""
        for key in self.values:
            if key not in self._seen:
                self.problem(key, "There is no such field.")
