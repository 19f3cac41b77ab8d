"""``consent-server backup`` and ``restore``: what is told, what is refused, and that an old database is noticed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consent_server import cli
from consent_server.app import create_app
from consent_server.domain.backup import parse_manifest
from consent_server.domain.proof_log.merkle import tree_root
from consent_server.domain.proof_log.tiles import reader
from consent_server.services import erasing
from consent_server.services.bringing_back import bring_back
from consent_server.services.rechecking import recheck
from consent_server.storage import proof_log
from consent_server.storage.database import db
from tests import builders, programs
from tests.databases import close, postgresql_database
from tests.proof_logs import MASTER, ORIGIN, Installation
from tests.servers import ConsentServer, eventually
from tests.services.test_backing_up import REVISIONS, members_of

BACKUPS = int(os.environ.get("CONSENT_TEST_BACKUPS", "2"))

Run = Callable[..., int]


@pytest.fixture(autouse=True)
def _programs_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs.postgresql()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    mark = tmp_path / "mark" / "high-water-mark.json"
    return builders.settings(tmp_path, database_url=database_url, log_key=MASTER.hex(), high_water_mark=mark)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(database_url, tmp_path)
    made.create()
    yield made
    made.engine.dispose()


@pytest.fixture
def run(app: Flask, installation: Installation) -> Run:
    return lambda *arguments: _run(app, *arguments)


@pytest.fixture
def elsewhere(
    engine: str, settings: builders.Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """The machine that takes over: the keys and the mark of the first, and no database yet."""
    folder = tmp_path / "elsewhere"
    if engine == "sqlite":
        yield from _app(settings, folder, f"sqlite:///{folder / 'consent.sqlite'}")
        return
    with postgresql_database(request.getfixturevalue("postgresql_url")) as url:
        yield from _app(settings, folder, url)


def _app(settings: builders.Settings, folder: Path, url: str) -> Iterator[Flask]:
    made = create_app(dataclasses.replace(settings, instance=folder, database_url=url))
    yield made
    close(made)


def _run(app: Flask, *arguments: object) -> int:
    return cli.main(lambda: app, [str(argument) for argument in arguments])


def _count(app: Flask, condition: str) -> object:
    with app.app_context(), db.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM consent_record WHERE {condition}").scalar()


def test_a_backup_is_one_file_for_its_owner_alone_and_says_what_is_not_in_it(
    run: Run, installation: Installation, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.put(3)
    assert run("proofs", "integrate") == 0
    capfd.readouterr()
    assert run("backup", "-o", tmp_path / "a.tar") == 0
    said = capfd.readouterr()
    assert stat.S_IMODE((tmp_path / "a.tar").stat().st_mode) == 0o600
    assert f"{ORIGIN}: 5 entries" in said.out
    assert "LOG_KEY: without it" in said.err
    assert "high-water-mark.json.removals" in said.err
    assert MASTER.hex().encode() not in (tmp_path / "a.tar").read_bytes()


def test_a_folder_gets_a_dated_file_and_standard_output_nothing_but_the_backup(
    run: Run, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "backups").mkdir()
    assert run("backup", "-o", tmp_path / "backups") == 0
    (made,) = (tmp_path / "backups").iterdir()
    assert made.name.startswith("consent-20")
    capfdbinary.readouterr()
    assert run("backup", "-o", "-") == 0
    assert set(members_of(capfdbinary.readouterr().out)) == set(members_of(made.read_bytes()))


def test_the_newest_backup_goes_on_where_it_was(
    run: Run, installation: Installation, elsewhere: Flask, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.put(5)
    assert run("proofs", "integrate") == 0
    assert run("backup", "-o", tmp_path / "a.tar") == 0

    assert _run(elsewhere, "restore", tmp_path / "a.tar") == 0
    assert "no newer state" in capfd.readouterr().out
    assert _run(elsewhere, "proofs", "fsck") == 0
    assert _run(elsewhere, "proofs", "integrate") == 0


def test_an_older_backup_is_noticed_and_never_gone_on_with(
    run: Run, installation: Installation, elsewhere: Flask, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.put(5)
    assert run("proofs", "integrate") == 0
    assert run("backup", "-o", tmp_path / "old.tar") == 0
    installation.put(1)
    assert run("proofs", "integrate") == 0
    newest = tmp_path / "checkpoint"
    newest.write_text(str(installation.scalar("SELECT note FROM proof_checkpoint ORDER BY size DESC LIMIT 1")))
    capfd.readouterr()

    assert _run(elsewhere, "restore", tmp_path / "old.tar") == 1
    said = capfd.readouterr().err
    assert "7 entries, but 8 were seen: it was restored from an older backup" in said
    assert "Bring back the newest database" in said

    installation.put(1)
    assert _run(elsewhere, "proofs", "integrate") == 1
    assert _run(elsewhere, "proofs", "adopt", "demo", "--checkpoint", newest) == 2
    assert _run(elsewhere, "proofs", "integrate") == 1
    assert _run(elsewhere, "proofs", "status") == 1


def test_without_the_mark_a_checkpoint_from_outside_is_the_way_on(
    run: Run, settings: builders.Settings, installation: Installation, elsewhere: Flask, tmp_path: Path
) -> None:
    installation.put(5)
    assert run("proofs", "integrate") == 0
    assert run("backup", "-o", tmp_path / "a.tar") == 0
    outside = tmp_path / "checkpoint"
    outside.write_text(str(installation.scalar("SELECT note FROM proof_checkpoint ORDER BY size DESC LIMIT 1")))
    shutil.rmtree(settings.high_water_mark.parent)

    assert _run(elsewhere, "restore", tmp_path / "a.tar") == 1
    assert _run(elsewhere, "proofs", "integrate") == 1
    assert _run(elsewhere, "proofs", "adopt", "demo", "--checkpoint", outside) == 0
    assert _run(elsewhere, "proofs", "integrate") == 0


def test_what_was_deleted_since_a_backup_does_not_come_back_with_it(
    run: Run, installation: Installation, elsewhere: Flask, tmp_path: Path
) -> None:
    visitor = str(uuid.uuid4())
    installation.put(3)
    installation.put(1, consent_id=visitor)
    assert run("proofs", "integrate") == 0
    assert run("backup", "-o", tmp_path / "a.tar") == 0
    with installation.sessions() as session:
        erasing.scrub_visitor(session, "demo", visitor)
    assert run("proofs", "integrate") == 0

    assert _run(elsewhere, "restore", tmp_path / "a.tar") == 1
    assert _count(elsewhere, f"consent_id = '{visitor}'") == 0
    assert _count(elsewhere, "personal IS NOT NULL") == 3


def test_a_database_that_is_there_stays(run: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("backup", "-o", tmp_path / "a.tar") == 0
    capfd.readouterr()
    assert run("restore", tmp_path / "a.tar") == 2
    assert "nothing is written over one" in capfd.readouterr().err


class Visitors:
    """Who answer one after another until told to stop; ``acknowledged`` are the records that they have receipts of."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.acknowledged: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._answer)

    def _answer(self) -> None:
        while not self._stop.wait(0.01):
            body = builders.consent(("audience", "marketing"))
            data = json.dumps(body).encode()
            request = urllib.request.Request(self._url, data, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30):
                self.acknowledged.append(body["record_id"])

    def __enter__(self) -> Visitors:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()


