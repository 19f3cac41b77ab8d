"""A thing stored on, or sent from, the visitor's device, and the service it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent_server.domain.exemption import Exemption
from consent_server.domain.lifetime import Lifetime
from consent_server.domain.purpose import NECESSARY

KINDS = ("cookie", "local_storage", "session_storage", "indexed_db", "pixel", "script", "iframe")

SETTERS = ("script", "http")

OWN_SITE = "site"
"""The ``domain`` of a first-party tracker: whatever hosts the page has."""


@dataclass(frozen=True)
class Tracker:
    """One tracker. ``purpose`` None is unclassified: blocked whatever the visitor answers (CAT-01).

    ``domain`` is ``site`` or a host whose subdomains are included. ``lifetime`` None: nobody states it. ``set_by`` is
    ``script`` or ``http`` (a server's answer), None when nobody knows: what can enforce its lifetime depends on that.
    """

    name: str
    kind: str
    purpose: str | None
    domain: str = OWN_SITE
    lifetime: Lifetime | None = None
    exemption: Exemption | None = None
    description: Mapping[str, str] = field(default_factory=dict)
    set_by: str | None = None
    http_only: bool = False


@dataclass(frozen=True)
class Service:
    """A vendor's product as it appears on a page: the URLs that load it and the trackers it brings.

    ``signal`` is the standard by which its vendor wants to be told the choice (``domain/signals.py``).
    """

    id: str
    name: str
    vendor: str
    purpose: str | None
    policy_url: str | None = None
    url_patterns: tuple[str, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    exemption: Exemption | None = None
    signal: str | None = None

    @property
    def exempt(self) -> bool:
        """Whether its scripts and requests need no consent: exempt itself, or necessary with every tracker exempt."""
        all_exempt = bool(self.trackers) and all(tracker.exemption for tracker in self.trackers)
        return self.exemption is not None or (self.purpose == NECESSARY and all_exempt)

    @property
    def purposes(self) -> frozenset[str]:
        """Every purpose that it serves, its trackers' own ones included (CAT-02)."""
        found = {self.purpose, *(tracker.purpose for tracker in self.trackers)}
        return frozenset(purpose for purpose in found if purpose is not None)
