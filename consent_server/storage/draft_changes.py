"""The history of drafts: every change, who made it and when. Append only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent_server.domain.json_patch import Step
from consent_server.storage.tables import DraftChangeRow


@dataclass(frozen=True)
class DraftChange:
    """A change as the other floors see it; ``revision`` is the draft's after it."""

    id: int
    revision: int
    made_at: datetime
    actor_name: str
    deed: str
    subject: str
    patch: list[Step]
    undoes: int | None


def add_change(
    session: Session,
    site_id: int,
    revision: int,
    now: datetime,
    actor: tuple[str, int, str],
    deed: str,
    subject: str,
    patch: list[Step],
    undoes: int | None = None,
) -> DraftChange:
    """Keep a change; ``actor`` is its kind, number and name."""
    kind, number, name = actor
    row = DraftChangeRow(
        site_id=site_id,
        revision=revision,
        made_at=now,
        actor_kind=kind,
        actor_id=number,
        actor_name=name,
        deed=deed,
        subject=subject,
        patch=json.dumps(patch, ensure_ascii=False),
        undoes=undoes,
    )
    session.add(row)
    session.flush()
    return _change(row)


def list_changes(session: Session, site_id: int, longest: int = 100) -> tuple[DraftChange, ...]:
    """Return the changes of a site's draft, newest first."""
    query = select(DraftChangeRow).where(DraftChangeRow.site_id == site_id).order_by(DraftChangeRow.revision.desc())
    return tuple(_change(row) for row in session.scalars(query.limit(longest)))


def _change(row: DraftChangeRow) -> DraftChange:
    return DraftChange(
        row.id,
        row.revision,
        row.made_at,
        row.actor_name,
        row.deed,
        row.subject,
        json.loads(row.patch),
        row.undoes,
    )
