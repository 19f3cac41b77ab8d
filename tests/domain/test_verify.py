"""``python -m consent_server.verify``: its exit codes, its one sentence, and that it needs nothing installed."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from consent_server.verify import main
from tests.domain.liars import write_folder, write_zip
from tests.domain.site_log import PROMISER, SIGNER, SiteLog, usual

KEY = ["--key", SIGNER.vkey]
PROMISE_KEY = ["--key", PROMISER.vkey]


def write_lines(path: Path, log: SiteLog) -> Path:
    path.write_bytes(b"".join(log.lines()))
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "demo.jsonl", usual())


@pytest.fixture(params=["zip", "folder", "jsonl"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "zip":
        return write_zip(tmp_path / "demo.zip", usual().files())
    if request.param == "folder":
        return write_folder(tmp_path / "demo", usual().files())
    return write_lines(tmp_path / "demo.jsonl", usual())


def test_an_honest_bundle_is_valid(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(bundle), *KEY]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("VALID: the log demo.example/v1/sites/demo/log at size 14, root ")
    assert "note: No anchor" in out
    assert err == ""


def test_strict_lets_notes_fail(bundle: Path) -> None:
    assert main([str(bundle), *KEY, "--strict"]) == 1


def test_a_lie_is_one_sentence_with_index_and_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = usual()
    lines = log.lines()
    lines[5] = lines[5].replace(b"audience", b"audiencd")
    path = tmp_path / "demo.jsonl"
    path.write_bytes(b"".join(lines))
    assert main([str(path), *KEY]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "INVALID: Record 4 (record_id 00000004-aaaa-4aaa-8aaa-000000000004): "
        "record and salt do not open the commitment in the log.\n"
    )


def test_a_file_that_stands_twice_in_a_zip_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_zip(tmp_path / "demo.zip", usual().files())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("README.html", b"<p>")
    assert main([str(path), *KEY]) == 1
    assert "README.html" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--key", "no key"],
        [*KEY, "--promise", "missing.note"],
        [*KEY, *PROMISE_KEY, "--promise", "missing.note"],
        [*KEY, "--known", "missing.note"],
        [*KEY, "--tsa-ca", "missing.pem"],
        [*KEY, "--unknown"],
    ],
    ids=range(7),
)
def test_wrong_usage_is_2(lines: Path, arguments: list[str]) -> None:
    try:
        code = main([str(lines), *arguments])
    except SystemExit as exit_:
        code = int(str(exit_.code))
    assert code == 2


@pytest.mark.parametrize("data", [b"", b"noise", b"PK\x05\x06" + bytes(18), b"{}\n", b"\xff\xfe"], ids=range(5))
def test_what_cannot_be_read_is_3(tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(data)
    assert main([str(path), *KEY]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_not_there_is_3(tmp_path: Path) -> None:
    assert main([str(tmp_path / "missing.zip"), *KEY]) == 3


def test_a_damaged_zip_is_3(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "demo.zip", usual().files())
    data = bytearray(path.read_bytes())
    data[data.index(b"records.jsonl") + 40] ^= 0xFF
    path.write_bytes(data)
    assert main([str(path), *KEY]) == 3


def test_a_promise_that_was_kept_is_said_to_be(tmp_path: Path, lines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = usual()
    promise, known = tmp_path / "promise.note", tmp_path / "known.note"
    promise.write_bytes(log.promise(4))
    known.write_text(log.checkpoint(9))
    arguments = [str(lines), *KEY, *PROMISE_KEY, "--promise", str(promise), "--known", str(known)]
    assert main(arguments) == 0
    assert "is kept" in capsys.readouterr().out


def test_an_auditor_needs_only_the_standard_library_and_cryptography(lines: Path) -> None:
    program = (
        "import sys, json; from consent_server.verify import main; code = main(sys.argv[1:]);"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules}))); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(lines), *KEY], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    ours = {name for name in imported - sys.stdlib_module_names if not name.startswith(("_", "__editable__"))}
    assert ours <= {"consent_server", "cryptography", "cffi", "sitecustomize", "distutils-precedence"}


def test_it_runs_as_a_module(lines: Path) -> None:
    command = [sys.executable, "-m", "consent_server.verify", str(lines), *KEY]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("VALID")
