from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_body, sign_checkpoint
from consent_server.domain.proof_log.keys import log_signer, promise_master, promise_signer
from consent_server.domain.proof_log.merkle import EMPTY_ROOT, leaf_hash, node_hash
from consent_server.domain.proof_log.proof import Proof, format_hashes, parse_hashes, parse_proof, verify_proof
from consent_server.domain.proof_log.signed_note import (
    Signature,
    Signer,
    Verifier,
    decode_base64,
    encode_base64,
    format_note,
    open_note,
    parse_note,
    sign_note,
)

SIGNER = Signer.from_seed("example.org/log", bytes(range(32)))
OTHER = Signer.from_seed("example.org/other", bytes(range(1, 33)))
NOTE = sign_note("one\n\ntwo\n", SIGNER, OTHER)


def test_a_note_opens_with_any_of_its_keys() -> None:
    for signer in (SIGNER, OTHER):
        opened = open_note(NOTE.encode(), [signer.verifier])
        assert opened.text == "one\n\ntwo\n"
        assert [signature.name for signature in opened.signatures] == [signer.name]


def test_the_text_of_a_note_may_have_empty_lines_and_ends_at_the_last() -> None:
    assert parse_note(NOTE).text == "one\n\ntwo\n"
    assert format_note(parse_note(NOTE).text, parse_note(NOTE).signatures) == NOTE


def test_the_example_of_the_specification_reads() -> None:
    note = (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "\u2014 quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    )
    parsed = parse_note(note)
    assert parsed.text.endswith("ed è subito sera.\n")
    assert parsed.signatures[0].key_id.hex() == "367ba04b"


def test_unknown_signatures_are_ignored_but_one_known_is_needed() -> None:
    stranger = Signature("example.org/log", b"\x00\x00\x00\x00", b"x" * 2420)
    note = format_note("text\n", [stranger, SIGNER.signature("text\n"), Signature("who", b"abcd", b"e")])
    assert open_note(note, [SIGNER.verifier]).signatures == (SIGNER.signature("text\n"),)
    with pytest.raises(Invalid):
        open_note(note, [OTHER.verifier])
    with pytest.raises(Invalid):
        open_note(note, [])


def test_one_wrong_signature_of_a_known_key_rejects_the_note() -> None:
    wrong = Signature(SIGNER.name, SIGNER.verifier.key_id, b"\x00" * 64)
    for signatures in ([SIGNER.signature("text\n"), wrong], [wrong, SIGNER.signature("text\n")], [wrong]):
        with pytest.raises(Invalid):
            open_note(format_note("text\n", signatures), [SIGNER.verifier])
    short = Signature(SIGNER.name, SIGNER.verifier.key_id, b"\x00")
    with pytest.raises(Invalid):
        open_note(format_note("text\n", [short]), [SIGNER.verifier])


def test_any_flipped_byte_of_a_note_is_refused() -> None:
    note = sign_note("text\n", SIGNER).encode()
    for position in range(len(note)):
        for bit in range(8):
            flipped = bytearray(note)
            flipped[position] ^= 1 << bit
            with pytest.raises(Invalid):
                open_note(bytes(flipped), [SIGNER.verifier])


LINE = SIGNER.signature("text\n").line
NO_BREAK = "exam\u00a0ple"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"text\n\n{LINE[:-1]}",
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}more\n",
        f"te\rxt\n\n{LINE}",
        f"te\x00xt\n\n{LINE}",
        f"te\txt\n\n{LINE}",
        f"te\ud800xt\n\n{LINE}",
        f"text\n\n-{LINE[1:]}",
        f"text\n\n{LINE[2:]}",
        f"text\n\n{LINE.replace(' ', '  ')}",
        f"text\n\n{LINE.replace('example', 'exam+ple')}",
        f"text\n\n{LINE.replace('example', NO_BREAK)}",
        f"text\n\n{LINE.replace('=', '')}",
        f"text\n\n\u2014  {LINE.split()[2]}\n",
        f"text\n\n\u2014 name {encode_base64(b'abcd')}\n",
        "text\n\n" + LINE * 101,
        "x" * 1_000_001 + f"\n\n{LINE}",
    ],
    ids=range(21),
)
def test_a_note_has_one_spelling(note: str) -> None:
    with pytest.raises(Invalid):
        open_note(note, [SIGNER.verifier])
    with pytest.raises(Invalid):
        open_note(note.encode("utf-8", "surrogatepass"), [SIGNER.verifier])


