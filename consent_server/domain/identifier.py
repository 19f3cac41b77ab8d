"""Which parts of a kept value tell one visitor from another: what is looked for in that which is sent to others.

Times, words and settings are none. A part that is too short to be nobody else's is none either.
"""

from __future__ import annotations

import re

SHORTEST = 10
LONGEST_VALUE = 2_000
MOST_PARTS = 10

_CLIENT_ID = re.compile(r"(?:GA|fb)\d\.\d\.(\d+\.\d+)\Z")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_TOKEN = re.compile(r"[0-9A-Za-z]{12,}")


def identifiers(value: str) -> frozenset[str]:
    """Return the parts of a value that identify."""
    value = value[:LONGEST_VALUE]
    client = _CLIENT_ID.match(value)
    if client:
        return frozenset(part for part in client.groups() if len(part) >= SHORTEST)
    tokens = (token for token in _TOKEN.findall(_UUID.sub(" ", value)) if not token.isdigit() and not token.isalpha())
    return frozenset([*_UUID.findall(value), *tokens][:MOST_PARTS])
