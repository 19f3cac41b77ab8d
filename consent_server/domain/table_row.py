"""A line of a table that people open in a spreadsheet: RFC 4180, and no cell that the spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet run a cell instead of showing it (ASVS 1.2.10), also in full width."""


def table_row(cells: Iterable[Any]) -> bytes:
    """Return one line; lists and objects are written as JSON."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(_cell, cells))
    return line.getvalue().encode()


def _cell(value: Any) -> str:
    """Return a cell as text that no spreadsheet runs: what would be a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(_FORMULA) else text
