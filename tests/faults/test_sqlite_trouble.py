"""A full disk, and a database that somebody else holds: who writes is told to come again, who reads is served.

What SQLite says when its pages are counted is in test_full_disk; this is a server of its own on a small disk in memory.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.scale import how_many, long_only
from tests.faults.visitors import Visitors, call, check
from tests.servers import eventually

ROUNDS = how_many("CONSENT_TEST_FULL_DISKS", short=1, long=20)
DISK_MB = 64
PACE_S = 0.02
"""How long a visitor rests between two answers."""
LOCKED_S = 7.0
"""Longer than SQLite waits for a lock."""


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    if not shutil.which("mount"):
        pytest.skip("a small disk needs mount")
    disk = folder / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this machine mounts no disk in memory: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _fill(disk: Path) -> Path:
    """Write until there is no room for another byte."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    return ballast


def test_a_disk_that_is_full_refuses_writers_serves_readers_and_heals(
    tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    with _small_disk(tmp_path) as disk, running_cluster("sqlite", disk) as cluster:
        with cluster.auditor() as auditor, cluster.visitors(4, PACE_S) as visitors:
            for _ in range(ROUNDS):
                visitors.wait_for(10)
                refused = visitors.statuses[503]
                cluster.worker.stop()  # which sequences what is in line: nothing is half-way
                ballast = _fill(disk)
                cluster.worker.start(wait=False)
                eventually(lambda before=refused: visitors.statuses[503] >= before + 4, "the disk is full")
                _check_readers(cluster, visitors, tmp_path)
                ballast.unlink()
                healed = visitors.wait_for()
        found = check(cluster.web, visitors, auditor, tmp_path)
    tell_figure(f"{ROUNDS} full disks: answers {dict(visitors.statuses)}, healed {healed:.1f} s after; {found}")


def _check_readers(cluster: Cluster, visitors: Visitors, folder: Path) -> None:
    record_id, receipt = next(iter(visitors.acknowledged.items()))
    for path in (
        "banner.js",
        "config",
        "log/checkpoint",
        f"receipts/{record_id}?consent_id={receipt['consent_id']}",
        f"records/{record_id}/proof",
    ):
        status, text = call(f"{cluster.site_url}/{path}")
        assert status == 200, f"{path} on a full disk: {status} {text}"
    assert call(f"{cluster.web.url}/healthz")[0] == 200
    done = cluster.web.command("proofs", "export", "example", "-o", str(folder / "full.jsonl"), "--format", "jsonl")
    assert done.returncode == 0, done.stderr


@long_only
def test_a_database_that_somebody_holds_is_waited_for_and_then_refused(
    tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    with running_cluster("sqlite", tmp_path) as cluster:
        with cluster.auditor() as auditor, cluster.visitors() as visitors:
            visitors.wait_for(10)
            holder = sqlite3.connect(tmp_path / "consent.sqlite", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + LOCKED_S
            slowest = 0.0
            while time.monotonic() < until:
                start = time.monotonic()
                assert call(f"{cluster.web.url}/healthz")[0] == 200
                assert call(f"{cluster.site_url}/config")[0] == 200
                slowest = max(slowest, time.monotonic() - start)
                time.sleep(0.1)
            holder.close()
            healed = visitors.wait_for()
            assert visitors.statuses[503], "nobody was told to come again"
        found = check(cluster.web, visitors, auditor, tmp_path)
    tell_figure(
        f"held for {LOCKED_S} s: answers {dict(visitors.statuses)}, readers within {slowest:.2f} s, "
        f"healed {healed:.1f} s after; {found}"
    )
