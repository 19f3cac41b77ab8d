"""What everybody is shown: the banner script, the configuration, its policy, and all that was published before.

Published files never change, so they are kept in memory by (site, version); only "which version is live" is
asked of the database again, at most once every ``FRESH_SECONDS`` per site.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from consent_server.domain.configuration import Screenshot
from consent_server.domain.content_policy import PolicyOptions, policy_of
from consent_server.domain.errors import ConfigurationNotFound, NotFound
from consent_server.domain.log_entry import Config, parse_entry
from consent_server.storage import configurations, evidence, logos, proof_log, sites
from consent_server.storage.configurations import Published

T = TypeVar("T")

FRESH_SECONDS = 1.0
KEPT = 512


@dataclass(frozen=True)
class Version:
    """A published configuration as everybody may see it; ``index`` is its entry's, ``None`` before it has one."""

    version: int
    digest: str
    runtime_digest: str
    published_at: str
    index: int | None
    screenshots: tuple[Screenshot, ...]


@dataclass(frozen=True)
class Versions:
    """Everything that a site has published, the newest first, and the log that says so."""

    site_key: str
    controller: str
    origin: str
    versions: tuple[Version, ...]


def versions(session: Session, site_key: str) -> Versions:
    """Return what a site has published (PRF-01); raises ``SiteNotFound`` or ``ConfigurationNotFound``."""
    site = sites.find_site(session, site_key)
    found = configurations.list_configurations(session, site.id)
    if not found:
        raise ConfigurationNotFound("This site has published nothing yet.")
    logged = {}
    size = proof_log.published_size(session, site.id)
    for index, text in evidence.entries_of_kinds(session, site.id, ("config",), size):
        entry = parse_entry(text)
        assert isinstance(entry, Config), "entries of the kind config are configurations"
        logged[entry.version] = index
    listed = tuple(
        Version(
            each.version,
            each.digest,
            each.runtime_digest,
            each.document["published_at"],
            logged.get(each.version),
            each.screenshots,
        )
        for each in reversed(found)
    )
    return Versions(
        site.key, found[-1].document["banner"]["controller"], proof_log.origin_of(session, site.id) or "", listed
    )


def screenshot(session: Session, site_key: str, digest: str) -> bytes:
    """Return a picture of one of the site's configurations, as PNG; raises ``NotFound``."""
    site = sites.find_site(session, site_key)
    named = (shot.digest for each in configurations.list_configurations(session, site.id) for shot in each.screenshots)
    png = configurations.find_screenshot(session, digest) if digest in named else None
    if png is None:
        raise NotFound("No configuration of this site has such a screenshot.")
    return png


def logo(session: Session, site_key: str, digest: str) -> bytes:
    """Return the picture of a logo that one of the site's configurations has, as WebP; raises ``NotFound``."""
    site = sites.find_site(session, site_key)
    named = (each.logo_digest for each in configurations.list_configurations(session, site.id))
    webp = logos.find_logo(session, digest) if digest in named else None
    if webp is None:
        raise NotFound("No configuration of this site has such a logo.")
    return webp


class Shelf:
    """The files of recently asked configurations; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._live: dict[str, tuple[float, Published]] = {}

    def live(self, session: Session, site_key: str) -> Published:
        """Return the current configuration; raises ``SiteNotFound`` or ``ConfigurationNotFound``."""
        with self._lock:
            seen = self._live.get(site_key)
        if seen and time.monotonic() - seen[0] < FRESH_SECONDS:
            return seen[1]
        site = sites.find_site(session, site_key)
        version = configurations.latest_version(session, site.id)
        if seen and seen[1].configuration.version == version:
            published = seen[1]
        else:
            published = configurations.find_published(session, site.id)
        with self._lock:
            self._live[site_key] = (time.monotonic(), published)
        return published

    def by_digest(self, session: Session, site_key: str, digest: str) -> Published:
        """Return the configuration with that digest."""
        return self._published(session, site_key, f"digest {digest}", digest=digest)

    def by_version(self, session: Session, site_key: str, version: int) -> Published:
        """Return the configuration with that number."""
        return self._published(session, site_key, f"version {version}", version=version)

    def logo(self, session: Session, site_key: str, digest: str) -> bytes:
        """Return a logo that was published, as WebP."""
        return self._kept(site_key, f"logo {digest}", lambda: logo(session, site_key, digest))

    def _published(
        self, session: Session, site_key: str, name: str, *, version: int | None = None, digest: str | None = None
    ) -> Published:
        def find() -> Published:
            site = sites.find_site(session, site_key)
            return configurations.find_published(session, site.id, version=version, digest=digest)

        return self._kept(site_key, name, find)

    def _kept(self, site_key: str, name: str, find: Callable[[], T]) -> T:
        with self._lock:
            kept: T | None = self._files.get((site_key, name))
        if kept is not None:
            return kept
        found = find()
        with self._lock:
            self._files[site_key, name] = found
            while len(self._files) > KEPT:
                self._files.popitem(last=False)
        return found


def content_policy(session: Session, published: Published, granted: Collection[str], options: PolicyOptions) -> str:
    """Return the Content Security Policy of the site's pages once these purposes are granted."""
    configuration = published.configuration
    origins = sites.find_site(session, configuration.site_key).origins
    return policy_of(configuration, origins, granted, options)
