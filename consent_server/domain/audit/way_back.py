"""CHK-3 (WD-01): the way back to the choice is on every page, not on some."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Proof, Verdict
from consent_server.domain.scan import ACCEPTED

CHECK = "CHK-3"


def check_way_back(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether pages lack what others have; nothing where none has it: the way back may have another name."""
    seen = evidence.of(ACCEPTED)
    if seen is None or seen.banner is None or not seen.banner.answered or not seen.doors:
        return
    without = [
        page
        for page in dict.fromkeys(seen.pages)
        if page not in seen.doors and not any(limit.startswith(page) for limit in seen.limits)
    ]
    if not without:
        yield Verdict(CHECK, "WD-01", HOLDS, "Every page that was visited leads back to the choice.")
        return
    yield Verdict(
        CHECK,
        "WD-01",
        FAILS,
        "Some pages do not lead back to the choice.",
        "Put the link or the button to the settings on every page.",
        tuple(Proof("no way back", ACCEPTED, page) for page in without),
    )
