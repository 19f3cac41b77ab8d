"""Marks of Markdown in a policy that was not turned into a page: taken off, words stand as a reader would see them.

Known here: front matter, escapes, emphasis. Not known: lists and tables (``text.py``). What could be part of a name
stays: ``_gcl_``, ``__stripe_mid``, ``wp-*`` are no emphasis.
"""

from __future__ import annotations

import re

_FRONT_MATTER = re.compile(r"\s{0,99}---[ \t]{0,9}\n(?:[^\n]{0,2000}\n){0,80}?---[ \t]{0,9}(?:\n|\Z)")
_ESCAPED = re.compile(r"\\([\\_*`#+.!|<>()\[\]{}-])")
_STRONG = re.compile(r"(?<![\w*])(\*\*|__)(?=[^\W_])([^*\n]{0,200}?[^\W_] [^*\n]{0,200}?[\w:.!?)])\1(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^\W\d_](?:[^\W\d_]|[ '’-]){1,120}[^\W\d_])\*(?![\w*])")


def without_front_matter(text: str) -> str:
    """Return ``text`` without the settings that a page's file begins with."""
    match = _FRONT_MATTER.match(text)
    return text[match.end() :] if match else text


def without_marks(line: str) -> str:
    """Return a line without escapes and emphasis."""
    if "\\" in line:
        line = _ESCAPED.sub(r"\1", line)
    if "*" in line or "__" in line:
        line = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\2", line))
    return line
