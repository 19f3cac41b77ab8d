"""Lines of a table that people open in a spreadsheet: RFC 4180, and no cell that the spreadsheet runs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

_FORMULA = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
"""What makes a spreadsheet run a cell instead of showing it (ASVS 1.2.10), also in full width."""


class _Encoded:
    """What ``csv`` writes a line to: it hands the line back."""

    def write(self, line: str) -> bytes:
        """Return the line as UTF-8."""
        return line.encode()


def table_rows(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Give one line for each row; lists and objects are written as JSON."""
    writer = csv.writer(_Encoded(), lineterminator="\r\n")
    for cells in rows:
        yield writer.writerow(map(_cell, cells))


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet runs: what would be a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text[:1] in _FORMULA else text
