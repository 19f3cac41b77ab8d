"""``consent-server key``: what is published, and how a seed is replaced while the installation goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from consent_server import cli, verify
from consent_server.app import create_app
from consent_server.services import rotating
from tests import builders
from tests.databases import close
from tests.proof_logs import KEYRING, MASTER, ORIGIN, Installation

KEY = KEYRING.log_signer(ORIGIN).vkey

Run = Callable[..., int]


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    (tmp_path / "log-key").write_text(MASTER.hex())
    mark = tmp_path / "mark" / "high-water-mark.json"
    return builders.settings(tmp_path, database_url=database_url, log_key="", high_water_mark=mark)


def _run(app: Flask, *arguments: object) -> int:
    return cli.main(lambda: app, [str(argument) for argument in arguments])


@pytest.fixture
def run(app: Flask, installation: Installation) -> Run:
    return lambda *arguments: _run(app, *arguments)


@pytest.fixture
def restarted(run: Run, settings: builders.Settings, installation: Installation) -> Iterator[Run]:
    """The installation as it is after ``key new`` and a restart, with an anchor log."""
    installation.put(2)
    assert run("proofs", "integrate") == 0
    assert run("proofs", "anchor") == 0
    assert run("key", "new") == 0
    again = create_app(settings)
    yield lambda *arguments: _run(again, *arguments)
    close(again)


def test_the_keys_of_a_log_are_shown(run: Run, installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    run("proofs", "integrate")
    capsys.readouterr()
    assert run("key", "show", "demo") == 0
    assert capsys.readouterr().out.splitlines() == [KEY, KEYRING.promise_signer(ORIGIN).vkey]
    assert run("key", "show", "nowhere") == 2


def test_a_seed_is_replaced_and_every_log_is_signed_by_both_and_then_by_the_new_one(
    restarted: Run,
    installation: Installation,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert restarted("key", "new") == 2
    capsys.readouterr()
    assert restarted("key", "retire", "--all") == 1
    assert restarted("key", "rotate", "--all") == 0
    assert capsys.readouterr().out.splitlines() == [
        "(anchor log): nothing to do",
        "demo: new key named",
        "(anchor log): new key named",
    ]
    assert restarted("proofs", "integrate") == 0
    assert restarted("proofs", "anchor") == 0
    assert restarted("key", "rotate", "demo") == 0
    assert "up to date" in capsys.readouterr().out
    assert restarted("key", "retire", "demo") == 1
    assert "sign until" in capsys.readouterr().err
    assert restarted("proofs", "fsck") == 0

    monkeypatch.setattr(rotating, "OVERLAP", timedelta(0))
    assert restarted("key", "retire", "demo") == 0
    installation.put(1)
    assert restarted("proofs", "integrate") == 0
    (tmp_path / "log-key.previous").unlink()
    assert restarted("proofs", "export", "demo", "-o", tmp_path / "a.zip") == 0
    assert verify.main([str(tmp_path / "a.zip"), "--key", KEY]) == verify.HOLDS
    assert restarted("proofs", "fsck") == 0


def test_what_web_nodes_get_is_printed_alone(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run("key", "promise") == 0
    said = capsys.readouterr()
    assert said.out == f"{(KEYRING.promise or b'').hex()}\n"
    assert said.err == ""


def test_a_site_is_named_or_all(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("key", "rotate") == 2
    assert run("key", "rotate", "demo", "--all") == 2
    assert "Name a site, or say --all." in capsys.readouterr().err
