"""``consent-server proofs``: sequence the logs, check them, take evidence home."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import click
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.cli.progress import showing_progress
from consent_server.config import Settings
from consent_server.domain.errors import Invalid, LogFrozen
from consent_server.domain.proof_log.signed_note import MAX_NOTE_BYTES
from consent_server.domain.times import rfc3339
from consent_server.services import (
    adopting,
    clock,
    erasing,
    explaining,
    exporting,
    holding,
    purging,
    rechecking,
    sequencing,
    succeeding,
)
from consent_server.services.anchoring import Anchoring
from consent_server.services.exporting import Filters
from consent_server.services.keyring import Keyring
from consent_server.storage import proof_log, sites
from consent_server.storage.database import db, forget_old_pages
from consent_server.storage.proof_log import ANCHOR_LOG
from consent_server.storage.sites import Site

FOUND = 1
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def proofs() -> None:
    """The proof logs: export, integrate, anchor, check."""


@proofs.command()
@click.argument("site")
@click.option("-o", "--output", required=True, help="File to write; - is standard output.")
@click.option("--format", "format_", type=click.Choice(list(exporting.FORMATS)), help="By the file's name; else jsonl.")
@click.option("--from", "start", type=MOMENT, help="Recorded at or after this time, in UTC.")
@click.option("--to", "stop", type=MOMENT, help="Recorded before this time, in UTC.")
@click.option("--purpose", help="Where this purpose was granted.")
@click.option("--service", help="Where this service was granted, by name or with its purpose.")
@click.option("--action", help="By what was done: accept_all, refuse_all, custom, withdraw, gpc, expire, import.")
@click.option("--consent-id", help="Of one visitor.")
def export(
    site: str, output: str, format_: str | None, start: datetime | None, stop: datetime | None, **chosen: str | None
) -> None:
    """Export the evidence of SITE: zip and jsonl verify offline, csv and pdf are for people.

    With the options that choose, zip is the evidence of a part: it proves what is in it, not what it leaves out.
    """
    form = format_ or _format_of(output)
    settings, keyring = _settings(), _keyring()
    if form == "zip":
        trouble = _anchoring().before_export(site, clock.now())
        if trouble is not None:
            click.echo(f"not stamped as it is now: {trouble}", err=True)
    with showing_progress(f"exporting {site}") as progress:
        chunks = exporting.export_stream(
            _sessions(),
            site,
            form,
            keyring,
            settings.high_water_mark,
            clock.now(),
            filters=Filters(_utc(start), _utc(stop), **chosen),
            progress=progress,
        )
        with _output(output) as out:
            for chunk in chunks:
                out.write(chunk)


@proofs.command()
@click.argument("site", required=False)
def integrate(site: str | None) -> None:
    """Sequence what stands in line, of SITE or of every site, in one pass."""
    settings, keyring = _settings(), _keyring()
    frozen = False
    for each in _chosen(site):
        try:
            added = sequencing.integrate(_sessions(), each.id, keyring, settings.high_water_mark, clock.now())
        except (LogFrozen, Invalid) as error:
            if isinstance(error, Invalid) and "CONSENT_HWM_FILE" not in error.problems:
                raise
            frozen = True
            click.echo(str(error), err=True)
            continue
        head = proof_log.find_head(db.session(), each.id)
        db.session.rollback()
        click.echo(f"{each.key}: {added} entries added, {head.size if head else 0} in the log")
    if frozen:
        click.get_current_context().exit(FOUND)


@proofs.command()
@click.option("--mail", is_flag=True, help="Also mail it now to CONSENT_ANCHOR_MAIL_TO, which gets one a week.")
def anchor(mail: bool) -> None:
    """Show every log to the outside now: one more anchor checkpoint, and a time stamp of it where TSA_URL is set."""
    anchoring = _anchoring()
    done = anchoring.anchor(clock.now(), renew=True)
    what = "1 checkpoint" if done.sites == 1 else f"{done.sites} checkpoints"
    click.echo(f"{done.origin}: {what} added, {done.size} leaves")
    if done.token is not None:
        click.echo(f"stamped by {done.token.name} at {rfc3339(done.token.said_at)}")
    elif anchoring.authority is None:
        click.echo("not stamped: TSA_URL names no time-stamping authority", err=True)
    if mail and anchoring.mail(clock.now(), weekly=False) is None:
        raise Invalid.because("There is nobody to mail it to.", "CONSENT_ANCHOR_MAIL_TO")


@proofs.command()
@click.argument("site", required=False)
def fsck(site: str | None) -> None:
    """Check entries, tiles, checkpoints and records, of SITE or of every log; exit 1 when something is wrong."""
    found = 0
    for name, site_id in _logs(site):
        with showing_progress(f"checking {name}") as progress:
            findings = list(rechecking.recheck(_sessions(), site_id, _settings().high_water_mark, progress))
        for finding in findings:
            click.echo(f"{name}: {finding}")
        head = proof_log.find_head(db.session(), site_id)
        db.session.rollback()
        reasons = [head.frozen_reason] if head and head.frozen_reason else [each for each in findings if "mark" in each]
        if reasons:
            click.echo(f"{name}: {explaining.what_to_do(reasons[0])}")
        if not findings:
            click.echo(f"{name}: sound")
        found += len(findings)
    if found:
        click.get_current_context().exit(FOUND)


@proofs.command()
@click.argument("site", required=False)
def status(site: str | None) -> None:
    """Say how the log of SITE, or of every site, stands; exit 1 when one is frozen, with what to do about it."""
    frozen = False
    for name, site_id in _logs(site):
        session = db.session()
        lines = list(explaining.status(session, site_id))
        lines += _without_mark(session, site_id)
        session.rollback()
        click.echo("\n".join(f"{name}: {line}" for line in lines))
        frozen = frozen or any(line.startswith(("FROZEN", "NOT SIGNED")) for line in lines)
    if frozen:
        click.get_current_context().exit(FOUND)


def _without_mark(session: Session, site_id: int) -> list[str]:
    """Say that a worker here would sign nothing of a log, for want of a mark; nothing where no worker could be."""
    head = proof_log.find_head(session, site_id)
    if head is None or head.frozen_reason or _keyring().master is None:
        return []
    if not sequencing.mark_is_lost(session, _settings().high_water_mark, head):
        return []
    missing = "the high-water mark is missing"
    return [f"NOT SIGNED on this machine: {missing}.", explaining.what_to_do(missing)]


@proofs.command()
@click.argument("site", required=False)
@click.option(
    "--checkpoint", required=True, type=click.File("rb"), help="A checkpoint of the log that somebody outside has."
)
def adopt(site: str | None, checkpoint: BinaryIO) -> None:
    """Take up a frozen log again, of SITE or the one that the checkpoint names, when its database leads to that."""
    note = checkpoint.read(MAX_NOTE_BYTES + 1)
    adopted = adopting.adopt(_sessions(), site, note, _keyring(), _settings().high_water_mark, clock.now())
    vouched = f"the first {adopted.witnessed} are vouched for from outside"
    click.echo(f"{adopted.origin} goes on at {adopted.size} entries; {vouched}")
    if adopted.size > adopted.witnessed:
        click.echo(
            f"{adopted.size - adopted.witnessed} entries after them rest on this database alone: adopt with a newer "
            "checkpoint if anybody has one.",
            err=True,
        )


@proofs.command()
@click.argument("site")
@click.option("--checkpoint", required=True, type=click.File("rb"), help="The last checkpoint of the other log.")
@click.option("--key", "vkey", required=True, help="The key that signed it.")
def succeed(site: str, checkpoint: BinaryIO, vkey: str) -> None:
    """Begin the log of SITE, before it is published, as the successor of one whose key is lost."""
    note = checkpoint.read(MAX_NOTE_BYTES + 1)
    click.echo(succeeding.succeed(db.session(), site, note, vkey.strip(), _keyring()))


@proofs.command()
@click.argument("site")
@click.argument("record_ids", nargs=-1, required=True, metavar="RECORD_ID...")
@click.option("--why", required=True, help="The reason, in the log for everybody to read: name no person.")
def erase(site: str, record_ids: Sequence[str], why: str) -> None:
    """Delete records of SITE whole; the log keeps 32 bytes of each, and says that it was erased, and why."""
    erased = erasing.erase_records(db.session(), site, record_ids, why)
    click.echo(f"{site}: {erased} {'record' if erased == 1 else 'records'} erased")
    _sweep()


@proofs.command()
@click.argument("site", required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def purge(site: str | None, dry_run: bool) -> None:
    """Delete the proofs of SITE, or of every site, whose time is up by its proof_ttl; the server does so daily."""
    for each in _chosen(site, archived=True):
        deed = purging.would_purge if dry_run else purging.purge_site
        done = list(deed(_sessions(), each, clock.now()))
        count = sum(purged.records for purged in done)
        entries = f", entries {done[0].start} to {done[-1].stop - 1}" if done else ""
        policy = purging.policy_of(each).text
        click.echo(f"{each.key}: {count} records {'would be ' if dry_run else ''}purged under {policy}{entries}")
    if not dry_run:
        _sweep()


@proofs.command()
@click.argument("site")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--why", required=True, help="The reason; kept here, not in the log.")
def hold(site: str, state: str, why: str) -> None:
    """Put SITE's proofs under legal hold: nothing is purged or erased until it is off again."""
    deed = holding.hold if state == "on" else holding.release
    deed(db.session(), site, why, clock.now())
    click.echo(f"{site}: legal hold {state}")


