"""How long those who wait for the database may keep the threads of a server from everybody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TypeVar

from consent_server.domain.errors import Unavailable

PATIENCE_S = 1.5
RETRY_AFTER_S = 2
STOPPING = "This server is stopping; another try will be answered."

Answer = TypeVar("Answer")


class Gate:
    """So many may ask at once; while one of them gets no answer, nobody else begins to ask.

    The asking is done by threads of its own: a database that is paused keeps them, and not those of the requests.
    """

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, "asking")
        self._asking: dict[int, float] = {}

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Return the answer to a question; raises what the question does, or ``Unavailable`` instead of waiting."""
        now = time.monotonic()
        if any(now - since > PATIENCE_S for since in list(self._asking.values())):
            raise Unavailable("The database gives no answer.", RETRY_AFTER_S)
        try:
            asked = self._threads.submit(self._timed, question)
        except RuntimeError:
            raise Unavailable(STOPPING) from None
        try:
            return asked.result(PATIENCE_S)
        except CancelledError:
            raise Unavailable(STOPPING) from None
        except TimeoutError:
            asked.cancel()
            raise Unavailable("The database is slow.", RETRY_AFTER_S) from None

    def stop(self) -> None:
        """Ask nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _timed(self, question: Callable[[], Answer]) -> Answer:
        me = threading.get_ident()
        self._asking[me] = time.monotonic()
        try:
            return question()
        finally:
            del self._asking[me]
