"""What everybody is shown: the banner script, the configuration, its policy, and all that was published before.

Published files never change, so they are kept in memory; only "which version is live" is asked of the database again.
Where a thread follows what is published (``following``), that is asked when there is news, and never by a visitor: what
was shown once is shown on while the database is away. Elsewhere it is asked every ``FRESH_SECONDS`` for each site.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.configuration import Screenshot
from consent_server.domain.content_policy import PolicyOptions, policy_of
from consent_server.domain.errors import ConfigurationNotFound, NotFound
from consent_server.domain.log_entry import Config, parse_entry
from consent_server.storage import configurations, evidence, logos, proof_log, sites
from consent_server.storage.configurations import Published

log = logging.getLogger(__name__)

FRESH_SECONDS = 1.0

BYTES_KEPT = 256 * 1024 * 1024
"""In each process; a configuration takes about 200 kB."""

LOGOS_KEPT = 512

LIVE = "live"
"""What a site shows now, as opposed to what was pinned by digest or version and never changes."""


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


class Shelved:
    """Something published, and the answers that were made of it, by their form."""

    def __init__(self, published: Published, doubted: bool) -> None:
        self.published = published
        self.doubted = doubted
        self.since = time.monotonic()
        self.answers: dict[Hashable, Any] = {}


class Shelf:
    """The files of recently asked configurations, those asked longest ago forgotten first; for any thread.

    ``followed`` says that somebody calls ``look`` and ``doubt`` whenever there is news.
    """

    def __init__(self, bytes_kept: int = BYTES_KEPT) -> None:
        self.followed = False
        self._bytes_kept = bytes_kept
        self._lock = threading.Lock()
        self._shelved: OrderedDict[tuple[str, str], Shelved] = OrderedDict()
        self._logos: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0
        self._news = 0

    def live(self, session: Session, site_key: str) -> Published:
        """Return the current configuration; raises ``SiteNotFound`` or ``ConfigurationNotFound``."""
        if fresh := self.fresh(site_key, LIVE):
            return fresh.published
        news, seen = self._news, self._shelved.get((site_key, LIVE))
        try:
            published = self._current(session, site_key, seen.published if seen else None)
        except NotFound:
            self._forget(site_key, LIVE)
            raise
        except SQLAlchemyError as away:
            if seen is None:
                raise
            session.rollback()
            log.warning("%s is shown as it was: the database is away (%s)", site_key, type(away).__name__)
            return seen.published
        if seen is None or published is not seen.published:
            self._keep(site_key, LIVE, published, news)
        else:
            seen.since, seen.doubted = time.monotonic(), news != self._news
        return published

    def by_digest(self, session: Session, site_key: str, digest: str) -> Published:
        """Return the configuration with that digest."""
        return self._pinned(session, site_key, f"digest {digest}", digest=digest)

    def by_version(self, session: Session, site_key: str, version: int) -> Published:
        """Return the configuration with that number."""
        return self._pinned(session, site_key, f"version {version}", version=version)

    def logo(self, session: Session, site_key: str, digest: str) -> bytes:
        """Return a logo that was published, as WebP."""
        found = self._logos.get((site_key, digest)) or logo(session, site_key, digest)
        with self._lock:
            self._logos[site_key, digest] = found
            while len(self._logos) > LOGOS_KEPT:
                self._logos.popitem(last=False)
        return found

    def fresh(self, site_key: str, which: str) -> Shelved | None:
        """Return what is kept and in no doubt, without asking the database."""
        found = self._shelved.get((site_key, which))
        if found is None:
            return None
        if which == LIVE and (found.doubted or not (self.followed or time.monotonic() - found.since < FRESH_SECONDS)):
            return None
        with contextlib.suppress(KeyError):  # forgotten meanwhile
            self._shelved.move_to_end((site_key, which))
        return found

    def doubt(self, site_key: str) -> None:
        """Have the database asked before the site is shown again: it may have published."""
        self._news += 1
        if found := self._shelved.get((site_key, LIVE)):
            found.doubted = True

    def look(self, session: Session) -> None:
        """Doubt every site that is shown otherwise than the database has it."""
        names = list(self._shelved)  # at once: who is shown something moves it meanwhile
        found = {key: self._shelved.get((key, which)) for key, which in names if which == LIVE}
        kept = {key: each.published.configuration.version for key, each in found.items() if each}
        current = configurations.latest_versions(session, kept) if kept else {}
        for key, version in kept.items():
            if current.get(key) != version:
                self.doubt(key)

    def _current(self, session: Session, site_key: str, seen: Published | None) -> Published:
        site = sites.find_site(session, site_key)
        version = configurations.latest_version(session, site.id)
        if seen and seen.configuration.version == version:
            return seen
        return configurations.find_published(session, site.id)

    def _pinned(
        self, session: Session, site_key: str, which: str, *, version: int | None = None, digest: str | None = None
    ) -> Published:
        if found := self.fresh(site_key, which):
            return found.published
        site = sites.find_site(session, site_key)
        published = configurations.find_published(session, site.id, version=version, digest=digest)
        self._keep(site_key, which, published, self._news)
        return published

    def _keep(self, site_key: str, which: str, published: Published, news: int) -> None:
        """Keep it; in doubt when something was published since it was read."""
        self._forget(site_key, which)
        with self._lock:
            self._shelved[site_key, which] = Shelved(published, doubted=news != self._news)
            self._size += published.size
            while self._size > self._bytes_kept and len(self._shelved) > 1:
                _, oldest = self._shelved.popitem(last=False)
                self._size -= oldest.published.size

    def _forget(self, site_key: str, which: str) -> None:
        with self._lock:
            if found := self._shelved.pop((site_key, which), None):
                self._size -= found.published.size


def content_policy(session: Session, published: Published, granted: Collection[str], options: PolicyOptions) -> str:
    """Return the Content Security Policy of the site's pages once these purposes are granted."""
    configuration = published.configuration
    origins = sites.find_site(session, configuration.site_key).origins
    return policy_of(configuration, origins, granted, options)
