"""Where people are signed in, and tries that did not succeed. Knows tokens only by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from consent_server.storage.tables import SignInRow, SignInTryRow


@dataclass(frozen=True)
class SignIn:
    """One browser that somebody is signed in with."""

    id: str
    user_id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    device: str


def add_sign_in(
    session: Session, sign_in_id: str, user_id: int, now: datetime, expires_at: datetime, device: str
) -> None:
    """Keep that somebody is signed in."""
    given = {"id": sign_in_id, "user_id": user_id, "expires_at": expires_at, "device": device}
    session.add(SignInRow(**given, created_at=now, seen_at=now))


def find_sign_in(session: Session, sign_in_id: str) -> SignIn | None:
    """Return a sign-in, whether it still counts or not."""
    row = session.get(SignInRow, sign_in_id, populate_existing=True)
    return _sign_in(row) if row else None


def list_sign_ins(session: Session, user_id: int) -> tuple[SignIn, ...]:
    """Return where a user is signed in, the latest seen first."""
    query = select(SignInRow).where(SignInRow.user_id == user_id).order_by(SignInRow.seen_at.desc())
    return tuple(_sign_in(row) for row in session.scalars(query))


def see(session: Session, sign_in_id: str, now: datetime) -> None:
    """Keep that the browser was here."""
    session.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(seen_at=now), execution_options=_PLAIN)


def end_sign_in(session: Session, sign_in_id: str) -> None:
    """Sign one browser out."""
    session.execute(delete(SignInRow).where(SignInRow.id == sign_in_id), execution_options=_PLAIN)


def end_sign_ins(session: Session, user_id: int, but: str | None = None) -> int:
    """Sign a user out of every browser, but of one; return how many there were."""
    row = SignInRow
    query = select(row.id).where(row.user_id == user_id, row.id != (but or ""))
    ids = session.scalars(query).all()
    session.execute(delete(row).where(row.id.in_(ids)), execution_options=_PLAIN)
    return len(ids)


def forget_old_sign_ins(session: Session, now: datetime, unseen_since: datetime) -> None:
    """Delete what counts no more."""
    row = SignInRow
    old = or_(row.expires_at <= now, row.seen_at <= unseen_since)
    session.execute(delete(row).where(old), execution_options=_PLAIN)


def count_tries(session: Session, subject: str, since: datetime) -> int:
    """Return how many tries of a subject did not succeed."""
    row = SignInTryRow
    query = select(func.count()).select_from(row).where(row.subject == subject, row.at > since)
    return session.scalar(query) or 0


def add_tries(session: Session, subjects: Iterable[str], now: datetime) -> None:
    """Count a try for each subject."""
    session.add_all(SignInTryRow(subject=subject, at=now) for subject in subjects)


def forget_tries(session: Session, subjects: Sequence[str], now: datetime) -> None:
    """Forget the try of now, which succeeded; for the first subject, also those before it."""
    row = SignInTryRow
    gone = or_(row.subject == subjects[0], and_(row.subject.in_(subjects), row.at == now))
    session.execute(delete(row).where(gone), execution_options=_PLAIN)


def forget_old_tries(session: Session, until: datetime) -> None:
    """Delete tries that count no more."""
    session.execute(delete(SignInTryRow).where(SignInTryRow.at <= until), execution_options=_PLAIN)


_PLAIN = {"synchronize_session": False}


def _sign_in(row: SignInRow) -> SignIn:
    return SignIn(row.id, row.user_id, row.created_at, row.seen_at, row.expires_at, row.device)
