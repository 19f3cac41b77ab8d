"""The second factor: a time-based code (RFC 6238), or one of the recovery codes that were shown once.

A code counts once, whoever saw it over a shoulder; the one before and the one after the current count too, for clocks
that are a little off. The secret that makes codes is kept sealed; one from before, kept plain, is sealed when it is
used.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import pyotp
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.errors import Conflict, Invalid, NotSignedIn
from consent_server.services.noting import note
from consent_server.services.sealing import Closed, Sealer
from consent_server.storage import users
from consent_server.storage.database import begin_deed
from consent_server.storage.users import User

STEP_S = 30
RECOVERY_CODES = 10
ISSUER = "Consent Server"
WRONG_CODE = "This code is not right, or was used already. Wait for the next one."
CLOSED = (
    "Codes of your application cannot be checked: the server’s SECRET_KEY is another since. Use a recovery code, "
    "or ask an owner to remove your second factor; then add it again."
)

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Those that are not taken for one another."""

_PLAIN = re.compile(r"[A-Z2-7]{32}")
"""A secret from before they were sealed; sealed ones are twice as long."""


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator application is told, as a link and as letters to type."""

    address: str = field(repr=False)
    secret: str = field(repr=False)


def begin(session: Session, sealer: Sealer, user_id: int) -> Enrolment:
    """Return what to put into an application; it counts once ``confirm`` saw a code of it. Raises ``Conflict``."""
    begin_deed(session)
    user, kept = users.find_user(session, user_id), users.credentials_of(session, user_id)
    if kept.totp_since is not None:
        session.rollback()
        raise Conflict("There is a second factor already: remove it first.")
    try:
        secret = _opened(sealer, user_id, kept.totp_secret)
    except Closed:
        secret = None
    if secret is None:
        secret = pyotp.random_base32()
        users.set_second_factor(session, user_id, _sealed(sealer, user_id, secret), None)
    session.commit()
    return Enrolment(pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER), secret)


def confirm(session: Session, sealer: Sealer, actor: Actor, code: str, now: datetime) -> tuple[str, ...]:
    """Let the second factor count from now on; return the recovery codes, which are shown this once.

    Raises ``Invalid`` when the code is not one of the application that was just set up.
    """
    begin_deed(session)
    user, kept = users.find_user(session, actor.id), users.credentials_of(session, actor.id)
    secret = _opened(sealer, actor.id, kept.totp_secret)
    step = _step_of(secret, code, now)
    if kept.totp_since is not None or secret is None or step is None:
        session.rollback()
        raise Invalid.because(WRONG_CODE, "code")
    users.set_second_factor(session, actor.id, _sealed(sealer, actor.id, secret), now)
    session.flush()
    users.use_totp_step(session, actor.id, step)
    codes = _new_codes(session, actor.id)
    note(session, actor, "second_factor.added", None, user.email, {}, now)
    session.commit()
    return codes


def remove(session: Session, actor: Actor, user: User, now: datetime) -> None:
    """Let a password alone be enough again."""
    begin_deed(session)
    users.set_second_factor(session, user.id, None, None)
    users.replace_recovery_codes(session, user.id, ())
    note(session, actor, "second_factor.removed", None, user.email, {}, now)
    session.commit()


def renew_codes(session: Session, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Replace the recovery codes; return the new ones, which are shown this once. Raises ``Conflict``."""
    begin_deed(session)
    user = users.find_user(session, actor.id)
    if not user.second_factor:
        session.rollback()
        raise Conflict("There is no second factor that they could stand in for.")
    codes = _new_codes(session, actor.id)
    note(session, actor, "recovery_codes.renewed", None, user.email, {}, now)
    session.commit()
    return codes


def use_code(session: Session, sealer: Sealer, user_id: int, code: str, now: datetime) -> bool:
    """Use a code up, the application's or a recovery code; False when it does not count. The caller commits.

    Raises ``NotSignedIn`` when it is no recovery code and no other can be checked.
    """
    if users.use_recovery_code(session, user_id, _hashed(code), now):
        return True
    kept = users.credentials_of(session, user_id).totp_secret
    try:
        secret = _opened(sealer, user_id, kept)
    except Closed:
        raise NotSignedIn(CLOSED) from None
    step = _step_of(secret, code, now)
    if secret is None or step is None or not users.use_totp_step(session, user_id, step):
        return False
    if secret == kept:
        users.seal_totp_secret(session, user_id, _sealed(sealer, user_id, secret))
    return True


def _sealed(sealer: Sealer, user_id: int, secret: str) -> str:
    return sealer.seal(b32decode(secret), _named(user_id))


def _opened(sealer: Sealer, user_id: int, kept: str | None) -> str | None:
    """Return the secret that is kept. Raises ``Closed``."""
    if kept is None or _PLAIN.fullmatch(kept):
        return kept
    return b32encode(sealer.open(kept, _named(user_id))).decode()


def _named(user_id: int) -> str:
    return f"second factor of {user_id}"


def _step_of(secret: str | None, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is; every candidate is compared."""
    if secret is None:
        return None
    given = "".join(code.split()).encode()
    current = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    found = [
        step
        for step in (current - 1, current, current + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), given)
    ]
    return found[-1] if found else None


def _new_codes(session: Session, user_id: int) -> tuple[str, ...]:
    codes = tuple(_new_code() for _ in range(RECOVERY_CODES))
    users.replace_recovery_codes(session, user_id, map(_hashed, codes))
    return codes


def _new_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


def _hashed(code: str) -> str:
    """Return what is kept of a recovery code: 79 bits at random need no slow hash."""
    return sha256("".join(code.casefold().replace("-", " ").split()).encode()).hexdigest()
