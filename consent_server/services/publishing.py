"""Making a draft live: fairness checks, an immutable configuration, the files made from it, and its log entry.

1  resolve the draft; refuse what is not fair                        nothing kept yet
2  build the configuration; the same content again keeps the number  a second publication changes nothing
3  take its pictures, from what will be served; name them in it      no transaction is open meanwhile;
   refuse what a browser does not show fairly                        nothing kept yet
4  keep runtime, pictures, configuration and compressed files        one transaction with
5  the pending entry that puts its digest into the proof log         its log entry: never one without the other
6  commit; tell whoever shows it                         who does not hear it looks by itself
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import brotli
from blinker import Signal
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.compliance import Finding, unfair
from consent_server.domain.configuration import (
    Configuration,
    Screenshot,
    build_configuration,
    content,
    digest_of,
    with_screenshots,
)
from consent_server.domain.embedding import embedded
from consent_server.domain.errors import ConsentServerError, Unavailable
from consent_server.domain.imported_choice import importers
from consent_server.domain.picture import Picture
from consent_server.domain.script_file import write_script
from consent_server.domain.signals import told
from consent_server.services.editing import check_draft
from consent_server.services.logging_entries import log_configuration, log_origin
from consent_server.services.noting import note
from consent_server.services.photographing import NoPictures, Sitting, photograph_configuration
from consent_server.storage import configurations, logos, publications, sites
from consent_server.storage.configurations import Encoded, Published
from consent_server.storage.database import begin_immediate
from consent_server.storage.library import load_library
from consent_server.storage.runtime_file import load_runtime
from consent_server.storage.sites import Site
from consent_server.storage.texts import load_languages

published = Signal("A site's new configuration is committed; the sender is the site's key.")


class Unfair(ConsentServerError):
    """The banner does not ask fairly; ``findings`` says what to change. Nothing was published."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(" ".join(f"{f.where}: {f.message} ({f.requirement}: {f.source})" for f in findings))


@dataclass(frozen=True)
class Publication:
    """What a publication led to; ``new`` is false when the draft said what is live already."""

    configuration: Configuration
    new: bool


Photographer = Callable[[Configuration, bytes, bytes | None], Sitting]
"""Takes the pictures of a configuration, and measures it, from the script and the logo that visitors will be sent."""


@dataclass(frozen=True)
class Candidate:
    """What a publication would make live now, and what is live before it."""

    configuration: Configuration
    previous: Configuration | None
    runtime: bytes

    @property
    def changed(self) -> bool:
        """Return whether it says anything else than what is live."""
        return self.previous is None or content(self.previous) != content(self.configuration)

    @property
    def script(self) -> bytes:
        """Return what visitors would be sent."""
        return banner_script(self.configuration, self.runtime)


def candidate(session: Session, site: Site, now: datetime) -> Candidate:
    """Build what the site's draft would become; nothing is kept. Raises ``Invalid``."""
    catalogue = check_draft(site.draft)
    previous = _previous(session, site.id)
    runtime = load_runtime({"importers": importers(catalogue.signals), "signals": told(catalogue.signals)})
    configuration = build_configuration(
        catalogue,
        version=previous.version + 1 if previous else 1,
        previous=previous,
        runtime_digest=digest_of(runtime),
        published_at=now,
        texts=load_languages(),
        known_trackers=load_library().known_tracker_patterns({tracker.name for tracker in catalogue.trackers()}),
    )
    return Candidate(configuration, previous, runtime)


def publish(
    session: Session,
    site_key: str,
    public_url: str,
    now: datetime,
    photographer: Photographer | None = None,
    *,
    by: Actor | None = None,
    why: str = "",
) -> Publication:
    """Publish the site's draft, with pictures when there is somebody to take them; ``by`` and ``why`` are remembered.

    What is live already is published anew only if pictures are taken now and it has none.
    Raises ``Invalid`` (draft), ``Unfair`` (checks), ``SiteNotFound``, ``Unavailable`` (somebody else published
    meanwhile) or what the photographer raises.
    """
    site = sites.find_site(session, site_key)
    wanted = candidate(session, site, now)
    previous, runtime = wanted.previous, wanted.runtime
    _refuse_unfair(wanted.configuration, Sitting(()))
    if previous and not wanted.changed and (previous.screenshots or not photographer):
        return Publication(previous, new=False)
    logo = _logo(session, wanted.configuration)
    session.rollback()  # pictures take seconds: nobody waits for them
    sitting = photographer(wanted.configuration, wanted.script, logo) if photographer else Sitting(())
    _refuse_unfair(wanted.configuration, sitting)
    configuration = with_screenshots(wanted.configuration, map(_screenshot, sitting.pictures))
    begin_immediate(session)
    sites.lock_site(session, site.key)  # the next number is one publication's alone
    if _previous(session, site.id) != previous:
        raise Unavailable("Somebody else published this site meanwhile: look at it, and publish again.", retry_after=1)
    configurations.add_runtime(session, configuration.runtime_digest, runtime, now)
    for picture in sitting.pictures:
        configurations.add_screenshot(session, digest_of(picture.png), picture.png, now)
    configurations.add_configuration(session, site.id, files_of(configuration, runtime, now))
    publications.add_publication(session, site.id, configuration.version, site.draft, by.name if by else "", why)
    log_configuration(session, site.id, log_origin(public_url, site.key), configuration)
    if by:
        told = {"version": configuration.version, "digest": configuration.digest, "why": why}
        note(session, by, "configuration.published", site.key, f"configuration {configuration.version}", told, now)
    session.commit()
    published.send(site.key)
    return Publication(configuration, new=True)


def publish_photographed(
    session: Session, site_key: str, public_url: str, now: datetime, *, by: Actor | None = None, why: str = ""
) -> tuple[Publication, str]:
    """Publish with pictures where they can be taken, else without; the sentence says why there are none.

    Raises as ``publish`` does.
    """
    try:
        return publish(session, site_key, public_url, now, photograph_configuration, by=by, why=why), ""
    except NoPictures as why_not:
        return publish(session, site_key, public_url, now, by=by, why=why), str(why_not)


def _refuse_unfair(configuration: Configuration, sitting: Sitting) -> None:
    findings = unfair(configuration, sitting.layers)
    if findings:
        raise Unfair(findings)


def _logo(session: Session, configuration: Configuration) -> bytes | None:
    digest = configuration.logo_digest
    return logos.find_logo(session, digest) if digest else None


def _screenshot(picture: Picture) -> Screenshot:
    return Screenshot(picture.language, picture.layer, picture.device, digest_of(picture.png))


def _previous(session: Session, site_id: int) -> Configuration | None:
    version = configurations.latest_version(session, site_id)
    return configurations.find_configuration(session, site_id, version) if version else None


def files_of(configuration: Configuration, runtime: bytes, now: datetime) -> Published:
    """Return the configuration with the files that visitors are sent, compressed once and for all."""
    return Published(
        configuration, now, encoded(banner_script(configuration, runtime)), encoded(_json(configuration.served()))
    )


def banner_script(configuration: Configuration, runtime: bytes) -> bytes:
    """Return the script tag's answer."""
    return write_script(_json(embedded(configuration)), runtime)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def encoded(data: bytes) -> Encoded:
    """Return a file with its compressed forms, the same bytes every time."""
    return Encoded(data, gzip.compress(data, 9, mtime=0), brotli.compress(data, quality=11))
