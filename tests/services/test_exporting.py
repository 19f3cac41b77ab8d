"""Exports: evidence that the stand-alone verifier accepts, lies that it names, and a table that no spreadsheet runs."""

from __future__ import annotations

import csv
import importlib
import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Invalid, LogFrozen, NotFound, SiteNotFound
from consent_server.services import exporting
from consent_server.services.exporting import Filters
from consent_server.services.sequencing import integrate
from consent_server.storage import consent_records, high_water_mark, proof_log
from consent_server.storage.tables import SiteRow
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation

KEY = KEYRING.log_signer(ORIGIN).vkey
EVIDENCE = ("zip", "jsonl")


def _export(installation: Installation, form: str, **changes: object) -> bytes:
    out = io.BytesIO()
    now = NOW + timedelta(minutes=1)
    exporting.export(installation.sessions, "demo", form, out, KEYRING, installation.high_water, now, **changes)  # type: ignore[arg-type]
    return out.getvalue()


def _verify(data: bytes, folder: Path, *arguments: str) -> int:
    path = folder / "evidence"
    path.write_bytes(data)
    return verify.main([str(path), "--key", KEY, *arguments])


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("form", EVIDENCE)
@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_verifier_accepts_an_export(
    installation: Installation, tmp_path: Path, form: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(count)
    assert _verify(_export(installation, form), tmp_path) == verify.HOLDS
    assert f"size {count + 2}" in capsys.readouterr().out


@pytest.mark.parametrize("form", EVIDENCE)
def test_what_stands_in_line_is_sequenced_first(installation: Installation, form: str) -> None:
    installation.put(3)
    _export(installation, form)
    assert installation.scalar("SELECT count(*) FROM proof_pending") == 0


@pytest.mark.parametrize("form", EVIDENCE)
def test_removals_are_explained_even_when_they_are_a_moment_old(
    installation: Installation, tmp_path: Path, form: str
) -> None:
    first, second, _third = installation.put(3)
    _export(installation, form)
    with installation.sessions() as session:
        consent_records.scrub_record(session, installation.site_id, first)
        proof_log.add_removal(session, installation.site_id, "scrub", first, "visitor")
        proof_log.add_removal(session, installation.site_id, "erase", second, "controller")
        session.commit()
    installation.execute(f"DELETE FROM consent_record WHERE record_id = '{second}'")

    assert _verify(_export(installation, form), tmp_path) == verify.HOLDS


@pytest.mark.parametrize("form", EVIDENCE)
def test_a_record_that_is_withheld_is_named(
    installation: Installation, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(3)
    _export(installation, form)
    installation.execute(
        "DELETE FROM consent_record WHERE record_id = (SELECT record_id FROM proof_entry WHERE idx = 3)"
    )

    assert _verify(_export(installation, form), tmp_path) == verify.LIE
    assert "WITHHELD: record 3" in capsys.readouterr().err


def test_a_flipped_byte_of_a_record_is_found_and_named(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(4)
    lines = _export(installation, "jsonl").splitlines(keepends=True)
    lines[1 + 4] = lines[1 + 4].replace(b"refuse_all", b"accept_all")

    assert _verify(b"".join(lines), tmp_path) == verify.LIE
    assert "Record 4" in capsys.readouterr().err


def test_a_record_edited_in_the_database_is_found_and_named(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(4)
    _export(installation, "zip")
    installation.execute("UPDATE consent_record SET record = replace(record, 'refuse_all', 'accept_all')")

    assert _verify(_export(installation, "zip"), tmp_path) == verify.LIE
    assert "Record 2" in capsys.readouterr().err


def test_the_same_export_twice_gives_the_same_bytes(installation: Installation) -> None:
    installation.put(20)
    assert _export(installation, "zip") == _export(installation, "zip")
    assert _export(installation, "jsonl") == _export(installation, "jsonl")


def test_a_zip_tells_its_names_in_a_fixed_order_and_no_time(installation: Installation) -> None:
    installation.put(1)
    with zipfile.ZipFile(io.BytesIO(_export(installation, "zip"))) as bundle:
        assert bundle.testzip() is None
        names = bundle.namelist()
        times = {info.date_time for info in bundle.infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}
    assert names[:1] == ["checkpoints/3.note"]
    assert names[-2:] == ["MANIFEST.json", "manifest.note"]
    assert {"entries/entries.jsonl", "records/records.jsonl", "keys/log.vkeys", "README.html"} <= set(names)


def test_the_verifier_in_the_bundle_runs_from_the_bundle(installation: Installation, tmp_path: Path) -> None:
    installation.put(2)
    path = tmp_path / "evidence.zip"
    path.write_bytes(_export(installation, "zip"))
    with zipfile.ZipFile(path) as bundle:
        bundle.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / "verifier"
    where = "import consent_server.verify as v, sys; print(v.__file__); sys.exit(v.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", where, path, "--key", KEY], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(folder))


def test_the_small_verifier_of_the_docs_does_what_it_says(installation: Installation, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    program = page.split("```python\n")[1].split("```")[0]
    installation.put(7)
    bundle = tmp_path / "evidence.zip"

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "-c", program, str(bundle)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    bundle.write_bytes(_export(installation, "zip"))
    done = run()
    assert (done.stdout, done.stderr) == (f"9 entries lead to the root of {ORIGIN}.\n", "")
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, old, new, sentence in (
        ("records/records.jsonl", b"refuse_all", b"accept_all", "Record 2 does not open"),
        ("entries/entries.jsonl", b'"n\\":1', b'"n\\":2', "do not lead to the root"),
    ):
        assert old in files[name]
        with zipfile.ZipFile(bundle, "w") as archive:
            for each, data in files.items():
                archive.writestr(each, data.replace(old, new, 1) if each == name else data)
        assert sentence in run().stderr


def test_the_cover_letter_speaks_the_language_of_the_site(installation: Installation) -> None:
    with zipfile.ZipFile(io.BytesIO(_export(installation, "zip"))) as bundle:
        assert "Preuves de consentement" in bundle.read("README.html").decode()


@pytest.mark.parametrize(
    "form", sorted(exporting.FORMATS.keys() - {"pdf"})
)  # that one holds counts, and is written whole
def test_an_export_streams(installation: Installation, form: str) -> None:
    installation.put(3_000)
    _export(installation, form)
    chunks = exporting.export_stream(
        installation.sessions, "demo", form, KEYRING, installation.high_water, NOW + timedelta(minutes=1)
    )
    first = next(chunks)
    tracemalloc.start()
    total = len(first) + sum(map(len, chunks))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert total > 300_000
    assert peak < 6_000_000


def test_an_export_that_is_given_up_gives_its_connection_back(installation: Installation) -> None:
    installation.put(10)
    chunks = exporting.export_stream(
        installation.sessions, "demo", "jsonl", KEYRING, installation.high_water, NOW + timedelta(minutes=1)
    )
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert installation.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_the_table_has_a_line_per_record_and_a_column_per_purpose(installation: Installation) -> None:
    made = installation.put(2, action="accept_all", decisions={"audience": True}, not_removed=["PHPSESSID"])
    data = _export(installation, "csv")

    rows = _rows(data)
    assert [row["record_id"] for row in rows] == made
    assert {row["decisions.audience"] for row in rows} == {"true"}
    assert rows[0]["index"] == "2"
    assert rows[0]["not_removed"] == '["PHPSESSID"]'
    assert data.count(b"\r\n") == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_no_cell_is_a_formula(installation: Installation, start: str) -> None:
    installation.put(1, page_url=f"{start}cmd|' /C calc'!A0", language=f'{start}1,"2')
    (row,) = _rows(_export(installation, "csv"))
    assert row["page_url"] == f"'{start}cmd|' /C calc'!A0"
    assert row["language"] == f"'{start}1,\"2"


def test_the_table_can_be_filtered(installation: Installation) -> None:
    (refused,) = installation.put(1)
    (accepted,) = installation.put(1, action="accept_all", decisions={"audience": True})
    visitor = "7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071"
    (known,) = installation.put(1, consent_id=visitor)

    def found(**filters: object) -> list[str]:
        filtered = _export(installation, "csv", filters=Filters(**filters))  # type: ignore[arg-type]
        return [row["record_id"] for row in _rows(filtered)]

    assert found() == [refused, accepted, known]
    assert found(action="refuse_all") == [refused, known]
    assert found(purpose="audience") == [accepted]
    assert found(consent_id=visitor) == [known]
    assert found(start=NOW, stop=NOW + timedelta(seconds=1)) == [refused, accepted, known]
    assert found(start=NOW + timedelta(seconds=1)) == []
    assert found(stop=NOW) == []


def test_lines_are_always_of_the_whole_log(installation: Installation) -> None:
    with pytest.raises(Invalid, match="whole log"):
        _export(installation, "jsonl", filters=Filters(action="refuse_all"))


VISITOR = "7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071"


def test_a_part_of_a_log_verifies_by_itself(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.put(300)
    (first,) = installation.put(1, consent_id=VISITOR)
    installation.put(300)
    (second,) = installation.put(1, consent_id=VISITOR, action="accept_all", decisions={"audience": True})
    part = _export(installation, "zip", filters=Filters(consent_id=VISITOR))
    assert _verify(part, tmp_path) == verify.HOLDS
    told = capsys.readouterr().out
    assert "at size 604" in told
    assert "4 entries" in told
    assert "2 records" in told
    assert "This is a part of the log" in told
    with zipfile.ZipFile(io.BytesIO(part)) as archive:
        assert [
            json.loads(json.loads(line)["record"])["record_id"] for line in archive.open("records/records.jsonl")
        ] == [
            first,
            second,
        ]
        assert json.loads(archive.read("MANIFEST.json"))["chosen"] == {"consent_id": VISITOR}
        proofs = [name for name in archive.namelist() if name.startswith("proofs/")]
    assert proofs == [f"proofs/{index}.tlog-proof" for index in (0, 1, 302, 603)]
    assert _verify(part, tmp_path, "--strict") == verify.LIE


def test_a_large_part_has_its_proofs_in_one_file(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module("consent_server.services.exporting.bundle")
    monkeypatch.setattr(module, "MOST_FILES", 3)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    made = installation.put(8)
    installation.put(2, action="accept_all", decisions={"audience": True})
    with installation.sessions() as session:
        consent_records.scrub_record(session, installation.site_id, made[2])
        proof_log.add_removal(session, installation.site_id, "scrub", made[2], "asked by the visitor")
        session.commit()
    part = _export(installation, "zip", filters=Filters(action="refuse_all"))
    assert _verify(part, tmp_path) == verify.HOLDS
    assert "11 entries" in capsys.readouterr().out
    with zipfile.ZipFile(io.BytesIO(part)) as archive:
        assert [name for name in archive.namelist() if name.startswith("proofs/")] == ["proofs/proofs.jsonl"]
        indices = [json.loads(line)["i"] for line in archive.open("proofs/proofs.jsonl")]
    assert indices == [0, 1, *range(2, 10), 12]


def test_a_part_tells_what_was_removed_of_its_records(installation: Installation, tmp_path: Path) -> None:
    (record_id, _) = installation.put(2, action="accept_all", decisions={"audience": True})
    with installation.sessions() as session:
        consent_records.scrub_record(session, installation.site_id, record_id)
        proof_log.add_removal(session, installation.site_id, "scrub", record_id, "asked by the visitor")
        session.commit()
    part = _export(installation, "zip", filters=Filters(purpose="audience"))
    assert _verify(part, tmp_path) == verify.HOLDS
    without = _without(part, "proofs/4.tlog-proof")
    assert _verify(without, tmp_path) == verify.LIE


def _without(data: bytes, dropped: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != dropped:
                new.writestr(name, old.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (Filters(purpose="marketing"), "has the purpose “marketing”"),
        (Filters(service="youtube"), "has the service “youtube”"),
        (Filters(action="nod"), "The actions are"),
        (Filters(consent_id=VISITOR), "no record of that consent id"),
        (Filters(start=NOW, stop=NOW), "ends before it begins"),
    ],
)
def test_what_the_site_never_had_is_no_filter(installation: Installation, filters: Filters, sentence: str) -> None:
    installation.put(1)
    for form in ("zip", "csv"):
        with pytest.raises(Invalid, match=sentence):
            _export(installation, form, filters=filters)


def test_what_cannot_be_exported_is_refused_before_the_first_byte(installation: Installation) -> None:
    arguments = KEYRING, installation.high_water, NOW
    with pytest.raises(Invalid, match="formats"):
        exporting.export_stream(installation.sessions, "demo", "docx", *arguments)
    with pytest.raises(SiteNotFound):
        exporting.export_stream(installation.sessions, "nowhere", "zip", *arguments)
    with installation.sessions() as session:
        session.add(SiteRow(key="new", name="", origins="[]", draft="{}", created_at=NOW, updated_at=NOW))
        session.commit()
    with pytest.raises(NotFound, match="no proof log"):
        exporting.export_stream(installation.sessions, "new", "zip", *arguments)


def test_a_frozen_log_is_not_exported(installation: Installation) -> None:
    installation.put(1)
    integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW)
    high_water_mark.raise_mark(installation.high_water, ORIGIN, high_water_mark.Mark(9, b"\1" * 32))
    with pytest.raises(LogFrozen):
        _export(installation, "jsonl")


def test_a_record_of_another_site_stays_there(installation: Installation) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    installation.put(2, other, "other")
    (mine,) = installation.put(1)

    lines = _export(installation, "jsonl").splitlines()
    records = [json.loads(json.loads(line)["record"]) for line in lines if b'"record"' in line]
    assert [record["record_id"] for record in records] == [mine]
