"""Tokens of the API: made once, shown once, and who acts with one."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from consent_server.domain.account import LONGEST_NAME, TOKEN, Actor, Role
from consent_server.domain.errors import Invalid, NotSignedIn
from consent_server.domain.times import rfc3339
from consent_server.services.noting import note
from consent_server.storage import sites, tokens
from consent_server.storage.database import begin_deed
from consent_server.storage.tokens import Token

PREFIX = "consent_"
"""So that those who look for secrets in published code find it."""

DAYS, MOST_DAYS = 90, 366


def issue(
    session: Session, actor: Actor, label: str, role: Role, site_key: str | None, days: int, now: datetime
) -> tuple[Token, str]:
    """Keep a new token of the actor's organisation; return it with its secret, which is shown this once.

    Raises ``Invalid`` or ``SiteNotFound``.
    """
    label = " ".join(label.split())
    if not 0 < len(label) <= LONGEST_NAME or not label.isprintable():
        raise Invalid.because(f"Say what it is for, in at most {LONGEST_NAME} characters.", "label")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid.because(f"A token is valid for 1 to {MOST_DAYS} days.", "days")
    begin_deed(session)
    if site_key is not None:
        sites.find_site_of(session, actor.organisation_id, site_key)
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = now + timedelta(days=days)
    given = actor.organisation_id, _hashed(secret), label, role, site_key, now, expires_at
    made = tokens.add_token(session, *given)
    changes = {"role": role, "expires_at": rfc3339(expires_at)}
    note(session, actor, "token.created", site_key, label, changes, now)
    session.commit()
    return made, secret


def revoke(session: Session, actor: Actor, token_id: int, now: datetime) -> None:
    """Let a token of the actor's organisation count no more. Raises ``NotFound``."""
    begin_deed(session)
    token = tokens.find_token_of(session, actor.organisation_id, token_id)
    if not token.revoked_at:
        tokens.revoke_at(session, token.id, now)
        note(session, actor, "token.revoked", token.site_key, token.label, {}, now)
    session.commit()


def bearer_of(session: Session, secret: str, now: datetime) -> Actor:
    """Return who acts with a token. Raises ``NotSignedIn``.

    Comes first in a session: its transaction is over when this returns, so that a deed can begin its own.
    """
    token = tokens.find_by_hash(session, _hashed(secret))
    session.rollback()
    if token is None or token.revoked_at or now >= token.expires_at:
        raise NotSignedIn("This token is not known, was revoked, or its time is over.")
    if token.last_used_on != now.date():
        begin_deed(session)
        tokens.use_on(session, token.id, now.date())
        session.commit()
    return Actor(TOKEN, token.id, token.label, token.organisation_id, token.role, token.site_key)


def _hashed(secret: str) -> str:
    """Return what is kept of a token: 256 bits at random need no slow hash."""
    return sha256(secret.encode()).hexdigest()
