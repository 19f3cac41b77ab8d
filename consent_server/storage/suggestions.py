"""Suggestions: what imported public cookie databases say of a name, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from consent_server.domain import cookie_database, name_pattern
from consent_server.storage.tables import Suggestion


@dataclass(frozen=True)
class KeptSuggestion:
    """A suggestion as the other floors see it; never a fact (CAT-05)."""

    name: str
    kind: str
    platform: str
    vendor: str
    purpose: str | None
    domain: str | None
    lifetime: str | None
    description: str
    policy_url: str | None
    source: str
    imported_at: datetime


def replace_suggestions(
    session: Session, source: str, suggestions: Sequence[cookie_database.Suggestion], now: datetime
) -> int:
    """Keep these suggestions in place of whatever ``source`` said before; return how many there are now."""
    session.execute(delete(Suggestion).where(Suggestion.source == source))
    rows = [
        {
            "name": suggestion.name,
            "kind": suggestion.kind,
            "platform": suggestion.platform,
            "vendor": suggestion.vendor,
            "purpose": suggestion.purpose,
            "domain": suggestion.domain,
            "lifetime": suggestion.lifetime,
            "description": suggestion.description,
            "policy_url": suggestion.policy_url,
            "source": source,
            "source_id": suggestion.source_id,
            "imported_at": now,
        }
        for suggestion in suggestions
    ]
    if rows:
        session.execute(insert(Suggestion), rows)
    return len(rows)


def find_suggestions(session: Session, name: str) -> tuple[KeptSuggestion, ...]:
    """Return what is suggested for a name, in any case, the most specific first."""
    possible = session.scalars(
        select(Suggestion).where(or_(func.lower(Suggestion.name) == name.lower(), Suggestion.name.contains("*")))
    )
    rows = [row for row in possible if name_pattern.matches_in_any_case(row.name, name)]
    rows.sort(key=lambda row: row.id)
    rows.sort(key=lambda row: name_pattern.specificity(row.name), reverse=True)
    return tuple(_kept(row) for row in rows)


def count_suggestions(session: Session, source: str) -> int:
    """Return how many suggestions ``source`` has."""
    return session.scalar(select(func.count()).select_from(Suggestion).where(Suggestion.source == source)) or 0


def _kept(row: Suggestion) -> KeptSuggestion:
    return KeptSuggestion(
        name=row.name,
        kind=row.kind,
        platform=row.platform,
        vendor=row.vendor,
        purpose=row.purpose,
        domain=row.domain,
        lifetime=row.lifetime,
        description=row.description,
        policy_url=row.policy_url,
        source=row.source,
        imported_at=row.imported_at,
    )
