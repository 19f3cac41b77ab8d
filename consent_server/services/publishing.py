"""Making a draft live: fairness checks, an immutable configuration, the files made from it, and its log entry.

1  resolve the draft; refuse what is not fair                        nothing kept yet
2  build the configuration; the same content again keeps the number  a second publication changes nothing
3  keep runtime, configuration and compressed files                  one transaction with
4  the pending entry that puts its digest into the proof log         its log entry: never one without the other
5  commit
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import brotli
from sqlalchemy.orm import Session

from consent_server.domain.compliance import Finding, unfair
from consent_server.domain.configuration import (
    Configuration,
    build_configuration,
    content,
    digest_of,
)
from consent_server.domain.embedding import embedded
from consent_server.domain.errors import ConsentServerError
from consent_server.domain.imported_choice import importers
from consent_server.domain.signals import told
from consent_server.services.editing import check_draft
from consent_server.services.logging_entries import log_configuration, log_origin
from consent_server.storage import configurations, sites
from consent_server.storage.configurations import Encoded, Published
from consent_server.storage.library import load_library
from consent_server.storage.runtime_file import load_runtime
from consent_server.storage.texts import load_languages


class Unfair(ConsentServerError):
    """The banner does not ask fairly; ``findings`` says what to change. Nothing was published."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__(" ".join(f"{f.where}: {f.message} ({f.requirement})" for f in findings))


@dataclass(frozen=True)
class Publication:
    """What a publication led to; ``new`` is false when the draft said what is live already."""

    configuration: Configuration
    new: bool


def publish(session: Session, site_key: str, public_url: str, now: datetime) -> Publication:
    """Publish the site's draft. Raises ``Invalid`` (draft), ``Unfair`` (checks) or ``SiteNotFound``."""
    site = sites.find_site(session, site_key)
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
    findings = unfair(configuration)
    if findings:
        raise Unfair(findings)
    if previous and content(previous) == content(configuration):
        return Publication(previous, new=False)
    configurations.add_runtime(session, configuration.runtime_digest, runtime, now)
    configurations.add_configuration(session, site.id, files_of(configuration, runtime, now))
    log_configuration(session, site.id, log_origin(public_url, site.key), configuration)
    session.commit()
    return Publication(configuration, new=True)


def _previous(session: Session, site_id: int) -> Configuration | None:
    version = configurations.latest_version(session, site_id)
    return configurations.find_configuration(session, site_id, version) if version else None


def files_of(configuration: Configuration, runtime: bytes, now: datetime) -> Published:
    """Return the configuration with the files that visitors are sent, compressed once and for all."""
    return Published(
        configuration, now, encoded(banner_script(configuration, runtime)), encoded(_json(configuration.served()))
    )


def banner_script(configuration: Configuration, runtime: bytes) -> bytes:
    """Return the script tag's answer: the configuration in a block scope of its own, then the runtime.

    ``const`` inside a block keeps the rules where no page script can reach or replace them.
    ``<`` is escaped so that the file may also be inlined into a page. The first line has Chromium compile every
    function while the file arrives, off the page's thread; otherwise the page would wait for each at its first call.
    """
    rules = _json(embedded(configuration)).replace(b"<", b"\\u003c")
    return b"//# allFunctionsCalledOnLoad\n{const $consent=" + rules + b";\n" + runtime + b"\n}\n"


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def encoded(data: bytes) -> Encoded:
    """Return a file with its compressed forms, the same bytes every time."""
    return Encoded(data, gzip.compress(data, 9, mtime=0), brotli.compress(data, quality=11))
