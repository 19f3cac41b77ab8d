"""Having a site visited by a program of its own, which is ended with all that it started when its time is over.

What was seen until then is kept, with a word on what was not: a hostile page costs a scan its end, never the server.
The program has a folder for its files, which goes with it, and knows nothing of the secrets of who starts it. It ends
by itself when its standard input closes, as when the one who started it is killed.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import IO

from consent_server.browser.chromium import find_chromium
from consent_server.browser.processes import end_family, family, memory_of
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import PASSES, Pass, pass_from_json

AGENT = "consent-server"
PLACE = "consent-scan-"
LOOK_S = 0.25
TO_LEAVE_S = 10.0
LONGEST_LINE = 64 * 2**20
LONGEST_WORD = 2_000
KEPT = frozenset(
    "PATH HOME USER LANG LANGUAGE LC_ALL TZ CHROMIUM PYTHONPATH VIRTUAL_ENV LD_LIBRARY_PATH DISPLAY "
    "FONTCONFIG_FILE FONTCONFIG_PATH SSL_CERT_FILE SSL_CERT_DIR".split()
)
"""The environment variables that a visit is given."""


@dataclass(frozen=True)
class Plan:
    """What to visit, and within which bounds. ``private`` allows addresses of this machine and its network.

    ``resolve`` are hosts that are looked for elsewhere (``{"www.example.fr": "192.0.2.7:8080"}``), as before a move.
    ``patterns`` are URL patterns that look at queries: what matches one is told with it, since queries are not kept.
    ``pause_ms`` is how long the site is left alone between two deeds of a visitor; ``pictures`` asks for one of each
    pass, of ``picture_bytes`` at most.
    """

    address: str
    pages: int = 3
    language: str = "fr-FR"
    purposes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    private: bool = False
    seconds: int = 300
    settle_ms: int = 1_500
    banner_ms: int = 5_000
    pause_ms: int = 300
    page_seconds: int = 60
    most_bytes: int = 200 * 2**20
    most_memory: int = 2 * 2**30
    resolve: Mapping[str, str] = field(default_factory=dict)
    pictures: bool = False
    picture_bytes: int = 300_000


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
    stopped, passes, pictures = threading.Event(), list[Pass](), dict[str, bytes]()
    with tempfile.TemporaryDirectory(prefix=PLACE, ignore_cleanup_errors=True) as place:
        program = _Program(plan, place)
        try:
            on_start(stopped.set)
            for line in program.lines(stopped):
                document = json.loads(line)
                passes.append(pass_from_json(document))
                pictures |= {name: base64.b64decode(picture) for name, picture in document["pictures"].items()}
                on_pass(passes[-1])
        finally:
            program.end()
    if len(passes) == len(PASSES) + len(plan.purposes):
        return Crawled(tuple(passes), "", pictures)
    if not passes:
        raise Unavailable(f"The site could not be visited: {program.why}.")
    return Crawled(tuple(passes), program.why, pictures)


class _Program:
    """The program that visits, while it runs; its standard input stays open for as long as it may run."""

    def __init__(self, plan: Plan, place: str) -> None:
        self.why = ""
        self._plan = plan
        self._until = time.monotonic() + plan.seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consent_server.browser.visits"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=environment(place),
        )
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: collections.deque[str] = collections.deque(maxlen=20)
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._ears = (
            _listen(self._process.stdout, LONGEST_LINE, self._told.put),
            _listen(self._process.stderr, LONGEST_WORD, self._said.append),
        )
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asdict(plan)) + "\n")
            self._process.stdin.flush()

    def lines(self, stopped: threading.Event) -> Iterator[str]:
        """Yield what the program tells until it ends, or is to be ended; ``why`` says which."""
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._told.get(timeout=LOOK_S)
                if not line:
                    self._ears[1].join(5)
                    self.why = _last(self._said)
                    return
                yield line
            if why := self._trouble(stopped):
                self.why = why
                return

    def end(self) -> None:
        """End the program and all that it started. It does so by itself when nobody holds its input any more."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(TO_LEAVE_S)
        if self._process.returncode is None:
            end_family(self._process.pid)
            self._process.wait()
        for ear in self._ears:
            ear.join(5)

    def _trouble(self, stopped: threading.Event) -> str:
        if stopped.is_set():
            return "it was told to stop"
        if time.monotonic() > self._until:
            return took_too_long(self._plan)
        if memory_of(family(self._process.pid)) > 1.5 * self._plan.most_memory:
            return f"it took more than {self._plan.most_memory * 3 // 2**21} MB of memory"
        return ""


def took_too_long(plan: Plan) -> str:
    """Return in words that the time of a visit was over."""
    return f"the visit took longer than {plan.seconds} seconds"


def environment(place: str) -> dict[str, str]:
    """Return what a browser that runs strangers' programs may know of this one's environment: none of its secrets."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("PLAYWRIGHT_")}
    own = ("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "BREAKPAD_DUMP_LOCATION")
    return {**kept, **dict.fromkeys(own, place)}


def _listen(stream: IO[str], longest: int, hear: Callable[[str], object]) -> threading.Thread:
    """Hear each line of a stream in a thread, and an empty one at its end."""

    def listen() -> None:
        with stream:
            for line in iter(lambda: stream.readline(longest), ""):
                hear(line)
        hear("")

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return thread


def _last(said: Iterable[str]) -> str:
    """Return the last line that the program said before it ended, without what could be an address or a path."""
    lines = [each.strip() for each in said if each.strip()]
    return lines[-1].rpartition(": ")[2].rstrip(".")[:200] if lines else "the browser ended by itself"
