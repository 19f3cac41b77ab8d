"""Files of a scan: pictures of what its visitors saw, and its report, printed. Only the newest scans keep theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound
from consent_server.storage.tables import ScanFileRow, ScanRow

ILLUSTRATED = 3
"""How many scans of a site keep their files."""


_NAME = re.compile(r"[A-Za-z0-9_-]{1,190}\.[a-z]{3,4}\Z")


@dataclass(frozen=True)
class ScanFile:
    """A file as it is listed. ``shows`` is the name that a scan gives a picture, and empty for what is none."""

    name: str
    shows: str = ""
    width: int = 0
    height: int = 0
    size: int = 0


@dataclass(frozen=True)
class NewFile(ScanFile):
    """A file that is to be kept."""

    content: bytes = field(default=b"", repr=False)


def add_files(session: Session, site_id: int, scan_id: int, files: Iterable[NewFile], first: int = 0) -> None:
    """Keep files of a scan, in their order; ``first`` is the place of the first."""
    for place, each in enumerate(files, first):
        session.add(ScanFileRow(site_id=site_id, scan_id=scan_id, place=place, **vars(each)))
    session.flush()


def list_files(session: Session, site_id: int, scan_id: int) -> tuple[ScanFile, ...]:
    """Return which files a scan has."""
    row = ScanFileRow
    query = select(row.name, row.shows, row.width, row.height, row.size)
    return tuple(ScanFile(*each) for each in session.execute(query.where(*_of(site_id, scan_id)).order_by(row.place)))


def find_file(session: Session, site_id: int, scan_id: int, name: str) -> bytes:
    """Return a file of a scan; raise ``NotFound``."""
    wanted = select(ScanFileRow.content).where(*_of(site_id, scan_id), ScanFileRow.name == name)
    found = session.scalar(wanted) if _NAME.match(name) else None
    if found is None:
        raise NotFound("This scan has no such file, or keeps it no more.")
    return found


def find_pictures(session: Session, site_id: int, scan_id: int) -> Mapping[str, bytes]:
    """Return the pictures of a scan by the names that the scan gives them."""
    row = ScanFileRow
    query = select(row.shows, row.content).where(*_of(site_id, scan_id), row.shows != "").order_by(row.place)
    return {each.shows: each.content for each in session.execute(query)}


def forget_files(session: Session, site_id: int, illustrated: int = ILLUSTRATED) -> None:
    """Forget those of all but the newest scans that ended."""
    ended = select(ScanRow.id).where(ScanRow.site_id == site_id, ScanRow.document.is_not(None))
    newest = ended.order_by(ScanRow.id.desc()).limit(illustrated)
    old = delete(ScanFileRow).where(ScanFileRow.site_id == site_id, ScanFileRow.scan_id.not_in(newest))
    session.execute(old.execution_options(synchronize_session=False))


def _of(site_id: int, scan_id: int) -> tuple[Any, Any]:
    return ScanFileRow.site_id == site_id, ScanFileRow.scan_id == scan_id
