"""What holds, and what no liar can do whatever the place; each single lie has its row in ``tamperings``."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent_server.domain.canonical_json import to_base64url
from consent_server.domain.consent_record import PersonalPart, personal_commitment, record_commitment, seal
from consent_server.domain.errors import Invalid
from consent_server.domain.evidence import KeptRecord, LinesEvidence, Report, Trust, verify
from consent_server.domain.evidence_layout import MANIFEST
from consent_server.domain.log_entry import Config, Erase, Genesis, Key, Purge, Scrub, format_consent
from consent_server.domain.proof_log.keys import log_signer
from consent_server.domain.proof_log.signed_note import Signer
from tests.domain.liars import resign
from tests.domain.site_log import (
    FORMS,
    ORIGIN,
    PROMISER,
    SIGNER,
    TRUST,
    SiteLog,
    digest_of,
    make_record,
    usual,
    verify_files,
    verify_lines,
)

FORM = pytest.mark.parametrize("check", FORMS.values(), ids=FORMS)
Check = Callable[[SiteLog], Report]


def refused(report: Report, *words: str, index: int | None = None) -> None:
    assert report.lie is not None, "a lie was believed"
    for word in words:
        assert word in report.lie
    if index is not None:
        assert report.index == index
        assert re.search(rf"\b{index}\b", report.lie), report.lie


# The truth


@FORM
def test_an_honest_export_holds(check: Check) -> None:
    report = check(usual())
    assert report.lie is None
    assert report.counts == {
        "entries": 14,
        "records": 5,
        "scrubbed": 1,
        "gone": 3,
        "configurations": 2,
    }
    assert any("anchor" in note for note in report.notes)


@FORM
def test_a_new_log_with_nothing_but_its_genesis_holds(check: Check) -> None:
    assert check(SiteLog()).valid


@FORM
@pytest.mark.parametrize("size", [255, 256, 257, 300])
def test_larger_logs_hold(check: Check, size: int) -> None:
    log = SiteLog()
    log.publish(1)
    for _ in range(size - 2):
        log.consent()
    assert check(log).valid


@FORM
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_honest_history_holds(check: Check, data: st.DataObject) -> None:
    log = SiteLog()
    log.publish(1)
    for deed in data.draw(st.lists(st.sampled_from(["consent", "publish", "scrub", "erase", "purge"]), max_size=25)):
        if deed == "consent":
            log.consent(data.draw(st.sampled_from(sorted(log.configurations))))
        elif deed == "publish":
            log.publish(len(log.configurations) + 1)
        elif deed == "purge":
            log.purge(0, data.draw(st.integers(1, len(log.entries))))
        elif log.records:
            index = data.draw(st.sampled_from(sorted(log.records)))
            log.scrub(index) if deed == "scrub" else log.erase(index)
    log.anchored = data.draw(st.lists(st.integers(1, len(log.entries)), max_size=3))
    assert check(log).lie is None


def test_the_same_export_twice_gives_the_same_bytes() -> None:
    assert usual().files() == usual().files()
    assert usual().lines() == usual().lines()


def test_a_bundle_streams_with_its_manifest_last() -> None:
    assert list(usual().files())[-2:] == [MANIFEST, "manifest.note"]


def test_the_lines_are_those_of_the_contract() -> None:
    lines = [json.loads(line) for line in usual().lines()]
    assert lines[0].keys() == {"format", "checkpoint", "keys", "origin", "site_key", "size"}
    assert lines[1].keys() == {"e", "i"}
    assert lines[4].keys() == {"e", "i"}  # purged
    assert lines[5].keys() == {"e", "i", "record", "salt", "personal", "personal_salt"}
    assert lines[6].keys() == {"e", "i", "record", "salt", "personal", "personal_salt"}
    assert lines[6]["personal"] is None
    assert lines[-1].keys() == {"configuration", "digest"}


# One byte


def _record_lines(log: SiteLog, form: str) -> tuple[list[bytes], dict[int, int]]:
    """Give the lines with records, and where each record's line is."""
    if form == "lines":
        lines = log.lines()
        return lines, {index: index + 1 for index in log.records}
    lines = log.files()["records/records.jsonl"].splitlines(keepends=True)
    return lines, {index: n for n, index in enumerate(sorted(log.records))}