def test_a_hundred_signatures_are_not_too_many() -> None:
    assert len(open_note("text\n\n" + LINE * 100, [SIGNER.verifier]).signatures) == 100


@pytest.mark.parametrize("text", ["", "no end", "a\rb\n", "\ud800\n"])
def test_what_is_no_text_is_not_signed(text: str) -> None:
    with pytest.raises(Invalid):
        sign_note(text, SIGNER)


@given(st.text() | st.binary() | st.just(NOTE).map(lambda n: n.replace("o", "\n")))
def test_noise_as_a_note_raises_only_invalid(note: str | bytes) -> None:
    try:
        parsed = parse_note(note)
    except Invalid:
        return
    assert format_note(parsed.text, parsed.signatures) in (note, note.decode() if isinstance(note, bytes) else note)


@given(
    st.lists(st.sampled_from(["\n", "\n\n", "\u2014 ", "name ", LINE, "AAAA", "AAAAAAAA", "=", "+", "x"]), max_size=12)
)
def test_pieces_of_notes_raise_only_invalid(pieces: list[str]) -> None:
    try:
        parsed = parse_note("".join(pieces))
    except Invalid:
        return
    assert format_note(parsed.text, parsed.signatures) == "".join(pieces)


# Keys


def test_keys_read_back_and_have_one_spelling() -> None:
    assert Verifier.parse(SIGNER.vkey) == SIGNER.verifier
    name, hexid, key = SIGNER.vkey.split("+", 2)
    for refused in (
        "",
        name,
        f"{name}+{hexid}",
        f"+{hexid}+{key}",
        f"{name}+{hexid.upper()}+{key}",
        f"{name}+00000000+{key}",
        f"{name}x+{hexid}+{key}",
        f"{name}+{hexid}+{key}=",
        f"{name}+{hexid}+{key}\n",
        f"{name}+{hexid}+{encode_base64(bytes([2]) + SIGNER.verifier.public_key)}",
        f"{name}+{hexid}+{encode_base64(bytes([1]) + SIGNER.verifier.public_key[:-1])}",
        f"{name}+{hexid}+",
    ):
        with pytest.raises(Invalid):
            Verifier.parse(refused)


@given(st.text() | st.lists(st.sampled_from(["name", "+", "AQ==", "00000000", SIGNER.vkey, "\ud800"])).map("".join))
def test_noise_as_a_key_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert Verifier.parse(text).vkey == text


def test_a_signer_does_not_show_its_key() -> None:
    assert "sign=" not in repr(SIGNER)


def test_keys_are_derived_per_origin_and_purpose() -> None:
    master = bytes(range(32))
    vkeys = {log_signer(master, "a.example/log").vkey, log_signer(master, "b.example/log").vkey}
    vkeys |= {promise_signer(promise_master(master), "a.example/log").vkey}
    assert len(vkeys) == 3
    assert promise_signer(promise_master(master), "a.example/log").name == "a.example/log/promise"
    with pytest.raises(Invalid):
        log_signer(b"short", "a.example/log")


@given(st.text() | st.text(alphabet="AQ=+/-_ \n", max_size=9))
def test_base64_has_one_spelling(text: str) -> None:
    with suppress(Invalid):
        assert encode_base64(decode_base64(text)) == text


# Checkpoints

ORIGIN = SIGNER.name
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))


def test_a_checkpoint_reads_back() -> None:
    note = sign_checkpoint(CHECKPOINT, SIGNER)
    assert open_checkpoint(note, [OTHER.verifier, SIGNER.verifier], ORIGIN) == CHECKPOINT
    with pytest.raises(Invalid):
        open_checkpoint(note, [SIGNER.verifier], OTHER.name)
    with pytest.raises(Invalid):
        open_checkpoint(note, [OTHER.verifier], ORIGIN)


def test_a_key_of_another_name_does_not_sign_a_checkpoint() -> None:
    note = sign_note(CHECKPOINT.body, OTHER)
    with pytest.raises(Invalid):
        open_checkpoint(note, [OTHER.verifier], ORIGIN)
    with pytest.raises(Invalid):
        open_checkpoint(note, [OTHER.verifier], OTHER.name)


