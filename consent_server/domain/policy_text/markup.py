"""HTML as blocks: what a reader would see, with table cells, list items and lines kept apart.

``html.parser`` of the standard library is not used to find the tags: many releases of Python still have one that takes
quadratic time for tags that never close (CVE-2025-6069), minutes for a megabyte. Here every character is looked at a
bounded number of times. Not a browser: no CSS, no scripts, hidden text is read too, and a ``<`` inside an attribute
ends its tag.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace

from consent_server.domain.policy_text.text import MOST_BLOCKS, Block, blocks_of_plain_text, row, squeeze

# Possessive ({…}+, Python 3.11): a quote that never closes is given up at once, not tried from each character.
_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})((?=[\s/>])(?:[^\"'<>]|\"[^\"<]{0,4000}\"|'[^'<]{0,4000}'){0,4000}+>)"
)
_LOOSE_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})((?=[\s/>])[^<>]{0,4000}+>)")
_STRAY_TAG = re.compile(
    r"(?<![\w-])</?(?:a|b|br|div|em|font|h[1-6]|hr|i|img|li|ol|p|span|strong|table|tbody|td|th|tr|u|ul)"
    r"(?=[\s/>])[^<>]{0,4000}+>",
    re.I,
)
_IS_HTML = re.compile(
    r"</(?:p|div|li|ul|td|tr|table|body|html|section|h[1-6])\s{0,9}>|<br\s{0,9}/?>|<!doctype html", re.I
)
_LONG_REFERENCE = re.compile(r"&#x?[0-9a-f]{9,}+;?", re.I)  # int() of thousands of digits is an error, not a character

_UNSEEN = frozenset({"script", "style", "template", "svg", "noscript", "head"})
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data em font i ins kbd label mark q s samp small span strong sub sup time u wbr".split()
)
_CELLS = frozenset({"td", "th", "dt", "dd"})

Token = tuple[str, str]
"""A tag (``"td"``, ``"/td"``) and an empty string, or an empty string and a text."""


def looks_like_html(text: str) -> bool:
    """Whether ``text`` is a page or a piece of one; a few opening tags left behind in a text do not make it one."""
    return _IS_HTML.search(text) is not None


def without_stray_tags(text: str) -> str:
    """Return plain text without the tags that were pasted into it by mistake; ``<http://…>`` is not one."""
    return _STRAY_TAG.sub(" ", text) if "<" in text else text


def blocks_of_html(page: str) -> list[Block]:
    """Return the blocks of ``page``."""
    reader = _Reader()
    for tag, text in _tokens(page):
        if len(reader.blocks) > MOST_BLOCKS:
            break
        if tag:
            reader.tag(tag)
        else:
            reader.text(text)
    reader.end_line()
    return reader.blocks


class _Reader:
    """Collects what was read since the last break; one row at a time (a table in a cell ends that cell's row)."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._line: list[str] = []
        self._cells: list[str] | None = None
        self._heads = False
        self._in_item = False

    def text(self, text: str) -> None:
        """Take text; in HTML a line feed is a space."""
        self._line.append(re.sub(r"\s", " ", _unescape(text)))

    def tag(self, tag: str) -> None:
        """Take a tag."""
        name = tag.removeprefix("/")
        if name in _INLINE:
            return
        if name == "tr":
            self._end_row()
            self._cells = None if tag.startswith("/") else []
            self._heads = True
        elif name == "dl":
            self._end_row()
        elif name in _CELLS:
            if tag == "dt":
                self._end_row()
            self._heads = self._heads and name == "th"
            self._cell(tag)
        elif self._cells is not None and name != "table":
            self._line.append("\n")
        else:
            self.end_line()
            self._in_item = tag == "li"

    def _cell(self, tag: str) -> None:
        if self._cells is None:
            self._cells = []
        if tag.startswith("/") or squeeze("".join(self._line)):
            self._cells.append("".join(self._line))
        self._line = []

    def _end_row(self) -> None:
        if self._cells is not None:
            if squeeze("".join(self._line)):
                self._cells.append("".join(self._line))
            if any(squeeze(cell) for cell in self._cells):
                self.blocks.append(replace(row(self._cells), heads=self._heads and len(self._cells) > 1))
            self._line = []
        else:
            self.end_line()
        self._cells = None

    def end_line(self) -> None:
        """Make a block of what was read."""
        if self._cells is not None:
            self._end_row()
            return
        text, self._line = squeeze("".join(self._line)), []
        if text:
            found = blocks_of_plain_text(text)
            self.blocks.extend(replace(b, is_bullet=b.is_bullet or self._in_item, after_gap=True) for b in found)


def _tokens(page: str) -> Iterator[Token]:
    """Yield tags and texts in order; comments, declarations, scripts and styles are left out."""
    lowered = page.translate({code: chr(code + 32) for code in range(65, 91)})
    at = 0
    while at < len(page):
        opened = page.find("<", at)
        if opened < 0:
            yield "", page[at:]
            return
        if opened > at:
            yield "", page[at:opened]
        tag, at = _token_at(page, lowered, opened)
        yield tag


def _token_at(page: str, lowered: str, at: int) -> tuple[Token, int]:
    """Return what starts at the ``<`` at ``at``, and where to go on. What never closes takes all the rest, once."""
    if page.startswith("<!--", at):
        return ("wbr", ""), _after(page, "-->", at)
    if page.startswith(("<!", "<?"), at):
        return ("wbr", ""), _after(page, ">", at)
    match = _TAG.match(page, at) or _LOOSE_TAG.match(page, at)
    if match is None:
        return ("", "<"), at + 1
    name = match[2].lower()
    if name in _UNSEEN and not match[1]:
        return ("div", ""), _after(page, ">", _after(lowered, f"</{name}", match.end()))
    return (match[1] + name, ""), match.end()


def _after(text: str, end: str, start: int) -> int:
    found = text.find(end, start)
    return len(text) if found < 0 else found + len(end)


def _unescape(text: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub(" ", text)) if "&" in text else text
