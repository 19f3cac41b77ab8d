"""DUR-04: what needs consent or measures an audience ends when its first write said, however often one comes back."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, Evidence, Verdict, proof_of
from consent_server.domain.scan import SeenCookie

CHECK = "DUR"
AUDIENCE = "audience"
"""What may be exempt, on condition that no visit gives it a later end."""

ONE_VISIT_S = 86_400
"""What lasts no longer marks one visit, and may last as long as the visit does."""


def check_not_extended(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether a cookie was given a later end each time it was written; nothing where there is none.

    Told is what was seen twice in one profile: from page to page, or from one visit to the next.
    """
    seen = [
        (each, each.seen, name)
        for name, things in reversed([*evidence.classified.items()])  # the first sighting stays
        for each in things
        if isinstance(each.seen, SeenCookie)
        and evidence.of_site(each)
        and (each.needs_consent or each.purpose == AUDIENCE)
        and (each.seen.lifetime or 0) > ONE_VISIT_S
    ]
    extended = {(each.name, each.domain): (each, name) for each, cookie, name in seen if cookie.extended}
    if extended:
        yield Verdict(
            CHECK,
            "DUR-04",
            FAILS,
            f"{len(extended)} cookies are given a later end whenever they are written again.",
            "Write them once, or keep their first end: cookie_update: false for Google Analytics, or our banner.",
            tuple(proof_of(each, name) for each, name in extended.values()),
        )
    elif seen:
        yield Verdict(CHECK, "DUR-04", HOLDS, "No cookie was given a later end.")
