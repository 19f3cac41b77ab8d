"""Counting notices that are shown: in memory, and every few seconds in the database.

A number is all that is kept, by day, configuration, language and device class: no time of day, no page, no address,
nothing that comes back. What a process counts in its last seconds is lost when it is killed; answers never are.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain.statistics import Shown
from consent_server.services import clock
from consent_server.storage import statistics
from consent_server.storage.database import begin_immediate

log = logging.getLogger(__name__)

EVERY_S = 10.0


class Noticing:
    """The counter of one process; its thread starts on first use, because threads do not survive a fork."""

    def __init__(self, sessions: Callable[[], Session], every: float = EVERY_S) -> None:
        self._sessions = sessions
        self._every = every
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, Shown]] = Counter()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, site_id: int, version: int, language: str, form_factor: str) -> None:
        """Count one notice."""
        with self._lock:
            self._counts[site_id, Shown(clock.now().date(), version, language, form_factor)] += 1
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="noticing", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Add what was counted to the numbers; what cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with self._sessions() as session:
                begin_immediate(session)
                statistics.add_shown(session, counts)
                session.commit()
        except SQLAlchemyError as error:
            log.error("notices could not be counted: %s", type(error).__name__)
            with self._lock:
                self._counts.update(counts)

    def stop(self) -> None:
        """Write what is there and end the thread."""
        self._stopping.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self.write()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self.write()
            except Exception:  # a dead counter would count for nothing
                log.exception("notices could not be counted")
