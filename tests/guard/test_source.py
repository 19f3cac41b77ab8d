"""The newest configuration that can be used is in force; nothing worse takes its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from consent_server.domain.configuration import digest_of
from consent_server.domain.errors import Invalid
from consent_server.domain.script_file import write_script
from consent_server.guard import fetching, source
from consent_server.guard.__main__ import main
from consent_server.guard.fetching import fetch_configuration, fetch_script
from consent_server.guard.source import CurrentRules
from tests.guard.visits import configuration

RUNTIME = b"(()=>{'runtime';\n})()"
URL = "https://consent.example/v1/sites/example/config"


def write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the consent server answers; a test sets it."""

    class Served:
        data = json.dumps(configuration(runtime_digest=digest_of(RUNTIME))).encode()
        script = b""
        asked: ClassVar[list[str]] = []

    def get(url: str, _timeout: float = 0) -> bytes:
        Served.asked.append(url)
        return Served.data if url == URL else Served.script

    monkeypatch.setattr(fetching, "_get", get)
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


def script_of(data: bytes, **changes: object) -> bytes:
    rules = {"digest": json.loads(data)["digest"], "site_key": "</script>", **changes}
    return write_script(json.dumps(rules).encode(), RUNTIME)


def test_the_script_of_the_configuration_that_is_kept_is_fetched_by_its_digest(tmp_path: Path, served: Any) -> None:
    path, script = tmp_path / "consent.json", tmp_path / "consent.js"
    fetch_configuration(URL, path)
    served.script = script_of(served.data)
    assert fetch_script(URL, path, script)
    assert script.read_bytes() == served.script
    digest = json.loads(served.data)["digest"].removeprefix("sha256:")
    assert served.asked[-1] == f"https://consent.example/v1/sites/example/banner.{digest}.js"
    before = len(served.asked)
    assert not fetch_script(URL, path, script)
    assert len(served.asked) == before


def test_no_script_that_is_not_whole_takes_the_place_of_what_is_kept(tmp_path: Path, served: Any) -> None:
    path, script = tmp_path / "consent.json", tmp_path / "consent.js"
    fetch_configuration(URL, path)
    whole = script_of(served.data)
    script.write_bytes(b"an older one")
    for broken in (
        b"",
        b"<!doctype html><h1>Back soon</h1>",
        whole[:-1],
        whole[:-20],
        whole[: len(whole) // 2],
        whole.replace(b"runtime", b"Runtime"),
        whole.replace(b'"digest"', b'"digest'),
        whole.replace(b'{"digest"', b'["digest"'),
        b"<p>" + whole,
        whole + b" ",
        script_of(served.data, digest="sha256:other"),
    ):
        served.script = broken
        with pytest.raises(Invalid):
            fetch_script(URL, path, script)
        assert script.read_bytes() == b"an older one"
    served.script = whole
    assert fetch_script(URL, path, script)
    for broken in (b"{", whole[:40]):
        script.write_bytes(broken)
        assert fetch_script(URL, path, script)


def test_the_command_fetches_both_and_the_script_last(
    tmp_path: Path, served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path, script = tmp_path / "consent.json", tmp_path / "consent.js"
    arguments = [URL, str(path), "--script", str(script)]
    assert main(arguments) == 1
    assert (path.exists(), script.exists()) == (True, False)
    served.script = script_of(served.data)
    assert main(arguments) == 0
    assert script.read_bytes() == served.script
    path.unlink()
    served.data = b"no"
    assert main(arguments) == 1
    assert script.read_bytes() == served.script
    assert main(["--help"]) == 0
    assert "--script FILE" in capsys.readouterr().out
