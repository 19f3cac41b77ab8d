"""Before a publication: what would be different for visitors, and what they would be asked again. After: any two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.compliance import Finding, unfair
from consent_server.domain.configuration import Configuration
from consent_server.domain.difference import Difference, asked_again, differences
from consent_server.domain.errors import NotFound
from consent_server.services.editing import Deed, change_draft
from consent_server.services.publishing import Candidate, candidate
from consent_server.storage import configurations, publications
from consent_server.storage.publications import PublicationNote
from consent_server.storage.sites import Site


@dataclass(frozen=True)
class Prospect:
    """What publishing the draft now would do; ``findings`` forbid it."""

    candidate: Candidate
    differences: tuple[Difference, ...]
    asked_again: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Past:
    """A configuration that was published, with what is remembered of it."""

    configuration: Configuration
    note: PublicationNote | None
    differences: int
    asked_again: tuple[str, ...]


def prospect(session: Session, site: Site, now: datetime) -> Prospect:
    """Return what publishing the site's draft would do. Raises ``Invalid`` (the draft has mistakes)."""
    wanted = candidate(session, site, now)
    return Prospect(
        wanted,
        differences(wanted.previous, wanted.configuration),
        asked_again(wanted.configuration) if wanted.changed else (),
        unfair(wanted.configuration),
    )


def history(session: Session, site: Site) -> tuple[Past, ...]:
    """Return everything that the site has published, the newest first."""
    notes = publications.list_publications(session, site.id)
    found, before = [], None
    for each in configurations.list_configurations(session, site.id):
        found.append(Past(each, notes.get(each.version), len(differences(before, each)), asked_again(each)))
        before = each
    return tuple(reversed(found))


def recent(
    session: Session, site: Site, before: int | None, limit: int
) -> tuple[tuple[Configuration, PublicationNote | None], ...]:
    """Return configurations with what is remembered of each, the newest first; those before one alone."""
    found = configurations.recent_configurations(session, site.id, before, limit)
    notes = publications.list_publications(session, site.id, [each.version for each in found])
    return tuple((each, notes.get(each.version)) for each in found)


def compare(session: Session, site: Site, one: int, other: int) -> tuple[Configuration, Configuration]:
    """Return two configurations, the older first. Raises ``ConfigurationNotFound``."""
    low, high = sorted((one, other))
    return (
        configurations.find_configuration(session, site.id, low),
        configurations.find_configuration(session, site.id, high),
    )


def take_back(session: Session, site: Site, version: int, actor: Actor | None, now: datetime) -> bool:
    """Make the draft what it was when a configuration was published; publishing it gives a new number.

    The draft of now is replaced, and stays in its history; false when it was that already. Raises ``NotFound`` when the
    draft of then was not kept.
    """
    noted = publications.find_publication(session, site.id, version)
    if noted is None:
        raise NotFound(f"The draft that configuration {version} was made from was not kept.")
    deed = Deed("catalogue.taken_back", f"configuration {version}")
    return change_draft(session, site.key, actor, deed, lambda _draft, _catalogue: noted.draft, now) is not None


def note_of(session: Session, site: Site, version: int) -> PublicationNote | None:
    """Return what is remembered of one publication."""
    return publications.find_publication(session, site.id, version)
