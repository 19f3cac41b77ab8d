"""``consent-server statistics``: count the answers anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import click
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.services import counting
from consent_server.storage import sites
from consent_server.storage.database import db


@click.group()
def statistics() -> None:
    """The numbers that the statistics are made of."""


@statistics.command()
@click.argument("site")
def recount(site: str) -> None:
    """Count the answers of SITE anew from its records; months of which something was purged keep their numbers."""
    sessions = cast(Callable[[], Session], current_app.extensions["sessions"])
    since = counting.begin_again(sessions, site)
    counting.catch_up(sessions, sites.find_site(db.session(), site).id)
    click.echo(f"{site}: counted anew" + (f" from {since.isoformat()} on" if since else ""))