def _verify(log: SiteLog, form: str, lines: list[bytes], honest_manifest: bool) -> Report:
    if form == "lines":
        return verify_lines(lines)
    files = {**log.files(), "records/records.jsonl": b"".join(lines)}
    return verify_files(files if honest_manifest else resign(files))


@pytest.mark.parametrize("form", ["bundle", "lines"])
def test_any_flipped_byte_of_a_record_or_its_salts_is_refused_and_named(form: str) -> None:
    log = SiteLog()
    log.publish(1)
    log.consent()
    index = log.consent()
    log.consent()
    lines, where = _record_lines(log, form)
    line = lines[where[index]]
    start = line.index(b'"personal"')
    for position in range(start, len(line) - 2):
        for bit in (0, 1, 5):
            bad = bytearray(line)
            bad[position] ^= 1 << bit
            changed = [*lines[: where[index]], bytes(bad), *lines[where[index] + 1 :]]
            refused(_verify(log, form, changed, honest_manifest=False), index=index)


def test_a_flipped_byte_is_named_also_when_the_manifest_alone_gives_it_away() -> None:
    log = usual()
    lines, where = _record_lines(log, "bundle")
    lines[where[8]] = lines[where[8]].replace(b"audience", b"audiencf")
    report = _verify(log, "bundle", lines, honest_manifest=True)
    refused(report, "records/records.jsonl", "00000008-aaaa", index=8)
    assert report.record_id is not None
    assert report.record_id.startswith("00000008-aaaa")


