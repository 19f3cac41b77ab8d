"""``consent-server library``: the shipped knowledge, and suggestions from public cookie databases."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from consent_server.services import clock
from consent_server.services.importing import import_cookie_database
from consent_server.storage.database import db
from consent_server.storage.library import load_library


@click.group()
def library() -> None:
    """The library of services and trackers."""


@library.command("list")
def list_() -> None:
    """Print every service: id, purpose, vendor, name."""
    for service in load_library().services:
        click.echo(f"{service.id}\t{service.purpose}\t{service.vendor}\t{service.name}")


@library.command("import-ocd")
@click.argument("file", type=click.File("rb"))
def import_ocd(file: IO[bytes]) -> None:
    """Load an Open Cookie Database CSV as suggestions with their source, never as facts."""
    source = Path(file.name).name
    report = import_cookie_database(db.session(), file.read().decode("utf-8-sig", "replace"), source, clock.now())
    click.echo(f"{report.imported} suggestions kept from {report.rows} rows of {source}")
    for problem in report.problems:
        click.echo(f"row {problem.row}: {problem.reason}", err=True)
