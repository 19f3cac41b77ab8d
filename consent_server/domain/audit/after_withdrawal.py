"""CHK-4 (WD-04): a withdrawal ends reads and writes, and removes what was set."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Verdict, proof_of
from consent_server.domain.scan import BEFORE, WITHDRAWN, host_of, same_site

CHECK = "CHK-4"


def check_after_withdrawal(evidence: Evidence) -> Iterator[Verdict]:
    """Yield whether something that needs consent outlived its withdrawal, or was asked for again.

    What never waited for a yes is told by CHK-1, and not again here. No page can remove a cookie of another site: it
    counts when that site was asked for something (WD-06).
    """
    withdrawn = evidence.of(WITHDRAWN)
    if withdrawn is None or withdrawn.banner is None:
        yield Verdict(
            "CHK-3",
            "WD-01",
            UNDECIDED,
            "No way to withdraw was found by this scan: look for a link to the settings on every page.",
        )
        return
    yield Verdict("CHK-3", "WD-01", HOLDS, "The settings can be opened again after the answer.")
    if not withdrawn.banner.answered:
        yield Verdict(CHECK, "WD-04", UNDECIDED, "The settings gave no button that withdraws, so none was pressed.")
        return
    early = {(each.kind, each.name) for each in evidence.needing_consent(BEFORE)}
    asked = {host_of(request.address) for request in withdrawn.requests}
    found = [
        each
        for each in evidence.needing_consent(WITHDRAWN)
        if (each.kind, each.name) not in early
        and (evidence.of_site(each) or any(same_site(host, each.domain) for host in asked))
    ]
    if not found:
        yield Verdict(CHECK, "WD-04", HOLDS, "Nothing that needs consent was left or asked for after the withdrawal.")
        return
    yield Verdict(
        CHECK,
        "WD-04",
        FAILS,
        f"{len(found)} things that need consent were still there, or asked for, after the withdrawal.",
        "Remove cookies and keys at the withdrawal, on every domain and path; those that are HttpOnly from the server.",
        tuple(proof_of(each, WITHDRAWN) for each in found),
    )
