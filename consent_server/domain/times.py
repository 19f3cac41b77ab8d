"""Times as text: RFC 3339, UTC, milliseconds (CONTRACT, conventions)."""

from __future__ import annotations

from datetime import UTC, datetime

from consent_server.domain.errors import Invalid


def rfc3339(moment: datetime) -> str:
    """Return ``2026-11-22T10:15:00.123Z``; ``moment`` must know its time zone."""
    if moment.tzinfo is None:
        raise AssertionError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """Read exactly the one spelling of ``rfc3339``; raise ``Invalid`` otherwise."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        moment = datetime.min.replace(tzinfo=UTC)
    if rfc3339(moment) != text:
        raise Invalid.because("Write a time as 2026-11-22T10:15:00.123Z (UTC, milliseconds).")
    return moment


def whole_milliseconds(moment: datetime) -> datetime:
    """Return the moment cut to milliseconds, so that what is stored is what is written."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
