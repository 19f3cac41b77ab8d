"""Counting how often: in the memory of the process, and added up with other processes through Redis when there is one.

Nobody ever waits for Redis: once a second a thread tells it what was counted here and hears what was counted
elsewhere. So several nodes together may let through one second's worth more than the rate; when Redis is away, slow or
emptied each counts alone, and no request notices. What is counted is known by a keyed hash outside of the process.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import redis

from consent_server.domain.errors import TooManyTries
from consent_server.domain.rate import Rate

log = logging.getLogger(__name__)

MOST_COUNTERS = 50_000
MOST_SHARED = 5_000
"""Counters that are told to Redis at once."""
SHARE_EVERY_S = 1.0
REDIS_TIMEOUT_S = 1.0

Key = tuple[Hashable, ...]


@dataclass(slots=True)
class _Counter:
    """``before`` is the whole count of the window before; ``shared`` is what Redis was told of ``here``."""

    seconds: int
    window: int
    here: int = 0
    elsewhere: int = 0
    before: int = 0
    shared: int = 0

    def turn(self, window: int) -> None:
        if window > self.window:
            self.before = self.here + self.elsewhere if window == self.window + 1 else 0
            self.window, self.here, self.elsewhere, self.shared = window, 0, 0, 0

    def used(self, now: float) -> int:
        """Return how often within the last ``seconds``, if the window before was even."""
        left = 1 - (now % self.seconds) / self.seconds
        return math.ceil(self.before * left) + self.here + self.elsewhere


class Limiter:
    """The counters of one process."""

    def __init__(self, redis_url: str, secret: str) -> None:
        self._redis_url = redis_url
        self._secret = hashlib.sha256(f"rates {secret}".encode()).digest()
        self._lock = threading.Lock()
        self._counters: OrderedDict[Key, _Counter] = OrderedDict()
        self._changed: dict[Key, None] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._alone = False

    def count(self, *limits: tuple[Key, Rate]) -> float:
        """Count one for each; return how full the fullest is, 1 being full.

        Raises ``TooManyTries``, and has counted nothing, when one of them was full before.
        """
        now = time.time()
        with self._lock:
            counters = [self._counter(key, rate, now) for key, rate in limits]
            for counter, (_, rate) in zip(counters, limits, strict=True):
                if counter.used(now) >= rate.count:
                    wait = rate.seconds - now % rate.seconds
                    raise TooManyTries("Too many requests came from there; try again later.", math.ceil(wait))
            for counter, (key, _) in zip(counters, limits, strict=True):
                counter.here += 1
                self._changed[key] = None
            fullest = max((c.used(now) / r.count for c, (_, r) in zip(counters, limits, strict=True)), default=0)
            self._begin()
        return fullest

    def watch(self, key: Key, rate: Rate) -> float:
        """Count one, refuse nothing; return how full it is, 1 being full."""
        now = time.time()
        with self._lock:
            counter = self._counter(key, rate, now)
            counter.here += 1
            self._changed[key] = None
            self._begin()
            return counter.used(now) / rate.count

    def _begin(self) -> None:
        """Start the thread that tells Redis, under the lock; one does not survive a fork."""
        if self._redis_url and self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="limiter", daemon=True)
            self._thread.start()

    def share(self, server: redis.Redis) -> None:
        """Tell Redis what was counted here since the last time, and hear what was counted elsewhere."""
        with self._lock:
            keys = list(self._changed)[:MOST_SHARED]
            told = [(key, self._counters[key]) for key in keys if key in self._counters]
            steps = [(key, c, c.window, c.here - c.shared) for key, c in told]
            if not self._redis_url:
                self._changed.clear()
        if not steps:
            self._changed.clear()
            return
        with server.pipeline(transaction=False) as pipeline:
            for key, counter, window, more in steps:
                name = self._name(key, window)
                pipeline.incrby(name, more)
                pipeline.expire(name, 2 * counter.seconds)
            totals = pipeline.execute()[::2]
        with self._lock:
            for (key, counter, window, more), total in zip(steps, totals, strict=True):
                if counter.window == window:
                    counter.shared += more
                    counter.elsewhere = max(0, int(total) - counter.shared)
                    if counter.here > counter.shared:
                        continue
                self._changed.pop(key, None)

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _counter(self, key: Key, rate: Rate, now: float) -> _Counter:
        window = int(now // rate.seconds)
        counter = self._counters.get(key)
        if counter is None or counter.seconds != rate.seconds:
            counter = self._counters[key] = _Counter(rate.seconds, window)
            if len(self._counters) > MOST_COUNTERS:
                self._changed.pop(self._counters.popitem(last=False)[0], None)
        else:
            self._counters.move_to_end(key)
            counter.turn(window)
        return counter

    def _name(self, key: Key, window: int) -> str:
        digest = hashlib.blake2b(repr((key, window)).encode(), key=self._secret, digest_size=16).hexdigest()
        return f"consent:rate:{digest}"

    def _run(self) -> None:
        timeout = REDIS_TIMEOUT_S
        with redis.Redis.from_url(self._redis_url, socket_timeout=timeout, socket_connect_timeout=timeout) as server:
            while not self._stopping.wait(SHARE_EVERY_S):
                try:
                    self.share(server)
                except Exception as error:  # counting alone is better than not counting
                    if not self._alone:
                        log.warning("Redis is away, each process counts alone: %s", type(error).__name__)
                    self._alone = True
                else:
                    self._alone = False
