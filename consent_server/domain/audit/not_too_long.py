"""DUR-01: no cookie of the site that needs consent lasts longer than thirteen months from its first write."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Verdict, proof_of
from consent_server.domain.lifetime import add_months
from consent_server.domain.scan import SeenCookie
from consent_server.domain.times import parse_rfc3339

CHECK = "DUR"
MOST_MONTHS = 13
TOLERANCE_S = 3_600
"""What clocks may be off, and an hour that summer time takes."""


def check_not_too_long(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a cookie was written to last longer; ``Max-Age`` as written, even where a browser cut it.

    Months are those of the calendar: thirteen of them have up to 397 days.
    """
    finished = parse_rfc3339(evidence.scan.finished_at)
    longest = (add_months(finished, MOST_MONTHS) - finished).total_seconds()
    found = {
        (each.name, each.domain): (each, name)
        for name, things in reversed([*evidence.classified.items()])  # the first sighting stays
        for each in things
        if isinstance(each.seen, SeenCookie)
        and evidence.of_site(each)
        and each.needs_consent is not False
        and (each.seen.lifetime or 0) > longest + TOLERANCE_S
    }
    if not found:
        yield Verdict(CHECK, "DUR-01", HOLDS, "No cookie lasts longer than thirteen months.")
        return
    yield Verdict(
        CHECK,
        "DUR-01",
        FAILS,
        f"{len(found)} cookies last longer than thirteen months.",
        "Shorten them where they are set: the vendor's settings, or the server's answer.",
        tuple(proof_of(each, name) for each, name in found.values()),
    )
