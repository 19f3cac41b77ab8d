"""The record, its commitments, its log entry and its promise: byte for byte as the worked example has them."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_server.domain import canonical_json
from consent_server.domain.consent_record import (
    ConsentRecord,
    PersonalPart,
    format_personal,
    format_record,
    parse_personal,
    parse_record,
    personal_commitment,
    record_commitment,
    seal,
)
from consent_server.domain.errors import Invalid
from consent_server.domain.log_entry import (
    Config,
    Consent,
    Erase,
    Genesis,
    Key,
    LogEntry,
    Predecessor,
    Purge,
    Scrub,
    format_entry,
    parse_entry,
)
from consent_server.domain.promise import Promise, format_promise, open_promise, parse_promise, sign_promise
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from consent_server.domain.proof_log.keys import log_signer, promise_master, promise_signer
from consent_server.domain.proof_log.merkle import Frontier, leaf_hash, node_hash, verify_inclusion
from consent_server.domain.proof_log.proof import Proof, parse_proof, verify_proof

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "proof_log" / "worked_example.json").read_text()
)
ORIGIN: str = VECTOR["origin"]
MASTER = bytes.fromhex(VECTOR["master"])
LOG = log_signer(MASTER, ORIGIN)
PROMISES = promise_signer(promise_master(MASTER), ORIGIN)
RECORD = ConsentRecord(
    site_key="demo",
    record_id="0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a",
    recorded_at="2026-11-22T10:15:00.123Z",
    action="refuse_all",
    decisions={"marketing": False, "audience": False},
    config_version=1,
    config_digest="sha256:" + VECTOR["configuration_sha256"],
    language="fr",
    layer=1,
)
PERSONAL = PersonalPart("7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071", "https://www.example.fr/")
SEALED = seal(RECORD, bytes.fromhex(VECTOR["salt"]), PERSONAL, bytes.fromhex(VECTOR["personal_salt"]))


def test_the_record_seals_to_the_bytes_of_the_example() -> None:
    assert SEALED.personal == VECTOR["personal"]
    assert SEALED.record == VECTOR["record"]
    assert SEALED.commitment.hex() == VECTOR["commitment"]
    assert SEALED.entry == VECTOR["entries"][2]
    assert len(SEALED.entry) == 71
    assert SEALED.leaf_hash.hex() == VECTOR["leaves"][2]
    assert json.loads(SEALED.record)["personal"] == VECTOR["personal_commitment"]


def test_the_log_of_the_example() -> None:
    assert (LOG.vkey, PROMISES.vkey) == (VECTOR["vkey"], VECTOR["promise_vkey"])
    assert sha256(VECTOR["configuration"].encode()).hexdigest() == VECTOR["configuration_sha256"]
    entries = [
        format_entry(Genesis("demo", LOG.vkey)),
        format_entry(Config(1, RECORD.config_digest)),
        SEALED.entry,
    ]
    assert entries == VECTOR["entries"]
    frontier = Frontier()
    for text, leaf in zip(entries, VECTOR["leaves"], strict=True):
        assert leaf_hash(text.encode()).hex() == leaf
        frontier.append(leaf_hash(text.encode()))
    note = sign_checkpoint(Checkpoint(ORIGIN, 3, frontier.root()), LOG)
    assert note == VECTOR["checkpoint"]
    assert open_checkpoint(note, [LOG.verifier], ORIGIN).root == frontier.root()


def test_the_promise_of_the_example() -> None:
    promise = Promise(ORIGIN, RECORD.record_id, RECORD.recorded_at, SEALED.leaf_hash)
    signature = sign_promise(promise, PROMISES)
    note = format_promise(promise, signature.key_id, signature.value)
    assert note == VECTOR["promise"]
    assert open_promise(note, [LOG.verifier, PROMISES.verifier], ORIGIN) == promise
    with pytest.raises(Invalid):
        open_promise(note, [LOG.verifier], ORIGIN)
    with pytest.raises(Invalid):
        open_promise(note, [PROMISES.verifier], ORIGIN + "/2")


def test_the_proof_of_the_example() -> None:
    left = node_hash(*(bytes.fromhex(leaf) for leaf in VECTOR["leaves"][:2]))
    assert Proof(2, (left,), VECTOR["checkpoint"], SEALED.entry.encode()).text == VECTOR["proof"]
    proof = parse_proof(VECTOR["proof"])
    assert proof.extra is not None
    checkpoint = verify_proof(proof, leaf_hash(proof.extra), [LOG.verifier], ORIGIN)
    verify_inclusion(2, checkpoint.size, SEALED.leaf_hash, proof.path, checkpoint.root)


def test_a_promise_never_passes_for_a_checkpoint() -> None:
    with pytest.raises(Invalid):
        open_checkpoint(VECTOR["promise"], [PROMISES.verifier], PROMISES.name)


# Records

FULL = ConsentRecord(
    **{
        **vars(RECORD),
        "services": {"youtube": True},
        "runtime_digest": RECORD.config_digest,
        "signals": {"gpc": False, "tcf": "x", "n": None, "v": 1},
        "not_removed": ["PHPSESSID"],
        "expires_at": "2027-05-22T10:15:00.123Z",
        "software": "consent-server/0.1.0",
        "personal": bytes(32),
    }
)


@pytest.mark.parametrize("record", [RECORD, FULL])
def test_records_read_back(record: ConsentRecord) -> None:
    assert parse_record(format_record(record)) == record


@pytest.mark.parametrize(
    "part", [PERSONAL, PersonalPart(PERSONAL.consent_id), PersonalPart(PERSONAL.consent_id, "é", "t", "2001:db8::/48")]
)
def test_personal_parts_read_back(part: PersonalPart) -> None:
    assert parse_personal(format_personal(part)) == part


def test_what_was_never_collected_has_no_key() -> None:
    assert set(json.loads(format_personal(PersonalPart(PERSONAL.consent_id)))) == {"consent_id"}
    assert json.loads(format_record(RECORD))["personal"] is None


def test_salts_hide_and_bind() -> None:
    salts = [bytes(32), b"\x01" * 32]
    assert (
        len({record_commitment("x", salt) for salt in salts} | {personal_commitment("x", salt) for salt in salts}) == 4
    )
    for bad in (b"", bytes(31), bytes(33)):
        with pytest.raises(Invalid):
            record_commitment("x", bad)
        with pytest.raises(Invalid):
            personal_commitment("x", bad)


def test_a_sealed_record_does_not_show_its_salts() -> None:
    assert "salt" not in repr(SEALED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("site_key", bad) for bad in ("", "A", "a", "-a", "a b", None, 1, "a" * 64, "demo\n")),
        *(("record_id", bad) for bad in ("", "x", RECORD.record_id.upper(), RECORD.record_id + "\n", 1)),
        *(("recorded_at", bad) for bad in ("2026-11-22T10:15:00Z", "2026-11-22T10:15:00.123+00:00", "now", 1)),
        *(("decisions", bad) for bad in (None, {"a": 1}, {"é": True}, [])),
        *(("config_version", bad) for bad in (-1, True, 1.0, "1", 2**53)),
        *(("config_digest", bad) for bad in ("sha256:", "sha256:" + "A" * 64, "md5:" + "0" * 64)),
        *(("layer", bad) for bad in ("1", True, -1)),
        *(("signals", bad) for bad in ({"gpc": {}}, {"gpc": 1.5}, [])),
        *(("not_removed", bad) for bad in ([1], {"a": 1}, ["\ud800"])),
        *(("expires_at", bad) for bad in ("", "2027-05-22")),
        *(("personal", bad) for bad in ("", "A" * 44, 1)),
        *(("schema", bad) for bad in (2, True, None)),
        *(("action", bad) for bad in (None, 1)),
        ("unknown", 1),
        ("language", None),
    ],
)
def test_a_record_has_the_types_of_its_schema(name: str, value: object) -> None:
    values = json.loads(format_record(FULL)) | {name: value}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with pytest.raises(Invalid):
        parse_record(text)


@pytest.mark.parametrize(
    "name",
    "schema site_key record_id recorded_at action decisions config_version config_digest personal".split(),
)
def test_a_record_has_all_that_it_must_have(name: str) -> None:
    values = json.loads(format_record(FULL))
    del values[name]
    with pytest.raises(Invalid):
        parse_record(canonical_json.encode(values))


@given(st.dictionaries(st.sampled_from([*vars(FULL), "schema", "x"]), st.none() | st.text() | st.integers()))
def test_noise_as_a_record_raises_only_invalid(values: dict[str, Any]) -> None:
    with suppress(Invalid):
        parse_record(canonical_json.encode(json.loads(format_record(FULL)) | values))
    with suppress(Invalid):
        parse_personal(canonical_json.encode(values))


# Promises

PROMISE = Promise(ORIGIN, RECORD.record_id, RECORD.recorded_at, SEALED.leaf_hash)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/promise/v1", "/promise/v2"),
        ("record ", "Record "),
        ("time 2026", "time 26"),
        ("leaf ", "leaf  "),
        ("mmd 86400", "mmd 086400"),
        ("mmd 86400\n", "mmd 86400"),
        ("mmd 86400\n", "mmd 86400\nmore\n"),
        ("=\n", "\n"),
        ("0b6f", "0B6F"),
    ],
)
def test_a_promise_has_one_spelling(old: str, new: str) -> None:
    assert parse_promise(PROMISE.text) == PROMISE
    assert old in PROMISE.text
    with pytest.raises(Invalid):
        parse_promise(PROMISE.text.replace(old, new))


@given(st.text() | st.lists(st.sampled_from([*PROMISE.text.splitlines(), "\n", "x"])).map("\n".join))
def test_noise_as_a_promise_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert parse_promise(text).text == text


# Log entries

DIGEST = RECORD.config_digest
ENTRIES: list[LogEntry] = [
    Genesis("demo", LOG.vkey),
    Genesis("demo", LOG.vkey, Predecessor(ORIGIN, 7, bytes(32))),
    Config(17, DIGEST),
    Consent(bytes(range(32))),
    Scrub(2, "visitor"),
    Erase(0, "controller"),
    Purge(0, 9, "P5Y"),
    Key("add", LOG.vkey),
    Key("retire", LOG.vkey),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: type(entry).__name__)
def test_entries_read_back_and_have_exactly_their_keys(entry: LogEntry) -> None:
    text = format_entry(entry)
    assert parse_entry(text) == entry
    values = json.loads(text)
    for name in values:
        with pytest.raises(Invalid):
            parse_entry(canonical_json.encode({k: v for k, v in values.items() if k != name}))
    for changes in ({"x": 1}, {"v": 2}, {"v": True}, {"v": "1"}, {"k": "other"}, {"k": None}):
        with pytest.raises(Invalid):
            parse_entry(canonical_json.encode(values | changes))
    for spelling in (f" {text}", f"{text}\n", text.replace(":", ": ", 1), "[" + text + "]"):
        with pytest.raises(Invalid):
            parse_entry(spelling)


@pytest.mark.parametrize(
    "entry",
    [
        Genesis("Demo", LOG.vkey),
        Genesis("demo", "no key"),
        Genesis("demo", LOG.vkey, Predecessor("a b", 7, bytes(32))),
        Genesis("demo", LOG.vkey, Predecessor(ORIGIN, -1, bytes(32))),
        Genesis("demo", LOG.vkey, Predecessor(ORIGIN, 7, bytes(31))),
        Config(0, DIGEST),
        Config(2**53, DIGEST),
        Config(1, DIGEST[7:]),
        Consent(bytes(31)),
        Scrub(-1, "visitor"),
        Scrub(1, ""),
        Erase(1, "a\nb"),
        Erase(1, "a" * 201),
        Purge(3, 3, "P5Y"),
        Purge(-1, 3, "P5Y"),
        Purge(0, 3, "five years"),
        Key("remove", LOG.vkey),  # type: ignore[arg-type]
        Key("add", ""),
    ],
    ids=repr,
)
def test_an_entry_that_could_not_be_read_back_is_not_written(entry: LogEntry) -> None:
    with pytest.raises(Invalid):
        format_entry(entry)


def test_a_commitment_has_one_spelling() -> None:
    text = format_entry(Consent(bytes(32)))
    for bad in (
        text.replace('A"', 'B"'),
        text.replace('A"', '="'),
        text.replace('A"', '+"'),
        text.replace("A", "\u00e9", 1),
    ):
        with pytest.raises(Invalid):
            parse_entry(bad)


@given(
    st.text(min_size=71, max_size=71)
    | st.text(min_size=43, max_size=43).map(lambda c: f'{{"c":"{c}","k":"consent","v":1}}')
    | st.dictionaries(
        st.sampled_from("c e from h i k n op policy prev site_key to v vkey why".split()),
        st.sampled_from(
            ["genesis", "config", "consent", "scrub", "erase", "purge", "key", LOG.vkey, "add", "P5Y", DIGEST]
        )
        | st.integers(-1, 3)
        | st.none()
        | st.lists(st.integers(-1, 3)),
    ).map(canonical_json.encode)
    | st.text()
)
def test_noise_as_an_entry_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert format_entry(parse_entry(text)) == text
