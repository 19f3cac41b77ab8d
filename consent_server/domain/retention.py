"""How long a proof is kept: as long as the choice counted, and then as long as somebody may sue over it (PRF-09).

The texts name no number. The default of five years is the civil limitation period in France (Code civil, 2224); a site
sets its own as ``proof_ttl``, and every purge names the one that it went by.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, Lifetime, add_months, parse_lifetime
from consent_server.domain.times import parse_rfc3339

DEFAULT_PROOF_TTL = "P5Y"

_SHORTEST_S = 28 * 86_400
_LONGEST_S = 30 * 366 * 86_400


def parse_proof_ttl(text: str) -> Lifetime:
    """Read how long a site keeps a proof once the choice is over; raise ``Invalid``."""
    ttl = parse_lifetime(text)
    if ttl.is_session or not _SHORTEST_S <= ttl.nominal_seconds <= _LONGEST_S:
        raise Invalid.because("A proof is kept for a month at least after the choice is over, for 30 years at most.")
    return ttl


def after(start: datetime, ttl: Lifetime) -> datetime:
    """Return the moment that lies a duration after another, by calendar months; the cap on trackers does not apply."""
    return add_months(start, ttl.months) + timedelta(seconds=ttl.seconds)


def due(recorded_at: datetime, expires_at: datetime | None, ttl: Lifetime) -> datetime:
    """Return when a record's time is up. One that does not say how long it counts is taken to count the longest."""
    return after(expires_at or recorded_at + timedelta(seconds=MAX_LIFETIME_SECONDS), ttl)


MERGE_DELAY = timedelta(days=1)
"""How far the order of the log may be from the order of the clock: the longest promise."""


class PurgeTimes:
    """What the rest of a log tells of when purged records were made, and of when they were purged.

    A record was made no earlier than what stands before it in the log, and purged no later than what stands after the
    purge. ``purges`` gives, for each, the index of the last record that it took and the index of its own entry.
    """

    def __init__(self, purges: Sequence[tuple[int, int]]) -> None:
        self._purges = purges
        self._made_after: list[str] = [""] * len(purges)
        self._purged_before: list[str] = [""] * len(purges)
        self._by_last = sorted(range(len(purges)), key=lambda number: purges[number][0])
        self._by_entry = sorted(range(len(purges)), key=lambda number: purges[number][1])
        self._newest = ""

    def saw_record(self, index: int, moment: str) -> None:
        """Take the time of a record that is left; they come by index. Costs nothing when there are no purges."""
        while self._by_last and self._purges[self._by_last[0]][0] < index:
            self._made_after[self._by_last.pop(0)] = self._newest
        while self._by_entry and self._purges[self._by_entry[0]][1] < index:
            self._purged_before[self._by_entry.pop(0)] = moment
        self._newest = max(self._newest, moment)

    def saw(self, index: int, moment: str) -> None:
        """Take the time of something else that the log has at ``index``: after the records, in any order."""
        self._end_of_records()
        for number, (last, entry) in enumerate(self._purges):
            if index < last:
                self._made_after[number] = max(self._made_after[number], moment)
            if index > entry:
                self._purged_before[number] = min(self._purged_before[number] or moment, moment)

    def too_early(self, number: int, policy: str, latest: str) -> tuple[str, str] | None:
        """Return between which times a purge took a record that its policy would have kept; ``None`` when it may be so.

        ``latest`` is when the evidence was made. Raises ``Invalid`` when the policy is no duration.
        """
        self._end_of_records()
        made, purged = self._made_after[number], self._purged_before[number] or latest
        if not made or not purged:
            return None
        due_at = after(parse_rfc3339(made), parse_lifetime(policy))
        return (made, purged) if due_at > parse_rfc3339(purged) + MERGE_DELAY else None

    def dates(self, number: int) -> bool:
        """Whether anything tells when the records of a purge were made."""
        self._end_of_records()
        return bool(self._made_after[number])

    def _end_of_records(self) -> None:
        for number in self._by_last:
            self._made_after[number] = self._newest
        self._by_last = []
