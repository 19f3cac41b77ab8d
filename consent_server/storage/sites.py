"""Sites: their key, the origins of their pages, and the draft that their editors work on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent_server.domain.catalogue import is_site_key
from consent_server.domain.errors import SiteNotFound
from consent_server.storage.organisations import FIRST_ORGANISATION
from consent_server.storage.tables import ProofLogRow, SiteRow


@dataclass(frozen=True)
class Site:
    """A site as the other floors see it; ``draft`` is the site file of CONTRACT 4."""

    id: int
    key: str
    name: str
    origins: tuple[str, ...]
    draft: Mapping[str, Any]
    updated_at: datetime
    organisation_id: int
    revision: int = 0


@dataclass(frozen=True, slots=True)
class RecordingSite:
    """What recording asks of a site; ``log_origin`` is None before the first publication."""

    id: int
    key: str
    origins: frozenset[str]
    log_origin: str | None
    frozen_reason: str | None


def find_recording_site(session: Session, key: str) -> RecordingSite:
    """Return what recording asks of the site of that key, in one question; raise ``SiteNotFound``."""
    site, log = SiteRow, ProofLogRow
    query = select(site.id, site.key, site.origins, log.origin, log.frozen_reason)
    query = query.outerjoin(log, log.site_id == site.id).where(site.key == key, site.archived_at.is_(None))
    found = session.execute(query).first() if is_site_key(key) else None
    if found is None:
        raise SiteNotFound(f"There is no site “{key[:63]}”.")
    number, key, origins, log_origin, frozen_reason = found
    return RecordingSite(number, key, frozenset(json.loads(origins)), log_origin, frozen_reason)


def find_site(session: Session, key: str) -> Site:
    """Return the site of that key; raise ``SiteNotFound``."""
    row = None
    if is_site_key(key):  # what comes from an address may hold what a database refuses
        row = session.scalar(select(SiteRow).where(SiteRow.key == key, SiteRow.archived_at.is_(None)))
    if row is None:
        raise SiteNotFound(f"There is no site “{key[:63]}”.")
    return _site(row)


def find_site_of(session: Session, organisation_id: int, key: str) -> Site:
    """Return the organisation's site of that key; another's is as unknown as none: raise ``SiteNotFound``."""
    site = find_site(session, key)
    if site.organisation_id != organisation_id:
        raise SiteNotFound(f"There is no site “{key[:63]}”.")
    return site


def lock_site(session: Session, key: str) -> Site:
    """Return the site as it is now, and keep others from changing it until the transaction ends."""
    query = select(SiteRow).where(SiteRow.key == key, SiteRow.archived_at.is_(None)).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True)) if is_site_key(key) else None
    if row is None:
        raise SiteNotFound(f"There is no site “{key[:63]}”.")
    return _site(row)


def find_site_by_id(session: Session, site_id: int) -> Site | None:
    """Return the site of that number; None when it is archived."""
    row = session.get(SiteRow, site_id, populate_existing=True)
    return None if row is None or row.archived_at else _site(row)


def site_exists(session: Session, key: str) -> bool:
    """Return whether the key was ever given out, archived sites included."""
    return session.scalar(select(SiteRow.id).where(SiteRow.key == key)) is not None


def list_sites(session: Session, *, archived: bool = False) -> tuple[Site, ...]:
    """Return every site by key; with ``archived``, also those that are."""
    query = select(SiteRow).order_by(SiteRow.key)
    if not archived:
        query = query.where(SiteRow.archived_at.is_(None))
    return tuple(_site(row) for row in session.scalars(query))


def list_sites_of(
    session: Session, organisation_id: int, after: str = "", limit: int | None = None
) -> tuple[Site, ...]:
    """Return an organisation's sites by key, those after one alone, without archived ones."""
    query = select(SiteRow).where(SiteRow.organisation_id == organisation_id, SiteRow.archived_at.is_(None))
    query = query.where(SiteRow.key > after).order_by(SiteRow.key).limit(limit)
    return tuple(_site(row) for row in session.scalars(query))


def add_site(
    session: Session,
    key: str,
    name: str,
    origins: tuple[str, ...],
    draft: Mapping[str, Any],
    now: datetime,
    organisation_id: int = FIRST_ORGANISATION,
) -> Site:
    """Keep a new site."""
    row = SiteRow(
        organisation_id=organisation_id,
        key=key,
        name=name,
        origins=json.dumps(origins),
        draft=_dump(draft),
        created_at=now,
        updated_at=now,
        archived_at=None,
    )
    session.add(row)
    session.flush()
    return _site(row)


def replace_draft(
    session: Session, site: Site, name: str, origins: tuple[str, ...], draft: Mapping[str, Any], now: datetime
) -> None:
    """Keep another draft; nothing that was published changes."""
    row = session.get_one(SiteRow, site.id)
    row.name, row.origins, row.draft, row.updated_at = name, json.dumps(origins), _dump(draft), now
    row.revision += 1


def _dump(draft: Mapping[str, Any]) -> str:
    return json.dumps(draft, ensure_ascii=False)


def _site(row: SiteRow) -> Site:
    origins = tuple(json.loads(row.origins))
    draft = json.loads(row.draft)
    return Site(row.id, row.key, row.name, origins, draft, row.updated_at, row.organisation_id, row.revision)
