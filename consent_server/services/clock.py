"""The clock, in one place."""

from __future__ import annotations

from datetime import UTC, datetime

from consent_server.domain.times import whole_milliseconds


def now() -> datetime:
    """Return the time in UTC, cut to milliseconds."""
    return whole_milliseconds(datetime.now(UTC))
