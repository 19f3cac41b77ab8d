"""Keeping the text of a site's policy, so that every scan is compared with it; and giving it up again.

What is kept is the text as it was read, of a PDF too: the file itself is not.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.configuration import digest_of
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.policy_text import LONGEST_POLICY
from consent_server.services.noting import note
from consent_server.storage import policy_texts, sites
from consent_server.storage.database import begin_deed
from consent_server.storage.policy_texts import PolicyText
from consent_server.storage.sites import Site

LONGEST_SOURCE = 300
"""Characters of the name or address that a text had."""


def keep_policy(session: Session, site: Site, actor: Actor, now: datetime, text: str, source: str = "") -> PolicyText:
    """Keep a text in place of the one before. Raises ``Invalid`` for what is longer than any policy, or nothing."""
    if len(text) > LONGEST_POLICY:
        raise Invalid.because(
            f"A policy has at most {LONGEST_POLICY:,} characters; this text has {len(text):,}.", "text"
        )
    text, source = _storable(text), " ".join(_storable(source).split())[:LONGEST_SOURCE]
    if not text.strip():
        raise Invalid.because("This text is empty.", "text")
    kept = PolicyText(site.id, text, digest_of(text.encode()), source, now, actor.name)
    begin_deed(session)
    sites.lock_site(session, site.key)
    policy_texts.put_policy_text(session, kept)
    told = {"digest": kept.digest, "characters": len(text)}
    note(session, actor, "policy.kept", site.key, source or site.name, told, now)
    session.commit()
    return kept


def remove_policy(session: Session, site: Site, actor: Actor, now: datetime) -> None:
    """Keep a site's text no more. Raises ``NotFound`` when there is none."""
    begin_deed(session)
    kept = policy_texts.find_policy_text(session, site.id)
    if kept is None:
        session.rollback()
        raise NotFound("This site keeps no text of its policy.")
    policy_texts.remove_policy_text(session, site.id)
    note(session, actor, "policy.removed", site.key, kept.source or site.name, {"digest": kept.digest}, now)
    session.commit()


def _storable(text: str) -> str:
    """Return a text that any database holds, without NUL or half a character; pasted or from a file, it is the same."""
    return text.replace("\x00", "").replace("\r\n", "\n").encode(errors="replace").decode()
