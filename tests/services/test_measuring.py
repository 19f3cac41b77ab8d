"""Figures that several processes share: the folder is there while they live, and no longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from consent_server.services.measuring import shared_figures
with shared_figures() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def _start() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed_by_the_next_start_and_only_that() -> None:
    killed, left = _start()
    killed.kill()
    killed.communicate()
    assert left.is_dir()

    first, of_first = _start()
    second, of_second = _start()
    assert not left.exists()
    assert of_first.is_dir()
    assert of_second.is_dir()
    for process in (first, second):
        process.communicate(timeout=30)
    assert not of_first.exists()
    assert not of_second.exists()
