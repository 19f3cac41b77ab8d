"""JSON from strangers (RFC 8259): one reading, or none.

Refused because two readers would not agree on them, or because they only serve attacks: duplicate keys, NaN and
Infinity, NUL characters, lone surrogates, invalid UTF-8, nesting deeper than 32, numbers of thousands of digits.
"""

from __future__ import annotations

import json
import re
from typing import Any

from consent_server.domain.errors import ConsentServerError

DEEPEST = 32
LONGEST_NUMBER = 40

_SURROGATE = re.compile("[\ud800-\udfff]")


class MalformedJson(ConsentServerError):
    """The bytes are not JSON that everybody would read alike."""


def parse_json(data: bytes) -> Any:
    """Return the value that ``data`` spells; raise ``MalformedJson`` with the reason."""
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise MalformedJson("This is not UTF-8.") from None
    _refuse_deep(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except (json.JSONDecodeError, RecursionError):
        raise MalformedJson("This is not JSON.") from None
    _refuse_bad_text(value)
    return value


def _refuse_deep(text: str) -> None:
    """Refuse before parsing: counting brackets outside strings is linear and needs no stack."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise MalformedJson(f"This is nested deeper than {DEEPEST}.")
        elif character in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("The same key stands twice.")
    return found


def _constant(_name: str) -> Any:
    raise MalformedJson("NaN and Infinity are not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise MalformedJson("A number is too long.")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise MalformedJson("A number is too large.")
    return value


def _refuse_bad_text(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise MalformedJson("There is a NUL character.")
        if not value.isascii() and _SURROGATE.search(value):
            raise MalformedJson("There is half of a surrogate pair.")
    elif isinstance(value, dict):
        for key, member in value.items():
            _refuse_bad_text(key)
            _refuse_bad_text(member)
    elif isinstance(value, list):
        for member in value:
            _refuse_bad_text(member)
