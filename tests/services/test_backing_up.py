"""A backup is one state of the database, checked when it is made and when it comes back, which it does whole or not."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from consent_server.domain.backup import Manifest, parse_manifest
from consent_server.domain.errors import Conflict, Invalid, Unavailable
from consent_server.services.backing_up import back_up
from consent_server.services.bringing_back import bring_back
from consent_server.services.rechecking import recheck
from consent_server.services.sequencing import integrate
from consent_server.storage import database_copy
from tests import programs
from tests.databases import postgresql_database, revisions
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation

REVISIONS = frozenset(revisions())


@pytest.fixture(autouse=True)
def _programs_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs.postgresql()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def installation(empty_database_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(empty_database_url, tmp_path)
    made.create()
    made.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    made.execute(f"INSERT INTO alembic_version VALUES ('{revisions()[-1]}')")
    yield made
    made.engine.dispose()


@pytest.fixture
def elsewhere(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Another installation, without a database yet."""
    folder = tmp_path / "elsewhere"
    if engine == "sqlite":
        made = Installation(f"sqlite:///{folder / 'consent.sqlite'}", folder)
        yield made
        made.engine.dispose()
        return
    with postgresql_database(request.getfixturevalue("postgresql_url")) as url:
        made = Installation(url, folder)
        yield made
        made.engine.dispose()


def _integrate(installation: Installation) -> int:
    return integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW)


def _back_up(
    installation: Installation, folder: Path, progress: Callable[[int, int], None] = lambda *_: None
) -> tuple[Manifest, bytes]:
    out = io.BytesIO()
    return back_up(installation.engine, out, folder, NOW, progress), out.getvalue()


