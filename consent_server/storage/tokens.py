"""Tokens of the API, known by their SHA-256 alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consent_server.domain.account import Role
from consent_server.domain.errors import NotFound
from consent_server.storage.database import HIGHEST_ID
from consent_server.storage.tables import TokenRow


@dataclass(frozen=True)
class Token:
    """A token without its secret; ``last_used_on`` is a day, nothing finer is kept."""

    id: int
    organisation_id: int
    label: str
    role: Role
    site_key: str | None
    created_at: datetime
    expires_at: datetime
    last_used_on: date | None
    revoked_at: datetime | None


def add_token(
    session: Session,
    organisation_id: int,
    token_hash: str,
    label: str,
    role: Role,
    site_key: str | None,
    now: datetime,
    expires_at: datetime,
) -> Token:
    """Keep a new token's hash."""
    row = TokenRow(
        organisation_id=organisation_id,
        token_hash=token_hash,
        label=label,
        role=role,
        site_key=site_key,
        created_at=now,
        expires_at=expires_at,
        last_used_on=None,
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    return _token(row)


def find_by_hash(session: Session, token_hash: str) -> Token | None:
    """Return the token of that hash, whether it still counts or not."""
    row = session.scalar(select(TokenRow).where(TokenRow.token_hash == token_hash))
    return _token(row) if row else None


def find_token_of(session: Session, organisation_id: int, token_id: int) -> Token:
    """Return a token of an organisation; another's is as unknown as none: raise ``NotFound``."""
    row = session.get(TokenRow, token_id) if token_id <= HIGHEST_ID else None
    if row is None or row.organisation_id != organisation_id:
        raise NotFound("There is no such token.")
    return _token(row)


def list_tokens_of(
    session: Session, organisation_id: int, after: int = 0, limit: int | None = None
) -> tuple[Token, ...]:
    """Return an organisation's tokens in the order they were made, those after one alone."""
    query = select(TokenRow).where(TokenRow.organisation_id == organisation_id, TokenRow.id > min(after, HIGHEST_ID))
    return tuple(_token(row) for row in session.scalars(query.order_by(TokenRow.id).limit(limit)))


def use_on(session: Session, token_id: int, day: date) -> None:
    """Keep the day on which a token was used."""
    session.execute(update(TokenRow).where(TokenRow.id == token_id).values(last_used_on=day))


def revoke_at(session: Session, token_id: int, now: datetime) -> None:
    """Let a token count no more."""
    session.execute(update(TokenRow).where(TokenRow.id == token_id).values(revoked_at=now))


def _token(row: TokenRow) -> Token:
    return Token(
        row.id,
        row.organisation_id,
        row.label,
        Role(row.role),
        row.site_key,
        row.created_at,
        row.expires_at,
        row.last_used_on,
        row.revoked_at,
    )
