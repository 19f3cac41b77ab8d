"""Several workers on PostgreSQL: each with a file of its own machine, none needed, none trusted when it comes back."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from consent_server.services import rechecking
from consent_server.storage import high_water_mark
from tests.proof_logs import MASTER, Installation
from tests.servers import ConsentServer, eventually

SITES = 8
pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    return Installation(database_url, tmp_path)


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Callable[[str], ConsentServer]:
    def make(name: str) -> ConsentServer:
        folder = tmp_path / name
        folder.mkdir()
        made = ConsentServer(folder, "worker", DATABASE_URL=database_url, LOG_KEY=MASTER.hex())
        made.environment["CONSENT_WORKER_METRICS"] = str(made.port)
        return made

    return make


def _put(installation: Installation, site_ids: list[int], count: int) -> None:
    for number, site_id in enumerate(site_ids):
        installation.put(count, site_id, f"site-{number}")


def _mark(server: ConsentServer) -> Path:
    return Path(server.environment["CONSENT_HWM_FILE"])


def test_what_stands_in_line_is_sequenced_once_whichever_worker_dies_or_is_stopped(
    installation: Installation, worker: Callable[[str], ConsentServer]
) -> None:
    site_ids = [installation.create(f"site-{number}", f"demo.example/v1/sites/{number}") for number in range(SITES)]
    in_line = "SELECT count(*) FROM proof_pending"

    def sequenced() -> None:
        eventually(lambda: installation.scalar(in_line) == 0, "everything has its index")

    with worker("first") as first, worker("second") as second:
        sequenced()
        eventually(lambda: "is missing" in first.output() + second.output(), "who comes second has no mark")
        late, early = (first, second) if "is missing" in first.output() else (second, first)
        late.stop()
        shutil.copy(_mark(early), _mark(late))
        late.start()

        _put(installation, site_ids, 30)
        early.kill()
        _put(installation, site_ids, 3)
        sequenced()  # by the other one, at once

        early.start()
        _put(installation, site_ids, 30)
        os.kill(early.pid, signal.SIGSTOP)
        _put(installation, site_ids, 3)
        sequenced()  # even what the stopped one may have had in its hands
        os.kill(early.pid, signal.SIGCONT)
        _put(installation, site_ids, 3)
        sequenced()
        eventually(early.ready, "who was stopped goes on")
        assert early.command("healthcheck", "--worker").stdout == "ready\n"

    assert installation.scalar("SELECT count(*) FROM proof_log WHERE frozen_reason IS NOT NULL") == 0
    assert installation.scalar("SELECT count(*) FROM proof_entry WHERE kind = 'consent'") == SITES * 69
    for machine in (early, late):
        assert high_water_mark.read_instance(_mark(machine)) is not None
        for site_id in site_ids:
            assert list(rechecking.recheck(installation.sessions, site_id, _mark(machine), lambda *_: None)) == []
    installation.engine.dispose()
