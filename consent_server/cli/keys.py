"""``consent-server key``: show the keys of the logs, and replace them."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.domain.errors import Conflict, Invalid
from consent_server.services import clock, proving, rotating
from consent_server.services.keyring import Keyring
from consent_server.storage import proof_log, sites
from consent_server.storage.database import db
from consent_server.storage.proof_log import ANCHOR_LOG

FOUND = 1


@click.group()
def key() -> None:
    """The keys of the proof logs: show, replace."""


@key.command()
@click.argument("site")
def show(site: str) -> None:
    """Print the keys of SITE's log, one per line: for the contract, the privacy policy, the auditor."""
    for vkey in proving.log_keys(db.session(), site, current_app.extensions["keyring"]):
        click.echo(vkey)


@key.command()
def promise() -> None:
    """Print PROMISE_KEY: all that a web node needs of LOG_KEY."""
    keyring: Keyring = current_app.extensions["keyring"]
    if keyring.promise is None:
        raise Invalid.because("This process was given no LOG_KEY.", "LOG_KEY")
    click.echo(keyring.promise.hex())


@key.command()
def new() -> None:
    """Make a new seed, and keep the one of before beside it; restart, then run key rotate."""
    seed = rotating.make_seed(current_app.extensions["settings"])
    if seed.text is not None:
        click.echo(seed.text)
        click.echo(
            "Set LOG_KEY to this, LOG_KEY_PREVIOUS to what it was, restart, then run key rotate --all.", err=True
        )
    else:
        click.echo(f"made {seed.file}; restart the server, then run key rotate --all", err=True)


@key.command()
@click.argument("site", required=False)
@click.option("--all", "every", is_flag=True, help="Every log, also the anchor log.")
def rotate(site: str | None, every: bool) -> None:
    """Let the log of SITE, or every log, name its new key; the old one signs along until it is retired."""
    keyring = current_app.extensions["keyring"]
    _each(site, every, lambda session, log_id: rotating.rotate(session, log_id, keyring), "new key named", "up to date")


@key.command()
@click.argument("site", required=False)
@click.option("--all", "every", is_flag=True, help="Every log.")
def retire(site: str | None, every: bool) -> None:
    """Let the log of SITE, or every log, say that its old key signs no more: 30 days after key rotate."""
    keyring, now = current_app.extensions["keyring"], clock.now()
    _each(
        site, every, lambda session, log_id: rotating.retire(session, log_id, keyring, now), "retired", "nothing to do"
    )


def _each(site: str | None, every: bool, deed: Callable[[Session, int], bool], done: str, nothing: str) -> None:
    """Do it for each log; what is wrong with one does not hold up the others."""
    refused = False
    for name, log_id in _logs(site, every):
        session = db.session()
        try:
            click.echo(f"{name}: {done if deed(session, log_id) else nothing}")
        except Conflict as conflict:
            refused = True
            click.echo(f"{name}: {conflict}", err=True)
        finally:
            session.rollback()
    if refused:
        click.get_current_context().exit(FOUND)


def _logs(site: str | None, every: bool) -> list[tuple[str, int]]:
    if (site is None) != every:
        raise Invalid.because("Name a site, or say --all.")
    session = db.session()
    chosen = sites.list_sites(session, archived=True) if every else (sites.find_site(session, site or ""),)
    logs = [(each.key, each.id) for each in chosen] + ([("(anchor log)", ANCHOR_LOG)] if every else [])
    begun = {head.site_id for head in proof_log.heads(session) if head.size}
    session.rollback()
    return [(name, log_id) for name, log_id in logs if log_id in begun]
