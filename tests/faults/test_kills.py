"""Whatever is killed while visitors answer, every answer that was acknowledged is kept, once (DESIGN 5).

Real processes, real databases, random moments. A short form runs with all tests; the long one is

    CONSENT_TEST_CYCLES=100 CONSENT_TEST_SEED=1 pytest tests/faults/test_kills.py
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.cluster import running_cluster
from tests.faults.scale import SEED, how_many
from tests.faults.visitors import check

CYCLES = how_many("CONSENT_TEST_CYCLES", short=3, long=100)
LONGEST_PEACE = 60
"""In acknowledged answers, so that slow machines kill no sooner than quick ones."""
LAST_MOMENT_S = 0.1


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_acknowledged_survives_kills(engine: str, tmp_path: Path, tell_figure: Callable[[str], None]) -> None:
    chance = random.Random(SEED)
    healed: list[float] = []
    with running_cluster(engine, tmp_path) as cluster:
        victims = _victims(list(cluster.victims), chance)
        with cluster.auditor() as auditor, cluster.visitors() as visitors:
            for victim in victims:
                visitors.wait_for(chance.randint(1, LONGEST_PEACE))
                time.sleep(chance.uniform(0, LAST_MOMENT_S))  # a moment that nothing announces: that is the test
                start = time.monotonic()
                cluster.victims[victim](chance)
                visitors.wait_for()
                healed.append(time.monotonic() - start)
        found = check(cluster.web, visitors, auditor, tmp_path)
    assert visitors.retried or visitors.statuses[503], "no kill hit a post: the test tests nothing"
    killed = dict(Counter(victims))
    tell_figure(
        f"{engine}: {len(victims)} kills (seed {SEED}) of {killed}; {found}; "
        f"answers {dict(visitors.statuses)}, "
        f"the first one {statistics.median(healed):.1f} s after a kill (median), {max(healed):.1f} s at most"
    )


def _victims(names: list[str], chance: random.Random) -> list[str]:
    """Each once as long as there are cycles, and then whoever it hits."""
    each = chance.sample(names, len(names))
    return [*each, *(chance.choice(names) for _ in range(CYCLES))][:CYCLES]