def members_of(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {name: opened.extractfile(name).read() for name in opened.getnames()}  # type: ignore[union-attr]


def _archive(members: dict[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    out.seek(0)
    return out


def test_what_comes_back_is_what_was_backed_up(
    installation: Installation, elsewhere: Installation, tmp_path: Path
) -> None:
    records = installation.put(300)
    _integrate(installation)
    made, archive = _back_up(installation, tmp_path)

    brought = bring_back(elsewhere.engine, io.BytesIO(archive), REVISIONS)

    assert brought == made
    assert brought.state.logs[ORIGIN].size == 302
    assert elsewhere.scalar("SELECT count(*) FROM consent_record") == len(records)
    assert elsewhere.scalar("SELECT instance_id FROM instance") == installation.scalar(
        "SELECT instance_id FROM instance"
    )
    findings = list(recheck(elsewhere.sessions, installation.site_id, installation.high_water, lambda *_: None))
    assert findings == []
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(("backup-", "restore-"))]


def test_the_logs_are_named_as_they_are_in_the_copy_although_others_write(
    installation: Installation, elsewhere: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.put(200)
    _integrate(installation)
    monkeypatch.setattr(database_copy, "PAGES_AT_ONCE", 16)
    copying: Callable[..., None] = database_copy._run

    def write(*_done: int) -> None:
        installation.put(1)
        _integrate(installation)

    def write_before(*arguments: str) -> None:
        write()
        copying(*arguments)

    monkeypatch.setattr(database_copy, "_run", write_before)
    made, archive = _back_up(installation, tmp_path, write)
    monkeypatch.setattr(database_copy, "_run", copying)
    assert installation.scalar("SELECT size FROM proof_log") > made.state.logs[ORIGIN].size == 202

    bring_back(elsewhere.engine, io.BytesIO(archive), REVISIONS)
    assert elsewhere.scalar("SELECT count(*) FROM consent_record") == 200
    findings = list(recheck(elsewhere.sessions, installation.site_id, elsewhere.high_water, lambda *_: None))
    assert findings == ["The high-water mark is missing beside a log of 202 entries."]


def test_nothing_is_written_over_a_database(installation: Installation, tmp_path: Path) -> None:
    installation.put(1)
    _, archive = _back_up(installation, tmp_path)
    installation.put(1)
    with pytest.raises(Conflict, match="nothing is written over"):
        bring_back(installation.engine, io.BytesIO(archive), REVISIONS)
    assert installation.scalar("SELECT count(*) FROM consent_record") == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_log_that_another_database_left_behind_is_not_played_into_it(
    installation: Installation, elsewhere: Installation, tmp_path: Path
) -> None:
    _, archive = _back_up(installation, tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "consent.sqlite-wal").write_bytes(b"left behind")
    with pytest.raises(Conflict, match="-wal"):
        bring_back(elsewhere.engine, io.BytesIO(archive), REVISIONS)


DAMAGES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a bit of the database": lambda m: {n: c if n == "MANIFEST.json" else c[:-1] + b"\xff" for n, c in m.items()},
    "no database": lambda m: {"MANIFEST.json": m["MANIFEST.json"]},
    "no manifest": lambda m: {n: c for n, c in m.items() if n != "MANIFEST.json"},
    "an empty manifest": lambda m: {**m, "MANIFEST.json": b"{}"},
    "a root of the manifest": lambda m: {**m, "MANIFEST.json": _edited(m, _other_root)},
    "newer software": lambda m: {**m, "MANIFEST.json": _edited(m, lambda values: values | {"schema": "9999"})},
    "another engine": lambda m: {**m, "MANIFEST.json": _edited(m, _other_engine)},
}


def _edited(members: dict[str, bytes], edit: Callable[[dict], dict]) -> bytes:
    return json.dumps(edit(json.loads(members["MANIFEST.json"]))).encode()


def _other_root(values: dict) -> dict:
    return values | {"logs": {ORIGIN: {"root": "A" * 43 + "=", "size": values["logs"][ORIGIN]["size"]}}}


def _other_engine(values: dict) -> dict:
    engine, name = ("postgresql", "database.pgdump") if values["engine"] == "sqlite" else ("sqlite", "database.sqlite")
    return values | {"engine": engine, "database": values["database"] | {"name": name}}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_is_not_what_it_says_does_not_come_back(
    installation: Installation, elsewhere: Installation, tmp_path: Path, damage: str
) -> None:
    installation.put(2)
    _integrate(installation)
    _, archive = _back_up(installation, tmp_path)
    with pytest.raises(Invalid):
        bring_back(elsewhere.engine, _archive(DAMAGES[damage](members_of(archive))), REVISIONS)
    assert [path.name for path in (tmp_path / "elsewhere").glob("*")] == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kept", [0, 100, 2_000, -20_000], ids=str)
def test_a_backup_that_was_cut_off_does_not_come_back(
    installation: Installation, elsewhere: Installation, tmp_path: Path, kept: int
) -> None:
    _, archive = _back_up(installation, tmp_path)
    with pytest.raises(Invalid):
        bring_back(elsewhere.engine, io.BytesIO(archive[:kept]), REVISIONS)
    assert [path.name for path in (tmp_path / "elsewhere").glob("*")] == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_damaged_database_is_not_backed_up(installation: Installation, tmp_path: Path) -> None:
    installation.put(300)
    installation.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    installation.engine.dispose()
    file = tmp_path / "empty.sqlite"
    pages = file.stat().st_size // 4096
    with file.open("r+b") as opened:
        for page in range(pages // 2, pages):
            opened.seek(page * 4096)
            opened.write(b"\xee" * 4096)
    with pytest.raises((Conflict, sa.exc.DatabaseError)):
        _back_up(installation, tmp_path)


def test_a_manifest_is_read_as_it_was_written(installation: Installation, tmp_path: Path) -> None:
    made, archive = _back_up(installation, tmp_path)
    assert parse_manifest(members_of(archive)["MANIFEST.json"]) == made


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_table_that_is_dropped_meanwhile_makes_the_dump_begin_again(
    installation: Installation, elsewhere: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a month is whose time is up."""
    installation.put(3)
    installation.execute("CREATE TABLE a_month ()")
    dump, dumps = database_copy._run, []

    def drop_before(*arguments: Any) -> None:
        dumps.append(arguments)
        installation.execute("DROP TABLE IF EXISTS a_month")
        dump(*arguments)

    monkeypatch.setattr(database_copy, "_run", drop_before)
    _, archive = _back_up(installation, tmp_path)
    monkeypatch.setattr(database_copy, "_run", dump)
    assert len(dumps) == 2
    bring_back(elsewhere.engine, io.BytesIO(archive), REVISIONS)
    assert elsewhere.scalar("SELECT count(*) FROM consent_record") == 3


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_program_that_does_not_know_the_server_is_named(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old" / "pg_dump"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    old.chmod(0o755)
    monkeypatch.setattr(database_copy, "DEBIAN_PROGRAMS", tmp_path)
    monkeypatch.setattr(database_copy.shutil, "which", lambda _name: str(old))
    with pytest.raises(Unavailable, match=r"pg_dump of PostgreSQL \d+ or newer was not found \(found: 9\)"):
        _back_up(installation, tmp_path)
