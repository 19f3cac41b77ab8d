"""Canonical JSON: RFC 8785 (JCS) restricted until Python's own ``json`` writes the same bytes.

Allowed: null, booleans, integers of at most 53 bits, strings, arrays, objects with ASCII keys. Refused: floats, NaN,
lone surrogates, duplicate keys, other keys (Python sorts by code point, RFC 8785 by UTF-16 unit), nesting deeper
than 32. What was hashed is kept as text and never written a second time from a parsed value.
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from typing import Any, NoReturn

from consent_server.domain.errors import Invalid

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/!!")

_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(value: object) -> str:
    """Return the canonical text of a value; ``Invalid`` when the value has none."""
    _check(value, MAX_DEPTH)
    return _encoder.encode(value)


def decode(text: str) -> Any:
    """Return the value of a canonical text; any other spelling of the same value is ``Invalid``."""
    try:
        value = _decoder.decode(text)
        if not text.isascii():
            text.encode()
            _check(value, MAX_DEPTH)
        elif text.count("[") + text.count("{") > MAX_DEPTH:
            _check(value, MAX_DEPTH)
        canonical = _encoder.encode(value) == text  # also refuses duplicate keys, spaces and needless escapes
    except UnicodeEncodeError as error:
        raise Invalid.because("A lone surrogate is not text.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid.because("This is not JSON.") from error
    if not canonical:
        raise Invalid.because("This is JSON, but not in its canonical spelling.")
    return value


def decode_kept(text: str) -> Any:
    """Return the value of a canonical text that was kept here: read, and not checked for its spelling again."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid.because("This is not JSON.") from error


def to_base64url(data: bytes) -> str:
    """Return base64url without padding (RFC 4648 5), as bytes stand in our JSON."""
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=").decode("ascii")


def from_base64url(text: object, size: int) -> bytes:
    """Read ``size`` bytes from base64url in its one spelling: no padding, no stray bits."""
    if not isinstance(text, str):
        raise Invalid.because("base64url is a text.")
    try:
        given = text.encode("ascii").translate(_FROM_URL)
        data = a2b_base64(given + b"==")
    except ValueError as error:
        raise Invalid.because("This is not base64url.") from error
    if len(data) != size or b2a_base64(data, newline=False).rstrip(b"=") != given:
        raise Invalid.because(f"This is not base64url of {size} bytes.")
    return data


def _check(value: object, depth: int) -> None:
    """Refuse what the encoder would write but RFC 8785, or our restriction of it, does not know."""
    if value is None or type(value) is bool:
        return
    if type(value) is int:
        _check_integer(value)
    elif type(value) is str:
        _check_text(value)
    elif type(value) is list and depth:
        for item in value:
            _check(item, depth - 1)
    elif type(value) is dict and depth:
        for key, item in value.items():
            _check_key(key)
            _check(item, depth - 1)
    else:
        raise Invalid.because(f"A {type(value).__name__} has no canonical text here, or is nested too deep.")


def _check_integer(value: int) -> int:
    if abs(value) > MAX_INTEGER:
        raise Invalid.because("An integer has at most 53 bits.")
    return value


def _check_text(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid.because("A lone surrogate is not text.") from error


def _check_key(key: object) -> None:
    if type(key) is not str or not key.isascii():
        raise Invalid.because("The keys of an object are ASCII.")


def _parse_integer(digits: str) -> int:
    return _check_integer(int(digits))


def _refuse(number: str) -> NoReturn:
    raise Invalid.because("Only integers have one canonical text.")


_decoder = json.JSONDecoder(parse_int=_parse_integer, parse_float=_refuse, parse_constant=_refuse)
