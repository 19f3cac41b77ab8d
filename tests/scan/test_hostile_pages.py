"""A hostile page costs a scan its end, said in words: never more time or memory than planned, nor a process left.

In a real browser. All of them are tried with ``CONSENT_TEST_SITES=all``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from consent_server.browser.crawl import Plan
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import Scan
from consent_server.services import scanning
from tests.scan.hostile_pages import HOSTILE, MB, SOME, HostileServer, Respond
from tests.servers import ConsentServer, eventually

TRIED = HOSTILE if os.environ.get("CONSENT_TEST_SITES") == "all" else SOME
SECONDS = 200
TO_END_S = 30
"""What a loaded machine may take to end what is to end at once."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are seen through /proc"),
]


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make this test's scans keep their files in a folder of its own, which their processes can be told by."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:  # its path is short: Chromium has a socket below
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def _plan(server: HostileServer, **bounds: object) -> Plan:
    ours = {"pages": 2, "private": True, "settle_ms": 100, "banner_ms": 200, "seconds": SECONDS, "page_seconds": 6}
    memory = {"most_memory": 1_200 * MB}
    return Plan(f"http://hostile.localhost:{server.port}/", **{**ours, **memory, **bounds})  # type: ignore[arg-type]


def _processes_of(place: Path) -> list[str]:
    """Return the command lines of what still runs and knows of this folder."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and int(each.name) != os.getpid():
            try:
                told = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
            except OSError:
                continue
            if str(place).encode() in told:
                found.append(told.replace(b"\0", b" ").decode(errors="replace"))
    return found


def _said(done: Scan, ended_early: str) -> str:
    return " ".join([ended_early, *(limit for each in done.passes for limit in each.limits)])


@pytest.mark.parametrize("name", TRIED)
def test_a_hostile_page_costs_a_scan_its_end_and_nothing_else(name: str, place: Path) -> None:
    site = HOSTILE[name]
    started = time.monotonic()
    with HostileServer(site.respond) as server:
        done, ended_early = scanning.scan(_plan(server, **site.bounds))
    took = time.monotonic() - started

    assert site.said in _said(done, ended_early)
    assert done.passes
    assert not site.said or not all(each.whole for each in done.passes)
    assert took < SECONDS + TO_END_S
    assert all(not credentials for _path, credentials in server.asked)
    assert _processes_of(place) == []
    assert list(place.iterdir()) == []
    assert len(json.dumps(done.to_json())) < 20 * MB


def _busy() -> Respond:
    return HOSTILE["endless-loop-later"].respond


def test_a_scan_is_ended_before_its_time_by_whoever_asks(place: Path) -> None:
    end: list[Callable[[], None]] = []
    started = time.monotonic()

    def answer(to: object) -> None:
        end[0]()
        _busy()(to)  # type: ignore[arg-type]

    with HostileServer(answer) as server, pytest.raises(Unavailable, match="told to stop"):
        scanning.scan(_plan(server, page_seconds=90), on_start=end.append)
    assert time.monotonic() - started < 60 + TO_END_S
    assert _processes_of(place) == []
    assert list(place.iterdir()) == []


def test_nothing_of_a_scan_outlives_who_started_it_nor_knows_its_secrets(place: Path) -> None:
    program = "import json, sys; from consent_server.browser.crawl import *; crawl(Plan(**json.load(sys.stdin)))"
    environment = {**os.environ, "TMPDIR": str(place), "LOG_KEY": "no-browser-knows-this"}
    with HostileServer(_busy()) as server:
        starter = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, env=environment)
        assert starter.stdin
        starter.stdin.write(json.dumps(asdict(_plan(server, page_seconds=90))).encode())
        starter.stdin.close()
        eventually(lambda: bool(server.asked), "the page is asked for")
        known = [told for told in _processes_of(place) if "--type=renderer" in told]
        starter.send_signal(signal.SIGKILL)
        starter.wait()
        eventually(lambda: not _processes_of(place), "everything has ended", TO_END_S)
        eventually(lambda: not list(place.iterdir()), "its files are gone", TO_END_S)
    assert known
    assert not any("no-browser-knows-this" in told for told in known)


@pytest.mark.skipif(TRIED is SOME, reason="minutes: CONSENT_TEST_SITES=all")
@pytest.mark.parametrize("name", ["endless-loop-later", "memory", "workers", "requests"])
def test_a_server_beside_a_scan_keeps_answering(name: str, tmp_path: Path) -> None:
    slowest = 0.0
    with ConsentServer(tmp_path) as ours, HostileServer(HOSTILE[name].respond) as server:
        scan = threading.Thread(target=scanning.scan, args=(_plan(server),))
        scan.start()
        while scan.is_alive():
            asked = time.monotonic()
            assert ours.ready()
            slowest = max(slowest, time.monotonic() - asked)
            scan.join(0.1)
    assert slowest < 3
