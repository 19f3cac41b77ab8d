"""CHK-2 (UI-04): refusing takes as few clicks as accepting; and who uses trackers asks at all."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict
from consent_server.domain.scan import BEFORE, SeenBanner

CHECK = "CHK-2"


def check_as_easy_to_refuse(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether the first layer offers a refusal beside its agreement."""
    before = evidence.of(BEFORE)
    if before is None:
        return
    if before.banner is None:
        if any(evidence.needing_consent(name) for name in evidence.classified):
            yield Verdict(
                CHECK,
                "UI-04",
                FAILS,
                "Nobody asks the visitor, although things that need consent are used.",
                "Put a banner on every page, or do without what needs consent.",
            )
        else:
            yield Verdict(CHECK, "UI-04", UNDECIDED, "No banner was seen, and nothing that would need one.")
    elif before.banner.could_accept and not _at_once(before.banner):
        yield Verdict(
            CHECK,
            "UI-04",
            FAILS,
            f"{before.banner.name}: one click accepts everything, but no button of the first layer refuses.",
            "Put “Tout refuser” beside “Tout accepter”: same place, same size, same contrast.",
        )
    elif before.banner.could_refuse:
        yield Verdict(CHECK, "UI-04", HOLDS, f"{before.banner.name}: one click refuses everything, as one accepts.")
    else:
        yield Verdict(CHECK, "UI-04", UNDECIDED, f"{before.banner.name}: no known button was found.")


def _at_once(banner: SeenBanner) -> bool:
    """Whether refusing takes no more clicks than accepting."""
    return banner.could_refuse and banner.refuse_clicks <= banner.accept_clicks
