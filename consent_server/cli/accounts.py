"""``consent-server user``, ``token`` and ``organisation``: what is needed before, or without, the admin's pages.

What is secret is printed alone on stdout, once.
"""

from __future__ import annotations

import click
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, Role, command_line, fold_email, parse_role
from consent_server.domain.errors import NotFound
from consent_server.services import clock, issuing, managing_people
from consent_server.services.linking import read_linker
from consent_server.storage import organisations, sites, tokens, users
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from consent_server.storage.users import User

ROLE = click.Choice([role.value for role in Role])

of_organisation = click.option(
    "--organisation", "organisation_id", type=int, default=FIRST_ORGANISATION, help="Its number; the first one's."
)


@click.group()
def user() -> None:
    """People who sign in: create, list, disable, enable, reset."""


@user.command()
@click.argument("email")
@click.option("--role", type=ROLE, required=True)
@click.option("--name", default="", help="What they are called.")
@click.option("--language", type=click.Choice(managing_people.LANGUAGES), default="fr", show_default=True)
@of_organisation
def create(email: str, role: str, name: str, language: str, organisation_id: int) -> None:
    """Create a user and print their password, once."""
    session = db.session()
    actor = _actor(session, organisation_id)
    given = email, name, parse_role(role), language, clock.now()
    _created, password = managing_people.create_user(session, actor, *given)
    click.echo(password)


@user.command("list")
@of_organisation
def list_users(organisation_id: int) -> None:
    """Print each user: address, role, state, name."""
    for each in users.list_users_of(db.session(), organisation_id):
        state = "disabled" if each.disabled_at else "invited" if each.invited else "active"
        click.echo(f"{each.email}\t{each.role}\t{state}\t{each.name}")


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Let EMAIL in no more, wherever they are signed in."""
    session = db.session()
    found, actor = _find(session, email)
    managing_people.disable(session, actor, found.id, clock.now())


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let EMAIL in again."""
    session = db.session()
    found, actor = _find(session, email)
    managing_people.enable(session, actor, found.id, clock.now())


@user.command()
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Remove their second factor, too.")
def reset(email: str, second_factor: bool) -> None:
    """Print a link, once, by which EMAIL chooses another password."""
    session = db.session()
    found, actor = _find(session, email)
    if second_factor:
        managing_people.remove_second_factor(session, actor, found.id, clock.now())
    linker = read_linker(current_app.extensions["settings"])
    click.echo(managing_people.make_link(session, actor, linker, found, clock.now()))


@click.group()
def token() -> None:
    """Tokens of the API: create, list, revoke."""


@token.command("create")
@click.option("--role", type=ROLE, required=True)
@click.option("--site", "site_key", help="For this site alone.")
@click.option("--days", type=int, default=issuing.DAYS, show_default=True, help="How long it counts.")
@click.option("--label", default="command line", show_default=True, help="What it is for.")
@of_organisation
def create_token(role: str, site_key: str | None, days: int, label: str, organisation_id: int) -> None:
    """Create a token and print it, once."""
    session = db.session()
    if site_key:
        organisation_id = sites.find_site(session, site_key).organisation_id
    actor = _actor(session, organisation_id)
    _made, secret = issuing.issue(session, actor, label, parse_role(role), site_key, days, clock.now())
    click.echo(secret)


@token.command("list")
@of_organisation
def list_tokens(organisation_id: int) -> None:
    """Print each token: number, role, site, last day, state, what it is for."""
    now = clock.now()
    for each in tokens.list_tokens_of(db.session(), organisation_id):
        state = "revoked" if each.revoked_at else "over" if now >= each.expires_at else "active"
        last = each.expires_at.date().isoformat()
        click.echo(f"{each.id}\t{each.role}\t{each.site_key or '-'}\t{last}\t{state}\t{each.label}")


@token.command()
@click.argument("number", type=int)
@of_organisation
def revoke(number: int, organisation_id: int) -> None:
    """Let token NUMBER count no more."""
    session = db.session()
    issuing.revoke(session, _actor(session, organisation_id), number, clock.now())


@click.group()
def organisation() -> None:
    """Organisations, each with its own sites and users: create, list."""


@organisation.command("create")
@click.argument("name")
def create_organisation(name: str) -> None:
    """Create the organisation NAME and print its number."""
    click.echo(managing_people.create_organisation(db.session(), name, clock.now()))


@organisation.command("list")
def list_organisations() -> None:
    """Print each organisation: number, name."""
    for each in organisations.list_organisations(db.session()):
        click.echo(f"{each.id}\t{each.name}")


def _actor(session: Session, organisation_id: int) -> Actor:
    organisations.find_organisation(session, organisation_id)
    session.rollback()
    return command_line(organisation_id)


def _find(session: Session, email: str) -> tuple[User, Actor]:
    folded = fold_email(email)
    found = users.find_by_email(session, folded)
    session.rollback()
    if found is None:
        raise NotFound(f"There is no user {folded}.")
    return found, command_line(found.organisation_id)


ACCOUNTS = (user, token, organisation)
