"""Makes people, organisations and tokens, and lets argon2 take no time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, Role, command_line
from consent_server.services import managing_people, signing_in
from consent_server.services.sealing import make_sealer
from consent_server.services.signing_in import Try
from consent_server.storage import users
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests.builders import SECRET_KEY

NOW = datetime(2026, 11, 22, 10, 15, 0, 123000, tzinfo=UTC)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ADDRESS = "owner@example.fr"
SEALER = make_sealer(SECRET_KEY)


def add_person(
    session: Session, email: str = ADDRESS, role: Role = Role.OWNER, organisation: int = FIRST_ORGANISATION
) -> tuple[Actor, str]:
    """Make somebody with a password; give them as the one who acts, and their password."""
    made = managing_people.create_user(session, command_line(organisation), email, "", role, "fr", NOW)
    user, password = made
    return signing_in.actor_for(users.find_user(session, user.id)), password


def trying(password: str, **changes: str) -> Try:
    """Give a try to sign in of the person that ``add_person`` makes."""
    return replace(Try(ADDRESS, password, "", "192.0.2.0/24"), **changes)
