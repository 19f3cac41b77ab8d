"""Scans of sites, kept: what was asked for, how far it is, what came of it. The newest whole, older ones as counts."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound
from consent_server.domain.scan import Scan, scan_from_json
from consent_server.storage.tables import ScanRow

ASKED, RUNNING, ENDED, FAILED, CANCELLED = "asked", "running", "ended", "failed", "cancelled"
STATES = (ASKED, RUNNING, ENDED, FAILED, CANCELLED)
UNDER_WAY = (ASKED, RUNNING)

WHOLE = 50
"""How many scans of a site are kept whole; older ones are reduced to counts."""

COUNTED = 1_000
"""How many are kept at all."""

LONGEST_DETAIL = 500


@dataclass(frozen=True)
class PassMade:
    """A pass that is done: how many pages it visited, and how many addresses were asked for."""

    name: str
    pages: int
    requests: int


@dataclass(frozen=True)
class Counts:
    """What a scan came to when it ended; ``early`` are those of the new things that came before consent and need it."""

    fails: int = 0
    undecided: int = 0
    holds: int = 0
    appeared: int = 0
    gone: int = 0
    changed: int = 0
    early: int = 0


@dataclass(frozen=True)
class KeptScan:
    """A scan without what it saw; ``asked_by`` is empty for one that a schedule asked for, ``whole`` says what is left.

    ``expected`` is how many passes it makes. ``starts`` counts how often it was begun: a server that stops begins it
    again.
    """

    id: int
    site_id: int
    state: str
    address: str
    pages: int
    seconds: int
    expected: int
    asked_at: datetime
    asked_by: str
    started_at: datetime | None
    finished_at: datetime | None
    starts: int
    progress: tuple[PassMade, ...]
    counts: Counts | None
    trouble: str
    detail: str
    whole: bool

    @property
    def under_way(self) -> bool:
        """Whether it is still to come to something."""
        return self.state in UNDER_WAY


def add_scan(
    session: Session, site_id: int, address: str, pages: int, seconds: int, asked_by: str, now: datetime
) -> KeptScan:
    """Keep that a scan is asked for."""
    row = ScanRow(
        site_id=site_id,
        state=ASKED,
        address=address,
        options=json.dumps({"pages": pages, "seconds": seconds}),
        asked_at=now,
        asked_by=asked_by,
        starts=0,
        progress="[]",
        counts="",
        trouble="",
        detail="",
        document=None,
    )
    session.add(row)
    session.flush()
    return _kept(row, False)


def find_scan(session: Session, site_id: int, scan_id: int) -> KeptScan:
    """Return a scan of a site; raise ``NotFound``."""
    found = _list(session, 1, ScanRow.site_id == site_id, ScanRow.id == scan_id)
    if not found:
        raise NotFound("This site has no such scan.")
    return found[0]


def list_scans(session: Session, site_id: int, before: int | None, limit: int) -> tuple[KeptScan, ...]:
    """Return scans of a site, the newest first; those before one alone."""
    return _list(session, limit, ScanRow.site_id == site_id, *([ScanRow.id < before] if before is not None else ()))


def last_ended(session: Session, site_id: int, before: int | None = None) -> KeptScan | None:
    """Return the newest scan of a site that ended and is whole; the one before another."""
    wanted = [ScanRow.site_id == site_id, ScanRow.state == ENDED, ScanRow.document.is_not(None)]
    found = _list(session, 1, *wanted, *([ScanRow.id < before] if before is not None else ()))
    return found[0] if found else None


def newest_of_each(session: Session, site_ids: list[int]) -> Mapping[int, KeptScan]:
    """Return the newest scan of each site that has one."""
    newest = select(func.max(ScanRow.id)).where(ScanRow.site_id.in_(site_ids)).group_by(ScanRow.site_id)
    return {each.site_id: each for each in _list(session, len(site_ids), ScanRow.id.in_(newest))}


def under_way(session: Session, site_id: int | None = None) -> tuple[KeptScan, ...]:
    """Return what is asked for or running, the oldest first; of one site, or of all."""
    wanted = [ScanRow.state.in_(UNDER_WAY), *([ScanRow.site_id == site_id] if site_id else ())]
    return tuple(reversed(_list(session, COUNTED, *wanted)))


def find_seen(session: Session, scan_id: int) -> Scan | None:
    """Return what a scan saw; None when it did not end, or is reduced to counts."""
    document = session.scalar(select(ScanRow.document).where(ScanRow.id == scan_id))
    return None if document is None else scan_from_json(json.loads(zlib.decompress(document)))


def state_of(session: Session, scan_id: int) -> str | None:
    """Return how a scan stands."""
    return session.scalar(select(ScanRow.state).where(ScanRow.id == scan_id))


def begin_scan(session: Session, scan_id: int, expected: int, now: datetime) -> bool:
    """Say that a scan that was asked for runs now; False when it is none any more."""
    row = session.get(ScanRow, scan_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != ASKED:
        return False
    row.options = json.dumps({**json.loads(row.options), "expected": expected})
    row.state, row.started_at, row.starts, row.progress = RUNNING, now, row.starts + 1, "[]"
    return True


def tell_progress(session: Session, scan_id: int, made: list[PassMade]) -> None:
    """Say which passes are done."""
    _move(session, scan_id, (RUNNING,), progress=json.dumps([vars(each) for each in made]))


def end_scan(session: Session, scan_id: int, seen: Scan, counts: Counts, ended_early: str, now: datetime) -> bool:
    """Keep what a scan came to; False when somebody cancelled it meanwhile."""
    return _move(
        session,
        scan_id,
        (RUNNING,),
        state=ENDED,
        finished_at=now,
        counts=json.dumps(vars(counts)),
        detail=ended_early[:LONGEST_DETAIL],
        # A page may name a cookie with half a character, which neither a database nor a page of ours can hold.
        document=zlib.compress(json.dumps(seen.to_json(), ensure_ascii=False).encode(errors="replace")),
    )


def fail_scan(session: Session, scan_id: int, trouble: str, detail: str, now: datetime) -> bool:
    """Keep why a scan came to nothing."""
    told = detail[:LONGEST_DETAIL]
    return _move(session, scan_id, UNDER_WAY, state=FAILED, finished_at=now, trouble=trouble, detail=told)


def cancel_scan(session: Session, scan_id: int, now: datetime) -> bool:
    """End a scan that is under way; False when it is not."""
    return _move(session, scan_id, UNDER_WAY, state=CANCELLED, finished_at=now)


def put_back(session: Session, scan_id: int, starts: int) -> bool:
    """Ask for a running scan again: whoever ran it is gone. ``starts`` says how often it counts as begun."""
    return _move(session, scan_id, (RUNNING,), state=ASKED, started_at=None, starts=starts, progress="[]")


def reduce_scans(session: Session, site_id: int, whole: int = WHOLE, counted: int = COUNTED) -> None:
    """Leave counts alone of all but the newest that are whole, and nothing of all but the newest."""
    own = ScanRow.site_id == site_id
    newest = select(ScanRow.id).where(own, ScanRow.document.is_not(None)).order_by(ScanRow.id.desc())
    last_whole = session.scalar(newest.offset(whole - 1).limit(1))
    if last_whole is not None:
        old = update(ScanRow).where(own, ScanRow.id < last_whole, ScanRow.document.is_not(None))
        session.execute(old.values(document=None).execution_options(synchronize_session=False))
    oldest = session.scalar(select(ScanRow.id).where(own).order_by(ScanRow.id.desc()).offset(counted - 1).limit(1))
    if oldest is not None:
        gone = delete(ScanRow).where(own, ScanRow.id < oldest)
        session.execute(gone.execution_options(synchronize_session=False))


def _move(session: Session, scan_id: int, from_states: tuple[str, ...], **values: Any) -> bool:
    wanted = update(ScanRow).where(ScanRow.id == scan_id, ScanRow.state.in_(from_states)).values(**values)
    moved = session.execute(wanted.returning(ScanRow.id).execution_options(synchronize_session=False))
    return moved.first() is not None


def _list(session: Session, limit: int, *wanted: Any) -> tuple[KeptScan, ...]:
    query = select(ScanRow, ScanRow.document.is_not(None)).where(*wanted).order_by(ScanRow.id.desc()).limit(limit)
    found = session.execute(query.execution_options(populate_existing=True))
    return tuple(_kept(row, whole) for row, whole in found)


def _kept(row: ScanRow, whole: bool) -> KeptScan:
    options = json.loads(row.options)
    return KeptScan(
        row.id,
        row.site_id,
        row.state,
        row.address,
        options["pages"],
        options["seconds"],
        options.get("expected", 0),
        row.asked_at,
        row.asked_by,
        row.started_at,
        row.finished_at,
        row.starts,
        tuple(PassMade(**each) for each in json.loads(row.progress)),
        Counts(**json.loads(row.counts)) if row.counts else None,
        row.trouble,
        row.detail,
        bool(whole),
    )
