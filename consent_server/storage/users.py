"""People who sign in, what they prove it with, and the links that were sent to them.

Passwords come as hashes, and TOTP secrets sealed (``services/sealing.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import Session

from consent_server.domain.account import Role
from consent_server.domain.errors import NotFound
from consent_server.storage.database import HIGHEST_ID
from consent_server.storage.tables import LinkRow, RecoveryCodeRow, UserRow


@dataclass(frozen=True)
class User:
    """A person as the other floors see them; ``invited`` ones have no password yet."""

    id: int
    organisation_id: int
    email: str
    name: str
    role: Role
    language: str
    invited: bool
    second_factor: bool
    created_at: datetime
    disabled_at: datetime | None

    @property
    def called(self) -> str:
        """What to call them: an invited person has not told their name yet."""
        return self.name or self.email


@dataclass(frozen=True)
class Credentials:
    """What a user proves themselves with; ``totp_since`` is None while a second factor is only being set up."""

    password_hash: str | None = field(repr=False)
    totp_secret: str | None = field(repr=False)
    totp_since: datetime | None
    totp_step: int | None


@dataclass(frozen=True)
class Link:
    """A link that works once."""

    kind: str
    user_id: int | None
    expires_at: datetime
    used_at: datetime | None


def find_user(session: Session, user_id: int) -> User:
    """Return a user; raise ``NotFound``."""
    return _user(_row(session, user_id))


def find_user_of(session: Session, organisation_id: int, user_id: int) -> User:
    """Return a user of an organisation; another's is as unknown as none: raise ``NotFound``."""
    user = find_user(session, user_id)
    if user.organisation_id != organisation_id:
        raise NotFound("There is no such user.")
    return user


def find_by_email(session: Session, email: str) -> User | None:
    """Return the user of a folded address."""
    row = session.scalar(select(UserRow).where(UserRow.email == email))
    return _user(row) if row else None


def list_users_of(session: Session, organisation_id: int, after: int = 0, limit: int | None = None) -> tuple[User, ...]:
    """Return an organisation's users in the order they came, those after one alone."""
    query = select(UserRow).where(UserRow.organisation_id == organisation_id, UserRow.id > min(after, HIGHEST_ID))
    return tuple(_user(row) for row in session.scalars(query.order_by(UserRow.id).limit(limit)))


def count_users(session: Session) -> int:
    """Return how many users there are in every organisation together."""
    return session.scalar(select(func.count()).select_from(UserRow)) or 0


def count_owners(session: Session, organisation_id: int) -> int:
    """Return how many owners of an organisation can sign in. PostgreSQL: they stay so until the transaction ends."""
    row = UserRow
    query = select(row.id).where(
        row.organisation_id == organisation_id,
        row.role == Role.OWNER,
        row.disabled_at.is_(None),
        row.password_hash.is_not(None),
    )
    return len(session.scalars(query.with_for_update()).all())


def add_user(
    session: Session, organisation_id: int, email: str, name: str, role: Role, language: str, now: datetime
) -> User:
    """Keep a new user, who has no password yet."""
    row = UserRow(
        organisation_id=organisation_id,
        email=email,
        name=name,
        role=role,
        language=language,
        password_hash=None,
        totp_secret=None,
        totp_since=None,
        totp_step=None,
        created_at=now,
        disabled_at=None,
    )
    session.add(row)
    session.flush()
    return _user(row)


def set_profile(session: Session, user_id: int, name: str, language: str) -> None:
    """Keep another name and language."""
    row = _row(session, user_id)
    row.name, row.language = name, language


def set_role(session: Session, user_id: int, role: Role) -> None:
    """Keep another role."""
    _row(session, user_id).role = role


def set_disabled(session: Session, user_id: int, at: datetime | None) -> None:
    """Let a user sign in no more from then on, or again with ``None``."""
    _row(session, user_id).disabled_at = at


def set_password_hash(session: Session, user_id: int, password_hash: str) -> None:
    """Keep another password's hash."""
    _row(session, user_id).password_hash = password_hash


