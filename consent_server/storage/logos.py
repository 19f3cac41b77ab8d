"""Logos, as they were drawn anew: kept by digest, never changed, since what was published names them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consent_server.domain.logo import Logo
from consent_server.storage.database import insert_if_absent
from consent_server.storage.tables import LogoRow


def add_logo(session: Session, logo: Logo, webp: bytes, now: datetime) -> None:
    """Keep a picture once."""
    values = {"digest": logo.digest, "source": webp, "width": logo.width, "height": logo.height, "created_at": now}
    insert_if_absent(session, LogoRow, values, "digest")


def find_logo(session: Session, digest: str) -> bytes | None:
    """Return a picture as WebP."""
    return session.scalar(select(LogoRow.source).where(LogoRow.digest == digest))


def is_kept(session: Session, logo: Logo) -> bool:
    """Return whether there is such a picture, of that size."""
    row = LogoRow
    same = (row.digest == logo.digest, row.width == logo.width, row.height == logo.height)
    return session.scalar(select(row.digest).where(*same)) is not None
