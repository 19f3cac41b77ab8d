"""``consent-server backup`` and ``restore``: the database in one file, and back again."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import click
import flask_migrate
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.cli.progress import showing_progress
from consent_server.cli.serve import only_one
from consent_server.config import Settings
from consent_server.domain.backup import Manifest
from consent_server.services import clock, explaining, rechecking
from consent_server.services.backing_up import back_up
from consent_server.services.bringing_back import bring_back
from consent_server.services.keyring import SECRET_KEY_NAME, log_key_file
from consent_server.services.restoring import replay_removals
from consent_server.storage import proof_log
from consent_server.storage.database import db, forget_old_pages
from consent_server.storage.high_water_mark import journal_of
from consent_server.storage.whole_file import sync_folder

FOUND = 1


@click.command()
@click.option("-o", "--output", required=True, help="File to write, or a folder for a dated one; - is standard output.")
def backup(output: str) -> None:
    """Copy the database into one file while everything runs; keys are not in it."""
    with _output(output) as (out, scratch), showing_progress("copying") as progress:
        manifest = back_up(db.engine, out, scratch, clock.now(), progress)
    _tell(manifest, "backed up", sys.stderr if output == "-" else sys.stdout)
    settings = _settings()
    click.echo("Not in it, to be kept elsewhere, and apart from each other:", err=True)
    for what in _not_in_it(settings):
        click.echo(f"  {what}", err=True)
    click.echo(
        "It holds what visitors answered: encrypt it before it leaves this machine, and let it expire within 30 days.",
        err=True,
    )


@click.command()
@click.argument("file", type=click.File("rb"))
def restore(file: BinaryIO) -> None:
    """Bring a backup back into an empty installation; exit 1 when its logs are damaged, or older than was seen."""
    settings = _settings()
    with _alone(settings):
        manifest = bring_back(db.engine, file, _revisions())
        _tell(manifest, "restored", sys.stdout)
        flask_migrate.upgrade()
        found = sum(_recheck(name, site_id, settings) for name, site_id in _logs())
        if count := replay_removals(_sessions(), settings.high_water_mark):
            click.echo(f"{count} records that were deleted since were deleted again")
            forget_old_pages(db.engine)
        db.session.remove()
        db.engine.dispose()
    if found:
        click.get_current_context().exit(FOUND)
    click.echo("Every log is sound, and no newer state of one was seen. Start the server.")


def _tell(manifest: Manifest, done: str, stream: object) -> None:
    state = manifest.state
    click.echo(
        f"{done}: {manifest.engine} of {manifest.made_at}, schema {state.schema}, {manifest.size} bytes, "
        f"sha256 {manifest.sha256}",
        file=stream,  # type: ignore[arg-type]
    )
    for origin, log in state.logs.items():
        click.echo(f"  {origin}: {log.size} entries", file=stream)  # type: ignore[arg-type]


def _not_in_it(settings: Settings) -> Sequence[str]:
    """Name what an installation is made of besides its database, as this one has it."""
    log_key = "LOG_KEY" if settings.log_key or settings.promise_key else log_key_file(settings)
    secret_key = "SECRET_KEY" if settings.secret_key else settings.instance / SECRET_KEY_NAME
    mark = settings.high_water_mark
    return (
        f"{log_key}: without it, no log can be continued",
        f"{secret_key}: opens what second factors are sealed with, signs sessions of the admin",
        f"{mark} and {journal_of(mark).name}: how far the logs were, and what was deleted; the newest there is",
    )


def _recheck(name: str, site_id: int, settings: Settings) -> int:
    with showing_progress(f"checking {name}") as progress:
        findings = list(rechecking.recheck(_sessions(), site_id, settings.high_water_mark, progress))
    for finding in findings:
        click.echo(f"{name}: {finding}", err=True)
    if findings:
        click.echo(f"{name}: {explaining.what_to_do(findings[0])}", err=True)
    return len(findings)


def _logs() -> Sequence[tuple[str, int]]:
    with _sessions()() as session:
        return [(head.origin, head.site_id) for head in proof_log.heads(session)]


def _revisions() -> frozenset[str]:
    """Return every schema that this software knows."""
    config = Config()
    config.set_main_option("script_location", str(current_app.extensions["migrate"].directory))
    return frozenset(script.revision for script in ScriptDirectory.from_config(config).walk_revisions())


@contextlib.contextmanager
def _output(name: str) -> Iterator[tuple[BinaryIO, Path]]:
    """Open the file, which is there whole and durable or not at all, and name a folder for the copy on its way."""
    if name == "-":
        yield sys.stdout.buffer, Path(tempfile.gettempdir())
        return
    path = Path(name)
    if path.is_dir():
        path = path / f"consent-{clock.now():%Y%m%dT%H%M%SZ}.tar"
    partial = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            yield out, path.parent
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    click.echo(path)


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Keep an embedded server from starting meanwhile, and refuse beside one that runs."""
    if not settings.sqlite:
        yield
        return
    with only_one(settings):
        yield


def _sessions() -> Callable[[], Session]:
    return cast(Callable[[], Session], current_app.extensions["sessions"])


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


BACKUP = (backup, restore)