def _sweep() -> None:
    """Have the database's files forget what was removed; a running server that reads there does it a little later."""
    if not forget_old_pages(db.engine):
        click.echo("The write-ahead log still has the old pages: somebody reads there. Run this again later.", err=True)


def _chosen(key: str | None, *, archived: bool = False) -> Sequence[Site]:
    session = db.session()
    chosen = (sites.find_site(session, key),) if key else sites.list_sites(session, archived=archived)
    session.rollback()
    return chosen


def _utc(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC)


def _logs(key: str | None) -> Sequence[tuple[str, int]]:
    """Return name and number of the log of a site, or of every log there is."""
    chosen = [(site.key, site.id) for site in _chosen(key)]
    session = db.session()
    if key is None and proof_log.find_head(session, ANCHOR_LOG):
        chosen.append(("(anchor log)", ANCHOR_LOG))
    session.rollback()
    return chosen


def _format_of(output: str) -> str:
    suffix = Path(output).suffix.removeprefix(".").lower()
    return suffix if suffix in exporting.FORMATS else "jsonl"


@contextlib.contextmanager
def _output(name: str) -> Iterator[BinaryIO]:
    """Open the file, which is there whole or not at all; a stream cannot be taken back."""
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name)
    if path.exists() and not path.is_file():  # a device or a pipe
        with path.open("wb") as out:
            yield out
        return
    partial = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:  # personal data
            yield out
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _anchoring() -> Anchoring:
    anchoring: Anchoring = current_app.extensions["anchoring"]
    return anchoring


def _sessions() -> Callable[[], Session]:
    return cast(Callable[[], Session], current_app.extensions["sessions"])


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _keyring() -> Keyring:
    keyring: Any = current_app.extensions["keyring"]
    return cast(Keyring, keyring)