@pytest.mark.parametrize("form", ["bundle", "lines"])
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_byte_changed_anywhere_is_refused_or_changes_nothing_signed(form: str, data: st.DataObject) -> None:
    log = usual()
    files = {"lines": b"".join(log.lines())} if form == "lines" else log.files()
    path = data.draw(st.sampled_from(sorted(files)))
    position = data.draw(st.integers(0, len(files[path]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != files[path][position]))
    changed = files[path][:position] + bytes([byte]) + files[path][position + 1 :]
    if form == "lines" and position < files[path].index(b"\n") and b'"keys"' in files[path][:position]:
        return  # keys are for convenience and never trusted
    try:
        report = verify_lines([changed]) if form == "lines" else verify_files({**files, path: changed})
    except Invalid:
        return
    assert report.lie is not None


# Entries


@FORM
def test_a_purge_names_a_past_range(check: Check) -> None:
    refused(check_after(usual(), Purge(0, 15, "P5Y"), check), index=14)
    assert check_after(usual(), Purge(10, 13, "P5Y"), check).valid


def check_after(log: SiteLog, entry: Scrub | Erase | Purge | Config | Genesis, check: Check) -> Report:
    log.add(entry)
    return check(log)


def test_entries_altered_after_they_were_signed_are_placed() -> None:
    """The tree says between which checkpoints; the record says which."""
    log = usual()
    other = SiteLog()
    other.publish(1)
    foreign = other.consent(1, action="accept_all")
    for index in (4, 9, 13):
        files = log.files()
        entries = [*log.entries[:index], other.entries[foreign], *log.entries[index + 1 :]]
        report = verify_files(resign({**files, "entries/entries.jsonl": _entry_lines(entries)}))
        refused(report, f"{index:08}-aaaa", "another root", index=index)


def _entry_lines(entries: list[str]) -> bytes:
    lines = (
        json.dumps({"e": text, "i": i}, separators=(",", ":"), ensure_ascii=False) for i, text in enumerate(entries)
    )
    return "".join(f"{line}\n" for line in lines).encode()


# Files


def test_a_listed_file_that_is_missing_is_refused() -> None:
    for path in set(usual().files()) - {MANIFEST, "manifest.note"}:
        files = usual().files()
        del files[path]
        refused(verify_files(files), path)


def test_a_file_that_the_manifest_should_have_is_missed() -> None:
    for path in ("entries/entries.jsonl", "records/records.jsonl", "checkpoints/14.note"):
        files = usual().files()
        del files[path]
        report = verify_files(resign(files))
        assert report.lie is not None, path


def test_what_is_no_bundle_is_unreadable() -> None:
    files = usual().files()
    manifest = files[MANIFEST]
    for broken in (
        {},
        {MANIFEST: manifest},
        {**files, MANIFEST: b"{"},
        {**files, MANIFEST: b"\xff"},
        {**files, MANIFEST: manifest.replace(b"evidence/v1", b"evidence/v9")},
        {**files, MANIFEST: manifest.replace(b'"full"', b'"some"')},
        {**files, MANIFEST: manifest.replace(b'"size":14', b'"size":"14"')},
    ):
        with pytest.raises(Invalid):
            verify_files(broken)
    for first in (b"", b"{}\n", b"\xff\n", usual().lines()[1], usual().lines()[0].replace(b"lines/v1", b"lines/v2")):
        with pytest.raises(Invalid):
            verify_lines([first])


# Keys, origins, checkpoints


def test_a_wrong_key_or_origin_is_refused() -> None:
    log = usual()
    for signer in (log_signer(bytes(32), ORIGIN), log_signer(bytes(range(32)), ORIGIN + "/2"), PROMISER):
        trust = Trust((signer.verifier,))
        for report in (verify_files(log.files(), trust), verify_lines(log.lines(), trust)):
            refused(report, "Nothing here is signed")


def test_a_manifest_of_another_size_or_origin_is_refused() -> None:
    files = usual().files()
    for old, new in (
        (b'"size":14', b'"size":13'),
        (b'"origin":"demo', b'"origin":"dema'),
        (b'"demo","size', b'"dem0","size'),
    ):
        assert old in files[MANIFEST]
        refused(verify_files({**files, MANIFEST: files[MANIFEST].replace(old, new)}))
        refused(verify_files(resign({**files, MANIFEST: files[MANIFEST].replace(old, new)})))


# Rotation


def rotated() -> tuple[SiteLog, Signer]:
    """A log whose entry 14 adds a second key, and that second key."""
    log = usual()
    new = Signer.from_seed(ORIGIN, bytes(range(5, 37)))
    log.add(Key("add", new.vkey))
    log.consent(2)
    return log, new


def _bundle(log: SiteLog, notes: dict[int, str], signer: Signer) -> dict[str, bytes]:
    log.anchored = []
    files = {path: data for path, data in log.files().items() if not path.startswith("checkpoints/")}
    files |= {f"checkpoints/{size}.note": note.encode() for size, note in notes.items()}
    return resign(files, signer)


def test_a_key_that_the_log_names_signs_on() -> None:
    log, new = rotated()
    notes = {8: log.checkpoint(8, SIGNER), 15: log.checkpoint(15, SIGNER, new)}
    log.add(Key("retire", SIGNER.vkey))
    log.consent(2)
    notes[18] = log.checkpoint(18, new)
    files = _bundle(log, notes, new)
    assert verify_files(files, Trust((SIGNER.verifier,))).lie is None
    assert verify_files(files, Trust((new.verifier,))).lie is None


def test_a_retired_key_no_longer_counts() -> None:
    log, new = rotated()
    both = log.checkpoint(15, SIGNER, new)
    log.add(Key("retire", SIGNER.vkey))
    log.consent(2)
    files = _bundle(log, {15: both, 18: log.checkpoint(18, SIGNER)}, new)
    for trust in (Trust((SIGNER.verifier,)), Trust((new.verifier,)), Trust((SIGNER.verifier, new.verifier))):
        refused(verify_files(files, trust), "18.note", "not signed")


# Promises


def test_promises_are_kept() -> None:
    log = usual()
    for index in (4, 5, 7, 2, 13):
        report = verify_files(log.files(), Trust(TRUST.keys, promises=(log.promise(index),)))
        assert report.lie is None
        assert any("is kept" in note for note in report.notes)


def test_a_promise_that_had_not_fallen_due_is_a_note() -> None:
    log = usual()
    elsewhere = usual()
    promise = elsewhere.promise(elsewhere.consent())
    evidence = LinesEvidence(lambda: io.BytesIO(b"".join(log.lines())))
    trust = Trust(TRUST.keys, promises=(promise,))
    early, late = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert verify(evidence, trust, early).valid
    refused(verify(evidence, trust, late), "BROKEN PROMISE")


@FORM
def test_a_made_up_record_with_two_of_everything_is_read_as_a_whole(check: Check) -> None:
    """The fast reading of records cuts members out; a record that imitates them inside another goes the slow way."""
    imitation = {
        "a": 1,
        "personal": "A" * 43,
        "record_id": "00000000-0000-4000-8000-000000000000",
        "recorded_at": "2000-01-01T00:00:00.000Z",
        "z": 1,
    }
    log = usual()
    log.consent(1, signals=imitation)
    assert check(log).lie is None
    log = usual()
    index = log.consent(1, signals=imitation)
    log.records[index] = dataclasses.replace(log.records[index], personal="{}")
    refused(check(log), index=index)


@FORM
def test_a_record_that_is_signed_but_not_canonical_is_named(check: Check) -> None:
    """The operator may sign anything; it still is not a record."""
    good = usual().records[4].record
    for text in (
        good.replace(",", ", ", 1),
        good.replace('"layer":1', '"layer":1.0'),
        good.replace('"layer":1', '"layer":"one"'),
        good.replace('"layer":1', '"lazer":1'),
        good.replace('"schema":1', '"schema":2'),
        good.replace("00000004-aaaa", "00000004-AAAA"),
        good.replace("2026-11-22T10", "2026-11-22 10"),
        good.replace('"2026', '"\u0662026'),
        "{}",
        "",
        "[]",
    ):
        log = usual()
        salt = bytes(32)
        log.entries[4] = format_consent(record_commitment(text, salt))
        log.records[4] = dataclasses.replace(log.records[4], record=text, salt=salt)
        refused(check(log), index=4)


@FORM
def test_a_personal_part_that_is_signed_but_not_canonical_is_named(check: Check) -> None:
    log = usual()
    index = log.consent(1, personal=PersonalPart("00000004-cccc-4ccc-8ccc-000000000004", ip_prefix="192.0.2.0/24"))
    assert check(log).valid
    personal, salt = '{"consent_id": "x"}', bytes(32)
    record = make_record(index, 1, digest_of(log.configurations[1]))
    sealed = seal(record, salt)
    text = sealed.record.replace('"personal":null', f'"personal":"{to_base64url(personal_commitment(personal, salt))}"')
    log.entries[index] = format_consent(record_commitment(text, salt))
    log.records[index] = KeptRecord(index, text, salt, personal, salt)
    refused(check(log), "personal", index=index)


def _purged(published_at: str, policy: str = "P5Y") -> SiteLog:
    """0 genesis, 1 config, 2 and 3 consents that are purged by entry 4, in a bundle of December 2026."""
    log = SiteLog()
    log.publish(1, published_at)
    log.consent()
    log.consent()
    log.purge(2, 4, policy)
    return log


@pytest.mark.parametrize(
    ("published_at", "policy"),
    [("2022-01-01T00:00:00.000Z", "P5Y"), ("2026-12-01T00:00:00.000Z", "P1M"), ("2021-12-26T00:00:00.000Z", "P5Y")],
)
def test_a_purge_before_its_time_is_named(published_at: str, policy: str) -> None:
    refused(verify_files(_purged(published_at, policy).files()), "before their time", published_at, policy, index=4)


@pytest.mark.parametrize("published_at", ["2021-12-24T00:00:00.000Z", "2019-01-01T00:00:00.000Z"])
def test_a_purge_that_may_have_been_in_time_is_believed(published_at: str) -> None:
    report = verify_files(_purged(published_at).files())
    assert report.valid
    assert not any("purge" in note for note in report.notes)


def test_a_purge_is_judged_by_what_was_recorded_after_it() -> None:
    """The bundle is made years later; a record that came right behind the purge tells when that was."""
    log = _purged("2024-01-01T00:00:00.000Z")
    log.consent(recorded_at="2026-11-22T10:00:00.000Z")
    about = dataclasses.replace(log.about(), created="2040-01-01T00:00:00.000Z")
    log.about = lambda: about  # type: ignore[method-assign]
    refused(verify_files(log.files()), "before their time", "2026-11-22T10:00:00.000Z", index=4)


def test_a_purge_is_judged_by_the_records_that_it_left() -> None:
    log = SiteLog()
    log.publish(1)
    log.consent(recorded_at="2024-01-01T00:00:00.000Z")
    log.consent(recorded_at="2024-01-02T00:00:00.000Z")
    log.consent(recorded_at="2024-01-03T00:00:00.000Z")
    log.purge(3, 5)
    refused(verify_files(log.files()), "before their time", "2024-01-01T00:00:00.000Z", index=5)


def test_a_purge_of_which_nothing_tells_the_time_is_noted() -> None:
    report = verify_files(usual().files())
    assert report.valid
    assert any("1 purges were not compared with their policy" in note for note in report.notes)
