"""A clock that jumps back a year: no record is dated before an earlier one, and no checkpoint is signed meanwhile.

On PostgreSQL the database's clock is the one that all nodes share: what theirs says does not matter.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.faults.cluster import running_cluster
from tests.faults.scale import long_only
from tests.faults.visitors import call, check
from tests.servers import eventually

CLOCKS = Path(__file__).parent / "clocks"
NOW, A_YEAR_BACK = 0, -366 * 24 * 3_600
ENOUGH = 30


class Clock:
    """What time it is for our servers, and for nobody else."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(NOW)

    def set(self, seconds: int) -> None:
        """Say how far the clock is from the right time."""
        made = self._file.with_suffix(".new")
        made.write_text(str(seconds))
        made.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(CLOCKS), os.environ.get("PYTHONPATH", "")])
        return {"PYTHONPATH": path, "CONSENT_TEST_CLOCK": str(self._file)}


@long_only
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_clock_that_jumps_back_a_year_back_dates_nothing(
    engine: str, tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    clock = Clock(tmp_path)
    with running_cluster(engine, tmp_path, environment=clock.environment) as cluster, cluster.auditor() as auditor:
        with cluster.visitors(1) as visitors:  # one, who knows what came after what
            visitors.wait_for(ENOUGH)
            eventually(lambda: bool(auditor.seen), "a checkpoint is signed")
            clock.set(A_YEAR_BACK)
            visitors.wait_for(ENOUGH)
            signed = auditor.seen[-1].size
            for server in (cluster.web, cluster.worker):  # what a process remembers is gone
                server.kill()
                server.start(wait=False)
            visitors.wait_for(ENOUGH)
            if engine == "sqlite":
                assert auditor.seen[-1].size == signed, "a checkpoint was back-dated"
            else:
                eventually(lambda: auditor.seen[-1].size > signed, "the database's clock is the clock")
                assert call(f"{cluster.web.url}/readyz")[0] == 503, "a node whose clock is wrong says so"
            clock.set(NOW)
            visitors.wait_for(ENOUGH)
        found = check(cluster.web, visitors, auditor, tmp_path)
    times = [datetime.fromisoformat(receipt["recorded_at"]) for receipt in visitors.acknowledged.values()]
    assert times == sorted(times), "a record is dated before an earlier one"
    assert (times[-1] - times[0]).days == 0
    tell_figure(f"{engine}, a year back and again: {found}")
