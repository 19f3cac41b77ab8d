"""Does this name match that pattern: cookies and storage keys.

A pattern is a name in which ``*`` stands for any run of characters, also none. Nothing else is special, and no regular
expression is ever built from one (a cookie name is somebody else's text). In the browser names are compared with
their case; looking something up in the library ignores case, because policies are written by people.
The vectors in ``tests/vectors/name_patterns.json`` are shared with the banner.
"""

from __future__ import annotations

from consent_server.domain.errors import Invalid

LONGEST = 200


def parse_name_pattern(text: str) -> str:
    """Return ``text`` when it can be a name pattern; raise ``Invalid`` otherwise.

    Refused: empty, longer than 200 characters, control characters, a lone ``*`` (it would claim every name).
    """
    if not text or len(text) > LONGEST:
        raise Invalid.because(f"A name has 1 to {LONGEST} characters.")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Invalid.because("A name holds no control characters.")
    if not text.strip("*"):
        raise Invalid.because("A pattern of stars alone would claim every name.")
    return text


def matches(pattern: str, name: str) -> bool:
    """Return whether ``name`` matches ``pattern``, case included. Linear in the length of both for each ``*``."""
    head, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    if not name.startswith(head):
        return False
    *middle, tail = rest
    at = len(head)
    for part in middle:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - at >= len(tail) and name.endswith(tail)


def matches_in_any_case(pattern: str, name: str) -> bool:
    """Return whether ``name`` matches ``pattern`` when case is ignored: for looking things up, never for blocking."""
    return matches(pattern.casefold(), name.casefold())


def specificity(pattern: str) -> tuple[int, int]:
    """Return how specific a pattern is, to be compared: exact before pattern, then more literal characters first."""
    literal = len(pattern.replace("*", ""))
    return (0 if "*" in pattern else 1, literal)
