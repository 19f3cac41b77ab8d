"""Evidence of a part of a log: what it proves, and what it cannot. The lies about it are in ``tamperings``."""

from __future__ import annotations

from consent_server.domain.evidence import Trust
from tests.domain.liars import CHOSEN
from tests.domain.site_log import PROMISER, SIGNER, TRUST, SiteLog, usual, verify_files


def test_a_part_holds_and_says_that_it_is_one() -> None:
    report = verify_files(usual().part(*CHOSEN))
    assert report.lie is None
    assert report.counts == {"entries": 6, "records": 3, "scrubbed": 0, "configurations": 2}
    assert any("what it leaves out cannot be seen" in note for note in report.notes)


def test_a_part_may_be_nothing_but_whose_log_it_is() -> None:
    assert verify_files(usual().part(0)).lie is not None, "the configurations there are not in it"
    log = SiteLog()
    assert verify_files(log.part(0)).lie is None


def test_a_scrubbed_record_needs_the_entry_that_says_so() -> None:
    assert verify_files(usual().part(0, 1, 5, 6, 10)).lie is None
    report = verify_files(usual().part(0, 1, 5, 6))
    assert report.index == 5
    assert report.lie is not None
    assert "its personal part is withheld" in report.lie


def test_a_promise_of_what_is_in_a_part_is_kept_and_of_the_rest_nothing_is_said() -> None:
    log = usual()
    trust = Trust((SIGNER.verifier, PROMISER.verifier), promises=(log.promise(8), log.promise(2)))
    report = verify_files(log.part(*CHOSEN), trust)
    assert report.lie is None
    assert any("is kept" in note for note in report.notes)
    assert any("not in this part" in note for note in report.notes)


def test_a_smaller_known_checkpoint_cannot_be_compared_with_a_part() -> None:
    log = usual()
    smaller = Trust(TRUST.keys, known=(log.checkpoint(8).encode(),))
    report = verify_files(log.part(*CHOSEN), smaller)
    assert report.lie is None
    assert any("was not compared" in note for note in report.notes)
