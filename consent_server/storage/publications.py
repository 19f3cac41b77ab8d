"""Who published what, why, and from which draft. Append only; what was published before this was kept has no entry."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent_server.storage.tables import PublicationRow


@dataclass(frozen=True)
class PublicationNote:
    """What is remembered beside a configuration; ``draft`` is the site file that it was made from."""

    version: int
    draft: Mapping[str, Any]
    published_by: str
    why: str


def add_publication(
    session: Session, site_id: int, version: int, draft: Mapping[str, Any], published_by: str, why: str
) -> None:
    """Keep what is to be remembered of a publication."""
    text = json.dumps(draft, ensure_ascii=False)
    session.add(PublicationRow(site_id=site_id, version=version, draft=text, published_by=published_by, why=why))


def find_publication(session: Session, site_id: int, version: int) -> PublicationNote | None:
    """Return what is remembered of one configuration."""
    row = session.get(PublicationRow, (site_id, version))
    return _note(row) if row else None


def list_publications(
    session: Session, site_id: int, versions: Collection[int] | None = None
) -> Mapping[int, PublicationNote]:
    """Return what is remembered of each configuration, or of some, by number."""
    query = select(PublicationRow).where(PublicationRow.site_id == site_id)
    if versions is not None:
        query = query.where(PublicationRow.version.in_(versions))
    return {row.version: _note(row) for row in session.scalars(query)}


def _note(row: PublicationRow) -> PublicationNote:
    return PublicationNote(row.version, json.loads(row.draft), row.published_by, row.why)
