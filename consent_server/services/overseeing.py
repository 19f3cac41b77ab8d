"""What an organisation has, at a glance: its sites, what is live on each, and the lines to paste."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Invalid
from consent_server.domain.stand_in import hash_source, stand_in_of
from consent_server.domain.tag import tag
from consent_server.services import clock, reporting
from consent_server.services.editing import check_draft
from consent_server.services.publishing import candidate
from consent_server.services.reporting import Glance
from consent_server.storage import configurations, sites
from consent_server.storage.configurations import Published
from consent_server.storage.sites import Site


@dataclass(frozen=True)
class SiteLine:
    """A site in the list; ``version`` is what is live, and ``unclassified`` counts trackers nobody gave a purpose."""

    key: str
    name: str
    origins: tuple[str, ...]
    version: int | None
    published_at: datetime | None
    unclassified: int
    broken: bool
    answers: Glance


@dataclass(frozen=True)
class Tags:
    """What a site owner pastes: lines that follow every publication, or pinned ones, and what a policy must allow."""

    following: str
    pinned: str
    policy: str


@dataclass(frozen=True)
class Overview:
    """A site with what is live on it; ``tags`` are there once something is, ``pending`` says the draft is different."""

    line: SiteLine
    tags: Tags | None
    pending: bool
    services: int


def sites_of(session: Session, organisation_id: int, after: str = "", limit: int | None = None) -> tuple[SiteLine, ...]:
    """Return every site of an organisation, by key; those after one alone."""
    return tuple(line_of(session, site) for site in sites.list_sites_of(session, organisation_id, after, limit))


def overview(session: Session, site: Site, public_url: str, now: datetime) -> Overview:
    """Return a site at a glance."""
    line = line_of(session, site)
    pending = not line.broken and candidate(session, site, now).changed
    services = 0 if line.broken else len(check_draft(site.draft).services)
    if line.version is None:
        return Overview(line, None, pending, services)
    published = configurations.find_published(session, site.id)
    inline = hash_source(stand_in_of(published.configuration, site.origins, public_url, ()))
    return Overview(
        line,
        Tags(
            tag_of(published, site, public_url),
            tag_of(published, site, public_url, pinned=True),
            policy_of_page(published.configuration, public_url, inline),
        ),
        pending,
        services,
    )


def policy_of_page(configuration: Configuration, public_url: str, inline: str) -> str:
    """Return what a Content Security Policy of the site's pages has to allow for the banner."""
    image = f"; img-src {public_url}" if configuration.logo_digest else ""
    return f"script-src {public_url} {inline}; connect-src {public_url}{image}"


def tag_of(
    published: Published,
    site: Site,
    public_url: str,
    *,
    pinned: bool = False,
    own: str | None = None,
    allow: Sequence[str] = (),
) -> str:
    """Return the lines to paste; ``own`` is where the site's own server has the script, ``allow`` further hosts."""
    standing_in = stand_in_of(published.configuration, site.origins, public_url, allow)
    folder = f"{public_url}/v1/sites/{site.key}/"
    if own:
        return tag(own, f' data-consent-server="{folder}"', standing_in)
    if not pinned:
        return tag(f"{folder}banner.js", "", standing_in)
    integrity = base64.b64encode(hashlib.sha384(published.banner.plain).digest()).decode()
    address = f"{folder}banner.{published.configuration.digest.removeprefix('sha256:')}.js"
    return tag(address, f' integrity="sha384-{integrity}" crossorigin="anonymous"', standing_in)


def line_of(session: Session, site: Site) -> SiteLine:
    """Return a site as the list shows it."""
    version, published_at = configurations.latest(session, site.id) or (None, None)
    told = reporting.glance(session, site.id, clock.now().date())
    try:
        unclassified = sum(1 for tracker in check_draft(site.draft).trackers() if tracker.purpose is None)
    except Invalid:
        return SiteLine(site.key, site.name, site.origins, version, published_at, 0, broken=True, answers=told)
    return SiteLine(site.key, site.name, site.origins, version, published_at, unclassified, broken=False, answers=told)
