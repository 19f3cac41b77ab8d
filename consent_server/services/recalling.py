"""What a visitor sees of themselves: every answer of theirs to one site, the newest first, and what it answered.

The consent id is the whole key: whoever has it is taken to be the browser that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.configuration import Configuration
from consent_server.domain.retention import DEFAULT_PROOF_TTL
from consent_server.storage import configurations, consent_records, sites
from consent_server.storage.sites import Site

SETTINGS = "#eu-consent"
"""The fragment at which the banner opens its settings: only the site's own pages can change its cookie."""


@dataclass(frozen=True)
class Answered:
    """One answer as it is kept, what of it singles the visitor out, and the configuration that it answers."""

    record: Mapping[str, Any]
    personal: Mapping[str, Any]
    configuration: Configuration


@dataclass(frozen=True)
class Recalled:
    """All answers of one consent id, the newest first; where they can be changed, and for how long they are kept."""

    answers: tuple[Answered, ...]
    settings_url: str
    kept_for: str


def recall(session: Session, site_key: str, consent_id: str) -> Recalled:
    """Return what a visitor answered; without an answer when nothing is kept under that id. Raises ``SiteNotFound``."""
    site = sites.find_site(session, site_key)
    answers = []
    for kept in reversed(consent_records.records_of_visitor(session, site.id, consent_id)):
        if kept.record is not None:
            record = canonical_json.decode(kept.record)
            configuration = configurations.find_configuration(session, site.id, record["config_version"])
            answers.append(Answered(record, canonical_json.decode(kept.personal or "{}"), configuration))
    page = _page(site, answers[0].personal if answers else {})
    return Recalled(tuple(answers), page + SETTINGS, kept_for(site))


def kept_for(site: Site) -> str:
    """Return how long the site keeps proofs once the choice is over, as an ISO 8601 duration."""
    return str(site.draft.get("proof_ttl", DEFAULT_PROOF_TTL))


def _page(site: Site, personal: Mapping[str, Any]) -> str:
    """Return the page of the last answer when it is one of the site's, else the site's first."""
    address = str(personal.get("page_url", ""))
    parts = urlsplit(address)
    return address if f"{parts.scheme}://{parts.netloc}" in site.origins else f"{site.origins[0]}/"
