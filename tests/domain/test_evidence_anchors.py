"""What anchors prove, and how far clocks may be apart. Single lies about them have their rows in ``tamperings``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.evidence import Report
from consent_server.domain.evidence_anchors import Anchor, Bracket, Brackets
from consent_server.domain.proof_log.checkpoint import parse_body
from consent_server.domain.proof_log.keys import log_signer
from consent_server.domain.proof_log.merkle import leaf_hash, prove_consistency
from consent_server.domain.proof_log.proof import format_hashes
from consent_server.domain.proof_log.signed_note import parse_note
from consent_server.domain.proof_log.tiles import reader
from consent_server.domain.time_stamp import Stamp, read_stamp
from consent_server.domain.times import rfc3339
from tests.domain.anchor_log import ANCHOR_SIGNER, AnchorLog, answer
from tests.domain.liars import NOON, resign
from tests.domain.site_log import TRUST, SiteLog, usual, verify_files, verify_lines
from tests.domain.test_evidence import _purged as purged
from tests.domain.test_evidence import refused

BELIEVING = dataclasses.replace(TRUST, anchor_keys=(ANCHOR_SIGNER.verifier,), check_token=lambda *_: None)


def body(log: SiteLog, size: int) -> str:
    return parse_note(log.checkpoint(size)).text


def anchored(log: SiteLog, *sizes: int, time: datetime = NOON) -> SiteLog:
    """Anchor these sizes, a minute apart."""
    anchor_log = AnchorLog()
    log.anchored = [*sizes]
    log.anchors = [anchor_log.anchor(body(log, size), time + n * timedelta(minutes=1)) for n, size in enumerate(sizes)]
    return log


def changed(log: SiteLog, at: int = 0, **changes: object) -> Report:
    log.anchors[at] = dataclasses.replace(log.anchors[at], **changes)  # type: ignore[arg-type]
    return verify_files(log.files(), BELIEVING)


# The truth


def test_an_anchored_log_holds_and_says_until_when() -> None:
    report = verify_files(anchored(usual(), 6, 14).files(), BELIEVING)
    assert report.lie is None
    assert (report.counts["anchors"], report.counts["time stamps"]) == (2, 2)
    assert report.stamped == Bracket(14, NOON + timedelta(minutes=1), 5)
    assert not any("anchor" in note or "time stamp" in note for note in report.notes)


def test_what_came_after_the_last_anchor_is_a_note() -> None:
    assert "The entries 6 to 13." in " ".join(verify_files(anchored(usual(), 6).files(), BELIEVING).notes)
    assert "Entry 13." in " ".join(verify_files(anchored(usual(), 13).files(), BELIEVING).notes)


def test_what_was_not_checked_is_a_note() -> None:
    report = verify_files(anchored(usual(), 14).files(), TRUST)
    assert report.valid
    assert report.stamped is None
    assert any("--anchor-key" in note for note in report.notes)
    assert any("1 tokens were not checked" in note and "--tsa-ca" in note for note in report.notes)
    assert any("rests on the operator's word" in note for note in report.notes)


def test_an_anchor_without_a_token_says_no_time() -> None:
    log = anchored(usual(), 14)
    report = changed(log, token=None)
    assert report.valid
    assert report.stamped is None
    assert report.counts["time stamps"] == 0


def test_lines_are_vouched_for_like_files() -> None:
    log = anchored(usual(), 6, 14)
    as_files, as_lines = verify_files(log.files(), BELIEVING), verify_lines(log.lines(), BELIEVING)
    assert as_lines.lie is None
    assert as_lines.stamped == as_files.stamped
    assert as_lines.counts == as_files.counts
    assert [json.loads(line)["anchor"] for line in log.lines()[-2:]] == [3, 5]
    assert any("1 tokens were not checked" in note for note in verify_lines(log.lines()[:-1], TRUST).notes)


def test_lines_from_before_they_had_anchors_still_hold() -> None:
    report = verify_lines(usual().lines(), BELIEVING)
    assert report.valid
    assert any("No anchor" in note for note in report.notes)


# Times


def _late(index: int, recorded_at: str, *sizes: int, time: datetime = NOON) -> Report:
    """Verify a log of 14 entries in which one record claims another time."""
    log = SiteLog()
    log.publish(1)
    for each in range(2, 14):
        log.consent(**({"recorded_at": recorded_at} if each == index else {}))
    return verify_files(anchored(log, *sizes, time=time).files(), BELIEVING)


@pytest.mark.parametrize("index", [10, 13])
def test_a_back_dated_record_is_named(index: int) -> None:
    report = _late(index, "2026-11-20T09:00:00.000Z", 6, 10)
    refused(report, "back-dated", "2026-11-20T09:00:00.000Z", "anchor 5", "2026-11-22T10:02:00", index=index)


def test_a_record_that_the_anchor_before_it_does_not_know_was_made_after_that_one() -> None:
    refused(_late(7, "2026-11-22T09:55:00.000Z", 6, 10), "back-dated", "anchor 3", index=7)


@pytest.mark.parametrize("index", [2, 5])
def test_a_record_from_after_its_anchor_is_named(index: int) -> None:
    refused(_late(index, "2026-11-22T10:06:00.001Z", 6, 10), "made up", "anchor 3", index=index)


@pytest.mark.parametrize(
    ("index", "recorded_at"),
    [(5, "2026-11-22T10:06:00.000Z"), (6, "2026-11-22T09:56:00.000Z"), (5, "2020-01-01T00:00:00.000Z")],
)
def test_clocks_may_be_five_minutes_apart(index: int, recorded_at: str) -> None:
    assert _late(index, recorded_at, 6).lie is None


def test_times_are_not_held_against_a_token_that_nobody_checked() -> None:
    log = anchored(usual(), 14, time=NOON - timedelta(days=30))
    refused(verify_files(log.files(), BELIEVING), "made up")
    assert verify_files(log.files(), dataclasses.replace(BELIEVING, check_token=None)).valid


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3_000)), max_size=6),
    st.integers(0, 25),
    st.integers(-1_000, 4_000),
)
def test_brackets_are_those_of_every_anchor_one_by_one(found: list[tuple[int, int]], index: int, at: int) -> None:
    brackets = [Bracket(size, NOON + timedelta(seconds=seconds), n) for n, (size, seconds) in enumerate(found)]
    five = timedelta(minutes=5)
    moment = NOON + timedelta(seconds=at)
    wrong = any(moment > each.time + five if index < each.size else moment < each.time - five for each in brackets)
    assert (Brackets(brackets).trouble(index, rfc3339(moment)) is not None) == wrong


@pytest.mark.parametrize("size", [2, 3], ids=["before both records", "between them"])
def test_a_purge_is_judged_by_the_tokens_around_it_whatever_the_log_says_of_its_times(size: int) -> None:
    log = purged("2010-01-01T00:00:00.000Z")
    assert verify_files(log.files(), BELIEVING).valid
    report = verify_files(anchored(log, size).files(), BELIEVING)
    refused(report, "before their time", rfc3339(NOON), "P5Y", index=4)


FORMS = pytest.mark.parametrize("form", [SiteLog.files, SiteLog.lines], ids=["files", "lines"])


def _purged_between(form: Callable[[SiteLog], Any], made: datetime, purged_at: datetime) -> Report:
    """Verify a log that claims a purge long after the records; one token is from before them, one from after it."""
    log = purged("2010-01-01T00:00:00.000Z")
    log.consent(recorded_at=rfc3339(purged_at))
    about = dataclasses.replace(log.about(), created="2040-01-01T00:00:00.000Z")
    log.about = lambda: about  # type: ignore[method-assign]
    anchor_log, log.anchored = AnchorLog(), [2, 6]
    log.anchors = [anchor_log.anchor(body(log, 2), made), anchor_log.anchor(body(log, 6), purged_at)]
    return (verify_files if form is SiteLog.files else verify_lines)(form(log), BELIEVING)


@FORMS
def test_a_purge_that_tokens_alone_show_to_be_early_is_named_and_said_to_be_proved(
    form: Callable[[SiteLog], Any],
) -> None:
    report = _purged_between(form, NOON, NOON + timedelta(days=4 * 365))
    refused(report, "before their time", rfc3339(NOON), "Time stamps alone show it", index=4)
    assert _purged_between(form, NOON, NOON + timedelta(days=5 * 366)).lie is None


def test_a_purge_that_the_operators_clock_alone_shows_to_be_early_is_not_said_to_be_proved() -> None:
    report = verify_files(anchored(purged("2024-01-01T00:00:00.000Z"), 5).files(), BELIEVING)
    refused(report, "before their time", index=4)
    assert "Time stamps" not in (report.lie or "")


def _notes_of_purge(*stamps: tuple[int, datetime]) -> str:
    log, anchor_log = purged("2010-01-01T00:00:00.000Z"), AnchorLog()
    log.anchored = [size for size, _ in stamps]
    log.anchors = [anchor_log.anchor(body(log, size), time) for size, time in stamps]
    report = verify_files(log.files(), BELIEVING)
    assert report.lie is None
    return " ".join(report.notes)


def test_a_purge_that_only_the_operators_clock_shows_to_be_due_is_noted() -> None:
    then = NOON - timedelta(days=6 * 366)
    proved = "1 purges were in time by the operator's clock: no time stamps prove it."
    assert proved not in _notes_of_purge((4, then), (4, NOON), (5, NOON)), "four entries then, and still four at noon"
    assert proved in _notes_of_purge((4, then), (5, NOON)), "the purge may have come right after the first token"
    assert proved in _notes_of_purge((2, then), (4, NOON), (5, NOON)), "the records may have come right before noon"
    assert proved in _notes_of_purge((5, NOON))
    assert "operator's clock" not in _notes_of_purge()


# Lies


def test_a_token_of_nobody_known_is_named() -> None:
    trust = dataclasses.replace(BELIEVING, check_token=lambda *_: "openssl refuses it")
    refused(verify_files(anchored(usual(), 14).files(), trust), "The token of the anchor 3", "openssl refuses it")


def test_the_token_is_given_to_who_checks_it_with_the_body_that_it_stamps() -> None:
    asked: list[tuple[bytes, bytes, datetime]] = []
    log = anchored(usual(), 14)
    verify_files(log.files(), dataclasses.replace(BELIEVING, check_token=lambda *given: asked.append(given)))  # type: ignore[func-returns-value,arg-type,misc]
    (given,) = asked
    assert given == (parse_note(log.anchors[0].checkpoint).text.encode(), log.anchors[0].token, NOON)


def test_anchors_of_two_logs_are_named_also_by_who_has_no_key_of_theirs() -> None:
    log, other = usual(), AnchorLog(log_signer(bytes(range(32)), "elsewhere.example/v1/log"))
    log.anchors = [other.anchor(body(log, 14), NOON)]
    log.anchors += anchored(usual(), 6, 8).anchors[1:]
    refused(verify_files(log.files(), TRUST), "The anchor 5 is of another anchor log")


@pytest.mark.parametrize("path", ["anchor/3/more/token.tsr", "anchor/loose", "anchor/03/token.tsr"])
def test_a_file_that_no_anchor_has_is_named(path: str) -> None:
    files = anchored(usual(), 14).files()
    refused(verify_files(resign({**files, path: b""}), BELIEVING), "has not the files of an anchor")


@pytest.mark.parametrize("folder", ["003", "+3", "3x", "4"])
def test_an_anchor_under_another_name_is_named(folder: str) -> None:
    files = anchored(usual(), 14).files()
    files = {path.replace("anchor/3/", f"anchor/{folder}/"): data for path, data in files.items()}
    refused(verify_files(resign(files), BELIEVING), f"The anchor {folder}")


def test_a_flipped_byte_anywhere_in_an_anchor_is_refused() -> None:
    """The operator signs the manifest anew, and still cannot change what stands in the anchor log."""
    files = anchored(usual(), 14).files()
    for path in ("anchor/3/checkpoint.note", "anchor/3/site.tlog-proof"):
        data = files[path]
        for at in range(0, len(data), 7):
            flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            refused(verify_files(resign({**files, path: flipped}), BELIEVING), "anchor")


def test_a_flipped_byte_anywhere_in_the_line_of_an_anchor_is_refused() -> None:
    lines = anchored(usual(), 14).lines()
    for at in range(0, lines[-1].index(b'"token"'), 7):
        line = lines[-1][:at] + bytes([lines[-1][at] ^ 1]) + lines[-1][at + 1 :]
        assert verify_lines([*lines[:-1], line], BELIEVING).lie is not None, line


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ((0, 1, 3, 2), "stands after the anchor"),
        ((0, 1, 2, 2, 3), "stands after the anchor"),
        ((2, 0, 1, 3), "after the anchors"),
        ((0, 2, 1, 3), "after the anchors"),
        ((2, 3), "WITHHELD: the configuration"),
    ],
    ids=str,
)
def test_lines_of_anchors_come_last_by_size_once(order: tuple[int, ...], words: str) -> None:
    lines = anchored(usual(), 6, 14).lines()
    refused(verify_lines([*lines[:-4], *(lines[-4:][n] for n in order)], BELIEVING), words)


def test_an_entry_after_the_anchors_is_refused() -> None:
    lines = anchored(usual(), 6, 14).lines()
    entry = lines.pop(14)
    refused(verify_lines([*lines, entry], BELIEVING), "entry 13 after the anchors", index=13)


@pytest.mark.parametrize(
    "changes",
    [{"anchor": "3"}, {"anchor": 4}, {"checkpoint": None}, {"proof": 1}, {"token": 1}, {"token": "!"}, {"more": 1}],
    ids=str,
)
def test_a_line_of_an_anchor_has_its_one_form(changes: dict[str, object]) -> None:
    lines = anchored(usual(), 14).lines()
    line = json.dumps({**json.loads(lines[-1]), **changes}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    refused(verify_lines([*lines[:-1], line], BELIEVING), "anchor")


# A part of a log


def _part(log: SiteLog, tamper: Callable[[Anchor], Anchor] = lambda anchor: anchor) -> Report:
    leaves = [leaf_hash(text.encode()) for text in log.entries]
    read = reader(lambda _level, _n: b"".join(leaves))
    sizes = [parse_body(parse_note(log.checkpoint(size)).text).size for size in log.anchored]
    log.anchors = [
        tamper(dataclasses.replace(anchor, consistency=format_hashes(prove_consistency(size, len(leaves), read))))
        for anchor, size in zip(log.anchors, sizes, strict=True)
    ]
    return verify_files(log.part(0, 1, 4, 6, 13), BELIEVING)


def test_anchors_vouch_for_a_part_as_well() -> None:
    report = _part(anchored(usual(), 6, 14))
    assert report.lie is None
    assert report.stamped is not None
    assert report.stamped.size == 14


def test_a_part_of_another_history_than_the_anchored_one_is_named() -> None:
    other = usual()
    other.entries[5] = other.entries[4]
    log = anchored(usual(), 6)
    log.anchors = anchored(other, 6).anchors
    refused(_part(log), "The anchor 3 is of another history")


@pytest.mark.parametrize("consistency", [None, "", "AAAA\n", "é"])
def test_an_anchor_of_a_part_has_its_consistency_proof(consistency: str | None) -> None:
    report = _part(anchored(usual(), 6), lambda anchor: dataclasses.replace(anchor, consistency=consistency))
    refused(report, "The anchor 3 is of another history")


def test_a_back_dated_record_in_a_part_is_named() -> None:
    log = usual()
    log.entries.pop()
    log.consent(2, recorded_at="2026-11-01T00:00:00.000Z")
    refused(_part(anchored(log, 6)), "back-dated", index=13)


# Reading time stamps


def test_a_time_stamp_says_what_and_when() -> None:
    assert read_stamp(answer(b"x", NOON)) == Stamp(sha256(b"x").digest(), NOON)
    fraction = read_stamp(answer(b"x", NOON, moment=b"20261122100100.25Z"))
    assert fraction.time == NOON + timedelta(milliseconds=250)


@pytest.mark.parametrize(
    "changes",
    [
        {"moment": b"20261122100100.250Z"},
        {"moment": b"20261122100100"},
        {"moment": b"20261122100100+0100"},
        {"moment": b"20261322100100Z"},
        {"algorithm": bytes.fromhex("608648016503040203")},
        {"kind": bytes.fromhex("2a864886f70d010701")},
        {"status": b"\x02"},
    ],
)
def test_a_time_stamp_of_another_form_is_refused(changes: dict[str, bytes]) -> None:
    with pytest.raises(Invalid):
        read_stamp(answer(b"x", NOON, **changes))


@settings(deadline=None)
@given(st.data())
def test_a_time_stamp_with_a_changed_byte_is_refused_or_read_as_it_says(data: st.DataObject) -> None:
    whole = answer(b"x", NOON)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    try:
        stamp = read_stamp(changed)
    except Invalid:
        return
    assert len(stamp.digest) <= len(whole)


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_stamp(data)
