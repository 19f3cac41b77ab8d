"""Every kind of lie that we know of, a row each: who is shown what, what the liar did, what the verifier must say."""

from __future__ import annotations

import json
from dataclasses import dataclass

from consent_server.domain.evidence_layout import ENTRIES, MANIFEST, RECORDS
from consent_server.domain.log_entry import Config, Erase, Genesis, Purge, Scrub, format_entry
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.domain.proof_log.keys import log_signer
from tests.domain.anchor_log import ANCHOR_ORIGIN, ANCHOR_SIGNER, AnchorLog, answer
from tests.domain.liars import (
    ANCHORED,
    BUNDLE,
    HISTORY,
    LINES,
    LONG_AGO,
    NOON,
    PART,
    SERVED,
    STRANGER,
    SUCCESSOR,
    Case,
    Change,
    anchor,
    anchored_by,
    anew,
    body_anchored,
    both,
    consent,
    cosignature,
    drop,
    entries,
    entry,
    flip,
    forked,
    history,
    kept,
    knows,
    lines,
    log_of,
    missigned,
    move,
    pack,
    purged,
    put,
    record_proof,
    rotated,
    served,
    serves,
    still_there,
    swap,
    trusts,
    was_promised,
)
from tests.domain.site_log import ORIGIN, SIGNER, SiteLog, digest_of, usual

YES, NO = b'\\"audience\\":true', b'\\"audience\\":false'
OTHER_ORIGIN = "demo.example/v1/sites/other/log"
OTHER = log_signer(bytes(range(32)), OTHER_ORIGIN)
CONFIG = f"config/{digest_of(usual().configurations[2])[7:]}.json"
FOREIGN = forked(usual()).entries[8]
FROM_9, FROM_256 = (f"log/proof/consistency/{old}/300" for old in (9, 256))
PROOF = "records/00000020-aaaa-4aaa-8aaa-000000000020/proof"
TILE, TOP, TEXTS = "log/tile/0/001.p/44", "log/tile/1/000.p/1", "log/tile/entries/001.p/44"


PACKED = "proofs/proofs.jsonl"


@dataclass(frozen=True)
class Tampering:
    """``said`` is what the sentence of the verifier matches, from its start."""

    shown: tuple[str, ...]
    name: str
    change: Change
    said: str


def _copy(log: SiteLog, size: int | None = None) -> SiteLog:
    return SiteLog(entries=log.entries[:size], configurations=log.configurations, anchored=log.anchored)


def _newer(log: SiteLog) -> str:
    longer = _copy(log)
    longer.consent()
    return longer.checkpoint()


def _dropped(log: SiteLog) -> bytes:
    """Promise a record that is then in no log that anybody is shown."""
    longer = _copy(log)
    return longer.promise(longer.consent(1, action="refuse_all", recorded_at=LONG_AGO))


def _forked_past(log: SiteLog) -> str:
    return forked(log).checkpoint(9)


def _forge_cosignature(case: Case) -> None:
    right = cosignature(case.log.anchors[1].checkpoint)
    wrong = cosignature(case.log.anchors[1].checkpoint, b"!")
    anchor(1, checkpoint=lambda text: text.replace(right, wrong), proof=lambda text: text.replace(right, wrong))(case)


