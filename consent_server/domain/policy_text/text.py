"""The policy as blocks: lines, list items and table rows, each with its text as written and as compared.

Known here: how people lay text out. Not known: cookies. Comparing is done on *folded* text: the same length as what
was written, without capitals, accents or typographic apostrophes, so that a position found in one is one in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from consent_server.domain.policy_text.findings import LONGEST_EVIDENCE
from consent_server.domain.policy_text.markdown import without_marks


def _folding() -> dict[int, str]:
    """Map a letter to its first base letter in lower case, and typographic signs to plain ones: always one for one."""
    table = {code: unicodedata.normalize("NFD", chr(code))[0].lower()[0] for code in range(0x250)}
    table |= {ord(sign): "'" for sign in "‘’ʼ´`"} | {ord(sign): '"' for sign in "“”„«»"}
    return table | {ord(sign): "-" for sign in "‐‑‒–—−"} | {ord(sign): " " for sign in "\u00a0\u202f\u2007\u2009"}


_FOLDING = _folding()
_INVISIBLE = {ord(sign): None for sign in "\u00ad\u200b\u200c\u200d\u2060\ufeff\x00"}
MOST_TEXT = 200_000
MOST_BLOCKS = 6_000
LONGEST_BLOCK = 50_000
"""Bounds on what is read, in characters and lines, besides the bound on the file: it stays a matter of a second."""

_MOST_CELLS = 20
CELL_BREAK = "\x1f"
"""A break inside a cell of a line whose cells are separated by tabs (Unicode's unit separator)."""

_ACCENTED = re.compile("[A-Za-z][\u0300-\u036f]{1,4}")  # bounded: normalising a long run of marks takes quadratic time
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_BULLET = re.compile(r"\s*(?:[•●▪◦‣∙·■□➢➤✓→]\s*|[*+–—-]\s+|o\s+(?=[A-ZÀ-Ý_]))")
_RULE = re.compile(r"[\s|:+=_–—-]*\Z")
_WIDE_GAP = re.compile(r"(?<![\s.!?:;]) {2,}(?=\S)|(?<=\S) {4,}(?=\S)")
_DEFINITION = re.compile(r"\S{1,80}\s?[:=|–—-]\s")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"»)\]]?\s+(?=[\"«(A-ZÀ-Ý0-9])")


@dataclass(frozen=True)
class Block:
    """One line, list item or table row. ``cells`` is empty unless it is a row; a break in a cell stays a line feed.

    ``heads`` is set where the table itself marks the row as its heading.
    """

    text: str
    cells: tuple[str, ...] = ()
    is_bullet: bool = False
    source: str = ""
    after_gap: bool = False
    heads: bool = False

    @cached_property
    def folded(self) -> str:
        """The text as compared, of the same length."""
        return fold(self.text)

    @property
    def is_heading(self) -> bool:
        """Whether it looks like a title: short, alone, not a sentence."""
        return not self.cells and not self.is_bullet and len(self.text) <= 90 and self.text[-1:] not in ".;,!"

    def evidence(self, start: int = 0, end: int | None = None) -> str:
        """Return the block as written, or the part around ``start`` to ``end`` where it is too long to quote."""
        written = self.source or self.text
        return clip(written, start, len(written) if end is None else end) if written == self.text else clip(written)

    def quote(self, start: int, end: int, focus: int) -> str:
        """Return the passage from ``start`` to ``end`` as written, the part around ``focus`` where it is too long."""
        passage = self.text[start:end]
        if not self.source or passage in self.source[: 2 * end + LONGEST_EVIDENCE]:
            return clip(passage, focus - start, focus - start)
        return clip(self._written_sentence(start, end), focus - start, focus - start)

    def _written_sentence(self, start: int, end: int) -> str:
        """Return the sentence of the source that lies where a sentence of the text does, as nearly as can be."""
        base = max(0, start - LONGEST_EVIDENCE)
        near = self.source[base : end + LONGEST_EVIDENCE]
        best = max(sentences(near), key=lambda span: min(span[1] + base, end) - max(span[0] + base, start))
        return near[best[0] : best[1]]


def readable(blocks: list[Block]) -> tuple[list[Block], Block | None]:
    """Return the blocks that are read, and the first that is not because the text is longer than any policy."""
    length = 0
    for index, block in enumerate(blocks):
        length += len(block.text)
        if length > MOST_TEXT or index >= MOST_BLOCKS:
            whole = len(block.text) <= LONGEST_BLOCK
            return blocks[:index] + ([] if whole else [Block(block.text[:LONGEST_BLOCK])]), block
    return blocks, None


