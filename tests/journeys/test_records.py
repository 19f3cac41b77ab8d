"""Every answer leaves exactly one record, the evidence holds elsewhere, and one changed answer is found and named."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import cryptography
import pytest
from playwright.sync_api import BrowserContext

from tests.journeys.visiting import SITES, Visitor, receipts
from tests.servers import ConsentServer, eventually

RECORDS = "records/records.jsonl"


@pytest.mark.parametrize("key", SITES)
def test_each_answer_leaves_exactly_one_record(
    key: str, running_server: ConsentServer, context: BrowserContext, tmp_path: Path
) -> None:
    visitor = Visitor(running_server, key, context)
    visitor.goto()
    _answer_in_every_way(visitor)
    records = visitor.wait_for_records(5)

    asked = visitor.declared.asked
    only_audience = {purpose: purpose == "audience" for purpose in asked}
    assert [(record["action"], record["decisions"]) for record in records] == [
        ("refuse_all", dict.fromkeys(asked, False)),
        ("accept_all", dict.fromkeys(asked, True)),
        ("withdraw", dict.fromkeys(asked, False)),
        ("custom", only_audience),
        ("withdraw", dict.fromkeys(asked, False)),
    ]
    assert {record["consent_id"] for record in records} == {records[0]["consent_id"]}
    assert {record["config_digest"] for record in records} == {visitor.declared.document["digest"]}

    bundle = _export(running_server, key, records[-1]["record_id"], tmp_path)
    assert {record["record_id"] for record in records} <= _record_ids(bundle)
    found = _verify(bundle, running_server, key)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("VALID")


def test_continuing_without_accepting_is_recorded_as_a_refusal(
    running_server: ConsentServer, context: BrowserContext
) -> None:
    visitor = Visitor(running_server, "ubiq", context)
    visitor.goto()
    visitor.answer("close")

    assert [record["action"] for record in visitor.wait_for_records(1)] == ["refuse_all"]


def test_two_sites_give_one_visitor_unrelated_ids(running_server: ConsentServer, context: BrowserContext) -> None:
    ids = set()
    for key in ("ubiq", "alterce"):
        visitor = Visitor(running_server, key, context)
        visitor.goto()
        visitor.answer("refuse-all")
        ids |= {record["consent_id"] for record in visitor.wait_for_records(1)}

    assert len(ids) == 2


def test_one_changed_answer_is_found_and_names_the_record(
    running_server: ConsentServer, context: BrowserContext, tmp_path: Path
) -> None:
    visitor = Visitor(running_server, "imope", context)
    visitor.goto()
    visitor.answer("accept-all")
    [record] = visitor.wait_for_records(1)
    bundle = _export(running_server, "imope", record["record_id"], tmp_path)

    with zipfile.ZipFile(bundle) as files:
        files.extractall(tmp_path / "bundle")
    records = tmp_path / "bundle" / RECORDS
    lines = records.read_bytes().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if record["record_id"].encode() in line)
    assert b"accept_all" in lines[number]
    lines[number] = lines[number].replace(b"accept_all", b"refuse_all", 1)
    records.write_bytes(b"".join(lines))
    found = _verify(tmp_path / "bundle", running_server, "imope")

    assert found.returncode == 1
    assert record["record_id"] in found.stderr
    assert "do not open the commitment" in found.stderr


def _answer_in_every_way(visitor: Visitor) -> None:
    visitor.answer("refuse-all")
    visitor.wait_for_records(1)
    visitor.answer("open", "accept-all")
    visitor.wait_for_records(2)
    visitor.withdraw()
    visitor.wait_for_records(3)
    visitor.choose("audience")
    visitor.wait_for_records(4)
    visitor.withdraw()


def _export(server: ConsentServer, key: str, record_id: str, folder: Path) -> Path:
    """Export once the log has taken the record in."""
    eventually(lambda: _integrated(server, key, record_id), f"{record_id} is in the log", seconds=15)
    bundle = folder / f"{key}.zip"
    done = server.command("proofs", "export", key, "-o", str(bundle), "--format", "zip")
    assert done.returncode == 0, done.stderr
    return bundle


def _integrated(server: ConsentServer, key: str, record_id: str) -> bool:
    with urllib.request.urlopen(f"{server.url}/v1/sites/{key}/records/{record_id}/proof", timeout=10) as answer:
        return bool(answer.status == 200)


def _record_ids(bundle: Path) -> set[str]:
    with zipfile.ZipFile(bundle) as files:
        lines = files.read(RECORDS).splitlines()
    return {json.loads(json.loads(line)["record"])["record_id"] for line in lines}


ELSEWHERE = """
import runpy, sys
sys.path += sys.argv[1:3]
del sys.argv[1:3]
try:
    import flask
except ImportError:
    runpy.run_module("consent_server.verify", run_name="__main__")
"""


def _verify(bundle: Path, server: ConsentServer, key: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier that travels in the bundle where there is nothing but Python and cryptography."""
    folder = bundle if bundle.is_dir() else bundle.with_suffix(".unpacked")
    if not bundle.is_dir():
        with zipfile.ZipFile(bundle) as files:
            files.extractall(folder, [name for name in files.namelist() if name.startswith("verifier/")])
    with urllib.request.urlopen(f"{server.url}/v1/sites/{key}/log/key", timeout=10) as answer:
        keys = answer.read().decode().split()
    python = [sys.executable, "-I", "-S", "-c", ELSEWHERE]  # -S: none of the packages installed here
    command = [*python, str(_cryptography(bundle.parent)), str(folder / "verifier"), str(bundle)]
    options = [word for vkey in keys for word in ("--key", vkey)]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)


def _cryptography(folder: Path) -> Path:
    """Make a folder with that one package, and what it is made of."""
    made = folder / "packages"
    made.mkdir(exist_ok=True)
    installed = Path(cryptography.__file__).parents[1]
    for name in ("cryptography", "cffi", "pycparser"):
        for found in (installed / name, *installed.glob(f"_{name}_backend*")):
            link = made / found.name
            if found.exists() and not link.exists():
                link.symlink_to(found)
    return made


def test_a_visitor_nobody_knows_has_no_receipts(running_server: ConsentServer) -> None:
    assert receipts(running_server, "ubiq", "00000000-0000-4000-8000-000000000000") == []
