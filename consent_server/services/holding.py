"""Keeping everything while a dispute is open: a legal hold on a site's proofs (GDPR 17(3)(e), 18(2)).

While it stands nothing is purged and nothing is erased, neither by the owner nor by the calendar. Recording goes on,
and a visitor may still have their personal part deleted: what was asked and answered stays as evidence (EU-08).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.errors import Conflict, Held, Invalid
from consent_server.domain.times import rfc3339
from consent_server.services.noting import note
from consent_server.storage import holds, sites
from consent_server.storage.database import begin_immediate
from consent_server.storage.sites import Site

LONGEST_REASON = 500


def hold(session: Session, site_key: str, why: str, now: datetime, actor: Actor | None = None) -> None:
    """Put a hold on a site's proofs. Raises ``SiteNotFound``, ``Invalid`` or, when one stands already, ``Conflict``."""
    _check(why)
    session.rollback()  # nothing was written: the lock is taken at the start of a transaction
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    refuse_held(session, site)
    holds.set_hold(session, site.id, why, now)
    if actor is not None:
        note(session, actor, "hold.set", site.key, why, {}, now)
    session.commit()


def release(session: Session, site_key: str, why: str, now: datetime, actor: Actor | None = None) -> None:
    """Lift the hold; both reasons are kept. Raises ``SiteNotFound``, ``Invalid`` or ``Conflict`` when none stands."""
    _check(why)
    session.rollback()
    begin_immediate(session)
    site = sites.find_site(session, site_key)
    if holds.standing_hold(session, site.id) is None:
        raise Conflict(f"There is no legal hold on the proofs of {site.key}.")
    holds.lift_hold(session, site.id, why, now)
    if actor is not None:
        note(session, actor, "hold.lifted", site.key, why, {}, now)
    session.commit()


def refuse_held(session: Session, site: Site) -> None:
    """Raise ``Held`` when the proofs of a site are under legal hold."""
    standing = holds.standing_hold(session, site.id)
    if standing is not None:
        raise Held(f"The proofs of {site.key} are under legal hold since {rfc3339(standing.set_at)}: {standing.why}")


def _check(why: str) -> None:
    if not 0 < len(why.strip()) <= LONGEST_REASON:
        raise Invalid.because(f"Give a reason, of {LONGEST_REASON} characters at most.", "why")