def fold(text: str) -> str:
    """Return ``text`` as compared; same length."""
    return text.translate(_FOLDING)


def squeeze(text: str) -> str:
    """Return ``text`` with every run of white space made one space."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return ``text`` with accents composed, line feeds only, and without invisible characters."""
    composed = _ACCENTED.sub(lambda match: unicodedata.normalize("NFC", match[0]), text.translate(_INVISIBLE))
    return _BREAKS.sub("\n", composed)


def clip(text: str, start: int = 0, end: int = 0) -> str:
    """Return at most 300 characters of ``text`` around ``start`` to ``end``, cut between words."""
    if len(text) <= LONGEST_EVIDENCE:
        return text
    room = max(0, LONGEST_EVIDENCE - max(0, end - start))
    left = max(0, min(start - room // 2, len(text) - LONGEST_EVIDENCE))
    if left:
        space = text.find(" ", left, start)
        left = space + 1 if space >= 0 else left
    piece = text[left : left + LONGEST_EVIDENCE]
    if left + len(piece) < len(text) and " " in piece:
        piece = piece[: piece.rindex(" ")]
    return piece.strip()


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence of ``text`` starts and ends."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def row(cells: list[str], after_gap: bool = False) -> Block:
    """Return a table row; white space inside a cell is squeezed, its line breaks kept."""
    kept = tuple("\n".join(filter(None, (squeeze(part) for part in cell.split("\n")))) for cell in cells)
    return Block(squeeze(" ".join(kept)), cells=kept, after_gap=after_gap)


def blocks_of_plain_text(text: str) -> list[Block]:
    """Return the blocks of a text file: lines that were wrapped are joined again, tables become rows."""
    blocks: list[Block] = []
    gap = True
    for line in text.split("\n"):
        if not line.strip():
            gap = True
            continue
        if len(blocks) > MOST_BLOCKS:
            break
        block = _block_of_line(line, gap)
        if block is None and blocks and blocks[-1].cells and not gap and "-" in line:
            blocks[-1] = replace(blocks[-1], heads=True)
        if block is not None:
            blocks.append(block)
            gap = False
    return blocks


def join_wrapped_lines(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` with a line that goes on in the next one made whole again."""
    parts: list[list[Block]] = []
    for block in blocks:
        if parts and _goes_on(parts[-1][-1], block):
            parts[-1].append(block)
        else:
            parts.append([block])
    return [_joined(part) for part in parts]


def _joined(parts: list[Block]) -> Block:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    text = " ".join(part.text for part in parts)
    source = " ".join(part.source or part.text for part in parts)
    return Block(text, is_bullet=first.is_bullet, source=source, after_gap=first.after_gap)


def _goes_on(block: Block, following: Block) -> bool:
    """Whether ``following`` is the rest of a wrapped line; a line that defines something starts anew."""
    if block.cells or following.cells or following.is_bullet or following.after_gap:
        return False
    if len(block.text) < 45 or block.text[-1] in ".:;!?|":  # a bar: a cell alone on its line
        return False
    begun = following.text[0].islower() or following.text[0] in "«“("
    return begun and not _DEFINITION.match(following.text)


def _block_of_line(line: str, gap: bool) -> Block | None:
    """Return the block of one line, or ``None`` for a line that only draws a rule."""
    if _RULE.match(line):
        return None
    cells = [without_marks(cell) for cell in _cells(line)]
    if 0 < len(cells) <= _MOST_CELLS:
        return row(cells, gap)
    bullet = _BULLET.match(line)
    written = squeeze(line[bullet.end() :] if bullet else line)
    text = without_marks(written)
    source = "" if text == written else written
    return Block(text, is_bullet=bullet is not None, source=source, after_gap=gap) if text else None


def _cells(line: str) -> list[str]:
    """Return the cells of a line that is a table row, else nothing."""
    if "\t" in line.strip():
        return [cell.replace(CELL_BREAK, "\n") for cell in line.rstrip().split("\t")]
    if line.lstrip().startswith("|") or line.count(" | ") > 0:
        return line.strip().removeprefix("|").removesuffix("|").split("|")
    stripped = line.strip()
    if _BULLET.match(stripped):
        return []
    found = _WIDE_GAP.split(stripped) if "  " in stripped else []
    return [] if len(found) < 2 else found
