"""Figures and readiness for operators; nothing personal."""

from __future__ import annotations

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

RECORDED = Counter("consent_records_total", "Consent records acknowledged", ["site_key", "action"])


def not_ready_because(session: Session) -> str | None:
    """Return why a choice could not be recorded now, or None when it could."""
    try:
        version = session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        session.rollback()
        return f"The database is away or was never migrated ({type(error).__name__})."
    return None if version else "The database was never migrated."
