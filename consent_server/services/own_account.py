"""What people change about themselves: name, language, password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.services import passwords, signing_in
from consent_server.services.managing_people import check_profile
from consent_server.services.noting import note
from consent_server.storage import sign_ins, users
from consent_server.storage.database import begin_deed


def change_profile(session: Session, actor: Actor, name: str, language: str, now: datetime) -> None:
    """Keep another name and language. Raises ``Invalid``."""
    name, language = check_profile(name, language)
    begin_deed(session)
    user = users.find_user(session, actor.id)
    given = {"name": [user.name, name], "language": [user.language, language]}
    changes = {field: values for field, values in given.items() if values[0] != values[1]}
    if changes:
        users.set_profile(session, user.id, name, language)
        note(session, actor, "user.profile_changed", None, user.email, changes, now)
    session.commit()


def change_password(
    session: Session, actor: Actor, token: str, current: str, wanted: str, network: str, now: datetime
) -> None:
    """Keep another password; every other browser is signed out. Raises ``Invalid`` or ``TooManyTries``."""
    signing_in.prove(session, actor, current, network, now)
    user = users.find_user(session, actor.id)
    hashed = passwords.hash_password(passwords.check_password(wanted, user.email, user.name))
    begin_deed(session)
    users.set_password_hash(session, user.id, hashed)
    users.use_links_of(session, user.id, now)
    sign_ins.end_sign_ins(session, user.id, signing_in.id_of(token))
    note(session, actor, "user.password_set", None, user.email, {}, now)
    session.commit()
