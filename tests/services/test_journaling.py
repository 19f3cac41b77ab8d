"""The log: lines that programs read, with nothing personal in them, and nobody who waits for their reader."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent_server.services import journaling
from consent_server.services.journaling import REQUEST_ID, AsJson, AsText, NeverWaiting


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _record(message: str, *values: object, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("consent_server.test", logging.WARNING, __file__, 1, message, values, None)
    record.__dict__.update(more)
    return record


def test_a_line_is_one_json_object() -> None:
    REQUEST_ID.set("0123456789abcdef")
    line = AsJson().format(_record("the log %s\nis frozen", "a", told={"status": 503}))
    REQUEST_ID.set("")
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time")[-1] == "Z"
    assert told == {
        "level": "warning",
        "logger": "consent_server.test",
        "event": "the log a\nis frozen",
        "request_id": "0123456789abcdef",
        "status": 503,
    }


@pytest.mark.parametrize("form", [AsJson(), AsText()], ids=["json", "text"])
def test_an_exception_is_told_by_its_type_and_place_and_never_by_its_message(form: logging.Formatter) -> None:
    def fail(secret: str) -> None:
        raise ValueError(f"could not read {secret}")

    try:
        try:
            fail("canary")
        except ValueError as error:
            raise KeyError("canary") from error
    except KeyError as error:
        line = form.format(_record("it failed", exc_info=(KeyError, error, error.__traceback__)))

    assert "canary" not in line.replace('fail("canary")', "")
    assert "KeyError" in line
    assert "ValueError" in line
    assert "test_journaling.py:" in line
    assert " fail" in line


def test_lines_arrive_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    handler = NeverWaiting(writing)
    for number in range(500):
        handler.emit(_record("line %d", number))
    handler.flush()
    assert os.read(reading, 65_536).decode().splitlines() == [f"line {number}" for number in range(500)]


def test_nobody_waits_for_a_reader_that_does_not_read(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journaling, "MOST_WAITING", 100)
    monkeypatch.setattr(journaling, "LAST_WAIT_S", 0.1)
    dropped = journaling.DROPPED.labels("stderr")
    before, handler = dropped._value.get(), NeverWaiting(pipe[1])
    for _ in range(1000):
        handler.emit(_record("x" * 1000))  # a pipe holds 64 kB
    handler.flush()
    assert 700 < dropped._value.get() - before < 1000
    while len(os.read(pipe[0], 65_536)) == 65_536:  # let the thread end
        pass


def test_a_process_ends_though_nobody_reads_its_log(tmp_path: Path) -> None:
    program = (
        "import logging; from consent_server.services.journaling import set_up_logs; set_up_logs('json');"
        "[logging.getLogger('consent_server').info('x' * 1000) for _ in range(20_000)]; print('done', flush=True)"
    )
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with fifo.open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=log, timeout=60, check=True
        )
    os.close(reader)
    assert done.stdout == b"done\n"


def test_a_child_process_writes_its_own_lines() -> None:
    program = (
        "import logging, os; from consent_server.services.journaling import set_up_logs; set_up_logs('json')\n"
        "log = logging.getLogger('consent_server')\n"
        "log.info('of the parent'); logging.getLogger().handlers[0].flush()\n"
        "if os.fork(): os.wait(); log.info('of the parent again')\n"
        "else: log.info('of the child')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], stderr=subprocess.PIPE, timeout=60, check=True
    )
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events == ["of the parent", "of the child", "of the parent again"]
