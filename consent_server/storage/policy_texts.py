"""The text of each site's policy, as it was given last; one for each site."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from consent_server.storage.tables import PolicyTextRow


@dataclass(frozen=True)
class PolicyText:
    """A policy as it was read; ``source`` is the name or address that it had, empty when it was pasted."""

    site_id: int
    text: str
    digest: str
    source: str
    kept_at: datetime
    kept_by: str


def find_policy_text(session: Session, site_id: int) -> PolicyText | None:
    """Return what a site keeps; None when it keeps nothing."""
    row = session.get(PolicyTextRow, site_id, populate_existing=True)
    return PolicyText(**{each.name: getattr(row, each.name) for each in fields(PolicyText)}) if row else None


def put_policy_text(session: Session, kept: PolicyText) -> None:
    """Keep a text in place of the one before."""
    session.merge(PolicyTextRow(**vars(kept)))


def remove_policy_text(session: Session, site_id: int) -> bool:
    """Keep a site's text no more; False when there was none."""
    gone = delete(PolicyTextRow).where(PolicyTextRow.site_id == site_id).returning(PolicyTextRow.site_id)
    return session.execute(gone.execution_options(synchronize_session=False)).first() is not None
