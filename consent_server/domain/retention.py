"""How long a proof is kept: as long as the choice counted, and then as long as somebody may sue over it (PRF-09).

The texts name no number. The default of five years is the civil limitation period in France (Code civil, 2224); a site
sets its own as ``proof_ttl``, and every purge names the one that it went by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass
class _Span:
    """Between which times the records of a purge were made, and between which they were purged; empty is unknown."""

    made_after: str = ""
    made_before: str = ""
    purged_after: str = ""
    purged_before: str = ""


class PurgeTimes:
    """What the rest of a log tells of when purged records were made, and of when they were purged.

    A record was made no earlier than what stands before it in the log, and purged no later than what stands after the
    purge. The operator's clock tells that of records and configurations; a time stamp tells it whatever the operator's
    clock said. ``purges`` gives, for each, the index of the last record that it took and the index of its own entry.
    """

    def __init__(self, purges: Sequence[tuple[int, int]]) -> None:
        self._purges = purges
        self._told = [_Span() for _ in purges]
        self._stamped = [_Span() for _ in purges]
        self._by_last = sorted(range(len(purges)), key=lambda number: purges[number][0])
        self._by_entry = sorted(range(len(purges)), key=lambda number: purges[number][1])
        self._newest = ""

    def saw_record(self, index: int, moment: str) -> None:
        """Take the time of a record that is left; they come by index. Costs nothing when there are no purges."""
        while self._by_last and self._purges[self._by_last[0]][0] < index:
            self._told[self._by_last.pop(0)].made_after = self._newest
        while self._by_entry and self._purges[self._by_entry[0]][1] < index:
            self._told[self._by_entry.pop(0)].purged_before = moment
        self._newest = max(self._newest, moment)

    def saw(self, index: int, moment: str) -> None:
        """Take the time of something else that the log has at ``index``: after the records, in any order."""
        self._end_of_records()
        for (last, entry), told in zip(self._purges, self._told, strict=True):
            if index < last:
                told.made_after = max(told.made_after, moment)
            if index > entry:
                told.purged_before = min(told.purged_before or moment, moment)

    def saw_stamp(self, size: int, moment: str) -> None:
        """Take the time at which an authority saw the first ``size`` entries and no others."""
        for (last, entry), stamped in zip(self._purges, self._stamped, strict=True):
            if size <= last:
                stamped.made_after = max(stamped.made_after, moment)
            else:
                stamped.made_before = min(stamped.made_before or moment, moment)
            if size > entry:
                stamped.purged_before = min(stamped.purged_before or moment, moment)
            else:
                stamped.purged_after = max(stamped.purged_after, moment)

    def too_early(self, number: int, policy: str, latest: str) -> tuple[str, str] | None:
        """Return between which times a purge took a record that its policy would have kept; ``None`` when it may be so.

        ``latest`` is when the evidence was made. Raises ``Invalid`` when the policy is no duration.
        """
        self._end_of_records()
        told, stamped = self._told[number], self._stamped[number]
        made = max(told.made_after, stamped.made_after)
        purged = min(filter(None, (told.purged_before, stamped.purged_before)), default=latest)
        if not made or not purged:
            return None
        due_at = after(parse_rfc3339(made), parse_lifetime(policy))
        return (made, purged) if due_at > parse_rfc3339(purged) + MERGE_DELAY else None

    def is_early_by_stamps(self, number: int, policy: str) -> bool:
        """Whether time stamps alone show that a purge came before its time."""
        stamped = self._stamped[number]
        return bool(stamped.made_after and stamped.purged_before) and (
            after(parse_rfc3339(stamped.made_after), parse_lifetime(policy))
            > parse_rfc3339(stamped.purged_before) + MERGE_DELAY
        )

    def is_due_by_stamps(self, number: int, policy: str) -> bool:
        """Whether time stamps alone show that a purge took nothing that its policy would have kept.

        The policy counts from the end of the choice, which is gone with the record: from its making on, at least.
        """
        stamped = self._stamped[number]
        return bool(stamped.made_before and stamped.purged_after) and (
            after(parse_rfc3339(stamped.made_before), parse_lifetime(policy)) <= parse_rfc3339(stamped.purged_after)
        )

    def dates(self, number: int) -> bool:
        """Whether anything tells when the records of a purge were made."""
        self._end_of_records()
        return bool(self._told[number].made_after or self._stamped[number].made_after)

    def _end_of_records(self) -> None:
        for number in self._by_last:
            self._told[number].made_after = self._newest
        self._by_last = []
