"""``consent-server proofs``: files that are whole or not there, words on stderr, exit codes of the contract."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from consent_server import cli, verify
from tests import builders
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation, settings_of
from tests.tsa import NEEDS_OPENSSL, Service, TimeStamper, serving

KEY = KEYRING.log_signer(ORIGIN).vkey

Run = Callable[..., int]


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    return settings_of(tmp_path, database_url)


@pytest.fixture
def run(app: Flask, installation: Installation) -> Run:
    return lambda *arguments: cli.main(lambda: app, ["proofs", *map(str, arguments)])


@pytest.mark.parametrize(("name", "start"), [("a.zip", b"PK"), ("a.jsonl", b"{"), ("a.csv", b"index,"), ("a", b"{")])
def test_the_name_of_the_file_tells_the_format(
    run: Run, installation: Installation, tmp_path: Path, name: str, start: bytes
) -> None:
    installation.put(1)
    assert run("export", "demo", "-o", tmp_path / name) == 0
    assert (tmp_path / name).read_bytes().startswith(start)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("form", ["zip", "jsonl"])
def test_what_is_exported_verifies(
    run: Run, installation: Installation, tmp_path: Path, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.put(5)
    assert run("export", "demo", "-o", tmp_path / "evidence", "--format", form) == 0
    assert capfd.readouterr() == ("", "")
    assert verify.main([str(tmp_path / "evidence"), "--key", KEY]) == verify.HOLDS


def test_an_export_to_standard_output_is_nothing_but_the_export(
    run: Run, installation: Installation, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    installation.put(1)
    assert run("export", "demo", "-o", "-", "--format", "zip") == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"PK")
    assert err == b""


def test_what_fails_leaves_no_file(
    run: Run, installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", "nowhere", "-o", tmp_path / "a.zip") == 2
    assert run("export", "demo", "-o", tmp_path / "no" / "a.zip") == 3
    assert not list(tmp_path.glob("*.part"))
    assert not (tmp_path / "a.zip").exists()
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_integrate_tells_what_it_added(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(3)
    assert run("integrate") == 0
    assert capsys.readouterr().out == "demo: 5 entries added, 5 in the log\n"
    assert run("integrate", "demo") == 0
    assert capsys.readouterr().out == "demo: 0 entries added, 5 in the log\n"


def test_integrate_says_why_a_log_is_frozen(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    run("integrate")
    installation.high_water.unlink()
    installation.put(1)

    assert run("integrate") == 1
    assert "high-water mark is missing" in capsys.readouterr().err


def test_anchor_tells_what_it_did(run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("anchor") == 0
    out, err = capsys.readouterr()
    assert out == "127.0.0.1:8000/v1/log: 1 checkpoint added, 2 leaves\n"
    assert err == "not stamped: TSA_URL names no time-stamping authority\n"
    assert run("fsck") == 0
    assert capsys.readouterr().out == "demo: sound\n(anchor log): sound\n"


@NEEDS_OPENSSL
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
class TestWithAnAuthority:
    @pytest.fixture
    def service(self, tmp_path: Path) -> Iterator[Service]:
        stamper = TimeStamper(tmp_path / "tsa")
        with serving(stamper.reply) as service:
            yield service

    @pytest.fixture
    def settings(self, settings: builders.Settings, service: Service, tmp_path: Path) -> builders.Settings:
        roots = tmp_path / "tsa" / "root.pem"
        return dataclasses.replace(settings, tsa_url=service.url, tsa_ca_file=str(roots))

    def test_anchor_tells_who_stamped_and_when(
        self, run: Run, service: Service, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("anchor") == 0
        first, second = capsys.readouterr().out.splitlines()
        assert first.endswith(": 1 checkpoint added, 2 leaves")
        assert second.startswith(f"stamped by {service.url} at 20")
        assert run("status") == 0
        assert f"(anchor log): newest time stamp: size 2, {second[-24:]}, by {service.url}" in capsys.readouterr().out

    def test_anchor_says_in_a_sentence_that_the_authority_failed(
        self, run: Run, service: Service, capsys: pytest.CaptureFixture[str]
    ) -> None:
        service.status = 500
        assert run("anchor") == 3
        assert capsys.readouterr().err == f"{service.url} answered 500.\n"


def test_fsck_finds_nothing_in_a_sound_log(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(300)
    run("integrate")
    capsys.readouterr()
    assert run("fsck") == 0
    assert capsys.readouterr().out == "demo: sound\n"


def test_fsck_names_what_it_finds(run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installation.put(3)
    run("integrate")
    installation.execute("UPDATE consent_record SET record = replace(record, 'refuse_all', 'accept_all')")
    capsys.readouterr()

    assert run("fsck", "demo") == 1
    assert "demo: The record of entry 2 does not open its commitment: it was altered." in capsys.readouterr().out


def test_a_record_is_erased_and_the_bundle_says_so(
    run: Run, installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = installation.put(3)
    assert run("erase", "demo", first, third, "--why", "decided on 3 November") == 0
    assert capsys.readouterr().out == "demo: 2 records erased\n"
    assert run("export", "demo", "-o", tmp_path / "a.zip") == 0
    assert verify.main([str(tmp_path / "a.zip"), "--key", KEY]) == verify.HOLDS
    assert "1 records" in capsys.readouterr().out
    assert run("erase", "demo", second, first, "--why", "again") == 2
    assert run("erase", "demo", second) == 2
    assert run("erase", "demo", second, "--why", "demandé") == 2
    assert installation.scalar("SELECT count(*) FROM consent_record") == 1


def test_purge_tells_what_goes_and_what_would(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(2, recorded_at=NOW.replace(year=2015), expires_at="2016-05-22T10:15:00.123Z")
    installation.put(1)
    run("integrate")
    capsys.readouterr()
    assert run("purge", "--dry-run") == 0
    assert capsys.readouterr().out == "demo: 2 records would be purged under P5Y, entries 2 to 3\n"
    assert run("purge", "demo") == 0
    assert capsys.readouterr().out == "demo: 2 records purged under P5Y, entries 2 to 3\n"
    assert run("purge") == 0
    assert capsys.readouterr().out == "demo: 0 records purged under P5Y\n"
    assert installation.scalar("SELECT count(*) FROM consent_record") == 1


def test_status_tells_how_a_log_stands(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(3)
    run("integrate")
    installation.put(1)
    capsys.readouterr()
    assert run("status") == 0
    said = capsys.readouterr().out
    assert f"demo: {ORIGIN}, 5 entries, 1 in line" in said
    assert "newest checkpoint: size 5" in said


def test_a_frozen_log_is_explained_and_adopted(
    run: Run, installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(3)
    run("integrate")
    note = tmp_path / "checkpoint.note"
    note.write_text(str(installation.scalar("SELECT note FROM proof_checkpoint")))
    installation.put(2)
    run("integrate")
    installation.high_water.unlink()
    installation.put(1)
    run("integrate")
    capsys.readouterr()

    for command in ("status", "fsck"):
        assert run(command) == 1
        assert "run `consent-server proofs adopt --checkpoint FILE`" in capsys.readouterr().out
    assert run("adopt", "--checkpoint", note) == 0
    out, err = capsys.readouterr()
    assert out == f"{ORIGIN} goes on at 7 entries; the first 5 are vouched for from outside\n"
    assert err.startswith("2 entries after them rest on this database alone")
    assert run("integrate") == 0
    assert run("status") == 0
    assert run("fsck") == 0
    assert run("adopt", "demo", "--checkpoint", tmp_path / "nowhere") == 2
    note.write_text("nothing")
    assert run("adopt", "--checkpoint", note) == 2


def test_a_hold_is_put_on_told_and_taken_off(
    run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    (record_id,) = installation.put(1)
    assert run("hold", "demo", "on", "--why", "proceedings 26/01234") == 0
    assert run("status", "demo") == 0
    assert ": proceedings 26/01234\n" in capsys.readouterr().out
    assert run("erase", "demo", record_id, "--why", "decided") == 2
    assert "under legal hold" in capsys.readouterr().err
    assert run("hold", "demo", "off", "--why", "closed") == 0
    assert run("hold", "demo", "off", "--why", "closed") == 2
    assert run("hold", "demo", "on") == 2
    assert run("erase", "demo", record_id, "--why", "decided") == 0


def test_a_log_that_has_begun_succeeds_no_other(
    run: Run, installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("integrate")
    note = tmp_path / "checkpoint.note"
    note.write_text(str(installation.scalar("SELECT note FROM proof_checkpoint")))
    assert run("succeed", "demo", "--checkpoint", note, "--key", KEY) == 2
    assert "has begun already" in capsys.readouterr().err
    installation.execute("DELETE FROM proof_log")
    assert run("succeed", "demo", "--checkpoint", note, "--key", KEY) == 0
    assert capsys.readouterr().out == f"{ORIGIN}/2\n"
