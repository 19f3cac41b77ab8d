"""Looking after the browser while it visits: a page that takes too long, or too much of the machine, is ended.

It is ended from outside, by a thread of its own and through its process, because a page that hangs answers nothing that
the browser's protocol asks. What was seen until then is kept. The page's renderer goes first; where that does not help
within ``PATIENCE_S``, the browser goes.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from consent_server.browser.processes import Process, family, is_renderer, memory_of, send

LOOK_S = 0.25
PATIENCE_S = 5.0
MOST_THREADS = 1_500
MOST_BYTES_ON_DISK = 500 * 2**20


class Guard:
    """Bounds for every page; ``over_at`` is when the whole visit ends, ``why`` what the last page was ended for."""

    def __init__(self, most_memory: int, over_at: float) -> None:
        self.why = ""
        self._most_memory = most_memory
        self._over_at = over_at
        self._until, self._seconds = over_at, 0.0
        self._ended_at = 0.0

    @property
    def over(self) -> bool:
        """Whether the time of the whole visit is over."""
        return time.monotonic() >= self._over_at

    @contextmanager
    def page(self, seconds: float) -> Iterator[None]:
        """Give one page its time."""
        self.why, self._seconds = "", seconds
        self._until = min(time.monotonic() + seconds, self._over_at)
        try:
            yield
        finally:
            self._until, self._ended_at = self._over_at, 0.0

    def start(self) -> None:
        """Look after this process and what descends from it until it ends."""
        threading.Thread(target=self._watch, name="guard", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_S)
            members = family(os.getpid())
            if why := self._trouble(members):
                self._end(members, why)

    def _trouble(self, members: list[Process]) -> str:
        if time.monotonic() >= self._until:
            return "the time of the visit was over" if self.over else f"not done with after {self._seconds:g} seconds"
        return excess(members, self._most_memory)

    def _end(self, members: list[Process], why: str) -> None:
        now, own = time.monotonic(), os.getsid(0)
        if not self._ended_at:
            self.why, self._ended_at = why, now
            ended = [each for each in members if is_renderer(each)]
        elif now - self._ended_at > PATIENCE_S:
            self._ended_at = now
            ended = [each for each in members if each.session != own]  # the browser has a session of its own
        else:
            return
        for each in ended:
            send(each.pid, signal.SIGKILL)


def excess(members: list[Process], most_memory: int) -> str:
    """Return which bound on the machine's means the processes are beyond, in words, or nothing."""
    if memory_of(members) > most_memory:
        return f"it took more than {most_memory // 2**20} MB of memory"
    if sum(each.threads for each in members) > MOST_THREADS:
        return f"it ran more than {MOST_THREADS} threads"
    if _bytes_in(Path(tempfile.gettempdir())) > MOST_BYTES_ON_DISK:
        return f"it wrote more than {MOST_BYTES_ON_DISK // 2**20} MB to the disk"
    return ""


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total
