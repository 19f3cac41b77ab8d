"""Nothing is refused while an installation of two nodes is restarted, one process after another (F30).

CONSENT_TEST_RESTARTS=20 pytest tests/cluster/test_rolling_restart.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.proxy import Proxy
from tests.cluster.topology import SITE, Readers, Topology
from tests.faults.visitors import check
from tests.servers import eventually

RESTARTS = int(os.environ.get("CONSENT_TEST_RESTARTS", "1"))
VISITORS = 4 if RESTARTS > 1 else 1

READ = (
    f"/v1/sites/{SITE}/banner.js",
    f"/v1/sites/{SITE}/config",
    f"/v1/sites/{SITE}/choices?lang=fr",
    "/admin/sign-in",
    "/healthz",
)


def test_a_rolling_restart_fails_nobody(
    topology: Topology, proxy: Proxy, tmp_path: Path, tell_figure: Callable[[str], None]
) -> None:
    with ExitStack() as stack:
        auditor = stack.enter_context(topology.auditor(proxy.url))
        readers = stack.enter_context(Readers(proxy.url, READ))
        visitors = stack.enter_context(topology.visitors(proxy.url, VISITORS))
        visitors.wait_for(20)
        for _ in range(RESTARTS):
            topology.restart_one_by_one()
        visitors.wait_for(20)

    assert readers.failed == []
    assert visitors.retried == set()
    assert set(visitors.statuses) <= {200, 201}, visitors.statuses
    assert set(readers.answered) == set(READ)
    found = check(topology.operator, visitors, auditor, tmp_path)
    read = sum(readers.answered.values())
    tell_figure(
        f"{RESTARTS} rolling restarts: 0 failed of {read} reads and {sum(visitors.statuses.values())} posts; "
        f"the slowest post {visitors.slowest:.1f} s; {found}"
    )


@pytest.mark.parametrize("missing", [0, 1], ids=["the first", "the second"])
def test_one_node_alone_answers_everybody(topology: Topology, proxy: Proxy, missing: int) -> None:
    topology.web[missing].kill()
    with Readers(proxy.url, READ) as readers, topology.visitors(proxy.url) as visitors:
        visitors.wait_for(20)
    topology.web[missing].start()
    assert readers.failed == []
    assert visitors.retried == set()
    assert set(visitors.statuses) <= {200, 201}


def test_without_any_node_the_banner_is_still_served(topology: Topology, proxy: Proxy) -> None:
    paths = [f"/v1/sites/{SITE}/banner.js", f"/v1/sites/{SITE}/config"]
    with Readers(proxy.url, paths) as before:
        _wait_for(before, 3)
    for each in topology.web:
        each.kill()
    with Readers(proxy.url, paths) as readers:
        _wait_for(readers, 20)
    for each in topology.web:
        each.start()
    assert readers.failed == []


def _wait_for(readers: Readers, more: int) -> None:
    eventually(lambda: min(readers.answered.values(), default=0) >= more or bool(readers.failed), "answers come")
