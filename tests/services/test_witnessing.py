"""Witnesses cosign what extends what they saw; their signatures travel in the bundle, and nothing waits for them."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.cosignature import Witness
from consent_server.domain.proof_log.signed_note import parse_note
from consent_server.services import clock
from consent_server.services.anchoring import Anchoring
from consent_server.services.witnessing import NotWitnessed, WitnessAt, read_witnesses
from consent_server.storage import anchors
from tests import builders
from tests.proof_logs import KEYRING, Installation
from tests.servers import free_port
from tests.services.anchored import ANCHOR_KEY, ANCHOR_ORIGIN, export, judge
from tests.witness import TEXT, WitnessServer, serving_witness


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.now = clock.now()
    return installation


@pytest.fixture
def server() -> Iterator[WitnessServer]:
    with serving_witness(ANCHOR_KEY) as server:
        yield server


@pytest.fixture
def anchoring(installation: Installation, server: WitnessServer, tmp_path: Path) -> Anchoring:
    witnesses = read_witnesses(builders.settings(tmp_path, witnesses=f"{server.url}/ {server.witness.vkey}"))
    given = installation.sessions, KEYRING, installation.high_water, ANCHOR_ORIGIN
    return Anchoring(*given, witnesses=witnesses)


def _cosignatures(installation: Installation, size: int) -> list[str]:
    with installation.sessions() as session:
        return anchors.cosignatures(session, size)


def test_every_new_anchor_checkpoint_is_cosigned(
    installation: Installation, anchoring: Anchoring, server: WitnessServer
) -> None:
    for size in (2, 3, 4):
        installation.put(1)
        assert anchoring.anchor(clock.now()).size == size
        (line,) = _cosignatures(installation, size)
        assert line == server.cosign(server.seen[ANCHOR_ORIGIN])
    assert server.asked == 3


def test_one_that_did_not_change_is_not_shown_again(anchoring: Anchoring, server: WitnessServer) -> None:
    anchoring.anchor(clock.now())
    anchoring.anchor(clock.now())
    assert server.asked == 1


def test_a_witness_that_knows_another_size_is_believed_and_asked_once_more(
    installation: Installation, anchoring: Anchoring, server: WitnessServer
) -> None:
    anchoring.anchor(clock.now())
    installation.execute("DELETE FROM proof_anchor")
    installation.put(1)
    anchoring.anchor(clock.now())
    assert len(_cosignatures(installation, 3)) == 1
    assert server.asked == 3


def test_a_history_that_was_written_anew_is_not_cosigned(
    installation: Installation, anchoring: Anchoring, server: WitnessServer, caplog: pytest.LogCaptureFixture
) -> None:
    anchoring.anchor(clock.now())
    seen = server.seen[ANCHOR_ORIGIN]
    server.seen[ANCHOR_ORIGIN] = dataclasses.replace(seen, root=bytes(32))
    installation.put(1)
    anchoring.anchor(clock.now())
    assert _cosignatures(installation, 3) == []
    assert "answered 422" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        (200, TEXT, ""),
        (200, TEXT, "— witness.example/w1 AAAA\n"),
        (200, TEXT, "— witness.example/other hAIB/xxx\n"),
        (200, TEXT, "\x00"),
        (404, TEXT, ""),
        (409, TEXT, ""),
        (409, "text/x.tlog.size", "x\n"),
        (409, "text/x.tlog.size", "99\n"),
        (409, "text/x.tlog.size", "0\n"),
        (503, TEXT, "down"),
    ],
)
def test_a_witness_that_does_not_cosign_holds_nothing_up(
    installation: Installation,
    anchoring: Anchoring,
    server: WitnessServer,
    answer: tuple[int, str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answer = answer
    assert anchoring.anchor(clock.now()).size == 2
    assert _cosignatures(installation, 2) == []
    assert "was not cosigned" in caplog.text
    server.answer = None
    anchoring.anchor(clock.now())
    assert len(_cosignatures(installation, 2)) == 1


def test_a_cosignature_over_something_else_is_not_kept(
    installation: Installation, anchoring: Anchoring, server: WitnessServer, caplog: pytest.LogCaptureFixture
) -> None:
    anchoring.anchor(clock.now())
    server.answer = (200, TEXT, _cosignatures(installation, 2)[0])
    installation.put(1)
    anchoring.anchor(clock.now())
    assert _cosignatures(installation, 3) == []
    assert "The cosignature of witness.example/w1 is wrong" in caplog.text


def test_a_witness_that_is_away_is_said(server: WitnessServer) -> None:
    away = WitnessAt(f"http://127.0.0.1:{free_port()}", server.witness)
    with pytest.raises(NotWitnessed, match="cannot be reached"):
        away.cosign("note\n", 0, lambda _old: [])


def test_the_verifier_checks_cosignatures_of_every_anchor(
    installation: Installation,
    anchoring: Anchoring,
    server: WitnessServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        installation.put(1)
        anchoring.anchor(clock.now())
    assert judge(export(installation), tmp_path, "--witness", server.witness.vkey) == verify.HOLDS
    assert "2 cosignatures" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        note = parse_note(archive.read("anchor/3/checkpoint.note"))
    assert [signature.name for signature in note.signatures] == [ANCHOR_ORIGIN, "witness.example/w1"]


def test_a_wrong_cosignature_in_a_bundle_is_named(
    installation: Installation,
    anchoring: Anchoring,
    server: WitnessServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    anchoring.anchor(clock.now())
    checkpoint = server.seen[ANCHOR_ORIGIN]
    line = server.cosign(dataclasses.replace(checkpoint, root=bytes(32)))
    installation.execute(f"UPDATE proof_anchor SET data = {_bytes(installation, line.encode())}")
    assert judge(export(installation), tmp_path, "--witness", server.witness.vkey) == verify.LIE
    assert "The anchor 2 was not cosigned as it says" in capsys.readouterr().err


def _bytes(installation: Installation, data: bytes) -> str:
    return f"X'{data.hex()}'" if installation.engine.dialect.name == "sqlite" else f"'\\x{data.hex()}'"


@pytest.mark.parametrize(
    "witnesses",
    [
        "https://witness.example",
        "ftp://w.example KEY",
        "https://w.example nokey",
        "https:// KEY",
        "KEY https://w.example",
    ],
)
def test_a_setting_that_names_no_witness_is_refused(tmp_path: Path, server: WitnessServer, witnesses: str) -> None:
    given = witnesses.replace("KEY", server.witness.vkey)
    with pytest.raises(Invalid, match="CONSENT_WITNESSES"):
        read_witnesses(builders.settings(tmp_path, witnesses=given))


def test_the_key_of_a_witness_has_one_spelling(server: WitnessServer) -> None:
    vkey = server.witness.vkey
    assert Witness.parse(vkey) == server.witness
    for wrong in (
        ANCHOR_KEY.vkey,
        vkey[:-4],
        vkey.replace("w1", "w2"),
        vkey.replace("+", "+0", 1),
        "a b+00000000+BA==",
    ):
        with pytest.raises(Invalid):
            Witness.parse(wrong)
