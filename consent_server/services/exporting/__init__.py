"""Taking evidence home: a bundle or lines that verify without us, or a table for people (ledger section 12).

    1  sequence what stands in line, so that nothing deleted is missing without its reason
    2  begin one snapshot in which line, log and checkpoint agree               otherwise again from 1
    3  stream it: a page of rows is in memory at a time, whatever the size of the log

``zip`` and ``jsonl`` are evidence. With filters, ``zip`` is that of a part of the log, each record with its own proof:
it shows that these records were made and are unaltered, and cannot show what it leaves out. ``csv`` and ``pdf`` are for
people and prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from consent_server.domain.errors import Invalid
from consent_server.services.exporting.bundle import bundle
from consent_server.services.exporting.filters import Filters
from consent_server.services.exporting.lines import lines
from consent_server.services.exporting.snapshot import Progress, Sessions, Snapshot, settle
from consent_server.services.exporting.summary import summary
from consent_server.services.exporting.table import table
from consent_server.services.keyring import Keyring

__all__ = ["FORMATS", "Filters", "Format", "Progress", "Sessions", "export", "export_stream"]


@dataclass(frozen=True)
class Format:
    """A form that an export can have."""

    media_type: str
    write: Callable[[Snapshot, Filters], Iterator[bytes]]
    filtered: bool = True


FORMATS: Mapping[str, Format] = {
    "zip": Format("application/zip", bundle),
    "jsonl": Format("application/jsonl", lambda snapshot, _filters: lines(snapshot), filtered=False),
    "csv": Format("text/csv; charset=utf-8", table),
    "pdf": Format("application/pdf", summary),
}


def _silent(_done: int, _size: int) -> None:
    """Report no progress."""


def export(
    sessions: Sessions,
    site_key: str,
    format: str,
    out: BinaryIO,
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    *,
    filters: Filters | None = None,
    progress: Progress = _silent,
) -> None:
    """Write an export to ``out``, which need not be seekable. Raises what ``export_stream`` raises."""
    for chunk in export_stream(
        sessions, site_key, format, keyring, high_water, now, filters=filters, progress=progress
    ):
        out.write(chunk)


def export_stream(
    sessions: Sessions,
    site_key: str,
    format: str,
    keyring: Keyring,
    high_water: Path,
    now: datetime,
    *,
    filters: Filters | None = None,
    progress: Progress = _silent,
) -> Iterator[bytes]:
    """Give the bytes of an export as they are made; what can be refused is refused here, before the first of them.

    Raises ``SiteNotFound``, ``NotFound`` (no log yet), ``LogFrozen``, ``Unavailable`` (the log does not come to rest)
    or ``Invalid`` (no such format, filters with one that has none or of what the site never had, a node without the
    log key).
    """
    form = FORMATS.get(format)
    if form is None:
        raise Invalid.because(f"The formats of an export are {', '.join(FORMATS)}.", "format")
    if filters not in (None, Filters()) and not form.filtered:
        raise Invalid.because(f"An export as {format} is always of the whole log: take zip for a part of it.", "format")
    snapshot = settle(sessions, site_key, keyring, high_water, now, progress)
    try:
        (filters or Filters()).check(snapshot.session, snapshot.site.id)
    except BaseException:
        snapshot.session.close()
        raise
    return _closing(snapshot, form.write(snapshot, filters or Filters()))


def _closing(snapshot: Snapshot, chunks: Iterator[bytes]) -> Iterator[bytes]:
    with closing(snapshot.session):
        yield from chunks
