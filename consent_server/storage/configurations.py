"""Published configurations, their runtimes and pictures, and the files served from them. Append only."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consent_server.domain.configuration import Configuration, read_configuration
from consent_server.domain.errors import ConfigurationNotFound
from consent_server.storage.database import insert_if_absent
from consent_server.storage.tables import ConfigurationRow, RuntimeRow, ScreenshotRow, SiteRow


@dataclass(frozen=True)
class Encoded:
    """The same bytes as they are, under gzip and under brotli."""

    plain: bytes
    gzip: bytes
    br: bytes

    @functools.cached_property
    def tag(self) -> str:
        """The beginning of the digest of what was compressed: an ``ETag`` is made of it."""
        return hashlib.sha256(self.plain).hexdigest()[:32]

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return len(self.plain) + len(self.gzip) + len(self.br)


@dataclass(frozen=True)
class Published:
    """A configuration with its files: the script tag's answer and the configuration document."""

    configuration: Configuration
    published_at: datetime
    banner: Encoded
    config: Encoded

    @property
    def size(self) -> int:
        """Bytes in memory, about: the document is kept parsed as well."""
        return self.banner.size + self.config.size + 10 * len(self.configuration.text)


def add_runtime(session: Session, digest: str, source: bytes, now: datetime) -> None:
    """Keep a runtime once, also when another site keeps it at the same moment."""
    values = {"digest": digest, "source": source, "created_at": now}
    insert_if_absent(session, RuntimeRow, values, "digest")


def add_screenshot(session: Session, digest: str, png: bytes, now: datetime) -> None:
    """Keep a picture once."""
    insert_if_absent(session, ScreenshotRow, {"digest": digest, "source": png, "created_at": now}, "digest")


def find_screenshot(session: Session, digest: str) -> bytes | None:
    """Return a picture as PNG."""
    return session.scalar(select(ScreenshotRow.source).where(ScreenshotRow.digest == digest))


def add_configuration(session: Session, site_id: int, published: Published) -> None:
    """Keep a new configuration with its files."""
    configuration = published.configuration
    session.add(
        ConfigurationRow(
            site_id=site_id,
            version=configuration.version,
            digest=configuration.digest,
            text=configuration.text,
            runtime_digest=configuration.runtime_digest,
            published_at=published.published_at,
            banner=published.banner.plain,
            banner_gzip=published.banner.gzip,
            banner_br=published.banner.br,
            config=published.config.plain,
            config_gzip=published.config.gzip,
            config_br=published.config.br,
        )
    )
    session.flush()


def latest_version(session: Session, site_id: int) -> int:
    """Return the number of the site's current configuration, 0 when nothing was published."""
    return session.scalar(select(func.max(ConfigurationRow.version)).where(ConfigurationRow.site_id == site_id)) or 0


def latest_versions(session: Session, site_keys: Collection[str]) -> Mapping[str, int]:
    """Return the numbers of these sites' current configurations, in one look; archived sites have none."""
    query = (
        select(SiteRow.key, func.max(ConfigurationRow.version).label("version"))
        .join(ConfigurationRow, ConfigurationRow.site_id == SiteRow.id)
        .where(SiteRow.key.in_(site_keys), SiteRow.archived_at.is_(None))
        .group_by(SiteRow.key)
    )
    return {row.key: row.version for row in session.execute(query)}


def publications(session: Session, site_id: int) -> tuple[tuple[int, datetime], ...]:
    """Return number and time of every publication of a site, oldest first."""
    row = ConfigurationRow
    found = session.execute(select(row.version, row.published_at).where(row.site_id == site_id).order_by(row.version))
    return tuple((version, published_at) for version, published_at in found)


def latest(session: Session, site_id: int) -> tuple[int, datetime] | None:
    """Return number and time of the site's current configuration."""
    row = session.execute(
        select(ConfigurationRow.version, ConfigurationRow.published_at)
        .where(ConfigurationRow.site_id == site_id)
        .order_by(ConfigurationRow.version.desc())
        .limit(1)
    ).first()
    return (row.version, row.published_at) if row else None


def find_configuration(session: Session, site_id: int, version: int) -> Configuration:
    """Return one configuration of a site; raise ``ConfigurationNotFound``."""
    text = session.scalar(
        select(ConfigurationRow.text).where(ConfigurationRow.site_id == site_id, ConfigurationRow.version == version)
    )
    if text is None:
        raise ConfigurationNotFound(f"This site has published no configuration {version}.")
    return _read(text)


def list_configurations(session: Session, site_id: int) -> tuple[Configuration, ...]:
    """Return every configuration of a site, oldest first."""
    texts = session.scalars(
        select(ConfigurationRow.text).where(ConfigurationRow.site_id == site_id).order_by(ConfigurationRow.version)
    )
    return tuple(_read(text) for text in texts)


def recent_configurations(session: Session, site_id: int, before: int | None, limit: int) -> tuple[Configuration, ...]:
    """Return configurations of a site, the newest first; those before one alone."""
    query = select(ConfigurationRow.text).where(ConfigurationRow.site_id == site_id)
    if before is not None:
        query = query.where(ConfigurationRow.version < before)
    texts = session.scalars(query.order_by(ConfigurationRow.version.desc()).limit(limit))
    return tuple(_read(text) for text in texts)


def find_published(
    session: Session, site_id: int, *, version: int | None = None, digest: str | None = None
) -> Published:
    """Return a configuration with its files, by number or digest; raise ``ConfigurationNotFound``."""
    query = select(ConfigurationRow).where(ConfigurationRow.site_id == site_id)
    if version is not None:
        query = query.where(ConfigurationRow.version == version)
    if digest is not None:
        query = query.where(ConfigurationRow.digest == digest)
    row = session.scalar(query.order_by(ConfigurationRow.version.desc()).limit(1))
    if row is None:
        raise ConfigurationNotFound("This site has published no such configuration.")
    return Published(
        _read(row.text),
        row.published_at,
        Encoded(row.banner, row.banner_gzip, row.banner_br),
        Encoded(row.config, row.config_gzip, row.config_br),
    )


@functools.lru_cache(maxsize=256)
def _read(text: str) -> Configuration:
    """Parse once: the text never changes, and every consent post asks for its configuration."""
    return read_configuration(text)
