"""Cells of a CSV file that people open in a spreadsheet: nothing in them runs, and they are read back as they were.

A cell that a spreadsheet would run is written behind an apostrophe (ASVS 1.2.10), and so is one that looks as if it had
been written so. What the first character of a cell may be is not enough: some programs look behind spaces.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from consent_server.domain.errors import Invalid

MOST_LINES = 5_000

_RUNS = re.compile(r"'*[\s\u200b\ufeff]*[=+\-@|%\t\r\n\0\uff1d\uff0b\uff0d\uff20]")


def harmless(cell: str) -> str:
    """Return the cell as a spreadsheet shows it instead of running it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def as_it_was(cell: str) -> str:
    """Return what ``harmless`` was given."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


def write_csv(columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> str:
    """Return a CSV file (RFC 4180) with a heading; a byte order mark tells spreadsheets that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([harmless(line.get(column, "")) for column in columns] for line in lines)
    return "\ufeff" + out.getvalue()


def read_csv(text: str, known: Iterable[str], needed: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """Return each line's number (the heading is 1) and its cells by column; raise ``Invalid``.

    Commas and semicolons both separate: spreadsheets in some countries write the latter.
    """
    text = text.removeprefix("\ufeff")
    heading = text.partition("\n")[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    try:
        lines = list(_lines(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)))
    except csv.Error as wrong:
        raise Invalid.because(f"This is not a CSV file: {wrong}.") from None
    if not lines:
        raise Invalid.because("The file is empty.")
    columns = [as_it_was(cell).strip().lower() for cell in lines[0][1]]
    known, missing = set(known), [column for column in needed if column not in columns]
    if missing:
        raise Invalid.because(f"The first line names the columns; there is no column “{missing[0]}”.")
    strange = [column for column in columns if column not in known]
    if strange or len(set(columns)) < len(columns):
        raise Invalid.because(
            f"There is no column “{strange[0][:60]}” here." if strange else "A column is there twice."
        )
    problems = {
        f"line {number}": ["This line has more cells than the heading."]
        for number, cells in lines[1:]
        if len(cells) > len(columns)
    }
    if problems:
        raise Invalid(problems)
    return [(number, dict(zip(columns, map(as_it_was, cells), strict=False))) for number, cells in lines[1:]]


def _lines(reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(reader, start=1):
        if number > MOST_LINES + 1:
            raise Invalid.because(f"A file has at most {MOST_LINES} lines.")
        if any(cell.strip() for cell in cells):
            yield number, cells
