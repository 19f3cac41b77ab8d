"""The ``Cookie`` request header: which names does the browser send, which values has one of them.

Headers are texts whose characters are bytes (latin-1), as WSGI has them. Whatever a stranger sends is read in linear
time, and no further than ``READ_AT_MOST``: browsers keep 180 cookies of 4 kB for a site, servers accept 8 to 64 kB.
"""

from __future__ import annotations

from collections.abc import Iterator

READ_AT_MOST = 65_536
MOST_NAMES = 300


def values_of(header: str, name: str) -> list[str]:
    """Return the values of every cookie called ``name``, in the order sent."""
    return [value for key, value in _pairs(header) if key == name]


def names_in(header: str) -> list[str]:
    """Return the distinct names sent, in their order; cookies without a name are left out."""
    found: dict[str, None] = {}
    for name in (pair[0].strip(" \t") for pair in _pairs(header)):
        if name and len(found) < MOST_NAMES:
            found[name] = None
    return list(found)


def without(header: str, names: set[str]) -> str:
    """Return the header without the cookies of these names; the others keep their bytes."""
    kept = [pair for pair in header.split(";") if "=" not in pair or pair.partition("=")[0].strip(" \t") not in names]
    return ";".join(kept).lstrip(" \t")


def as_browsers_read(text: str) -> str:
    """Return a header's text as ``document.cookie`` shows it: its bytes are UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # no header has such characters; a test's dictionary may
        return text


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    if len(header) > READ_AT_MOST:
        header = header[:READ_AT_MOST].rpartition(";")[0]  # the last one would be half a cookie
    for pair in header.split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals:
            yield name, value
