"""How long a proof is kept: as long as the choice counted, and then as long as somebody may sue over it (PRF-09).

The texts name no number. The default of five years is the civil limitation period in France (Code civil, 2224); a site
sets its own as ``proof_ttl``, and every purge names the one that it went by.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, Lifetime, add_months, parse_lifetime

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
