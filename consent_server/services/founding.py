"""Adding a site: its addresses, its languages, and who asks. Its catalogue is filled afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.errors import Conflict, Unavailable
from consent_server.domain.site_address import key_for, origins_of
from consent_server.services.editing import check_draft
from consent_server.services.noting import note
from consent_server.storage import sites
from consent_server.storage.database import begin_immediate


def found_site(
    session: Session,
    actor: Actor,
    name: str,
    addresses: str,
    languages: Sequence[str],
    controller: str,
    privacy_url: str | None,
    now: datetime,
    key: str = "",
) -> str:
    """Keep a new site of the actor's organisation; return its key, made of its address unless one is wanted.

    Raises ``Invalid``, ``Unavailable``, or ``Conflict`` when the wanted key was given out before.
    """
    origins = origins_of(addresses)
    session.rollback()
    begin_immediate(session)
    taken = {site.key for site in sites.list_sites(session, archived=True)}
    if key in taken:
        session.rollback()
        raise Conflict(f"There is a site “{key}” already.")
    key = key or key_for(origins[0], taken)
    draft = {
        "site_key": key,
        "name": name,
        "origins": list(origins),
        "default_language": languages[0] if languages else "fr",
        "languages": list(languages),
        "banner": {"controller": controller, "privacy_url": privacy_url},
        "services": [],
    }
    check_draft(draft)
    try:
        sites.add_site(session, key, name, origins, draft, now, actor.organisation_id)
    except IntegrityError:
        session.rollback()
        raise Unavailable("Somebody else added a site at the same moment: try again.", retry_after=1) from None
    note(session, actor, "site.created", key, name, {"origins": list(origins)}, now)
    session.commit()
    return key
