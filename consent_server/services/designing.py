"""Designing a banner: what it is now, what it would be, what speaks against it, and keeping it in the draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.compliance import Finding, unfair
from consent_server.domain.design import Design, design_of, with_design, with_texts, with_theme
from consent_server.services.editing import Deed, change_draft, check_draft
from consent_server.services.publishing import Candidate, candidate
from consent_server.storage.sites import Site
from consent_server.storage.texts import load_languages


@dataclass(frozen=True)
class Trial:
    """A design as visitors would be shown it, and what forbids to publish it."""

    candidate: Candidate
    findings: tuple[Finding, ...]


def current_design(site: Site) -> Design:
    """Return the design of the draft. Raises ``Invalid``."""
    return design_of(check_draft(site.draft), load_languages())


def try_design(session: Session, site: Site, design: Design, now: datetime) -> Trial:
    """Return what a design would look like; nothing is kept. Raises ``Invalid``."""
    wanted = candidate(session, replace(site, draft=with_design(site.draft, design, load_languages())), now)
    return Trial(wanted, unfair(wanted.configuration))


def keep_design(session: Session, site: Site, design: Design, actor: Actor, now: datetime) -> bool:
    """Keep a design in the draft; return whether anything is different. Raises ``Invalid``."""
    shipped = load_languages()
    deed = Deed("banner.designed")
    kept = change_draft(
        session, site.key, actor, deed, lambda draft, _catalogue: with_design(draft, design, shipped), now
    )
    return kept is not None


def keep_texts(
    session: Session,
    site: Site,
    texts: Mapping[str, Mapping[str, str]],
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Make these the banner's texts in the draft. Raises ``Invalid``, or ``Overtaken`` (``editing.change_draft``)."""
    shipped, deed = load_languages(), Deed("banner.designed", "texts")
    change_draft(session, site.key, actor, deed, lambda draft, _found: with_texts(draft, texts, shipped), now, seen)


def keep_theme(
    session: Session, site: Site, theme: Mapping[str, Any], actor: Actor, now: datetime, seen: int | None = None
) -> None:
    """Make this the banner's theme in the draft. Raises ``Invalid``, or ``Overtaken``."""
    deed = Deed("banner.designed", "theme")
    change_draft(session, site.key, actor, deed, lambda draft, _found: with_theme(draft, theme), now, seen)