_ROWS: list[tuple[tuple[str, ...], str, Change, str]] = [
    # A history that whoever has every key wrote anew
    (
        HISTORY,
        "an answer is changed",
        kept(4, record=lambda text: text.replace("true", "false", 1)),
        "Record 4 .*: record and salt do not open",
    ),
    (HISTORY, "the salt of a record is changed", kept(4, salt=bytes(32)), "Record 4 .*: record and salt do not open"),
    (
        HISTORY,
        "a record is spelt anew",
        kept(4, record=lambda text: json.dumps(json.loads(text))),
        "Record 4 .*: record and salt do not open",
    ),
    (
        HISTORY,
        "a page is changed",
        kept(4, personal=lambda text: text.replace("example", "exemple")),
        "Record 4 .*: personal part and salt do not open",
    ),
    (
        HISTORY,
        "the salt of a page is changed",
        kept(4, personal_salt=bytes(32)),
        "Record 4 .*: personal part and salt do not open",
    ),
    (
        HISTORY,
        "a personal part is kept back, not its salt",
        kept(4, personal=None),
        "Record 4 .*: a personal part, its salt and its comm",
    ),
    (
        HISTORY,
        "the salt of a personal part is kept back",
        kept(4, personal_salt=None),
        "Record 4 .*: a personal part, its salt and its comm",
    ),
    (
        HISTORY,
        "a personal part is withheld",
        kept(4, personal=None, personal_salt=None),
        "Record 4 .*: its personal part is withheld",
    ),
    (
        HISTORY,
        "a personal part is made up",
        kept(8, personal="{}", personal_salt=bytes(32)),
        "Record 8 .*: a personal part, its salt and its",
    ),
    (
        HISTORY,
        "a record is withheld",
        history(lambda log: log.records.pop(9)),
        "WITHHELD: record 9 is not here, and no entry says",
    ),
    (
        HISTORY,
        "an erased record is still there",
        still_there(4, lambda log: log.erase(4)),
        "Record 4 .*: it is still there, though entry 14",
    ),
    (
        HISTORY,
        "a purged record is still there",
        still_there(4, lambda log: log.purge(0, 5)),
        "Record 4 .*: it is still there, though entry 14",
    ),
    (
        HISTORY,
        "a scrubbed page is still there",
        still_there(4, lambda log: log.scrub(4)),
        "Record 4 .*: its personal part is still .* entry 14",
    ),
    (
        HISTORY,
        "a configuration is scrubbed",
        entry(Scrub(1, "x")),
        "Entry 14 says scrub of entry 1, which is no earlier consent",
    ),
    (HISTORY, "genesis is erased", entry(Erase(0, "x")), "Entry 14 says erase of entry 0, which is no earlier consent"),
    (
        HISTORY,
        "a removal removes itself",
        entry(Scrub(14, "x")),
        "Entry 14 says scrub of entry 14, which is no earlier consent",
    ),
    (
        HISTORY,
        "a removal is of the future",
        entry(Erase(99, "x")),
        "Entry 14 says erase of entry 99, which is no earlier consent",
    ),
    (
        HISTORY,
        "a purge is of the future",
        entry(Purge(0, 15, "P5Y")),
        "Entry 14 purges up to 15, which had not been logged yet",
    ),
    (
        HISTORY,
        "a purge before its time",
        purged("2022-01-01T00:00:00.000Z"),
        "Entry 4 purges records up to entry 3 before their time",
    ),
    (
        HISTORY,
        "a purge by a shorter policy",
        purged("2026-12-01T00:00:00.000Z", "P1M"),
        "Entry 4 purges records up to entry 3 before",
    ),
    (
        HISTORY,
        "a purge under no duration",
        purged("2019-01-01T00:00:00.000Z", "PTTT"),
        "Entry 4 purges under the policy PTTT, which is no",
    ),
    (
        HISTORY,
        "two configurations have one number",
        entry(Config(1, digest_of("other"))),
        "Entry 14 gives configuration 1 another .* entry 1",
    ),
    (HISTORY, "there is a second genesis", entry(Genesis("demo", SIGNER.vkey)), "Entry 14 is a second genesis"),
    (HISTORY, "there is no genesis", log_of(format_entry(Config(1, digest_of("{}")))), "Entry 0 is not genesis"),
    (
        HISTORY,
        "genesis is of another site",
        log_of(format_entry(Genesis("other", SIGNER.vkey))),
        "Entry 0 is of the site other, not of demo",
    ),
    (
        HISTORY,
        "genesis names the key of another log",
        log_of(format_entry(Genesis("demo", OTHER.vkey))),
        "Entry 0 names a key of another log",
    ),
    (HISTORY, "a consent under a number never published", consent(7), "Record 14 .*: the log has no configuration 7"),
    (
        HISTORY,
        "a consent to something else",
        consent(1, config_digest=digest_of("x")),
        "Record 14 .*: the log has no configuration 1 with",
    ),
    (
        HISTORY,
        "a consent before what it answers",
        both(consent(3, config_digest=digest_of("x")), entry(Config(3, digest_of("x")))),
        "Record 14 .*: its configuration 3 was logged after it, at entry 15",
    ),
    (HISTORY, "a record of another site", consent(1, site_key="other"), "Record 14 .*: it is of the site other"),
    (
        HISTORY,
        "a configuration is changed",
        history(lambda log: log.configurations.update({2: "{}"})),
        "The configuration sha256:\\w+ was never logged",
    ),
    (
        HISTORY,
        "a configuration is withheld",
        history(lambda log: log.configurations.pop(1)),
        "WITHHELD: the configuration .*, which record 4 names",
    ),
    (
        HISTORY,
        "everything is signed by somebody else",
        history(lambda log: log.signers.__setitem__(0, STRANGER)),
        "Nothing here is signed by the key",
    ),
    (
        HISTORY,
        "the auditor was given another key",
        trusts(STRANGER.vkey),
        "Nothing here is signed by the key that was given",
    ),
    (
        HISTORY,
        "the log is rolled back",
        knows(_newer),
        "ROLLBACK: the known checkpoint covers 15 entries, the evidence has only 14",
    ),
    (
        HISTORY,
        "the log has another history",
        knows(_forked_past),
        "SPLIT VIEW: the known checkpoint of size 9 has another root",
    ),
    (
        HISTORY,
        "the known checkpoint is of somebody else",
        knows(lambda log: log.checkpoint(9, STRANGER)),
        "The known checkpoint is not signed by a key",
    ),
    (
        HISTORY,
        "the known checkpoint is of another log",
        knows(lambda log: sign_checkpoint(Checkpoint(OTHER_ORIGIN, 9, bytes(32)), OTHER)),
        "The known checkpoint is of the log .*other",
    ),
    (HISTORY, "the known checkpoint is noise", knows(lambda log: "noise"), "The known checkpoint cannot be read"),
    (
        HISTORY,
        "a promise is broken",
        was_promised(_dropped),
        "BROKEN PROMISE: the record 00000014-aaaa-.*, is not among these 14 entries",
    ),
    (
        HISTORY,
        "a promise has other terms",
        was_promised(lambda log: log.promise(4).replace(b"mmd 86400", b"mmd 1")),
        "A promise is not one of this log: ",
    ),
    (
        HISTORY,
        "a promise is a checkpoint",
        was_promised(lambda log: log.checkpoint().encode()),
        "A promise is not one of this log: ",
    ),
    # A bundle whose manifest is that of before: a thief without keys
    (
        BUNDLE,
        "an answer is changed by a thief",
        swap(RECORDS, YES, NO),
        f"The file {RECORDS} is not the one .* Record 4 .*: record and salt do not open",
    ),
    (BUNDLE, "a file is added", put("extra.txt", b""), "The file extra.txt is in the bundle, but not in its manifest"),
    (
        BUNDLE,
        "a record file is taken away",
        drop(RECORDS),
        f"The file {RECORDS} of the manifest is in the bundle 0 times, not once",
    ),
    (
        BUNDLE,
        "the letter is changed",
        put("README.html", b"<b>"),
        "The file README.html is not the one that the manifest names",
    ),
    (
        BUNDLE,
        "the manifest claims fewer entries",
        swap(MANIFEST, b'"size":14', b'"size":13'),
        "manifest.note is about another manifest",
    ),
    # A bundle that whoever has the key changed and signed anew
    (
        BUNDLE,
        "the manifest is signed by somebody else",
        anew(signer=STRANGER),
        "The manifest is not signed by a key that was given",
    ),
    (
        BUNDLE,
        "the manifest has fewer entries",
        anew(swap(MANIFEST, b'"size":14', b'"size":13')),
        "The checkpoint of size 13, .* is not in the bundle",
    ),
    (
        BUNDLE,
        "the manifest is of another site",
        anew(swap(MANIFEST, b'"demo","size', b'"dem0","size')),
        "Entry 0 is of the site demo, not of dem0",
    ),
    (
        BUNDLE,
        "the newest checkpoint is missing",
        anew(drop("checkpoints/14.note")),
        "The checkpoint of size 14, .* is not in the bundle",
    ),
    (
        BUNDLE,
        "a checkpoint is of another log",
        anew(put("checkpoints/3.note", sign_checkpoint(Checkpoint(OTHER_ORIGIN, 3, bytes(32)), OTHER).encode())),
        "The checkpoint .*3.note is of the log .*other",
    ),
    (
        BUNDLE,
        "a checkpoint has another root",
        anew(put("checkpoints/8.note", sign_checkpoint(Checkpoint(ORIGIN, 8, bytes(32)), SIGNER).encode())),
        ".*8.note has another root .* between the indices 3 and 7",
    ),
    (
        BUNDLE,
        "a checkpoint has a wrong signature",
        anew(missigned("checkpoints/8.note", 8)),
        ".*8.note has a wrong signature",
    ),
    (BUNDLE, "entries are missing", anew(drop(ENTRIES)), f"The file {ENTRIES} is not in the bundle"),
    (
        BUNDLE,
        "two entries are swapped",
        anew(lines(ENTRIES, lambda each: [*each[:4], each[5], each[4], *each[6:]])),
        "Entry 4 is not in its place: .* entry 5",
    ),
    (
        BUNDLE,
        "two entries are swapped and numbered anew",
        anew(entries(lambda each: [*each[:8], each[9], each[8], *each[10:]])),
        ".*another root .* Record 8 ",
    ),
    (
        BUNDLE,
        "an entry is removed",
        anew(lines(ENTRIES, lambda each: [*each[:4], *each[5:]])),
        "Entry 4 is not in its place: .* entry 5",
    ),
    (
        BUNDLE,
        "an entry is inserted",
        anew(lines(ENTRIES, lambda each: [*each[:5], *each[4:]])),
        "Entry 5 is not in its place: .* entry 4",
    ),
    (
        BUNDLE,
        "an entry is replaced by another consent",
        anew(entries(lambda each: [*each[:4], FOREIGN, *each[5:]])),
        ".*another root .* Record 4 .*do not open",
    ),
    (
        BUNDLE,
        "an entry that no record opens is replaced",
        anew(entries(lambda each: [*each[:10], format_entry(Scrub(5, "nobody")), *each[11:]])),
        ".*another root .* between the indices 8 and 13",
    ),
    (
        BUNDLE,
        "the last entry is cut off",
        anew(lines(ENTRIES, lambda each: each[:-1])),
        "Entry 13 is missing: the checkpoint covers 14 entries",
    ),
    (
        BUNDLE,
        "the last entry is cut in two",
        anew(lines(ENTRIES, lambda each: [*each[:-1], each[-1][:-5]])),
        "The line of entry 13 is not JSON",
    ),
    (
        BUNDLE,
        "an entry is added at the end",
        anew(entries(lambda each: [*each, each[-1]])),
        "Entry 14 is too many: the checkpoint covers 14 entries",
    ),
    (
        BUNDLE,
        "an entry is no JSON",
        anew(lines(ENTRIES, lambda each: [*each[:4], b"{}}\n", *each[5:]])),
        "The line of entry 4 is not JSON",
    ),
    (
        BUNDLE,
        "an entry is no entry",
        anew(entries(lambda each: [*each[:4], "{}", *each[5:]])),
        "Entry 4 is not a log entry",
    ),
    (
        BUNDLE,
        "an entry's line has other members",
        anew(lines(ENTRIES, lambda each: [*each[:4], b'{"e":"","i":4,"x":1}\n', *each[5:]])),
        "The line of entry 4 has not the form",
    ),
    (
        BUNDLE,
        "a line is empty",
        anew(lines(ENTRIES, lambda each: [*each[:4], b"\n", *each[4:]])),
        "The line of entry 4 is not JSON",
    ),
    (
        BUNDLE,
        "records are out of order",
        anew(lines(RECORDS, lambda each: [each[1], each[0], *each[2:]])),
        "Record 4 stands after record 5",
    ),
    (
        BUNDLE,
        "a record is there twice",
        anew(lines(RECORDS, lambda each: [each[0], *each])),
        "Record 4 stands after record 4",
    ),
    (
        BUNDLE,
        "a record stands at another's index",
        anew(lines(RECORDS, lambda each: [each[0].replace(b'"i":4', b'"i":5'), *each[2:]])),
        "Record 5 .*do not open",
    ),
    (
        BUNDLE,
        "a record stands at a configuration",
        anew(lines(RECORDS, lambda each: [each[0].replace(b'"i":4', b'"i":1'), *each])),
        "Record 1 .*there is no consent with this index",
    ),
    (
        BUNDLE,
        "a record is of no entry",
        anew(lines(RECORDS, lambda each: [*each, each[0].replace(b'"i":4', b'"i":400')])),
        "Record 400 .*there is no consent with this index",
    ),
    (
        BUNDLE,
        "a configuration has a false digest",
        anew(put(CONFIG, b"{}")),
        "The configuration .* has another digest than it claims \\(entry 6\\)",
    ),
    (
        BUNDLE,
        "a picture is of nothing",
        anew(put(f"screenshots/{digest_of('')[7:]}.png", b"")),
        "The screenshot .* is named by no configuration here",
    ),
    (
        BUNDLE,
        "a retired key signs on",
        rotated((15, (SIGNER, SUCCESSOR)), (18, (SIGNER,)), retired=True),
        ".*18.note is not signed by a key",
    ),
    (
        BUNDLE,
        "a key signs before the log names it",
        rotated((8, (SIGNER,)), (16, (SUCCESSOR,))),
        "The manifest is not signed by a key that was given",
    ),
    # Lines that were changed
    (
        LINES,
        "the header claims fewer entries",
        swap("jsonl", b'"size":14', b'"size":13'),
        "ROLLBACK: the checkpoint .* covers 14 .* only 13",
    ),
    (
        LINES,
        "the header claims more entries",
        swap("jsonl", b'"size":14', b'"size":15'),
        "The evidence claims 15 entries, but has no checkpoint of that",
    ),
    (
        LINES,
        "the header is of another site",
        swap("jsonl", b'"site_key":"demo"', b'"site_key":"dem0"'),
        "Entry 0 is of the site demo, not of dem0",
    ),
    (
        LINES,
        "an answer is changed in a line",
        swap("jsonl", YES, NO),
        "Record 4 .*: record and salt do not open the commitment",
    ),
    (
        LINES,
        "two lines are swapped",
        lines("jsonl", lambda each: [*each[:5], each[6], each[5], *each[7:]]),
        "Entry 4 is not in its place: .* entry 5",
    ),
    (
        LINES,
        "a line is removed",
        lines("jsonl", lambda each: [*each[:5], *each[6:]]),
        "Entry 4 is not in its place: .* entry 5",
    ),
    (
        LINES,
        "a line is inserted",
        lines("jsonl", lambda each: [*each[:6], *each[5:]]),
        "Entry 5 is not in its place: .* entry 4",
    ),
    (
        LINES,
        "lines are cut off",
        lines("jsonl", lambda each: each[:10]),
        "Entry 9 is missing: the checkpoint covers 14 entries",
    ),
    (
        LINES,
        "a line is cut in two",
        lines("jsonl", lambda each: [*each[:9], each[9][:-4]]),
        "The line of entry 8 .*is not JSON",
    ),
    (
        LINES,
        "a member has another name",
        swap("jsonl", b'"salt"', b'"salz"'),
        "Record 4 .*: its line has not the form of such a line",
    ),
    (
        LINES,
        "a member is there twice",
        swap("jsonl", b'"i":4,', b'"i":4,"i":4,'),
        "The line of entry 4 has not the form",
    ),
    (
        LINES,
        "an entry comes after the configurations",
        lines("jsonl", lambda each: [*each, each[5]]),
        "There is a line for entry 14 after the config",
    ),
    (
        LINES,
        "a configuration is changed in its line",
        lines("jsonl", lambda each: [*each[:-1], each[-1].replace(b"oui", b"non")]),
        "The configuration .* has another digest .*entry 6",
    ),
    # A part of a log, signed anew
    (
        PART,
        "packed proofs are in another order",
        anew(pack, lines(PACKED, lambda each: [each[0], *each[:0:-1]])),
        "The proof of entry 9 stands after that of entry 13",
    ),
    (
        PART,
        "a packed proof has the index of another",
        anew(pack, swap(PACKED, b'{"i":8,', b'{"i":7,')),
        "The proof of entry 7 does not hold: It is of entry 8",
    ),
    (
        PART,
        "a packed proof is spelt in two ways",
        anew(pack, swap(PACKED, b'{"i":8,', b'{"i": 8,')),
        "Line 4 of proofs/proofs.jsonl has not the form of a proof's line",
    ),
    (
        PART,
        "a packed proof is missing",
        anew(pack, lines(PACKED, lambda each: each[:-1])),
        "Record 13 .*: there is no consent with this index in the log",
    ),
    (
        PART,
        "there are proofs beside the packed ones",
        anew(pack, put("proofs/7.tlog-proof", b"")),
        "There are proofs beside proofs/proofs.jsonl",
    ),
    (
        PART,
        "there is no proof of genesis",
        anew(drop("proofs/0.")),
        "The proof of entry 0, which says whose log this is, is not here",
    ),
    (
        PART,
        "a proof is given for another entry",
        anew(move("proofs/8.tlog-proof", "proofs/7.tlog-proof")),
        "The proof of entry 7 does not hold: It is of entry 8",
    ),
    (
        PART,
        "a proof has another name",
        anew(move("proofs/8.tlog-proof", "proofs/08.tlog-proof")),
        "The file proofs/08.tlog-proof has not the name of a",
    ),
    (
        PART,
        "a proof has one hash more",
        anew(swap("proofs/9.tlog-proof", b"\n\n", b"\n" + b"A" * 43 + b"=\n\n")),
        "The proof of entry 9 does not hold",
    ),
    (
        PART,
        "a proof is under another checkpoint",
        anew(lambda case: case.files.update({"proofs/9.tlog-proof": record_proof(case.log, 9, 13)})),
        "The proof of entry 9 .*under another checkpoint",
    ),
    (
        PART,
        "a proof has no entry",
        anew(lines("proofs/9.tlog-proof", lambda each: [line for line in each if not line.startswith(b"extra")])),
        "The proof of entry 9 does not hold",
    ),
    (
        PART,
        "a record has no proof",
        anew(drop("proofs/13.")),
        "Record 13 .*: there is no consent with this index in the log",
    ),
    (
        PART,
        "a proof has no record",
        anew(lines(RECORDS, lambda each: each[1:])),
        "WITHHELD: a proof of record 8 is here, the record is not",
    ),
    (
        PART,
        "an answer is changed in a part",
        anew(swap(RECORDS, YES, NO)),
        "Record 8 .*: record and salt do not open the commitment",
    ),
    (
        PART,
        "a part has no configuration",
        anew(drop("config/")),
        "WITHHELD: the configuration .*, which record 8 names, is not here",
    ),
    (
        PART,
        "a part is of another history",
        knows(lambda log: forked(log).checkpoint()),
        "SPLIT VIEW: The known checkpoint of size 14 has another",
    ),
    # Anchors, tokens, witnesses
    (
        ANCHORED,
        "a record is back-dated",
        consent(2, recorded_at="2026-11-20T09:00:00.000Z"),
        "Record 14 .*: .*it was back-dated",
    ),
    (
        ANCHORED,
        "a record is from after its anchor",
        both(consent(2, recorded_at="2026-11-22T10:30:00.000Z"), lambda case: case.anchor(15)),
        "Record 14 .*: .*its time was made up",
    ),
    (
        ANCHORED,
        "a history is written anew after its anchor",
        anchored_by(AnchorLog(), forked(usual())),
        "SPLIT VIEW: the anchor 3 holds another root .* 0 and 13",
    ),
    (
        ANCHORED,
        "a history is cut below its anchor",
        history(lambda log: [log.entries.pop(), log.records.pop(13)]),
        "ROLLBACK: the anchor 5 covers 14 .* only 13",
    ),
    (
        ANCHORED,
        "a token is over something else",
        anchor(0, token=answer(b"something else", NOON)),
        "The token of the anchor 3 is over something else",
    ),
    (ANCHORED, "a token is noise", anchor(0, token=b"noise"), "The token of the anchor 3 cannot be read"),
    (
        ANCHORED,
        "a token is a refusal",
        anchor(0, token=answer(b"", NOON, status=b"\x02")),
        "The token of the anchor 3 cannot be read",
    ),
    (
        ANCHORED,
        "a token is another anchor's",
        lambda case: anchor(1, token=case.log.anchors[0].token)(case),
        "The token of the anchor 5 is over something else",
    ),
    (
        ANCHORED,
        "the anchor log has another key",
        anchored_by(AnchorLog(log_signer(b"\1" * 32, ANCHOR_ORIGIN))),
        "The anchor 3 has no .*not signed by any known key",
    ),
    (
        ANCHORED,
        "the anchor log is another",
        anchored_by(AnchorLog(log_signer(bytes(range(32)), "elsewhere.example/v1/log"))),
        "The anchor 3 has no .* anchor log that was given",
    ),
    (
        ANCHORED,
        "an anchor is of another site",
        body_anchored(Checkpoint(OTHER_ORIGIN, 14, bytes(32)).body),
        "The anchor 3 does not hold .*of the log .*other/log",
    ),
    (
        ANCHORED,
        "an anchor is no leaf of its log",
        anchor(1, proof=lambda text: text.replace("index 3", "index 4")),
        "The anchor 5 does not hold what it claims: .*inclusion proof",
    ),
    (
        ANCHORED,
        "an anchor has another's checkpoint",
        lambda case: anchor(0, checkpoint=case.log.anchors[1].checkpoint)(case),
        "The anchor 3 does not hold .*of size 5",
    ),
    (
        ANCHORED,
        "an anchor has another's proof",
        lambda case: anchor(1, proof=case.log.anchors[0].proof)(case),
        "The anchor 5 does not hold .*under another checkpoint",
    ),
    (
        ANCHORED,
        "an anchor has no checkpoint",
        anew(drop("anchor/3/checkpoint.note")),
        "The anchor 3 has not the files of an anchor: checkpoint.note",
    ),
    (
        ANCHORED,
        "an anchor has no proof",
        anew(drop("anchor/3/site.tlog-proof")),
        "The anchor 3 has not the files of an anchor: site.tlog-proof",
    ),
    (
        ANCHORED,
        "an anchor has one file more",
        anew(put("anchor/3/more", b"")),
        "The anchor 3 has not the files of an anchor: more",
    ),
    (ANCHORED, "a cosignature is forged", _forge_cosignature, "The anchor 5 was not cosigned as it says"),
    (
        ANCHORED,
        "the anchor log has another history",
        knows(lambda log: sign_checkpoint(Checkpoint(ANCHOR_ORIGIN, 5, bytes(32)), ANCHOR_SIGNER)),
        "SPLIT VIEW: the anchor log shows another root at size 5",
    ),
    # A log that is served to somebody who has an older checkpoint of it, and a visitor's promise
    (
        SERVED,
        "the log is served as it was before",
        serves(lambda log: served(_copy(log, 8))),
        "ROLLBACK: the known checkpoint covers 9 .*only 8",
    ),
    (
        SERVED,
        "another past is served",
        serves(lambda log: served(forked(log))),
        "SPLIT VIEW: the known checkpoint of size 9 has another root",
    ),
    (
        SERVED,
        "somebody else saw another head",
        knows(lambda log: forked(log, 299).checkpoint()),
        "SPLIT VIEW: the known checkpoint of size 300 has another root",
    ),
    (
        SERVED,
        "somebody else signs",
        serves(lambda log: {"log/checkpoint": log.checkpoint(300, STRANGER).encode()}),
        "The checkpoint that is served is not signed by a key",
    ),
    (
        SERVED,
        "the checkpoint's signature is changed",
        missigned("log/checkpoint", 300),
        "The checkpoint that is served has a wrong signature",
    ),
    (
        SERVED,
        "the checkpoint is of another log",
        serves(
            lambda log: {"log/checkpoint": sign_checkpoint(Checkpoint(OTHER_ORIGIN, 300, bytes(32)), OTHER).encode()}
        ),
        "The known checkpoint is of the log .*demo/log, not of .*other",
    ),
    (
        SERVED,
        "the checkpoint has another root",
        serves(lambda log: {"log/checkpoint": sign_checkpoint(Checkpoint(ORIGIN, 300, bytes(32)), SIGNER).encode()}),
        "The checkpoint that is served has another root than the 300",
    ),
    (
        SERVED,
        "the checkpoint covers more than is there",
        serves(lambda log: {"log/checkpoint": sign_checkpoint(Checkpoint(ORIGIN, 301, bytes(32)), SIGNER).encode()}),
        "WITHHELD: the server has no .*entries/001.p/45",
    ),
    (
        SERVED,
        "a byte of an entry is changed",
        flip(TEXTS, 20),
        "The tile tile/0/001.p/44 does not hold the hashes .*: from 256 on",
    ),
    (
        SERVED,
        "a hash of a tile is changed",
        flip(TILE, 32 * 5),
        "The tile tile/0/001.p/44 does not hold the hashes .*: from 261 on",
    ),
    (
        SERVED,
        "a hash of an upper tile is changed",
        flip(TOP, 0),
        "The tile tile/1/000.p/1 does not hold the hashes .*: from 0 on",
    ),
    (
        SERVED,
        "a tile is cut",
        serves(lambda log: {TILE: served(log)[TILE][:-32]}),
        "The tile tile/0/001.p/44 does not hold .*: from 299 on",
    ),
    (
        SERVED,
        "a tile is withheld",
        drop(TILE),
        "WITHHELD: the server has no tile/0/001.p/44, though its checkpoint covers entry 256",
    ),
    (
        SERVED,
        "entries are withheld",
        drop(TEXTS),
        "WITHHELD: the server has no tile/entries/001.p/44, though its checkpoint covers",
    ),
    (SERVED, "entries are cut", flip(TEXTS, 1), "The entries from 256 on cannot be read"),
    (
        SERVED,
        "entries are fewer",
        serves(lambda log: {TEXTS: served(_copy(log, 299))["log/tile/entries/001.p/43"]}),
        "The server shows 43 entries from 256 on, not 44",
    ),
    (
        SERVED,
        "an entry is swapped for another, and its tile",
        serves(lambda log: {path: data for path, data in served(forked(log, 270)).items() if "tile" in path}),
        "The checkpoint that is served has another root",
    ),
    (
        SERVED,
        "what is served is no entry",
        serves(lambda log: served(SiteLog(entries=[*log.entries[:299], "{}"], anchored=[9]))),
        "Entry 299 is not a log entry",
    ),
    (
        SERVED,
        "the log is another site's",
        serves(
            lambda log: served(
                SiteLog(entries=[format_entry(Genesis("other", SIGNER.vkey)), *log.entries[1:]], anchored=[9])
            )
        ),
        "Entry 0 is of the site other, not of demo",
    ),
    (
        SERVED,
        "a consistency proof is another one's",
        serves(lambda log: {FROM_9: served(log)[FROM_256]}),
        f"The server's {FROM_9} does not hold",
    ),
    (SERVED, "a consistency proof is changed", swap(FROM_9, b"A", b"B"), f"The server's {FROM_9} does not hold"),
    (
        SERVED,
        "a consistency proof is withheld",
        drop(FROM_9),
        f"WITHHELD: the server has no {FROM_9}, though it signed both",
    ),
    (SERVED, "a promised record is dropped", was_promised(_dropped), "BROKEN PROMISE: the record 00000300"),
    (
        SERVED,
        "a record's proof is another record's",
        serves(lambda log: {PROOF: record_proof(log, 21, 256)}),
        "The server's proof of record 00000020.*, entry 20, .*It is of entry 21",
    ),
    (
        SERVED,
        "a record's proof is of another leaf",
        serves(lambda log: {PROOF: record_proof(forked(log, 20), 20, 256)}),
        "The server's proof of record 00000020.*, entry 20, does not hold",
    ),
    (
        SERVED,
        "a record's proof is of another history",
        serves(lambda log: {PROOF: record_proof(forked(log, 8), 20, 256)}),
        f"The server's {FROM_256} does not hold",
    ),
    (
        SERVED,
        "a record's proof is signed by somebody else",
        serves(lambda log: {PROOF: record_proof(log, 20, 256, STRANGER)}),
        "The server's proof of record 00000020.*not signed by any",
    ),
    (
        SERVED,
        "a record's proof is withheld",
        drop(PROOF),
        "WITHHELD: the server has no proof of record 00000020-.*, though entry 20 is it",
    ),
]

TAMPERINGS = [Tampering(*row) for row in _ROWS]
