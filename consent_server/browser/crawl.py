"""Having a site visited: the visits run in a process group of their own, which ends when its time is over.

What was seen until then is kept, with a word on what was not: a hostile page costs a scan its end, never the server.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from consent_server.browser.chromium import find_chromium
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import PASSES, Pass, pass_from_json

AGENT = "consent-server"


@dataclass(frozen=True)
class Plan:
    """What to visit, and within which bounds. ``private`` allows addresses of this machine and its network.

    ``resolve`` are hosts that are looked for elsewhere (``{"www.example.fr": "192.0.2.7:8080"}``), as before a move.
    ``pause_ms`` is how long the site is left alone between two deeds of a visitor; ``pictures`` asks for one of each
    pass.
    """

    address: str
    pages: int = 3
    language: str = "fr-FR"
    purposes: tuple[str, ...] = ()
    private: bool = False
    seconds: int = 300
    settle_ms: int = 1_500
    banner_ms: int = 5_000
    pause_ms: int = 300
    most_bytes: int = 200 * 2**20
    resolve: Mapping[str, str] = field(default_factory=dict)
    pictures: bool = False


@dataclass(frozen=True)
class Crawled:
    """The passes that were made, with their pictures; ``ended_early`` says why there are not more, or is empty."""

    passes: tuple[Pass, ...]
    ended_early: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def crawl(
    plan: Plan,
    on_pass: Callable[[Pass], None] = lambda _done: None,
    on_start: Callable[[Callable[[], None]], None] = lambda _end: None,
) -> Crawled:
    """Visit a site as planned; tell each pass as it is done. ``on_start`` is given what ends the visit before its time.

    Raises ``Unavailable`` where no pass could be made: without a browser, or when the site does not answer.
    """
    find_chromium()  # said here, where it can be said in a sentence
    program = subprocess.Popen(
        [sys.executable, "-m", "consent_server.browser.visits"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdin
    assert program.stdout
    assert program.stderr
    over = threading.Event()

    def end() -> None:
        over.set()
        _end(program)

    timer = threading.Timer(plan.seconds, end)
    timer.start()
    on_start(end)
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(program.stderr or ()), daemon=True)
    listener.start()
    passes: list[Pass] = []
    pictures: dict[str, bytes] = {}
    try:
        with contextlib.suppress(BrokenPipeError):
            program.stdin.write(json.dumps(asdict(plan)))
            program.stdin.close()
        for line in program.stdout:
            document = json.loads(line)
            passes.append(pass_from_json(document))
            pictures |= {name: base64.b64decode(picture) for name, picture in document["pictures"].items()}
            on_pass(passes[-1])
    finally:
        timer.cancel()
        _end(program)
        program.wait()
        listener.join(5)
        program.stdout.close()
        program.stderr.close()
    expected = len(PASSES) + len(plan.purposes)
    if len(passes) == expected:
        return Crawled(tuple(passes), "", pictures)
    why = f"the visit took longer than {plan.seconds} seconds" if over.is_set() else _last(said)
    if not passes:
        raise Unavailable(f"The site could not be visited: {why}.")
    return Crawled(tuple(passes), why, pictures)


def _end(program: subprocess.Popen[str]) -> None:
    """End the program and the browser that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)


def _last(said: list[str]) -> str:
    """Return the last line that the program said before it ended, without what could be an address or a path."""
    line = next((each.strip() for each in reversed(said) if each.strip()), "the browser ended by itself")
    return line.rpartition(": ")[2].rstrip(".")[:200]