def test_backups_under_load_come_back_with_all_that_was_acknowledged_before_them(tmp_path: Path) -> None:
    server = ConsentServer(_folder(tmp_path / "here"), "run", CONSENT_SEQUENCER_INTERVAL="0.1")
    with server:
        (tmp_path / "site.json").write_text(json.dumps(builders.site_file(services=[{"library": "google-analytics"}])))
        assert server.command("site", "import", str(tmp_path / "site.json"), "--publish").returncode == 0
        with Visitors(f"{server.url}/v1/sites/example/consents") as visitors:
            made = [_back_up(server, tmp_path / f"{n}.tar", visitors.acknowledged) for n in range(BACKUPS)]

    brought = [_bring_back(archive, mark, before) for archive, mark, before in made]
    _check_prefixes([archive for archive, _, _ in made], brought[-1])
    for each in brought:
        each.engine.dispose()


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _back_up(server: ConsentServer, archive: Path, acknowledged: list[str]) -> tuple[Path, Path, list[str]]:
    """Back up while visitors answer; remember what they had been told by then, and how far the logs were seen to be."""
    told = len(acknowledged)
    eventually(lambda: len(acknowledged) > told + 5, "visitors are answered")
    before = list(acknowledged)
    mark = archive.with_suffix(".mark")
    shutil.copy(server.environment["CONSENT_HWM_FILE"], mark)
    done = server.command("backup", "-o", str(archive))
    assert done.returncode == 0, done.stderr
    return archive, mark, before


def _bring_back(archive: Path, mark: Path, before: list[str]) -> Installation:
    """Restore elsewhere, with what was seen by then; what was acknowledged before the backup began is in it, once."""
    installation = Installation(f"sqlite:///{archive.with_suffix('.sqlite')}", archive.parent)
    with archive.open("rb") as file:
        bring_back(installation.engine, file, REVISIONS)
    with installation.sessions() as session:
        for log in proof_log.heads(session):
            assert list(recheck(installation.sessions, log.site_id, mark, lambda *_: None)) == []
    with installation.engine.connect() as connection:
        kept = [each for (each,) in connection.exec_driver_sql("SELECT record_id FROM consent_record")]
    assert len(kept) == len(set(kept))
    assert set(before) <= set(kept)
    return installation


def _check_prefixes(archives: list[Path], last: Installation) -> None:
    """Every backup's log is a beginning of the last one's: none was torn, none forked."""
    sizes = []
    with last.sessions() as session:
        ids = {head.origin: head.site_id for head in proof_log.heads(session)}
        for archive in archives:
            for origin, log in parse_manifest(members_of(archive.read_bytes())["MANIFEST.json"]).state.logs.items():
                assert _root(session, ids[origin], log.size) == log.root
                sizes.append(log.size)
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


def _root(session: Session, site_id: int, size: int) -> bytes:
    return tree_root(size, reader(lambda level, n: proof_log.loose_hashes(session, site_id, level, n)))
