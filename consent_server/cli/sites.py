"""``consent-server site``: sites as files, and publishing them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

import click
from flask import current_app
from sqlalchemy.orm import Session

from consent_server.cli.accounts import of_organisation
from consent_server.config import Settings
from consent_server.domain.errors import Invalid
from consent_server.domain.picture import Picture
from consent_server.domain.stand_in import hash_source, stand_in_of
from consent_server.domain.strict_json import MalformedJson, parse_json
from consent_server.services import clock, editing, publishing
from consent_server.services.overseeing import tag_of
from consent_server.services.photographing import Sitting
from consent_server.services.publishing import Photographer, Publication
from consent_server.services.reading_yaml import parse_yaml
from consent_server.services.setting_out import has_published, write_files
from consent_server.storage import configurations, organisations, sites
from consent_server.storage.database import db

LARGEST_FILE = 4 * 1024 * 1024


@click.group()
def site() -> None:
    """Sites: create, list, show, import, export, publish."""


@site.command()
@click.argument("key")
@click.option("--name", help="What people call it; the key when left out.")
@click.option(
    "--origin", "origins", multiple=True, required=True, help="An origin of its pages, such as https://www.example.fr."
)
@click.option("--language", "languages", multiple=True, default=("fr", "en"), show_default=True)
@of_organisation
def create(
    key: str, name: str | None, origins: tuple[str, ...], languages: tuple[str, ...], organisation_id: int
) -> None:
    """Create the site KEY with an empty catalogue and print its key."""
    session = _with(organisation_id)
    given = key, name or key, list(origins), list(languages), clock.now(), organisation_id
    click.echo(editing.create_site(session, *given))


@site.command("list")
def list_() -> None:
    """Print each site: key, live configuration, name."""
    session = db.session()
    for found in sites.list_sites(session):
        version = configurations.latest_version(session, found.id)
        click.echo(f"{found.key}\t{version or '-'}\t{found.name}")


@site.command()
@click.argument("key")
@click.option("--pinned", is_flag=True, help="Pin the tag to what is live now, with integrity=.")
@click.option("--script", help="Where the site's own server has the script, such as /consent.js (see How to guard).")
@click.option(
    "--allow", multiple=True, metavar="HOST", help="A host that pages may load from even if the script does not come."
)
def show(key: str, pinned: bool, script: str | None, allow: tuple[str, ...]) -> None:
    """Print a site: origins, what is live, and the tag to paste."""
    if pinned and script:
        raise click.UsageError("A script that the site's own server keeps up to date cannot be pinned.")
    session = db.session()
    found = sites.find_site(session, key)
    click.echo(f"{found.name} ({found.key})")
    click.echo(f"origins: {', '.join(found.origins)}")
    version = configurations.latest_version(session, found.id)
    if version:
        published = configurations.find_published(session, found.id)
        configuration = published.configuration
        click.echo(f"live:    configuration {version}, {configuration.digest}")
        standing_in = stand_in_of(configuration, found.origins, _public_url(), allow)
        pasted = tag_of(published, found, _public_url(), pinned=pinned, own=script, allow=allow)
        click.echo(f"\nPaste this first in <head>, as it is, neither async nor defer:\n\n{pasted}")
        click.echo(f"\nIf a policy of yours forbids inline code, add to its script-src: {hash_source(standing_in)}")
    else:
        click.echo(f"live:    nothing yet; run `consent-server site publish {key}`")


@site.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--publish", "then_publish", is_flag=True, help="Publish it at once.")
@of_organisation
def import_(file: IO[bytes], then_publish: bool, organisation_id: int) -> None:
    """Replace a site's draft with a site file (JSON or YAML), creating the site in the organisation when needed."""
    session = _with(organisation_id)
    document = read_site_file(file.read(LARGEST_FILE + 1), file.name)
    key = editing.import_site(session, document, clock.now(), organisation_id=organisation_id)
    click.echo(key)
    if then_publish:
        _told(key, _publish(key, None))


@site.command()
@click.argument("key")
def export(key: str) -> None:
    """Print a site's draft as a site file (JSON)."""
    click.echo(json.dumps(editing.export_site(db.session(), key), ensure_ascii=False, indent=2))


@site.command("export-static")
@click.argument("keys", nargs=-1, metavar="[SITE]...")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
def export_static(keys: tuple[str, ...], output: Path) -> None:
    """Write what visitors are served as files, for nginx or a CDN: of these sites, or of all that have published."""
    session = db.session()
    for key in keys or [found.key for found in sites.list_sites(session) if has_published(session, found)]:
        click.echo(f"{key}\tconfiguration {write_files(session, key, output)}")
        session.rollback()  # one site's files in memory at a time


@site.command()
@click.argument("key")
@click.option("--no-screenshots", is_flag=True, help="Take no pictures of what visitors will be shown.")
@click.option(
    "--screenshot", "given", multiple=True, metavar="LANG:LAYER:DEVICE=FILE", help="A picture (PNG) taken elsewhere."
)
def publish(key: str, no_screenshots: bool, given: tuple[str, ...]) -> None:
    """Publish a site's draft; refused with reasons when it does not ask fairly.

    Both layers are photographed in every language, on a phone and a desktop, where Chromium is installed. Without it,
    publish again later where it is, or give the pictures: fr:1:phone=banner.png.
    """
    if given:
        sitting = Sitting(tuple(_picture(each) for each in given))
        return _told(key, _publish(key, lambda *_: sitting))
    settings: Settings = current_app.extensions["settings"]
    if no_screenshots or not settings.screenshots:
        return _told(key, _publish(key, None))
    publication, why_not = publishing.publish_photographed(db.session(), key, _public_url(), clock.now())
    _told(key, publication)
    if why_not:
        click.echo(f"{key}: no screenshots were taken. {why_not}", err=True)


def _publish(key: str, photographer: Photographer | None) -> Publication:
    return publishing.publish(db.session(), key, _public_url(), clock.now(), photographer)


def _picture(given: str) -> Picture:
    """Read ``fr:1:phone=banner.png``. Raises ``Invalid``."""
    what, _, name = given.partition("=")
    language, _, rest = what.partition(":")
    layer, _, device = rest.partition(":")
    try:
        return Picture(language, int(layer), device, Path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid.because(f"“{given}” is not LANG:LAYER:DEVICE=FILE: {error}", "screenshot") from None


def _told(key: str, publication: Publication) -> None:
    configuration = publication.configuration
    state = "published" if publication.new else "already live, nothing changed"
    click.echo(f"{key}: configuration {configuration.version} {state} ({configuration.digest})", err=True)


def _public_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.public_url


def _with(organisation_id: int) -> Session:
    """Return a session, once the organisation is known to be there. Raises ``NotFound``."""
    session = db.session()
    organisations.find_organisation(session, organisation_id)
    session.rollback()
    return session


def read_site_file(data: bytes, name: str) -> Any:
    """Return a site file's document, read as the API reads it; JSON is YAML too. Raises ``Invalid``."""
    if len(data) > LARGEST_FILE:
        raise Invalid.because("A site file has at most 4 MiB.", Path(name).name)
    try:
        return parse_json(data) if name.endswith(".json") else parse_yaml(data)
    except MalformedJson as error:
        raise Invalid.because(str(error), Path(name).name) from None
