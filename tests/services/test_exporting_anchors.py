"""Bundles with anchors: a real authority stamps, ``openssl`` and the stand-alone verifier judge."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.services import anchoring as deeds
from consent_server.services import clock
from consent_server.services.anchoring import Anchoring
from consent_server.services.time_stamping import NotStamped, read_authority
from tests import builders
from tests.proof_logs import KEYRING, Installation
from tests.services.anchored import ANCHOR_KEY, ANCHOR_ORIGIN, LOG_KEY, export, judge
from tests.tsa import NEEDS_OPENSSL, Service, TimeStamper

pytestmark = NEEDS_OPENSSL


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.now = clock.now()
    return installation


@pytest.fixture
def anchoring(installation: Installation, stamper: TimeStamper, service: Service, tmp_path: Path) -> Anchoring:
    settings = builders.settings(tmp_path, tsa_url=service.url, tsa_ca_file=str(stamper.root_file))
    return Anchoring(installation.sessions, KEYRING, installation.high_water, ANCHOR_ORIGIN, read_authority(settings))


def _names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [name for name in archive.namelist() if name.startswith(("anchor/", "keys/", "checkpoints/"))]


def _strictly(data: bytes, folder: Path, stamper: TimeStamper, *arguments: str) -> int:
    return judge(data, folder, "--tsa-ca", str(stamper.root_file), "--strict", *arguments)


def test_a_stamped_log_leaves_nothing_unchecked(
    installation: Installation,
    anchoring: Anchoring,
    stamper: TimeStamper,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installation.put(3)
    assert anchoring.before_export("demo", clock.now()) is None
    data = export(installation)

    assert _strictly(data, tmp_path, stamper) == verify.HOLDS, capsys.readouterr()
    out = capsys.readouterr().out
    assert "1 anchors, 1 time stamps" in out
    said = re.search(r"The first 5 entries were there at (\S+ \S+) UTC\.", out)
    assert said
    assert abs(datetime.fromisoformat(f"{said[1]}+00:00") - clock.now()) < timedelta(minutes=1)
    assert _names(data) == [
        "checkpoints/5.note",
        "keys/log.vkeys",
        "anchor/2/checkpoint.note",
        "anchor/2/site.tlog-proof",
        "anchor/2/token.tsr",
        "keys/anchor.vkeys",
    ]


def test_lines_leave_nothing_unchecked_either(
    installation: Installation,
    anchoring: Anchoring,
    stamper: TimeStamper,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installation.put(3)
    anchoring.before_export("demo", clock.now())
    data = export(installation, "jsonl")
    assert _strictly(data, tmp_path, stamper) == verify.HOLDS, capsys.readouterr()
    assert "1 anchors, 1 time stamps" in capsys.readouterr().out
    header, *_, anchor = map(json.loads, data.splitlines())
    assert header["keys"] == [LOG_KEY.vkey, ANCHOR_KEY.vkey]
    assert anchor.keys() == {"anchor", "checkpoint", "proof", "token"}


def test_every_anchor_is_in_the_bundle_with_its_checkpoint(
    installation: Installation, anchoring: Anchoring, stamper: TimeStamper, tmp_path: Path
) -> None:
    for _ in range(3):
        installation.put(2)
        anchoring.anchor(clock.now())
    installation.put(1)
    data = export(installation)

    names = _names(data)
    assert [name for name in names if name.startswith("checkpoints/")] == [
        "checkpoints/4.note",
        "checkpoints/6.note",
        "checkpoints/8.note",
        "checkpoints/9.note",
    ]
    assert sum(name.endswith("token.tsr") for name in names) == 3
    assert judge(data, tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.HOLDS
    assert _strictly(data, tmp_path, stamper) == verify.LIE  # the last entry is under no time stamp yet


def test_before_an_export_a_token_is_asked_for_only_when_something_is_new(
    installation: Installation, anchoring: Anchoring, service: Service
) -> None:
    installation.put(1)
    anchoring.before_export("demo", clock.now())
    anchoring.before_export("demo", clock.now())
    assert len(service.asked) == 1
    installation.put(1)
    anchoring.before_export("demo", clock.now())
    assert len(service.asked) == 2


def test_an_authority_that_is_away_does_not_stop_an_export(
    installation: Installation, anchoring: Anchoring, service: Service, stamper: TimeStamper, tmp_path: Path
) -> None:
    installation.put(1)
    service.status = 503
    trouble = anchoring.before_export("demo", clock.now())
    assert trouble == f"{service.url} answered 503."
    data = export(installation)
    assert "anchor/2/token.tsr" not in _names(data)
    assert judge(data, tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.HOLDS
    assert _strictly(data, tmp_path, stamper) == verify.LIE


def test_the_same_log_twice_is_the_same_bytes_but_for_the_time(
    installation: Installation, anchoring: Anchoring
) -> None:
    installation.put(1)
    anchoring.anchor(clock.now())
    assert _names(export(installation)) == _names(export(installation))


def test_a_part_is_vouched_for_as_well(
    installation: Installation, anchoring: Anchoring, stamper: TimeStamper, tmp_path: Path
) -> None:
    installation.put(5)
    anchoring.anchor(clock.now())
    installation.put(3)
    anchoring.anchor(clock.now())
    data = export(installation, action="refuse_all")

    assert "anchor/2/consistency.txt" in _names(data)
    assert judge(data, tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.HOLDS


def test_another_root_than_the_authoritys_refuses_the_token(
    installation: Installation, anchoring: Anchoring, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchoring.anchor(clock.now())
    evil = TimeStamper(tmp_path / "evil")
    assert judge(export(installation), tmp_path, "--tsa-ca", str(evil.root_file)) == verify.LIE
    assert "The token of the anchor 2 is not one of the authority that was given" in capsys.readouterr().err


def test_a_token_of_an_evil_authority_with_its_root_inside_is_refused(
    installation: Installation,
    anchoring: Anchoring,
    stamper: TimeStamper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = TimeStamper(tmp_path / "evil", "Evil", embed_root=True)
    given = deeds.Token

    def stamp(_self: object, message: bytes) -> deeds.Token:
        return given(evil.stamp(message), clock.now())

    monkeypatch.setattr("consent_server.services.time_stamping.Authority.stamp", stamp)
    anchoring.anchor(clock.now())
    assert judge(export(installation), tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.LIE
    assert "openssl refuses it" in capsys.readouterr().err


def test_a_token_whose_certificate_has_expired_since_is_judged_at_its_own_time(
    installation: Installation, anchoring: Anchoring, stamper: TimeStamper, tmp_path: Path
) -> None:
    """A program that lives in the year 2046: every certificate here is over by then."""
    anchoring.anchor(clock.now())
    later = tmp_path / "bin" / "openssl"
    later.parent.mkdir()
    later.write_text(
        f'#!/bin/sh\ncase "$*" in *-attime*) exec {shutil.which("openssl")} "$@";; esac\n'
        f'exec {shutil.which("openssl")} "$@" -attime 2400000000\n'
    )
    later.chmod(0o755)
    check = verify.OpenSsl(str(later), stamper.root_file)
    with zipfile.ZipFile(io.BytesIO(export(installation))) as archive:
        body = archive.read("anchor/2/checkpoint.note").partition(b"\n\n")[0] + b"\n"
        token = archive.read("anchor/2/token.tsr")

    assert check(body, token, clock.now()) is None
    assert check(body, token, clock.now() + timedelta(days=20 * 365)) is not None
    assert check(b"something else", token, clock.now()) is not None


def test_without_openssl_the_tokens_are_noted_as_not_checked(
    installation: Installation,
    anchoring: Anchoring,
    stamper: TimeStamper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    anchoring.anchor(clock.now())
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    assert judge(export(installation), tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.HOLDS
    assert "1 tokens were not checked" in capsys.readouterr().out


def test_a_token_that_came_late_is_used_for_a_log_that_did_not_move_on(
    installation: Installation, anchoring: Anchoring, service: Service, stamper: TimeStamper, tmp_path: Path
) -> None:
    _late_token(installation, anchoring, service)
    assert "anchor/2/token.tsr" in _names(export(installation))


def test_a_token_that_came_late_does_not_make_records_look_back_dated(
    installation: Installation, anchoring: Anchoring, service: Service, stamper: TimeStamper, tmp_path: Path
) -> None:
    """The authority was away for hours; what was recorded meanwhile is older than the token that came in the end."""
    _late_token(installation, anchoring, service)
    installation.now = clock.now() - timedelta(hours=1)
    installation.put(2)
    anchoring.anchor(clock.now())

    data = export(installation)
    assert [name for name in _names(data) if name.endswith("token.tsr")] == ["anchor/4/token.tsr"]
    assert _strictly(data, tmp_path, stamper) == verify.HOLDS


def _late_token(installation: Installation, anchoring: Anchoring, service: Service) -> None:
    installation.now = clock.now() - timedelta(hours=2)
    installation.put(2)
    service.status = 503
    with pytest.raises(NotStamped):
        anchoring.anchor(clock.now())
    installation.execute("UPDATE proof_checkpoint SET created_at = '2026-01-01 00:00:00'")
    service.status = 200
    anchoring.anchor(clock.now())


def test_a_back_dated_record_is_named(
    installation: Installation,
    anchoring: Anchoring,
    stamper: TimeStamper,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installation.put(2)
    anchoring.anchor(clock.now())
    installation.now = clock.now() - timedelta(days=40)
    installation.put(1)

    assert judge(export(installation), tmp_path, "--tsa-ca", str(stamper.root_file)) == verify.LIE
    assert re.search(r"INVALID: Record 4 .*back-dated", capsys.readouterr().err)
