"""The processes that descend from one: how much they take together, and ending them all. By Linux's ``/proc``.

A browser starts its own in sessions of their own, and some of them go on when the one that started them is gone: no
process group catches them all. Where there is no ``/proc``, the group of the first is all that is ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_ROUNDS = 20


@dataclass(frozen=True)
class Process:
    """A process as it was found."""

    pid: int
    parent: int
    session: int
    threads: int


def family(first: int) -> list[Process]:
    """Return a process and all that descend from it."""
    found = {each.pid: each for each in map(_read, _numbers()) if each is not None}
    members = {first} & set(found)
    while more := {pid for pid, each in found.items() if each.parent in members} - members:
        members |= more
    return [found[pid] for pid in sorted(members)]


def memory_of(members: Iterable[Process]) -> int:
    """Return how many bytes processes have taken for themselves; what is shared with files does not count."""
    return sum(_memory(each.pid) for each in members)


def is_renderer(member: Process) -> bool:
    """Whether a process of Chromium runs pages of sites; it has pages of its own in others."""
    command = _text(member.pid, "cmdline")
    return "--type=renderer" in command and "--top-chrome-webui" not in command


def adopt_orphans() -> None:
    """Become the parent of what descends from this process and loses its own, so that it can be found, and reaped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def end_family(first: int, *, but_first: bool = False) -> None:
    """End a process and all that descend from it; each is halted before any is ended, so that none starts another."""
    halted: dict[int, Process] = {}
    for _ in range(_ROUNDS):
        fresh = [each for each in family(first) if each.pid not in halted and not (but_first and each.pid == first)]
        if not fresh:
            break
        for each in fresh:
            send(each.pid, signal.SIGSTOP)
            halted[each.pid] = each
    for pid in halted:
        send(pid, signal.SIGKILL)
    if not but_first:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(first, signal.SIGKILL)


def reap(seconds: float) -> None:
    """Wait until this process has no children left, its adopted ones too, or until time is over."""
    until = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _numbers() -> list[int]:
    try:
        return [int(each.name) for each in _PROC.iterdir() if each.name.isdigit()]
    except OSError:
        return []


def _read(pid: int) -> Process | None:
    after_name = _text(pid, "stat").rpartition(")")[2].split()
    if len(after_name) < 18 or after_name[0] == "Z":
        return None
    return Process(pid, int(after_name[1]), int(after_name[3]), int(after_name[17]))


def _memory(pid: int) -> int:
    lines = (line.split() for line in _text(pid, "status").splitlines())
    return sum(int(words[1]) * 1024 for words in lines if words and words[0] in {"RssAnon:", "RssShmem:"})


def _text(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text(errors="replace")
    except OSError:
        return ""
