"""Evidence of a part of a log: what it proves, what it cannot, and the lies about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consent_server.domain.evidence import Trust
from consent_server.domain.evidence_layout import RECORDS
from tests.bundles import signed_anew
from tests.domain.site_log import PROMISER, SIGNER, TRUST, SiteLog, usual, verify_files

Files = dict[str, bytes]
PART = (0, 1, 6, 8, 9, 13)
"""Of the usual log: genesis, two configurations, three consents."""


def _moved(files: Files, old: str, new: str) -> Files:
    moved = {path: data for path, data in files.items() if path != old}
    return {**moved, new: files[old]}


def test_a_part_holds_and_says_that_it_is_one() -> None:
    report = verify_files(usual().part(*PART))
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


LIES: dict[str, tuple[Callable[[Files], Files], str]] = {
    "no genesis": (lambda f: {p: d for p, d in f.items() if p != "proofs/0.tlog-proof"}, "The proof of entry 0"),
    "another place": (lambda f: _moved(f, "proofs/8.tlog-proof", "proofs/7.tlog-proof"), "The proof of entry 7"),
    "another name": (lambda f: _moved(f, "proofs/8.tlog-proof", "proofs/08.tlog-proof"), "not the name of a proof"),
    "another path": (
        lambda f: {
            **f,
            "proofs/9.tlog-proof": f["proofs/9.tlog-proof"].replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1),
        },
        "The proof of entry 9 does not hold",
    ),
    "another checkpoint": (
        lambda f: {
            **f,
            "proofs/9.tlog-proof": f["proofs/9.tlog-proof"].partition(b"\n\n")[0]
            + b"\n\n"
            + usual().checkpoint(13).encode(),
        },
        "The proof of entry 9 does not hold",
    ),
    "no entry": (
        lambda f: {
            **f,
            "proofs/9.tlog-proof": b"\n".join(
                line for line in f["proofs/9.tlog-proof"].split(b"\n") if not line.startswith(b"extra")
            ),
        },
        "The proof of entry 9 does not hold",
    ),
    "no proof": (lambda f: {p: d for p, d in f.items() if p != "proofs/13.tlog-proof"}, "Record 13"),
    "no record": (
        lambda f: {**f, RECORDS: b"".join(f[RECORDS].splitlines(keepends=True)[1:])},
        "WITHHELD: a proof of record 8",
    ),
    "another answer": (
        lambda f: {**f, RECORDS: f[RECORDS].replace(b'\\"audience\\":true', b'\\"audience\\":false', 1)},
        "Record 8",
    ),
    "no configuration": (
        lambda f: {p: d for p, d in f.items() if not p.startswith("config/")},
        "WITHHELD: the configuration",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_part_is_named_even_when_it_is_signed(name: str) -> None:
    change, sentence = LIES[name]
    files = usual().part(*PART)
    changed = change(files)
    assert changed != files
    report = verify_files(signed_anew(changed, SIGNER))
    assert report.lie is not None
    assert sentence in report.lie


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_part_that_is_not_signed_anew_is_refused(name: str) -> None:
    report = verify_files(LIES[name][0](usual().part(*PART)))
    assert report.lie is not None


def test_a_promise_of_what_is_in_a_part_is_kept_and_of_the_rest_nothing_is_said() -> None:
    log = usual()
    trust = Trust((SIGNER.verifier, PROMISER.verifier), promises=(log.promise(8), log.promise(2)))
    report = verify_files(log.part(*PART), trust)
    assert report.lie is None
    assert any("is kept" in note for note in report.notes)
    assert any("not in this part" in note for note in report.notes)


def test_a_known_checkpoint_of_the_same_size_shows_a_split_view() -> None:
    log, other = usual(), usual()
    other.entries[13] = other.entries[9]
    forked = Trust(TRUST.keys, known=(other.checkpoint().encode(),))
    report = verify_files(log.part(*PART), forked)
    assert report.lie is not None
    assert "SPLIT VIEW" in report.lie
    smaller = Trust(TRUST.keys, known=(log.checkpoint(8).encode(),))
    report = verify_files(log.part(*PART), smaller)
    assert report.lie is None
    assert any("was not compared" in note for note in report.notes)
