"""Legal holds: while one stands, nothing of a site's proofs is purged or erased. Kept after they were lifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consent_server.storage.tables import LegalHoldRow


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that stands."""

    why: str
    set_at: datetime


def standing_hold(session: Session, site_id: int) -> Hold | None:
    """Return the hold on a site's proofs, ``None`` when there is none."""
    row = LegalHoldRow
    query = select(row.why, row.set_at).where(row.site_id == site_id, row.lifted_at.is_(None))
    values = session.execute(query.order_by(row.id).limit(1)).one_or_none()
    return Hold(*values) if values else None


def set_hold(session: Session, site_id: int, why: str, now: datetime) -> None:
    """Let a hold stand from now on."""
    session.add(LegalHoldRow(site_id=site_id, why=why, set_at=now, lifted_why=None, lifted_at=None))


def lift_hold(session: Session, site_id: int, why: str, now: datetime) -> None:
    """End whatever hold stands; the row stays, with both reasons."""
    row = LegalHoldRow
    session.execute(
        update(row)
        .where(row.site_id == site_id, row.lifted_at.is_(None))
        .values(lifted_why=why, lifted_at=now)
        .execution_options(synchronize_session=False)
    )
