"""The committed vectors, most of them broken on purpose: what other implementations of this log must say, too.

Those with a ``source`` are facts that others published: hashes and signatures of real logs and of reference trees.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.cosignature import Witness
from consent_server.domain.proof_log.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from consent_server.domain.proof_log.signed_note import Verifier, format_note, open_note, parse_note
from consent_server.domain.times import parse_rfc3339

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "proof_log"


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["desc"]) for case in json.loads((VECTORS / name).read_text())]


def _arguments(case: dict[str, Any], *names: str) -> list[Any]:
    values = ([bytes.fromhex(h) for h in case[n]] if n == "path" else case[n] for n in names)
    return [bytes.fromhex(value) if isinstance(value, str) else value for value in values]


@pytest.mark.parametrize("case", _cases("inclusion.json"))
def test_inclusion(case: dict[str, Any]) -> None:
    arguments = _arguments(case, "index", "size", "leaf", "path", "root")
    if case["valid"]:
        verify_inclusion(*arguments)
    else:
        with pytest.raises(Invalid):
            verify_inclusion(*arguments)


@pytest.mark.parametrize("case", _cases("consistency.json"))
def test_consistency(case: dict[str, Any]) -> None:
    arguments = _arguments(case, "old", "new", "old_root", "new_root", "path")
    if case["valid"]:
        verify_consistency(*arguments)
    else:
        with pytest.raises(Invalid):
            verify_consistency(*arguments)


@pytest.mark.parametrize("case", _cases("trees.json"))
def test_trees(case: dict[str, Any]) -> None:
    frontier, roots = Frontier(), []
    for leaf in case["leaves"]:
        roots.append(frontier.root().hex())
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
    assert [*roots, frontier.root().hex()] == case["roots"]


@pytest.mark.parametrize("case", _cases("notes.json"))
def test_notes_of_others_open_and_no_other_text_does(case: dict[str, Any]) -> None:
    verifier = Verifier.parse(case["vkey"])
    note = open_note(case["note"], [verifier])
    assert [signature.key_id for signature in note.signatures] == [verifier.key_id]
    for at, letter in enumerate(note.text[:-1]):
        other = note.text[:at] + chr(ord(letter) ^ 1) + note.text[at + 1 :]
        with pytest.raises(Invalid):
            open_note(format_note(other, note.signatures), [verifier])


def test_a_checkpoint_of_a_log_of_certificates_is_read() -> None:
    (case,) = (case for case in json.loads((VECTORS / "notes.json").read_text()) if "arche" in case["vkey"])
    verifier = Verifier.parse(case["vkey"])
    assert open_checkpoint(case["note"], [verifier], verifier.name).size == 1_432_088_532


@pytest.mark.parametrize("case", _cases("cosignatures.json"))
def test_cosignatures_of_others_hold_for_their_text_and_time_alone(case: dict[str, Any]) -> None:
    witness, note = Witness.parse(case["vkey"]), parse_note(case["note"])
    (signature,) = filter(witness.made, note.signatures)
    assert witness.time_of(note.text, signature) == parse_rfc3339(case["time"])
    for at, byte in enumerate(signature.value):
        other = signature.value[:at] + bytes([byte ^ 1]) + signature.value[at + 1 :]
        with pytest.raises(Invalid):
            witness.time_of(note.text, replace(signature, value=other))
    with pytest.raises(Invalid):
        witness.time_of(note.text.replace("\n", "1\n", 2), signature)
