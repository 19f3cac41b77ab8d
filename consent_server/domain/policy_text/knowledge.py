"""The library, indexed for one reading: which trackers a name can be.

``Library.find_tracker`` gives the one best answer; a policy often says beside the name whose it is, so all are asked
for, and kept: a hostile text asks a hundred thousand times.
"""

from __future__ import annotations

from dataclasses import dataclass

from consent_server.domain.library import NAMED_KINDS, Library, LibraryService
from consent_server.domain.name_pattern import matches_in_any_case, specificity

MOST_LOOK_UPS = 1_000


@dataclass(frozen=True)
class Known:
    """A tracker of the library: its name or pattern there, and the service that it belongs to."""

    name: str
    domain: str
    purpose: str
    service: LibraryService


class Knowledge:
    """Names are compared without their case; an exact name goes before a pattern, a longer pattern before a shorter."""

    def __init__(self, library: Library) -> None:
        self._exact: dict[str, list[Known]] = {}
        self._patterns: list[Known] = []
        self._remembered: dict[str, tuple[Known, ...]] = {}
        for service in library.services:
            for tracker in service.trackers:
                if tracker.kind in NAMED_KINDS:
                    self._add(Known(tracker.name, tracker.domain, tracker.purpose, service), tracker.first_party)
        self._patterns.sort(key=lambda known: specificity(known.name), reverse=True)

    def _add(self, known: Known, first_party: bool) -> None:
        if "*" in known.name:
            self._patterns.append(known)
        same = self._exact.setdefault(known.name.casefold(), [])
        same.insert(0 if first_party else len(same), known)

    def all_named(self, name: str) -> tuple[Known, ...]:
        """Return the trackers that ``name`` can be, the most specific first; a pattern is found as itself too."""
        folded = name.casefold()
        if folded not in self._remembered:
            self._remembered[folded] = self._look_up(folded)
        return self._remembered[folded]

    def knows(self, name: str) -> bool:
        """Whether a tracker has this name."""
        return bool(self.all_named(name))

    def _look_up(self, folded: str) -> tuple[Known, ...]:
        """Patterns are only tried while fewer than ``MOST_LOOK_UPS`` names were: a hostile text is full of names."""
        exact = tuple(self._exact.get(folded, ()))
        if len(self._remembered) > MOST_LOOK_UPS:
            return exact
        return exact + tuple(k for k in self._patterns if k not in exact and matches_in_any_case(k.name, folded))
