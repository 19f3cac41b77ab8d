"""Lines for operators, on stderr: one JSON object each, or one sentence on a terminal. Nothing in them is personal.

An exception is told by its type and by where it was raised, never by its message: that may quote what a visitor sent,
or a row. Nobody waits for who reads the lines: they are handed to a thread, and when the reader has fallen behind by
``MOST_WAITING`` lines, new ones are dropped and counted.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consent_server.services.measuring import DROPPED

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The request that is being answered, empty outside of one."""

MOST_WAITING = 10_000
LAST_WAIT_S = 1.0
"""How long the end of a process waits for its last lines to be read."""
DEEPEST = 40

REQUESTS = "consent_server.requests"
"""The logger of the line for each request."""

OTHERS = ("_granian",)
"""Loggers of servers that write by themselves, and would wait."""


def set_up_logs(form: str, *, requests: bool = True) -> None:
    """Write what this process logs to stderr, as ``json`` or ``text``; what is not ours from a warning on.

    Without a wish for a form: sentences for a person at a terminal, else JSON. Called again, it begins anew.
    """
    form = form or ("text" if sys.stderr.isatty() else "json")
    handler = NeverWaiting(sys.stderr.fileno())
    handler.setFormatter(AsJson() if form == "json" else AsText())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("consent_server").setLevel(logging.INFO)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if requests else logging.WARNING)
    for name in OTHERS:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    atexit.register(handler.flush)


class AsJson(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and what there is to tell."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_told(record), ensure_ascii=True, separators=(",", ":"))


class AsText(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and one for each place of an exception."""
        told = _told(record)
        where = told.pop("where", [])
        rest = " ".join(
            f"{key}={value}" for key, value in told.items() if key not in ("time", "level", "event", "logger")
        )
        line = f"{told['time']} {told['level']:8} {told['event']} {rest}".rstrip()
        return "\n".join([line, *(f"    {place}" for place in where)])


def _told(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage(),
    }
    if request_id := REQUEST_ID.get():
        told["request_id"] = request_id
    told |= getattr(record, "told", {})
    if record.exc_info and record.exc_info[1] is not None:
        told |= _raised(record.exc_info[1])
    return told


def _raised(error: BaseException) -> dict[str, Any]:
    """Tell an exception and what led to it: types and places, the innermost last."""
    types: list[str] = []
    where: list[str] = []
    each: BaseException | None = error
    while each is not None and len(types) < 5:
        types.append(f"{type(each).__module__}.{type(each).__qualname__}".removeprefix("builtins."))
        where += [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(each.__traceback__)]
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return {"error": types, "where": where[-DEEPEST:]}


def _short(file: str) -> str:
    """Return a file's place below the folder that Python found it in: how a machine is laid out is not told."""
    for folder in sorted(filter(None, sys.path), key=len, reverse=True):
        if file.startswith(folder.rstrip(os.sep) + os.sep):
            return file[len(folder.rstrip(os.sep)) + 1 :]
    return Path(file).name


class NeverWaiting(logging.Handler):
    """Writes lines to a file descriptor in a thread of its own, which starts with the first line of its process."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._more = threading.Condition()
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin anew in a process that was forked: a thread does not come along, and its lock may be held for ever."""
        self._lines, self._more, self._thread = deque(), threading.Condition(), None

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line over; drop it when too many wait."""
        try:
            line = self.format(record).encode(errors="replace") + b"\n"
        except Exception:  # a line that cannot be told must not end a request
            return
        with self._more:
            if len(self._lines) >= MOST_WAITING:
                DROPPED.labels("stderr").inc()
                return
            self._lines.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
            self._more.notify_all()

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._lines:
                    self._more.wait()
                waiting = b"".join(self._lines)
                taken = len(self._lines)
            self._write(waiting)
            with self._more:
                for _ in range(taken):  # only now: who flushes waits until they are written
                    self._lines.popleft()
                self._more.notify_all()

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data[:65_536]) :]
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                return  # nobody will ever read it

    def flush(self) -> None:
        """Wait a moment for the lines to be written."""
        end = time.monotonic() + LAST_WAIT_S
        with self._more:
            while self._lines and (left := end - time.monotonic()) > 0:
                self._more.wait(left)
