"""DUR-01: no tracker that needs consent lasts longer than thirteen months from its first write."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Verdict, proof_of
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS
from consent_server.domain.scan import SeenCookie

CHECK = "DUR"
TOLERANCE_S = 60
"""What a clock may be off between a page's write and the browser's date."""


def check_not_too_long(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a cookie was written to last longer; ``Max-Age`` as written, even where a browser cut it."""
    found = {
        (each.name, each.domain): (each, name)
        for name, things in reversed([*evidence.classified.items()])  # the first sighting stays
        for each in things
        if isinstance(each.seen, SeenCookie)
        and each.needs_consent is not False
        and (each.seen.lifetime or 0) > MAX_LIFETIME_SECONDS + TOLERANCE_S
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
