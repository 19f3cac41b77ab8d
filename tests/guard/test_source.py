"""The newest configuration that can be used is in force; nothing worse takes its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consent_server.domain.errors import Invalid
from consent_server.guard import fetching, source
from consent_server.guard.__main__ import main
from consent_server.guard.fetching import fetch_configuration
from consent_server.guard.source import CurrentRules
from tests.guard.visits import configuration

URL = "https://consent.example/v1/sites/example/config"


def write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the consent server answers; a test sets it."""

    class Served:
        data = json.dumps(configuration()).encode()

    monkeypatch.setattr(fetching, "_get", lambda url, timeout: Served.data)
    return Served


def test_a_file_is_read_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LOOK_EVERY", 0)
    path = tmp_path / "consent.json"
    write(path, configuration())
    rules = CurrentRules(str(path))
    first = rules.get()
    assert rules.get() is first
    write(path, configuration(version=10))
    assert rules.get().version == 10
    for broken in ("{", "[]", "{}", ""):
        path.write_text(broken)
        assert rules.get().version == 10
    path.unlink()
    assert rules.get().version == 10
    write(path, configuration(version=11))
    assert rules.get().version == 11


def test_a_function_gives_the_newest_and_may_fail() -> None:
    answers: list[Any] = [configuration()]

    def newest() -> Any:
        if answers[-1] is None:
            raise OSError
        return answers[-1]

    rules = CurrentRules(newest)
    for answer, version in [(None, 3), ({}, 3), (configuration(version=4), 4), ("x", 4)]:
        answers.append(answer)
        assert rules.get().version == version


def test_what_is_fetched_is_kept_as_it_came(tmp_path: Path, served: Any) -> None:
    path = tmp_path / "consent.json"
    assert fetch_configuration(URL, path)
    assert path.read_bytes() == served.data
    assert not fetch_configuration(URL, path)
    assert [each.name for each in tmp_path.iterdir()] == ["consent.json"]
    assert CurrentRules(path).get().version == 3


def test_nothing_worse_takes_the_place_of_what_is_kept(tmp_path: Path, served: Any) -> None:
    path = tmp_path / "consent.json"
    fetch_configuration(URL, path)
    before = path.read_bytes()
    for data in (
        b"",
        b"<html>",
        b"{}",
        b"\xff",
        before[:-10],
        before.replace(b'"audience"', b'"Audience"'),
        json.dumps({**configuration(), "digest": None}).encode(),
        json.dumps(configuration(site_key="other")).encode(),
        json.dumps(configuration(version=2)).encode(),
    ):
        served.data = data
        with pytest.raises(Invalid):
            fetch_configuration(URL, path)
        assert path.read_bytes() == before


def test_a_broken_file_is_replaced(tmp_path: Path, served: Any) -> None:
    path = tmp_path / "consent.json"
    path.write_text("{")
    assert fetch_configuration(URL, path)


def test_the_command_says_what_happened(tmp_path: Path, served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "consent.json")
    assert main([URL, path]) == 0
    served.data = b"no"
    assert main([URL, path]) == 1
    assert main([URL, str(tmp_path / "no" / "folder.json")]) == 1
    assert main([]) == 2
    assert "as it was" in capsys.readouterr().err


def test_only_the_web_is_asked(tmp_path: Path) -> None:
    for url in ("file:///etc/passwd", "ftp://a.example/x", "consent.example"):
        with pytest.raises(Invalid):
            fetch_configuration(url, tmp_path / "x")
    assert main(["http://127.0.0.1:9/config", str(tmp_path / "x")]) == 3
