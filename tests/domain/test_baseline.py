"""A finding is recognised from scan to scan by what it is, and by nothing that changes with the day."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Proof, Verdict
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.baseline import Baseline, baseline_from_json, baseline_of, fingerprint
from consent_server.domain.scan import Scan

GA = Proof("cookie _ga (Google Analytics)", "before", "https://a.example/", ("https://b.example/x.js",))
FBP = Proof("cookie _fbp (Meta Pixel)", "before", "https://a.example/")
EARLY = Verdict("CHK-1", "UI-01", FAILS, "2 things came early.", "Wait.", (GA, FBP))
ALONE = Verdict("CHK-2", "UI-04", FAILS, "No button refuses.")
FINE = Verdict("DUR", "DUR-01", HOLDS, "No cookie lasts longer.")
SCAN = Scan("https://a.example/", "2026-11-22T10:00:00.000Z", "2026-11-22T10:01:00.000Z", "x/1", ())


def test_a_finding_stays_the_same_on_another_page_by_another_script_and_beside_others() -> None:
    moved = replace(GA, page="https://a.example/other", because_of=(), said="policy: nothing")

    assert fingerprint(EARLY, GA) == fingerprint(replace(EARLY, message="1 thing came early."), moved)
    assert (
        len({fingerprint(EARLY, GA), fingerprint(EARLY, FBP), fingerprint(EARLY, replace(GA, seen_in="refused"))}) == 3
    )
    assert fingerprint(ALONE) != fingerprint(replace(ALONE, message="Nobody asks."))


def test_a_verdict_is_known_when_all_of_it_is() -> None:
    known = baseline_of([replace(EARLY, proofs=(GA,)), ALONE])
    early, alone, fine = known.mark([EARLY, ALONE, FINE])

    assert [each.known for each in early.proofs] == [True, False]
    assert (early.known, alone.known, fine.known) == (False, True, False)
    assert all(each.known for each in baseline_of([EARLY, ALONE]).mark([EARLY, ALONE]))


def test_what_could_not_be_told_and_now_fails_is_new() -> None:
    unsure = replace(EARLY, verdict=UNDECIDED)

    assert not baseline_of([unsure]).mark([EARLY])[0].known
    assert baseline_of([EARLY]).mark([unsure])[0].known


def test_a_baseline_comes_back_from_its_file_in_one_order() -> None:
    one, other = baseline_of([EARLY, ALONE]), baseline_of([ALONE, replace(EARLY, proofs=(FBP, GA, GA))])

    assert one.to_json() == other.to_json()
    assert set(baseline_from_json(json.loads(one.to_json())).findings) == set(one.findings)
    assert [each.told for each in one.gone([ALONE])] == [f"UI-01 {GA.what} [before]", f"UI-01 {FBP.what} [before]"]
    assert Baseline().mark([EARLY]) == (EARLY,)


def test_programs_are_told_what_is_known() -> None:
    marked = baseline_of([replace(EARLY, proofs=(GA,)), ALONE]).mark([EARLY, ALONE, FINE])
    results = json.loads(FORMATS["sarif"](SCAN, marked))["runs"][0]["results"]
    suite = ElementTree.fromstring(FORMATS["junit"](SCAN, marked))

    assert [bool(each.get("suppressions")) for each in results] == [True, False, True]
    assert [each["partialFingerprints"]["what/v1"] for each in results] == [
        fingerprint(EARLY, GA),
        fingerprint(EARLY, FBP),
        fingerprint(ALONE),
    ]
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")
    assert "known" in FORMATS["html"](SCAN, marked)
