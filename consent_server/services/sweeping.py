"""After a removal: the database's files forget it, too (ledger section 13).

What was deleted is overwritten in SQLite's database file (``secure_delete``), but the pages from before stay in the
write-ahead log until that is emptied. A thread does this after each removal, and again while somebody reads there: an
export may take minutes. PostgreSQL is asked for a VACUUM. What a disk or a backup keeps is beyond this: the
published delay of an erasure has to include how long backups live.
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consent_server.storage.database import forget_old_pages

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
REST_S = {"sqlite": 0.0, "postgresql": 3_600.0}
"""How long after one sweep the next may begin: PostgreSQL also vacuums by itself."""


class Sweeper:
    """The thread of one process that sweeps the database's files; it starts on first use."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Say that something was removed; returns at once."""
        self._awake.set()
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Try once more if something is left, and end the thread."""
        self._stopping.set()
        self._awake.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            self._awake.clear()
            pause = FIRST_PAUSE_S
            while not self._sweep() and not self._stopping.wait(pause):
                pause = min(2 * pause, LONGEST_PAUSE_S)
            if self._stopping.wait(REST_S[self._engine.dialect.name]):
                return

    def _sweep(self) -> bool:
        try:
            return forget_old_pages(self._engine)
        except SQLAlchemyError as error:
            log.error("the database could not be swept: %s", type(error).__name__)
            return False
        except Exception:  # a dead sweeper would leave what was removed where it is
            log.exception("the database could not be swept")
            return False
