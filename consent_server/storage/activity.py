"""Who did what in the admin. Added to and read; the database refuses everything else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.storage.tables import ActivityRow

BATCH = 500


@dataclass(frozen=True)
class Activity:
    """One deed: who, when, what, on what, and what is different."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: int
    actor_name: str
    action: str
    site_key: str | None
    subject: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Sought:
    """Which deeds are looked for; what is empty does not matter."""

    action: str = ""
    actor: str = ""
    site_key: str = ""
    start: datetime | None = None
    stop: datetime | None = None


def add_activity(
    session: Session,
    actor: Actor,
    action: str,
    site_key: str | None,
    subject: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep one deed."""
    session.add(
        ActivityRow(
            organisation_id=actor.organisation_id,
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            action=action,
            site_key=site_key,
            subject=subject,
            changes=json.dumps(changes, ensure_ascii=False),
        )
    )


def list_activity(
    session: Session, organisation_id: int, sought: Sought, before: int | None = None, limit: int = 50
) -> tuple[Activity, ...]:
    """Return an organisation's deeds, the latest first, those before one alone."""
    query = _query(organisation_id, sought)
    if before is not None:
        query = query.where(ActivityRow.id < before)
    return tuple(_activity(row) for row in session.scalars(query.order_by(ActivityRow.id.desc()).limit(limit)))


def every_activity(session: Session, organisation_id: int, sought: Sought) -> Iterator[Activity]:
    """Yield an organisation's deeds, the first one first, without holding them all."""
    last = 0
    while True:
        query = _query(organisation_id, sought).where(ActivityRow.id > last).order_by(ActivityRow.id).limit(BATCH)
        found = [_activity(row) for row in session.scalars(query)]
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1].id
        session.expunge_all()


def list_actions(session: Session, organisation_id: int) -> tuple[str, ...]:
    """Return which kinds of deeds there are, to choose from."""
    query = select(ActivityRow.action).where(ActivityRow.organisation_id == organisation_id).distinct()
    return tuple(sorted(session.scalars(query)))


def _query(organisation_id: int, sought: Sought) -> Select[ActivityRow]:
    row = ActivityRow
    query = select(row).where(row.organisation_id == organisation_id)
    if sought.action:
        query = query.where(row.action == sought.action)
    if sought.actor:
        query = query.where(row.actor_name == sought.actor)
    if sought.site_key:
        query = query.where(row.site_key == sought.site_key)
    if sought.start:
        query = query.where(row.at >= sought.start)
    if sought.stop:
        query = query.where(row.at < sought.stop)
    return query


def _activity(row: ActivityRow) -> Activity:
    return Activity(
        row.id,
        row.at,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.action,
        row.site_key,
        row.subject,
        json.loads(row.changes),
    )
