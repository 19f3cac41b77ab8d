"""A circuit breaker: what failed is let alone for a moment, then one tries whether it is back, the others later.

It knows nothing of what it protects. Safe to share between threads.
"""

from __future__ import annotations

import threading
import time

PAUSE_S = 1.0


class Circuit:
    """Closed until something fails; then it lets one through every ``pause`` until somebody says that it works."""

    def __init__(self, pause: float = PAUSE_S) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._next_try: float | None = None

    @property
    def rests(self) -> bool:
        """Whether it is too early for another try; asking takes nobody's turn."""
        next_try = self._next_try
        return next_try is not None and time.monotonic() < next_try

    def admits(self) -> bool:
        """Return whether to try now; whoever is let through takes the turn of this pause."""
        if self._next_try is None:
            return True
        with self._lock:
            now = time.monotonic()
            if self._next_try is not None and now < self._next_try:
                return False
            if self._next_try is not None:
                self._next_try = now + self._pause
            return True

    def failed(self) -> None:
        """Say that it failed."""
        with self._lock:
            self._next_try = time.monotonic() + self._pause

    def worked(self) -> None:
        """Say that it worked."""
        self._next_try = None