def credentials_of(session: Session, user_id: int) -> Credentials:
    """Return what a user proves themselves with; raise ``NotFound``."""
    row = _row(session, user_id)
    return Credentials(row.password_hash, row.totp_secret, row.totp_since, row.totp_step)


def set_second_factor(session: Session, user_id: int, secret: str | None, since: datetime | None) -> None:
    """Keep another TOTP secret, which counts from ``since`` on; or none."""
    row = _row(session, user_id)
    row.totp_secret, row.totp_since, row.totp_step = secret, since, None


def seal_totp_secret(session: Session, user_id: int, sealed: str) -> None:
    """Keep the same TOTP secret sealed."""
    _changed(session, update(UserRow).where(UserRow.id == user_id).values(totp_secret=sealed))


def use_totp_step(session: Session, user_id: int, step: int) -> bool:
    """Use the code of a time step up; False when it, or a later one, was used before. One of two at once wins."""
    row = UserRow
    unused = or_(row.totp_step.is_(None), row.totp_step < step)
    return _changed(session, update(row).where(row.id == user_id, unused).values(totp_step=step))


def replace_recovery_codes(session: Session, user_id: int, hashes: Iterable[str]) -> None:
    """Keep these recovery codes' hashes instead of whatever there was."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
    session.add_all(RecoveryCodeRow(user_id=user_id, code_hash=each, used_at=None) for each in hashes)


def use_recovery_code(session: Session, user_id: int, code_hash: str, now: datetime) -> bool:
    """Use a recovery code up; False when it is none of the user's, or was used before."""
    row = RecoveryCodeRow
    unused = row.user_id == user_id, row.code_hash == code_hash, row.used_at.is_(None)
    return _changed(session, update(row).where(*unused).values(used_at=now))


def count_recovery_codes(session: Session, user_id: int) -> int:
    """Return how many recovery codes a user has left."""
    row = RecoveryCodeRow
    query = select(func.count()).select_from(row).where(row.user_id == user_id, row.used_at.is_(None))
    return session.scalar(query) or 0


def add_link(
    session: Session, link_id: str, kind: str, user_id: int | None, now: datetime, expires_at: datetime
) -> None:
    """Keep a link that works once."""
    given = {"id": link_id, "kind": kind, "user_id": user_id, "created_at": now, "expires_at": expires_at}
    session.add(LinkRow(**given, used_at=None))


def find_link(session: Session, link_id: str) -> Link | None:
    """Return a link, used or not."""
    row = session.get(LinkRow, link_id)
    return Link(row.kind, row.user_id, row.expires_at, row.used_at) if row else None


def use_link(session: Session, link_id: str, now: datetime) -> bool:
    """Use a link up; False when it was used before. One of two at once wins."""
    row = LinkRow
    return _changed(session, update(row).where(row.id == link_id, row.used_at.is_(None)).values(used_at=now))


def use_links_of(session: Session, user_id: int | None, now: datetime) -> None:
    """Let no earlier link of a user work any more; ``None``: those of nobody yet."""
    row = LinkRow
    _changed(session, update(row).where(row.user_id == user_id, row.used_at.is_(None)).values(used_at=now))


def _changed(session: Session, statement: object) -> bool:
    options = {"synchronize_session": False}
    result = session.execute(statement, execution_options=options)  # type: ignore[call-overload]
    return cast("CursorResult[object]", result).rowcount > 0


def _row(session: Session, user_id: int) -> UserRow:
    row = session.get(UserRow, user_id, populate_existing=True) if user_id <= HIGHEST_ID else None
    if row is None:
        raise NotFound("There is no such user.")
    return row


def _user(row: UserRow) -> User:
    return User(
        row.id,
        row.organisation_id,
        row.email,
        row.name,
        Role(row.role),
        row.language,
        row.password_hash is None,
        row.totp_since is not None,
        row.created_at,
        row.disabled_at,
    )
