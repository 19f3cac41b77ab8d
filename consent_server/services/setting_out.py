"""Setting out what visitors are served as files, for a web server or a CDN that gives them away without asking us.

    DIR/v1/sites/<site>/banner.js           and .br, .gz: what is live
    DIR/v1/sites/<site>/banner.<digest>.js  and .br, .gz: the same, pinned
    DIR/v1/sites/<site>/config              and .br, .gz
    DIR/v1/sites/<site>/logo.<digest>.webp  where there is one

A file is replaced whole: whoever reads it meanwhile has the old one. Nothing is ever removed: pages pin what was live
years ago. The time of a file is that of its publication, on every machine: so is what is made of it (``ETag``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from consent_server.services.showing import logo
from consent_server.storage import configurations, sites
from consent_server.storage.configurations import Encoded, Published
from consent_server.storage.sites import Site

MODE = 0o644
"""They are public, and the web server is another user."""


def has_published(session: Session, site: Site) -> bool:
    """Return whether there is anything to set out."""
    return configurations.latest_version(session, site.id) > 0


def write_files(session: Session, site_key: str, folder: Path) -> int:
    """Write the files of a site's live configuration; return its number.

    Raises ``SiteNotFound`` or ``ConfigurationNotFound``.
    """
    site = sites.find_site(session, site_key)
    published = configurations.find_published(session, site.id)
    target = folder / "v1" / "sites" / site.key
    target.mkdir(parents=True, exist_ok=True)
    when = published.published_at.timestamp()
    if digest := published.configuration.logo_digest:
        _write(target / f"logo.{_bare(digest)}.webp", logo(session, site_key, digest), when)
    for name, data in _files(published):
        _write(target / name, data, when)
    return published.configuration.version


def _files(published: Published) -> Iterator[tuple[str, bytes]]:
    """Yield the pinned files before those that are live, and may name them."""
    yield from _forms(f"banner.{_bare(published.configuration.digest)}.js", published.banner)
    yield from _forms("config", published.config)
    yield from _forms("banner.js", published.banner)


def _forms(name: str, encoded: Encoded) -> Iterator[tuple[str, bytes]]:
    yield f"{name}.br", encoded.br
    yield f"{name}.gz", encoded.gzip
    yield name, encoded.plain


def _write(path: Path, data: bytes, when: float) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(MODE)
        os.utime(temporary, (when, when))
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _bare(digest: str) -> str:
    return digest.removeprefix("sha256:")