ROOT64 = encode_base64(bytes(range(32)))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n7\n{ROOT64}",
        f"{ORIGIN}\n7\n{ROOT64}\nextension\n",
        f"{ORIGIN}\n7\n{ROOT64}\n\n",
        f"{ORIGIN}\n07\n{ROOT64}\n",
        f"{ORIGIN}\n+7\n{ROOT64}\n",
        f"{ORIGIN}\n-7\n{ROOT64}\n",
        f"{ORIGIN}\n7 \n{ROOT64}\n",
        f"{ORIGIN}\n\u0667\n{ROOT64}\n",
        f"{ORIGIN}\n\n{ROOT64}\n",
        f"{ORIGIN}\n9223372036854775808\n{ROOT64}\n",
        f"{ORIGIN}\n7\n{ROOT64[:-4]}\n",
        f"{ORIGIN}\n7\n{ROOT64[:-1]}\n",
        f"{ORIGIN}\n7\n{ROOT64[:-2]}9=\n",
        f"{ORIGIN}\n0\n{ROOT64}\n",
        f"\n7\n{ROOT64}\n",
        f"a b\n7\n{ROOT64}\n",
    ],
)
def test_a_checkpoint_has_one_spelling(body: str) -> None:
    with pytest.raises(Invalid):
        parse_body(body)


def test_an_empty_log_has_the_root_of_the_specification() -> None:
    body = f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert parse_body(body) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert parse_body(body).body == body


@given(st.text() | st.lists(st.sampled_from([ORIGIN, "\n", "7", "0", ROOT64, " "]), max_size=9).map("".join))
def test_noise_as_a_checkpoint_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert parse_body(text).body == text


# Proofs

LEFT, LEAF = leaf_hash(b"a"), leaf_hash(b"b")
SIGNED = sign_checkpoint(Checkpoint(ORIGIN, 2, node_hash(LEFT, LEAF)), SIGNER)
PROOF = Proof(1, (LEFT,), SIGNED, b"b")


def test_a_proof_reads_back_and_verifies() -> None:
    for proof in (PROOF, Proof(1, (LEFT,), SIGNED), Proof(0, (), SIGNED, b"")):
        assert parse_proof(proof.text) == proof
    assert verify_proof(parse_proof(PROOF.text), LEAF, [SIGNER.verifier], ORIGIN).size == 2
    for proof, leaf in ((PROOF, LEFT), (Proof(0, (LEFT,), SIGNED), LEAF), (Proof(1, (), SIGNED), LEAF)):
        with pytest.raises(Invalid):
            verify_proof(proof, leaf, [SIGNER.verifier], ORIGIN)
    with pytest.raises(Invalid):
        verify_proof(PROOF, LEAF, [OTHER.verifier], ORIGIN)


HASH = encode_base64(LEFT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        f"c2sp.org/tlog-proof@v2\nindex 1\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nindex 01\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nindex -1\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nindex 1\nextra AA==\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nextra AA\nindex 1\n{HASH}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-4]}\n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH} \n\n{SIGNED}",
        f"c2sp.org/tlog-proof@v1\r\nindex 1\n{HASH}\n\n{SIGNED}",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 65 + f"\n{SIGNED}",
    ],
    ids=range(13),
)
def test_a_proof_has_one_spelling(text: str) -> None:
    with pytest.raises(Invalid):
        parse_proof(text)


def test_a_proof_without_hashes_is_that_of_a_log_of_one() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, LEAF), SIGNER)
    assert verify_proof(parse_proof(Proof(0, (), note).text), LEAF, [SIGNER.verifier], ORIGIN).size == 1


@given(
    st.text()
    | st.lists(
        st.sampled_from(["c2sp.org/tlog-proof@v1", "\n", "\n\n", "index ", "extra ", "1", "AA==", HASH, SIGNED]),
        max_size=12,
    ).map("".join)
)
@example(PROOF.text)
def test_noise_as_a_proof_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert parse_proof(text).text == text


def test_consistency_proofs_are_base64_lines() -> None:
    assert format_hashes([]) == ""
    assert parse_hashes(format_hashes([LEFT, LEAF])) == (LEFT, LEAF)
    for refused in ("\n", HASH, f"{HASH}\n\n", f"{HASH}\n" * 65, "AA==\n"):
        with pytest.raises(Invalid):
            parse_hashes(refused)


@given(st.text() | st.lists(st.sampled_from([HASH, "\n", "A"])).map("".join))
def test_noise_as_a_consistency_proof_raises_only_invalid(text: str) -> None:
    with suppress(Invalid):
        assert format_hashes(parse_hashes(text)) == text
