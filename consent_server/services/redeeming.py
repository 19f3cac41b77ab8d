"""What a link that works once leads to: the first owner, an invitation accepted, another password.

A password is checked and hashed before the link is used up: who mistypes may try again. Whoever holds a link has shown
no second factor, so that a reset leads to the sign-in page and not past it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Role, fold_email
from consent_server.domain.errors import Conflict, NotFound
from consent_server.services import passwords, signing_in
from consent_server.services.linking import FIRST, INVITATION, VOID, Linker
from consent_server.services.managing_people import check_name, check_profile
from consent_server.services.noting import note
from consent_server.storage import organisations, sign_ins, users
from consent_server.storage.database import begin_deed
from consent_server.storage.organisations import FIRST_ORGANISATION
from consent_server.storage.users import User


def become_first_owner(
    session: Session,
    linker: Linker,
    link: str,
    organisation: str,
    email: str,
    name: str,
    password: str,
    language: str,
    device: str,
    now: datetime,
) -> str:
    """Make the first owner, name the organisation, sign in; return the browser's token.

    Raises ``NotFound`` when the link does not work, ``Conflict`` once there is somebody, or ``Invalid``.
    """
    folded, (name, language) = fold_email(email), check_profile(name, language)
    hashed = passwords.hash_password(passwords.check_password(password, folded, name))
    begin_deed(session)
    if linker.use(session, link, now).kind != FIRST:
        raise NotFound(VOID)
    if users.count_users(session):
        raise Conflict("There is an owner already.")
    if called := check_name(organisation):
        organisations.rename_organisation(session, FIRST_ORGANISATION, called)
    user = users.add_user(session, FIRST_ORGANISATION, folded, name, Role.OWNER, language, now)
    users.set_password_hash(session, user.id, hashed)
    user = users.find_user(session, user.id)
    note(session, signing_in.actor_for(user), "user.created", None, user.email, {"role": user.role}, now)
    token = signing_in.open_session(session, user, device, now)
    session.commit()
    return token


def user_of(session: Session, linker: Linker, link: str, now: datetime) -> User | None:
    """Return whose link it is; None for the first one. Raises ``NotFound`` when it does not work."""
    found = linker.read(session, link, now)
    return users.find_user(session, found.user_id) if found.user_id is not None else None


def accept(
    session: Session, linker: Linker, link: str, name: str, password: str, device: str, now: datetime
) -> str | None:
    """Keep the password that somebody chose by a link.

    Return the browser's token for an invitation, None for another password: they sign in with it. Raises ``NotFound``
    when the link does not work, or ``Invalid``.
    """
    user = user_of(session, linker, link, now)
    if user is None:
        raise NotFound(VOID)
    name = check_name(name)
    hashed = passwords.hash_password(passwords.check_password(password, user.email, name))
    begin_deed(session)
    found = linker.use(session, link, now)
    user = users.find_user(session, user.id)
    if user.disabled_at:
        raise NotFound(VOID)
    _keep(session, user, hashed, now)
    token = None
    if found.kind == INVITATION:
        users.set_profile(session, user.id, name or user.name, user.language)
        token = signing_in.open_session(session, users.find_user(session, user.id), device, now)
    session.commit()
    return token


def _keep(session: Session, user: User, hashed: str, now: datetime) -> None:
    users.set_password_hash(session, user.id, hashed)
    sign_ins.end_sign_ins(session, user.id)
    note(session, signing_in.actor_for(user), "user.password_set", None, user.email, {}, now)
