"""An organisation's people: invite, give another role, let in no more. The last owner stays.

An owner who invited nobody else cannot lock themselves out, and two owners who remove each other at once cannot either:
owners are counted under the lock that the change is made under.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import LONGEST_NAME, Actor, Role, fold_email
from consent_server.domain.errors import Conflict, Invalid
from consent_server.services import passwords, second_factor
from consent_server.services.linking import FIRST, INVITATION, RESET, Linker
from consent_server.services.noting import note
from consent_server.storage import organisations, sign_ins, users
from consent_server.storage.database import begin_deed
from consent_server.storage.users import User

LANGUAGES = ("fr", "en")
TAKEN = "There is somebody with this address already."
LAST_OWNER = "This is the last owner: make somebody else an owner first."


def create_user(
    session: Session, actor: Actor, email: str, name: str, role: Role, language: str, now: datetime
) -> tuple[User, str]:
    """Keep a user with a new password, which is returned this once. Raises ``Invalid`` or ``Conflict``."""
    password = passwords.new_password()
    hashed = passwords.hash_password(password)
    begin_deed(session)
    user = _add(session, actor, email, name, role, language, now)
    users.set_password_hash(session, user.id, hashed)
    note(session, actor, "user.created", None, user.email, {"role": role}, now)
    session.commit()
    return user, password


def invite(
    session: Session, actor: Actor, linker: Linker, email: str, role: Role, language: str, now: datetime
) -> tuple[User, str]:
    """Keep a user who chooses a password by the link that is returned. Raises ``Invalid`` or ``Conflict``."""
    begin_deed(session)
    user = _add(session, actor, email, "", role, language, now)
    link = linker.make(session, INVITATION, user.id, now)
    note(session, actor, "user.invited", None, user.email, {"role": role}, now)
    session.commit()
    return user, link


def make_link(session: Session, actor: Actor, linker: Linker, user: User, now: datetime) -> str:
    """Return a link by which a user chooses a password anew, or for the first time. Raises ``Conflict``."""
    if user.disabled_at:
        raise Conflict("This person is disabled: let them in again first.")
    begin_deed(session)
    link = linker.make(session, INVITATION if user.invited else RESET, user.id, now)
    note(session, actor, "user.link_made", None, user.email, {}, now)
    session.commit()
    return link


def make_first_link(session: Session, linker: Linker, now: datetime) -> str | None:
    """Return the link that makes the first owner; None once there is a user."""
    begin_deed(session)
    link = None if users.count_users(session) else linker.make(session, FIRST, None, now)
    session.commit()
    return link


def change(
    session: Session, actor: Actor, user_id: int, role: Role | None, disabled: bool | None, now: datetime
) -> User:
    """Give a user of the organisation another role, let them in no more, or again; ``None`` leaves it as it is.

    Raises ``NotFound`` or, for the last owner, ``Conflict``; then nothing is different.
    """
    begin_deed(session)
    user = users.find_user_of(session, actor.organisation_id, user_id)
    if role is not None and role is not user.role:
        _set_role(session, actor, user, role, now)
        user = users.find_user(session, user.id)
    if disabled and not user.disabled_at:
        _disable(session, actor, user, now)
    if disabled is False and user.disabled_at:
        users.set_disabled(session, user.id, None)
        note(session, actor, "user.enabled", None, user.email, {}, now)
    user = users.find_user(session, user.id)
    session.commit()
    return user


def set_role(session: Session, actor: Actor, user_id: int, role: Role, now: datetime) -> None:
    """Give a user of the organisation another role. Raises ``NotFound`` or, for the last owner, ``Conflict``."""
    change(session, actor, user_id, role, None, now)


def disable(session: Session, actor: Actor, user_id: int, now: datetime) -> None:
    """Let a user in no more, wherever they are signed in. Raises ``NotFound`` or, for the last owner, ``Conflict``."""
    change(session, actor, user_id, None, True, now)


def enable(session: Session, actor: Actor, user_id: int, now: datetime) -> None:
    """Let a user in again. Raises ``NotFound``."""
    change(session, actor, user_id, None, False, now)


def create_organisation(session: Session, name: str, now: datetime) -> int:
    """Keep another organisation; return its number. Raises ``Invalid``."""
    made = organisations.add_organisation(session, _organisation_name(name), now)
    session.commit()
    return made.id


def rename_organisation(session: Session, actor: Actor, name: str, now: datetime) -> None:
    """Give the actor's organisation another name. Raises ``Invalid``."""
    name = _organisation_name(name)
    begin_deed(session)
    before = organisations.find_organisation(session, actor.organisation_id).name
    if name != before:
        organisations.rename_organisation(session, actor.organisation_id, name)
        note(session, actor, "organisation.renamed", None, name, {"name": [before, name]}, now)
    session.commit()


def remove_second_factor(session: Session, actor: Actor, user_id: int, now: datetime) -> None:
    """Let a user of the organisation in by their password alone: they lost what makes their codes."""
    user = users.find_user_of(session, actor.organisation_id, user_id)
    second_factor.remove(session, actor, user, now)


def check_profile(name: str, language: str) -> tuple[str, str]:
    """Return a name and a language that can be kept. Raises ``Invalid``."""
    stripped = check_name(name)
    if language not in LANGUAGES:
        raise Invalid.because(f"The admin speaks {', '.join(LANGUAGES)}.", "language")
    return stripped, language


def check_name(name: str) -> str:
    """Return a name that can be kept; it may be empty. Raises ``Invalid``."""
    stripped = " ".join(name.split())
    if len(stripped) > LONGEST_NAME or not stripped.isprintable():
        raise Invalid.because(f"A name has at most {LONGEST_NAME} characters.", "name")
    return stripped


def _set_role(session: Session, actor: Actor, user: User, role: Role, now: datetime) -> None:
    _keep_an_owner(session, user)
    users.set_role(session, user.id, role)
    session.flush()
    note(session, actor, "user.role_changed", None, user.email, {"role": [user.role, role]}, now)


def _disable(session: Session, actor: Actor, user: User, now: datetime) -> None:
    _keep_an_owner(session, user)
    users.set_disabled(session, user.id, now)
    users.use_links_of(session, user.id, now)
    sign_ins.end_sign_ins(session, user.id)
    session.flush()
    note(session, actor, "user.disabled", None, user.email, {}, now)


def _organisation_name(name: str) -> str:
    stripped = check_name(name)
    if not stripped:
        raise Invalid.because("An organisation has a name.", "name")
    return stripped


def _add(session: Session, actor: Actor, email: str, name: str, role: Role, language: str, now: datetime) -> User:
    folded = fold_email(email)
    name, language = check_profile(name, language)
    if users.find_by_email(session, folded):
        raise Conflict(TAKEN)
    return users.add_user(session, actor.organisation_id, folded, name, role, language, now)


def _keep_an_owner(session: Session, user: User) -> None:
    """Raise ``Conflict`` when the user is the only owner who can sign in."""
    counts = user.role is Role.OWNER and not user.disabled_at and not user.invited
    if counts and users.count_owners(session, user.organisation_id) < 2:
        session.rollback()
        raise Conflict(LAST_OWNER)
