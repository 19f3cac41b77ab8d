"""Two nodes go from the code of before the newest migration to ours, and back, and fail nobody (F22).

The old code is taken from the history of this repository, and runs as it was; a copy without history cannot do that.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import programs
from tests.cluster.proxy import Proxy
from tests.cluster.test_rolling_restart import READ
from tests.cluster.topology import OURS, Readers, Topology
from tests.databases import revisions
from tests.faults.visitors import check


@pytest.fixture
def old_code(tmp_path: Path) -> Path:
    """The code of before the newest migration."""
    (newest,) = (OURS / "migrations" / "versions").glob(f"{revisions()[-1]}_*.py")
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest.relative_to(OURS))).decode().strip()
    before = _git("rev-parse", "--verify", "--quiet", f"{added}^").decode().strip() if added else ""
    if not before:
        pytest.skip("the history of this copy does not go back to before the newest migration")
    folder = tmp_path / "old"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", before, "consent_server", "migrations", "static"))) as code:
        code.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=OURS, capture_output=True, check=False).stdout
    except FileNotFoundError:
        return b""


def test_an_upgrade_and_the_way_back_fail_nobody(
    old_code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell_figure: Callable[[str], None]
) -> None:
    try:
        programs.nginx()
    except programs.ProgramMissing as missing:
        pytest.skip(str(missing))
    with ExitStack() as stack:
        topology = stack.enter_context(Topology(tmp_path, code=old_code))
        proxy = Proxy(tmp_path / "nginx", [each.port for each in topology.web])
        stack.callback(proxy.stop)
        proxy.start()
        monkeypatch.setenv("SSL_CERT_FILE", str(proxy.certificate))
        with (
            topology.auditor(proxy.url) as auditor,
            Readers(proxy.url, READ) as readers,
            topology.visitors(proxy.url, 2) as visitors,
        ):
            visitors.wait_for(20)
            assert topology.schema() < revisions()[-1]
            topology.take_up(OURS)
            topology.command("init")  # the schema first: a node whose schema is older than its code is not ready
            visitors.wait_for(20)
            assert topology.schema() == revisions()[-1]
            topology.restart_one_by_one()
            visitors.wait_for(20)
            topology.take_up(old_code)
            topology.restart_one_by_one()
            visitors.wait_for(20)
        assert readers.failed == []
        assert visitors.retried == set()
        assert set(visitors.statuses) <= {200, 201}, visitors.statuses
        topology.take_up(OURS)
        found = check(topology.operator, visitors, auditor, tmp_path)
        tell_figure(f"upgraded and back: 0 failed; the slowest post {visitors.slowest:.1f} s; {found}")
