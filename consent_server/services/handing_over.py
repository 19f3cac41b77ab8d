"""Exports from the admin: asked for, streamed to who asked, and followed meanwhile on another page.

    1  ask: what is wanted is checked, kept under a name that nobody can guess, and noted
    2  stream: the bytes go out as they are made; no file is kept, memory stays flat
    3  follow: now and then the stream says how far it is, for a page that loads itself again

What was asked for is forgotten after a day: it may name a visitor.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.errors import Invalid
from consent_server.domain.times import parse_rfc3339
from consent_server.services import clock
from consent_server.services.anchoring import Anchoring
from consent_server.services.exporting import FORMATS, Filters, Sessions, export_stream
from consent_server.services.keyring import Keyring
from consent_server.services.noting import note
from consent_server.storage import handovers, proof_log, sites
from consent_server.storage.database import begin_immediate
from consent_server.storage.handovers import BROKEN, DONE, READY, RUNNING, Handover

KEPT = timedelta(days=1)
TELL_EVERY_S = 1.0


def ask(session: Session, site_key: str, format: str, filters: Filters, actor: Actor, now: datetime) -> str:
    """Keep what is asked for; return the name to stream it by.

    Raises ``SiteNotFound`` or ``Invalid`` (no such format, filters of what the site never had).
    """
    site = sites.find_site(session, site_key)
    form = FORMATS.get(format)
    if form is None:
        raise Invalid.because(f"The formats of an export are {', '.join(FORMATS)}.", "format")
    if filters != Filters() and not form.filtered:
        raise Invalid.because("JSONL is always of the whole log: choose zip for a part of it.", "format")
    filters.check(session, site.id)
    head = proof_log.find_head(session, site.id)
    if head is None:
        raise Invalid.because("Nothing is published yet, so there is nothing to prove.")
    chosen = filters.chosen()
    made = Handover(secrets.token_urlsafe(32), site.id, actor.name, format, chosen, READY, 0, head.size, 0, now, now)
    session.rollback()  # nothing was written: the lock is taken at the start of a transaction
    begin_immediate(session)
    handovers.forget_handovers(session, now - KEPT)
    handovers.add_handover(session, made)
    noted = {name: "one visitor" if name == "consent_id" else value for name, value in chosen.items()}
    note(session, actor, "proofs.exported", site.key, format, noted, now)
    session.commit()
    return made.id


def follow(session: Session, site_key: str, handover_id: str) -> Handover:
    """Return how far an export is; raises ``SiteNotFound`` or ``NotFound``."""
    return handovers.find_handover(session, sites.find_site(session, site_key).id, handover_id)


def stream(
    sessions: Sessions, site_key: str, handover_id: str, keyring: Keyring, high_water: Path, anchoring: Anchoring
) -> tuple[Handover, Iterator[bytes]]:
    """Return what was asked for and its bytes; raises what ``export_stream`` and ``follow`` raise."""
    with sessions() as session:
        asked = follow(session, site_key, handover_id)
    if asked.format == "zip":
        anchoring.before_export(site_key, clock.now())  # where it cannot be stamped it is evidence all the same
    telling = _Telling(sessions, asked)
    chunks = export_stream(
        sessions,
        site_key,
        asked.format,
        keyring,
        high_water,
        clock.now(),
        filters=read_filters(asked.filters),
        progress=telling.heard,
    )
    return asked, telling.told(chunks)


def read_filters(chosen: Mapping[str, str]) -> Filters:
    """Read filters as ``Filters.chosen`` writes them."""
    times = {name: parse_rfc3339(chosen[name]) if name in chosen else None for name in ("from", "to")}
    rest = {name: chosen.get(name) for name in ("purpose", "service", "action", "consent_id")}
    return Filters(times["from"], times["to"], **rest)


class _Telling:
    """Says how far a stream is, at most once a second; that it cannot is no reason to break it off."""

    def __init__(self, sessions: Sessions, asked: Handover) -> None:
        self._sessions = sessions
        self._id = asked.id
        self._done, self._size, self._written = 0, asked.size, 0
        self._told_at = time.monotonic()

    def heard(self, done: int, size: int) -> None:
        """Take note of how many entries are through."""
        self._done, self._size = done, size
        self._now_and_then()

    def told(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Give the chunks, and say when they are through, or when whoever read them went away."""
        state = BROKEN
        self._tell(RUNNING)
        try:
            for chunk in chunks:
                self._written += len(chunk)
                self._now_and_then()
                yield chunk
            state, self._done = DONE, self._size
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
            self._tell(state)

    def _now_and_then(self) -> None:
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._tell(RUNNING)

    def _tell(self, state: str) -> None:
        self._told_at = time.monotonic()
        try:
            with self._sessions() as session:
                begin_immediate(session)
                handovers.move_handover(session, self._id, state, self._done, self._size, self._written, clock.now())
                session.commit()
        except SQLAlchemyError:
            return
