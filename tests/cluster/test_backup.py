"""Backups of a cluster under load come back elsewhere, each with all that was acknowledged before it began (F29)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests import programs
from tests.cluster.topology import LOG_KEY, Topology
from tests.databases import postgresql_database
from tests.servers import ConsentServer

BACKUPS = 3


@pytest.fixture
def topology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topology]:
    monkeypatch.setenv("PATH", f"{programs.postgresql()}{os.pathsep}{os.environ['PATH']}")
    with Topology(tmp_path) as made:
        yield made


def test_backups_of_a_cluster_under_load_come_back(
    topology: Topology, tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    made = []
    with topology.visitors(topology.web[0].url, 2) as visitors:
        for number in range(BACKUPS):
            visitors.wait_for(50)
            made.append(_back_up(topology, tmp_path / f"{number}.tar", list(visitors.acknowledged)))
    assert visitors.surprises == []

    kept = [_restore(topology, *each) for each in made]
    assert kept == sorted(kept)
    tell_figure(f"{BACKUPS} backups under load came back, of {kept} records; {len(visitors.acknowledged)} acknowledged")


def _back_up(topology: Topology, archive: Path, before: list[str]) -> tuple[Path, list[str]]:
    shutil.copy(topology.operator.environment["CONSENT_HWM_FILE"], archive.with_suffix(".mark"))
    topology.command("backup", "-o", str(archive))
    return archive, before


def _restore(topology: Topology, archive: Path, before: list[str]) -> int:
    """Restore into another database, with the mark of the time; return how many records there are."""
    with postgresql_database(topology.database_url) as url:
        folder = archive.with_suffix("")
        folder.mkdir()
        environment = {"LOG_KEY": LOG_KEY.hex(), "CONSENT_HWM_FILE": str(archive.with_suffix(".mark"))}
        done = ConsentServer(folder, "worker", DATABASE_URL=url, **environment).command("restore", str(archive))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            kept = [record_id for (record_id,) in connection.execute("SELECT record_id FROM consent_record")]
    assert len(kept) == len(set(kept))
    assert set(before) <= set(kept)
    return len(kept)
