"""Exports that somebody asked for in the admin: what of, and how far each is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound
from consent_server.storage.tables import HandoverRow

READY, RUNNING, DONE, BROKEN = "ready", "running", "done", "broken"


@dataclass(frozen=True)
class Handover:
    """An export that was asked for; ``done`` of ``size`` entries are through, in ``bytes``."""

    id: str
    site_id: int
    actor: str
    format: str
    filters: Mapping[str, str]
    state: str
    done: int
    size: int
    bytes: int
    made_at: datetime
    moved_at: datetime


def add_handover(session: Session, handover: Handover) -> None:
    """Keep an export that is asked for."""
    values = {each.name: getattr(handover, each.name) for each in fields(handover)}
    session.add(HandoverRow(**{**values, "filters": json.dumps(dict(handover.filters))}))


def find_handover(session: Session, site_id: int, handover_id: str) -> Handover:
    """Return an export that was asked for on a site; raise ``NotFound``."""
    row = session.get(HandoverRow, handover_id)
    if row is None or row.site_id != site_id:
        raise NotFound("There is no such export any more: ask for it again.")
    values = {each.name: getattr(row, each.name) for each in fields(Handover)}
    return Handover(**{**values, "filters": json.loads(row.filters)})


def move_handover(
    session: Session, handover_id: str, state: str, done: int, size: int, written: int, now: datetime
) -> None:
    """Say how far an export is."""
    session.execute(
        update(HandoverRow)
        .where(HandoverRow.id == handover_id)
        .values(state=state, done=done, size=size, bytes=written, moved_at=now)
        .execution_options(synchronize_session=False)
    )


def forget_handovers(session: Session, before: datetime) -> None:
    """Forget exports that were asked for before a time."""
    session.execute(
        delete(HandoverRow).where(HandoverRow.made_at < before).execution_options(synchronize_session=False)
    )
