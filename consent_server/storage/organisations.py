"""Organisations: who owns sites and users. Nothing crosses between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consent_server.domain.errors import NotFound
from consent_server.storage.tables import OrganisationRow

FIRST_ORGANISATION = 1
"""The one that the migration makes: whoever names no other means this."""


@dataclass(frozen=True)
class Organisation:
    """An organisation as the other floors see it."""

    id: int
    name: str


def find_organisation(session: Session, organisation_id: int) -> Organisation:
    """Return an organisation; raise ``NotFound``."""
    row = session.get(OrganisationRow, organisation_id)
    if row is None:
        raise NotFound("There is no such organisation.")
    return _organisation(row)


def list_organisations(session: Session) -> tuple[Organisation, ...]:
    """Return every organisation, the first one first."""
    return tuple(_organisation(row) for row in session.scalars(select(OrganisationRow).order_by(OrganisationRow.id)))


def add_organisation(session: Session, name: str, now: datetime) -> Organisation:
    """Keep a new organisation."""
    row = OrganisationRow(name=name, created_at=now)
    session.add(row)
    session.flush()
    return _organisation(row)


def rename_organisation(session: Session, organisation_id: int, name: str) -> None:
    """Give an organisation another name."""
    session.execute(update(OrganisationRow).where(OrganisationRow.id == organisation_id).values(name=name))


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(row.id, row.name)
