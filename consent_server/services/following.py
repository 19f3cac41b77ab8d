"""Hearing of publications: every node shows within seconds what one of them published.

Who publishes says so through Redis, where there is one; everybody looks into the database every few seconds as well,
one query for all sites. So Redis may be away, come back empty or hang: news then comes with the next look.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.services.showing import Shelf
from consent_server.storage.announcements import Announcements, AnnouncementsAway

log = logging.getLogger(__name__)

SLICE_S = 0.5
"""How long one wait for news may take: whoever stops this process waits for it."""


class Follower:
    """The thread of one process that keeps its shelf up to date."""

    def __init__(
        self, sessions: Callable[[], Session], shelf: Shelf, announcements: Announcements | None, every: float
    ) -> None:
        self._sessions = sessions
        self._shelf = shelf
        self._announcements = announcements
        self._every = every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; from now on visitors' requests ask the database only when there is news."""
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()
        self._shelf.followed = True

    def stop(self) -> None:
        """End the thread."""
        self._shelf.followed = False
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._announcements is not None:
            self._announcements.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
                self._listen_until(time.monotonic() + self._every)
            except Exception:  # a dead thread would hear of nothing
                log.exception("publications are not followed for a moment")
                self._stopping.wait(self._every)

    def _look(self) -> None:
        try:
            with self._sessions() as session:
                self._shelf.look(session)
        except SQLAlchemyError as away:  # what is shown is shown on
            log.warning("what is published is not known: the database is away (%s)", type(away).__name__)

    def _listen_until(self, deadline: float) -> None:
        while not self._stopping.is_set() and time.monotonic() < deadline:
            pause = min(SLICE_S, max(deadline - time.monotonic(), 0))
            if self._announcements is None:
                self._stopping.wait(pause)
                continue
            try:
                if self._announcements.missed():
                    return  # and look, at once
                if site_key := self._announcements.next(pause):
                    self._shelf.doubt(site_key)
            except AnnouncementsAway:
                self._stopping.wait(pause)
