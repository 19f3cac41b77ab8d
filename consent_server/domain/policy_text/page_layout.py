"""Pages laid out with spaces, as a PDF gives them: columns become the cells of rows again.

Known here: what a table looks like when each word stands where it was printed. Not known: cookies, nor PDF. A line
whose first column is empty goes on with the row above it; so does one that finishes a name cut by its column's width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consent_server.domain.policy_text.text import CELL_BREAK

_GAP = re.compile(r" {2,}")
_SLACK = 2
"""How many places before its column's heading a cell may start: bold and centred words are not printed just there."""


@dataclass(frozen=True)
class _Cell:
    start: int
    text: str


def tabbed(text: str) -> str:
    """Return ``text`` with the lines of each table as rows whose cells are separated by tabs."""
    lines: list[str] = []
    table: list[list[_Cell]] = []
    pages = [_cells(line) for line in text.split("\n")]
    for cells, following in zip(pages, [*pages[1:], []], strict=True):
        if len(cells) > 1 or (table and cells and _belongs(cells[0], table[-1], following)):
            table.append(cells)
            continue
        lines += [*_rows(table), " ".join(cell.text for cell in cells)]
        table = []
    return "\n".join(lines + _rows(table))


def _belongs(cell: _Cell, above: list[_Cell], below: list[_Cell]) -> bool:
    """Whether what stands alone on its line is in a table: under a column, or the end of a name between two rows."""
    if cell.start > above[0].start + _SLACK:
        return True
    return (
        len(above) > 1 and cell.start + len(cell.text) < above[1].start and (len(below) > 1 or _ends_cut(above[0].text))
    )


def _cells(line: str) -> list[_Cell]:
    found, at = [], 0
    for part in _GAP.split(line.rstrip()):
        start = line.find(part, at) if part else at
        if part:
            found.append(_Cell(start, part.strip()))
        at = start + len(part)
    return found


def _rows(table: list[list[_Cell]]) -> list[str]:
    """Return the lines of one table as rows; what stands side by side only once is no table."""
    if len(table) < 2:
        return [" ".join(cell.text for cell in line) for line in table]
    starts = [cell.start for cell in max(table, key=len)]
    rows: list[list[str]] = []
    for line in table:
        placed = _placed(line, starts)
        if rows and _goes_on(rows[-1], placed):
            rows[-1] = [CELL_BREAK.join(filter(None, pair)) for pair in zip(rows[-1], placed, strict=True)]
        else:
            rows.append(placed)
    return ["\t".join(row) for row in rows]


def _placed(line: list[_Cell], starts: list[int]) -> list[str]:
    """Return what each column holds of a line."""
    placed = [""] * len(starts)
    for cell in line:
        column = max((i for i, start in enumerate(starts) if start <= cell.start + _SLACK), default=0)
        placed[column] = f"{placed[column]} {cell.text}".strip()
    return placed


def _goes_on(row: list[str], line: list[str]) -> bool:
    return not line[0] or ("" in line[1:] and _ends_cut(row[0])) or row[0].endswith(",")


def _ends_cut(name: str) -> bool:
    return name.endswith(("_", "-")) and " " not in name
