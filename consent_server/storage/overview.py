"""What is asked of the whole installation for its operator: a few queries that cost the same whatever is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consent_server.storage import anchors
from consent_server.storage.tables import ProofCheckpointRow, ProofLogRow, ProofPendingRow, SiteRow

COUNTED = 200_001
"""Up to how many in line are counted: recording stops before."""


@dataclass(frozen=True, slots=True)
class Line:
    """What has no index yet: how much, in how many logs, the longest, and since when the first answer waits."""

    entries: int
    logs: int
    longest: int
    oldest: datetime | None


def line(session: Session) -> Line:
    """Return how the logs that are not frozen stand in line; a frozen one waits for its operator, not for a worker."""
    pending, head = ProofPendingRow, ProofLogRow
    going = select(pending.site_id).join(head, head.site_id == pending.site_id).where(head.frozen_reason.is_(None))
    first = going.limit(COUNTED).subquery()
    each = select(func.count().label("length")).select_from(first).group_by(first.c.site_id).subquery()
    entries, logs, longest = session.execute(
        select(func.coalesce(func.sum(each.c.length), 0), func.count(), func.coalesce(func.max(each.c.length), 0))
    ).one()
    return Line(int(entries), logs, longest, _oldest(session) if entries else None)


def _oldest(session: Session) -> datetime | None:
    pending, head = ProofPendingRow, ProofLogRow
    first = select(pending.site_id).join(head, head.site_id == pending.site_id).where(head.frozen_reason.is_(None))
    site_id = session.scalar(first.where(pending.kind == "consent").order_by(pending.seq).limit(1))
    return None if site_id is None else anchors.oldest_in_line(session, site_id)


def longest_lines(session: Session, most: int) -> list[tuple[str, int]]:
    """Return the sites with the longest lines, and how long they are."""
    pending, site = ProofPendingRow, SiteRow
    first = select(pending.site_id).limit(COUNTED).subquery()
    length = func.count()
    query = select(site.key, length).join(first, first.c.site_id == site.id).group_by(site.key)
    return [(key, count) for key, count in session.execute(query.order_by(length.desc(), site.key).limit(most))]


def frozen_reasons(session: Session) -> Sequence[str]:
    """Return why each log is frozen that is."""
    reason = ProofLogRow.frozen_reason
    return [found for found in session.scalars(select(reason).where(reason.is_not(None))) if found is not None]


def first_log(session: Session) -> int | None:
    """Return the log by whose keys the installation's are told: the anchor log, or the oldest of a site."""
    row = ProofLogRow
    return session.scalar(select(row.site_id).where(row.size > 0).order_by(row.site_id).limit(1))


def checkpointed_at(session: Session, site_id: int, index: int) -> datetime | None:
    """Return when the first checkpoint was signed that covers an entry."""
    row = ProofCheckpointRow
    query = select(row.created_at).where(row.site_id == site_id, row.size > index).order_by(row.size).limit(1)
    return session.scalar(query)
