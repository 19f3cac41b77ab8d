"""Each system call of one commit fails once, on SQLite: with an error of the disk, a full disk, or death on the spot.

The method of Tessera's log: the calls of one post are counted by failing the first, the second, and so on, until there
is none. No answer is acknowledged without a sync that succeeded after the last write, whatever is retried inside; the
same answer, posted again, is kept once. The short form fails the syncs and the first write.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import builders
from tests.faults.cluster import PURPOSES, Cluster, running_cluster
from tests.faults.scale import LONG
from tests.faults.visitors import AWAY, Visitors, call, check
from tests.servers import children, eventually

CALLS = ("fdatasync", "fsync", "pwrite64", "ftruncate")
MOST = 200
"""Calls in one commit, at the very most."""
SYNCED = re.compile(r" (f(data)?sync\(|<\.\.\. f(data)?sync resumed>).*= 0$")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="failing a single system call needs strace")


def _may_trace() -> bool:
    """Whether this machine lets a process be traced at all; containers may not."""
    with subprocess.Popen(["sleep", "60"]) as other:
        traced = subprocess.Popen(
            ["strace", "-p", str(other.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(TimeoutError):
            eventually(lambda: _is_traced(other.pid) or traced.poll() is not None, "it is traced", 5)
        allowed = _is_traced(other.pid)
        traced.kill()
        traced.wait()
        other.kill()
    return allowed


def test_no_failing_call_of_a_commit_is_acknowledged(tmp_path: Path, tell_figure: Callable[[str], None]) -> None:
    if not _may_trace():
        pytest.skip("this machine lets nobody trace a process")
    told: Counter[str] = Counter()
    with running_cluster("sqlite", tmp_path) as cluster:
        visitors = cluster.visitors(0)
        with cluster.auditor() as auditor:
            for fault in FAULTS:
                for name in CALLS:
                    for nth in range(1, MOST):
                        if not _post_while(cluster, visitors, name, fault, nth, told) or not LONG:
                            break
                    else:
                        raise AssertionError("a commit has an end")
        cluster.web.kill()
        cluster.web.start()
        found = check(cluster.web, visitors, auditor, tmp_path)
    assert told, "no call was failed: the test tests nothing"
    tell_figure(f"{sum(told.values())} calls failed: {dict(sorted(told.items()))}; {found}")


def _post_while(cluster: Cluster, visitors: Visitors, name: str, fault: str, nth: int, told: Counter[str]) -> bool:
    """Post while the nth such call fails; return whether there was one."""
    _post(cluster, visitors, builders.consent(PURPOSES))  # so that who writes is at work
    body, log = builders.consent(PURPOSES), cluster.folder / "strace.log"
    with _failing(_writers(cluster), f"{name}:{fault}:when={nth}", log):
        status = _try(visitors, body)
    text = log.read_text(errors="replace")
    hit = "INJECTED" in text or "SIGKILL" in text
    if status in (200, 201):
        assert _synced(text), f"{name} {nth} with {fault}: acknowledged without a sync\n{text}"
    elif status:
        assert status == 503, f"{name} {nth} with {fault}: answered {status}"
    if hit:
        told[f"{name} {fault.partition('=')[2]}: {status or 'no answer'}"] += 1
    assert call(f"{cluster.site_url}/config")[0] == 200 or fault == "signal=KILL", "who reads is served"
    eventually(cluster.web.ready, "the server is ready again")
    _post(cluster, visitors, body)
    return hit


def _post(cluster: Cluster, visitors: Visitors, body: dict) -> None:
    eventually(lambda: _try(visitors, body) in (200, 201), "the server acknowledges again", 20)


def _try(visitors: Visitors, body: dict) -> int:
    """Post; return the status, 0 without an answer; what is acknowledged twice is acknowledged alike."""
    visitors.posted[body["record_id"]] = body
    try:
        status, receipt = visitors.post_again(body)
    except AWAY:
        visitors.retried.add(body["record_id"])
        return 0
    if status in (200, 201):
        assert visitors.acknowledged.setdefault(body["record_id"], receipt) == receipt
    return status


def _writers(cluster: Cluster) -> list[int]:
    return children(cluster.web.pid) or [cluster.web.pid]


@contextlib.contextmanager
def _failing(pids: list[int], injection: str, log: Path) -> Iterator[None]:
    """Let one call of each thread of these processes fail."""
    log.unlink(missing_ok=True)
    names = ",".join(CALLS)
    command = ["strace", "-f", "-y", "-o", log, "-e", f"trace={names}", "-e", f"inject={injection}"]
    for pid in pids:
        command += ["-p", str(pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tracer:
        eventually(lambda: all(map(_is_traced, pids)), "the server is traced")
        try:
            yield
        finally:
            _leave(tracer)


def _leave(tracer: subprocess.Popen[bytes]) -> None:
    """Let go of the server; a tracer that waits for somebody who is dead is left no choice."""
    tracer.terminate()
    try:
        tracer.wait(timeout=2)
    except subprocess.TimeoutExpired:
        tracer.kill()


def _is_traced(pid: int) -> bool:
    """Whether each thread of a process is traced."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        threads = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/status")]
        return bool(threads) and not [each for each in threads if re.search(r"^TracerPid:\s0$", each, re.MULTILINE)]
    return False


def _synced(text: str) -> bool:
    """Whether a sync succeeded after the last write."""
    lines = text.splitlines()
    writes = [number for number, line in enumerate(lines) if " pwrite64(" in line]
    syncs = [number for number, line in enumerate(lines) if SYNCED.search(line)]
    return bool(syncs) and (not writes or syncs[-1] > writes[-1])
