"""A thread of one process that does something again and again until it is told to stop."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """A deed with a pause before each turn, in seconds. A turn raises nothing: a dead thread would do it no more."""

    name: str

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def first_pause(self) -> float:
        """Return how long to wait at the start."""

    @abstractmethod
    def turn(self) -> float:
        """Do it once; return how long to wait then."""

    def start(self) -> None:
        """Start the thread, in the process that is to run it."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; a turn that is under way is finished."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        pause = self.first_pause()
        while not self._stopping.wait(pause):
            pause = self.turn()
