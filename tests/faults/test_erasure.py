"""What was deleted is gone from the files, not only from the answers, while the server goes on (ledger section 13)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from consent_server.services.sweeping import Sweeper
from consent_server.storage.database import forget_old_pages
from tests import builders
from tests.proof_logs import Installation
from tests.servers import ConsentServer, eventually

SITE = "ubiq"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsentServer]:
    with ConsentServer(tmp_path, "run", "--demo", CONSENT_RATE_LIMIT="") as started:
        yield started


def _call(server: ConsentServer, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
    request = urllib.request.Request(
        f"{server.url}/v1/sites/{SITE}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def _verified(server: ConsentServer, bundle: Path, key: str) -> bool:
    done = server.command("proofs", "export", SITE, "-o", str(bundle))
    assert done.returncode == 0, done.stderr
    return _holds(bundle, key)


def _holds(bundle: Path, key: str) -> bool:
    command = [sys.executable, "-m", "consent_server.verify", str(bundle), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode == 0


def _files_with(folder: Path, planted: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if planted.encode() in path.read_bytes()]


def test_a_scrubbed_consent_id_is_in_no_file_of_a_running_server(server: ConsentServer, tmp_path: Path) -> None:
    configuration = json.loads(_call(server, "GET", "config"))
    purposes = tuple(purpose["id"] for purpose in configuration["purposes"] if not purpose["exempt"])
    planted, before, after = str(uuid.uuid4()), tmp_path / "before.zip", tmp_path / "after.zip"
    for number in range(60):
        changes = {"consent_id": planted} if number % 3 == 0 else {}
        body = builders.consent(purposes, config_version=configuration["version"], **changes)
        _call(server, "POST", "consents", body)
    key = _call(server, "GET", "log/key").decode().splitlines()[0]
    assert _verified(server, before, key)
    instance = tmp_path / "instance"
    assert "consent.sqlite-wal" in _files_with(instance, planted)

    _call(server, "DELETE", f"consents/{planted}")

    eventually(lambda: not _files_with(tmp_path / "instance", planted), "no file has the id any more")
    assert planted.encode() not in server.log.read_bytes()
    assert (instance / "consent.sqlite-wal").exists(), "the server's connections are open"
    assert _verified(server, after, key)
    assert _holds(before, key)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(f"sqlite:///{tmp_path / 'consent.sqlite'}", tmp_path)
    made.create()
    yield made
    made.engine.dispose()


def _plant(installation: Installation) -> str:
    planted = str(uuid.uuid4())
    installation.put(20, consent_id=planted)
    return planted


def test_a_reader_holds_up_the_sweeper_but_nobody_who_writes(installation: Installation, tmp_path: Path) -> None:
    planted = _plant(installation)
    sweeper = Sweeper(installation.engine)
    with installation.engine.connect() as reader:
        assert reader.scalar(sa.text("SELECT count(*) FROM consent_record")) == 20
        installation.execute("DELETE FROM consent_record")
        assert not forget_old_pages(installation.engine)
        sweeper.wake()
        installation.put(5)
        assert "consent.sqlite-wal" in _files_with(tmp_path, planted)
    try:
        eventually(lambda: not _files_with(tmp_path, planted), "the files are swept once nobody reads")
    finally:
        sweeper.stop()


def test_a_stopped_sweeper_has_swept(installation: Installation, tmp_path: Path) -> None:
    planted = _plant(installation)
    sweeper = Sweeper(installation.engine)
    installation.execute("DELETE FROM consent_record")
    sweeper.wake()
    sweeper.stop()
    assert _files_with(tmp_path, planted) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "sweeper"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_row_versions_of_before_are_vacuumed(database_url: str, tmp_path: Path, engine: str) -> None:
    installation = Installation(database_url, tmp_path)
    installation.create()
    installation.put(20)
    installation.execute("UPDATE consent_record SET personal = NULL, personal_salt = NULL, consent_id = NULL")
    assert forget_old_pages(installation.engine)
    dead = installation.scalar("SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname LIKE 'consent_record%%'")
    installation.engine.dispose()
    assert dead == 0
