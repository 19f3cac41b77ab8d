"""Checks of a site as a browser found it: one file each, one list. Any banner, not ours alone.

A check takes the evidence of a scan to verdicts: holds, fails, cannot tell. It never guesses: what a scan could not see
is not said to hold. Adding a check is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent_server.domain.audit.accessible import check_accessible
from consent_server.domain.audit.after_refusal import check_after_refusal
from consent_server.domain.audit.after_withdrawal import check_after_withdrawal
from consent_server.domain.audit.all_classified import check_all_classified
from consent_server.domain.audit.as_declared import check_as_declared
from consent_server.domain.audit.as_easy_to_refuse import check_as_easy_to_refuse
from consent_server.domain.audit.as_far_as_seen import as_far_as_seen
from consent_server.domain.audit.before_consent import check_before_consent
from consent_server.domain.audit.by_keyboard import check_by_keyboard
from consent_server.domain.audit.choice_is_kept import check_choice_is_kept
from consent_server.domain.audit.no_wall import check_no_wall
from consent_server.domain.audit.not_extended import check_not_extended
from consent_server.domain.audit.not_too_long import check_not_too_long
from consent_server.domain.audit.off_at_first import check_off_at_first
from consent_server.domain.audit.one_banner import check_one_banner
from consent_server.domain.audit.partners_told import check_partners_told
from consent_server.domain.audit.plain_answers import check_plain_answers
from consent_server.domain.audit.purposes_first import check_purposes_first
from consent_server.domain.audit.refusal_stands_out import check_refusal_stands_out
from consent_server.domain.audit.rightly_exempt import check_rightly_exempt
from consent_server.domain.audit.signals_denied import check_signals_denied
from consent_server.domain.audit.silence import check_silence
from consent_server.domain.audit.verdict import FAILS, HOLDS, UNDECIDED, Evidence, Proof, Verdict
from consent_server.domain.audit.way_back import check_way_back
from consent_server.domain.audit.withdrawal_told import check_withdrawal_told
from consent_server.domain.classification import Classifier
from consent_server.domain.drift import Drift
from consent_server.domain.library import Library
from consent_server.domain.scan import Scan

CHECKS = (
    check_before_consent,
    check_signals_denied,
    check_silence,
    check_as_easy_to_refuse,
    check_refusal_stands_out,
    check_off_at_first,
    check_plain_answers,
    check_one_banner,
    check_purposes_first,
    check_partners_told,
    check_no_wall,
    check_after_refusal,
    check_choice_is_kept,
    check_withdrawal_told,
    check_way_back,
    check_after_withdrawal,
    check_accessible,
    check_by_keyboard,
    check_not_too_long,
    check_not_extended,
    check_all_classified,
)


def audit(
    scan: Scan, classifier: Classifier, library: Library, drifts: Sequence[Drift] | None = None
) -> tuple[Verdict, ...]:
    """Return every verdict on a site, failures first; on what it says of itself when ``drifts`` were looked for."""
    evidence = Evidence(scan, {each.name: tuple(classifier.of_pass(each)) for each in scan.passes})
    found = [verdict for check in CHECKS for verdict in check(evidence)]
    found += check_rightly_exempt(evidence, library)
    if drifts is not None:
        found += check_as_declared(drifts)
    found = [as_far_as_seen(verdict, scan) for verdict in found]
    order = (FAILS, UNDECIDED, HOLDS)
    return tuple(sorted(found, key=lambda verdict: order.index(verdict.verdict)))


__all__ = ["CHECKS", "FAILS", "HOLDS", "UNDECIDED", "Evidence", "Proof", "Verdict", "audit"]
