"""What recording asks of sites and configurations, kept in the memory of the process: most answers ask no database.

A configuration never changes and is remembered for good; of a site, its origins, whether it is there at all and whether
its log is frozen are asked again every ``FRESH_SECONDS``. Both are bounded, the least recently asked goes first.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from consent_server.domain.configuration import Asked, asked_of
from consent_server.services.patience import Answer, Gate
from consent_server.storage import configurations, sites
from consent_server.storage.sites import RecordingSite

FRESH_SECONDS = 0.5
MOST = 20_000
MOST_AT_ONCE = 8
"""How many threads of a web process may wait here for the database."""


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """The values that were asked for last; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """Return what is remembered of a key."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Remember a value, and forget the one that was asked for longest ago when there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Forget a key."""
        with self._lock:
            self._values.pop(key, None)


@dataclass
class _Seen:
    site: RecordingSite
    asked_at: float


class NotRemembered(Exception):
    """It is not in memory, and who asks may not wait for the database."""


class Memory:
    """What the recorder of one process remembers. ``wait``: whether the database may be asked, and waited for."""

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self._sessions = sessions
        self._sites: Recent[str, _Seen] = Recent(MOST)
        self._gate = Gate(MOST_AT_ONCE)
        self._asked: Recent[tuple[int, int], Asked] = Recent(MOST)

    def ask(self, question: Callable[[Session], Answer]) -> Answer:
        """Return what the database answers; raises what the question does, or ``Unavailable`` instead of waiting."""

        def asked() -> Answer:
            with self._sessions() as session:
                return question(session)

        return self._gate.ask(asked)

    def stop(self) -> None:
        """Ask nothing more."""
        self._gate.stop()

    def site(self, key: str, *, wait: bool = True) -> RecordingSite:
        """Return the site of that key; raises ``SiteNotFound``, or ``Unavailable`` instead of waiting for long."""
        now, seen = time.monotonic(), self._sites.get(key)
        if seen is not None and now - seen.asked_at < FRESH_SECONDS:
            return seen.site
        if not wait:
            raise NotRemembered
        if seen is not None:
            seen.asked_at = now  # whoever comes meanwhile need not ask as well
        try:
            site = self.ask(lambda session: sites.find_recording_site(session, key))
        except BaseException:
            self._sites.forget(key)
            raise
        self._sites.put(key, _Seen(site, now))
        return site

    def asked(self, site: RecordingSite, version: int, *, wait: bool = True) -> Asked:
        """Return what was asked in one of a site's configurations.

        Raises ``ConfigurationNotFound``, or ``Unavailable`` instead of waiting for long.
        """
        found = self._asked.get((site.id, version))
        if found is None:
            if not wait:
                raise NotRemembered
            found = self.ask(lambda session: asked_of(configurations.find_configuration(session, site.id, version)))
            self._asked.put((site.id, version), found)
        return found
