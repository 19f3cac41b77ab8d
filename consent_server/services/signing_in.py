"""Signing in and out, and who it is that a browser's token stands for.

Every try is counted before it is looked at, so that a hundred at once are a hundred; it is forgotten when it succeeds.
Counters are in the database: they hold for every process, and need nothing else. A wrong address, a wrong password, a
person who may not sign in: the answer is the same, after the same work.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from consent_server.domain.account import USER, Actor, fold_email
from consent_server.domain.client import Client
from consent_server.domain.errors import CodeNeeded, Invalid, NotSignedIn, TooManyTries
from consent_server.services import passwords, second_factor
from consent_server.services.noting import note
from consent_server.services.sealing import Sealer
from consent_server.storage import sign_ins, users
from consent_server.storage.database import begin_deed
from consent_server.storage.sign_ins import SignIn
from consent_server.storage.users import User

IDLE_LIMIT = timedelta(hours=8)
ABSOLUTE_LIMIT = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is kept when somebody was last here: not a write for every page."""

WINDOW = timedelta(minutes=15)
TRIES_OF_ACCOUNT_FROM_NETWORK = 10
TRIES_OF_NETWORK = 50
TRIES_OF_ACCOUNT = 100
"""From everywhere: many times the other, or anybody could keep an owner out."""

WRONG_PASSWORD = "This is not your password."
REFUSED = "The e-mail address, the password or the code is not right."


@dataclass(frozen=True)
class Try:
    """What somebody shows to sign in, and the network they are in (``web.limits.network_of``)."""

    email: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    network: str


@dataclass(frozen=True)
class SignedIn:
    """Whom a token stands for, and since when."""

    user: User
    sign_in: SignIn

    @property
    def actor(self) -> Actor:
        """The user as the one who acts."""
        return actor_for(self.user)


def actor_for(user: User) -> Actor:
    """Return a user as the one who acts."""
    return Actor(USER, user.id, user.called, user.organisation_id, user.role)


def sign_in(session: Session, sealer: Sealer, given: Try, device: str, now: datetime) -> str:
    """Return a new token for the browser, once password and second factor were right.

    Raises ``NotSignedIn``, ``CodeNeeded`` when only the code is missing, or ``TooManyTries``.
    """
    email = _folded(given.email)
    subjects = count_try(session, email, given.network, now)
    user = users.find_by_email(session, email)
    known = users.credentials_of(session, user.id).password_hash if user else None
    session.rollback()  # nobody waits for the database while a password is checked
    if not passwords.matches(given.password, known) or user is None or user.disabled_at:
        raise NotSignedIn(REFUSED)
    if user.second_factor and not given.code.strip():
        begin_deed(session)
        sign_ins.forget_tries(session, subjects, now)  # the password was right; codes are counted on their own
        session.commit()
        raise CodeNeeded(user.id)
    return _finish(session, sealer, user.id, given.code, subjects, device, now)


def finish_sign_in(
    session: Session, sealer: Sealer, user_id: int, code: str, network: str, device: str, now: datetime
) -> str:
    """Return a new token after ``CodeNeeded``, for the user that it named. Raises as ``sign_in``."""
    subjects = count_try(session, f"code of {user_id}", network, now)
    return _finish(session, sealer, user_id, code, subjects, device, now)


def prove(session: Session, actor: Actor, password: str, network: str, now: datetime) -> None:
    """Make sure that it is still the one who signed in: they say their password again.

    Raises ``Invalid`` or ``TooManyTries``: whoever finds an open browser guesses no faster than others.
    """
    subjects = count_try(session, f"password of {actor.id}", network, now)
    known = users.credentials_of(session, actor.id).password_hash
    session.rollback()
    if not passwords.matches(password, known):
        raise Invalid.because(WRONG_PASSWORD, "current")
    begin_deed(session)
    sign_ins.forget_tries(session, subjects, now)
    session.commit()


def open_session(session: Session, user: User, device: str, now: datetime) -> str:
    """Return a new token for somebody who has just proved who they are, and note it. The caller commits."""
    sign_ins.forget_old_sign_ins(session, now, now - IDLE_LIMIT)
    token = secrets.token_urlsafe(32)
    sign_ins.add_sign_in(session, id_of(token), user.id, now, now + ABSOLUTE_LIMIT, device[:200])
    note(session, actor_for(user), "user.signed_in", None, user.email, {"device": device[:200]}, now)
    return token


def signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Return whom a token stands for; None when it never did, or does no more.

    Keeps now and then that they were here. Comes first in a session: its transaction is over when this returns, so that
    a deed can begin its own.
    """
    found = sign_ins.find_sign_in(session, id_of(token))
    user = users.find_user(session, found.user_id) if found else None
    session.rollback()
    if found is None or user is None or user.disabled_at or _is_over(found, now):
        return None
    if now >= found.seen_at + SEEN_EVERY:
        begin_deed(session)
        sign_ins.see(session, found.id, now)
        session.commit()
    return SignedIn(user, found)


def actor_of(session: Session, token: str, now: datetime) -> Actor | None:
    """Return who acts with a browser's token; None when nobody does."""
    found = signed_in(session, token, now)
    return found.actor if found else None


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End one sign-in; one that is over already stays so."""
    begin_deed(session)
    found = sign_ins.find_sign_in(session, id_of(token))
    if found is None:
        session.rollback()
        return
    user = users.find_user(session, found.user_id)
    sign_ins.end_sign_in(session, found.id)
    note(session, actor_for(user), "user.signed_out", None, user.email, {}, now)
    session.commit()


def sign_out_everywhere(session: Session, actor: Actor, user: User, now: datetime, but: str | None = None) -> int:
    """End every sign-in of a user, but the one whose token is ``but``; return how many there were."""
    begin_deed(session)
    count = sign_ins.end_sign_ins(session, user.id, id_of(but) if but else None)
    note(session, actor, "user.signed_out_everywhere", None, user.email, {"browsers": count}, now)
    session.commit()
    return count


def list_sessions(session: Session, user_id: int, now: datetime) -> tuple[SignIn, ...]:
    """Return where a user is signed in now, the latest seen first."""
    return tuple(each for each in sign_ins.list_sign_ins(session, user_id) if not _is_over(each, now))


def device_words(client: Client) -> str:
    """Return what a browser is called in the list of sign-ins: its family and kind, never its whole user agent."""
    parts = (" ".join(filter(None, (client.family, client.major))), client.form_factor)
    return ", ".join(part for part in parts if part) or "unknown"


def _is_over(found: SignIn, now: datetime) -> bool:
    return now >= found.expires_at or now >= found.seen_at + IDLE_LIMIT


def _finish(
    session: Session,
    sealer: Sealer,
    user_id: int,
    code: str,
    subjects: Sequence[str],
    device: str,
    now: datetime,
) -> str:
    begin_deed(session)
    user = users.find_user(session, user_id)
    try:
        if user.disabled_at or (user.second_factor and not second_factor.use_code(session, sealer, user_id, code, now)):
            raise NotSignedIn(REFUSED)
    except NotSignedIn:
        session.rollback()
        raise
    sign_ins.forget_tries(session, subjects, now)
    token = open_session(session, user, device, now)
    session.commit()
    return token


def count_try(session: Session, account: str, network: str, now: datetime) -> tuple[str, ...]:
    """Count a try and return what it was counted for; raises ``TooManyTries``.

    Counted again after its own commit: whoever comes at the same time is seen by all but one of them.
    """
    limits = {
        _subject("account and network", account, network): TRIES_OF_ACCOUNT_FROM_NETWORK,
        _subject("account", account): TRIES_OF_ACCOUNT,
        _subject("network", network): TRIES_OF_NETWORK,
    }
    begin_deed(session)
    _refuse_too_many(session, limits, now, own=0)
    sign_ins.forget_old_tries(session, now - WINDOW)
    sign_ins.add_tries(session, limits, now)
    session.commit()
    _refuse_too_many(session, limits, now, own=1)
    return tuple(limits)


def _refuse_too_many(session: Session, limits: dict[str, int], now: datetime, own: int) -> None:
    for subject, limit in limits.items():
        if sign_ins.count_tries(session, subject, now - WINDOW) >= limit + own:
            session.rollback()
            raise TooManyTries("Too many tries. Wait a quarter of an hour.", int(WINDOW.total_seconds()))


def _subject(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()


def id_of(token: str) -> str:
    """Return what is kept of a browser's token: 256 bits at random need no slow hash."""
    return sha256(token.encode()).hexdigest()


def _folded(email: str) -> str:
    try:
        return fold_email(email)
    except Invalid:
        return ""
