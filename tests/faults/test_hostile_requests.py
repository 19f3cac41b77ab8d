"""Thousands of hostile requests break nothing: no 5xx but 503, memory stays, the next visitor is answered as before.

They are written to a socket byte by byte, to whatever server listens there. A short form runs with all tests; the long:

    CONSENT_TEST_FAULTS=long CONSENT_TEST_SEED=1 pytest tests/faults/test_hostile_requests.py
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import brotli
import psutil
import pytest

from tests import builders
from tests.servers import ConsentServer

COUNT = 10_000 if os.environ.get("CONSENT_TEST_FAULTS") == "long" else 400
SEED = int(os.environ.get("CONSENT_TEST_SEED", "20261122"))
SITE = "ubiq"
PATH = f"/v1/sites/{SITE}/consents"
AT_ONCE = 12
MOST_GROWN = 120 * 2**20
"""Bytes of memory: what twelve of the largest bodies that are taken cost, and what an allocator does not give back."""
HONEST = 15
ALLOWED = {*range(200, 500), 503}
NEVER_SENT = object()

Hostile = Callable[[random.Random, dict[str, Any]], tuple[bytes, object]]


def _post(body: bytes, *headers: str, length: int | None = None, path: str = PATH) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Connection: close", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: application/json")
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


def _with(good: dict[str, Any], **changes: Any) -> bytes:
    return _text({**good, **changes})


def _anywhere(chance: random.Random, good: dict[str, Any], raw: bytes) -> bytes:
    """Put something that json cannot say where a field's value stands."""
    return _with(good, **{chance.choice(sorted(good)): "@@@"}).replace(b'"@@@"', raw)


KINDS: dict[str, Hostile] = {
    "a body too large": lambda c, g: (_post(_with(g, page_url="x" * c.randint(17_000, 300_000))), None),
    "gigabytes announced": lambda c, g: (_post(b"{}", length=c.choice([10**7, 10**10, 2**63, 10**30])), None),
    "less than announced": lambda c, g: (_post(_text(g), length=c.randint(5_000, 9_000)), NEVER_SENT),
    "more than announced": lambda c, g: (_post(_text(g), length=c.randint(0, 40)), None),
    "no length": lambda c, g: (_post(_text(g), length=-1), None),
    "a length that is none": lambda c, g: (
        _post(_text(g), f"Content-Length: {c.choice(['-1', '+5', '0x10', '1e3', '', '5, 6', '٣'])}", length=-1),
        None,
    ),
    "deep arrays": lambda c, g: (_post(b"[" * 8_000 + b"]" * 8_000), None),
    "deep objects": lambda c, g: (_post(b'{"a":' * 2_500 + b"1" + b"}" * 2_500), None),
    "deep in a field": lambda c, g: (_post(_anywhere(c, g, b"[" * 500 + b"]" * 500)), None),
    "a long number": lambda c, g: (_post(_anywhere(c, g, b"9" * c.choice([41, 5_000, 15_000]))), None),
    "a number that is none": lambda c, g: (
        _post(_anywhere(c, g, c.choice([b"NaN", b"-Infinity", b"1e999", b"01", b"0x1", b"1.", b"--1"]))),
        None,
    ),
    "half a surrogate": lambda c, g: (_post(_anywhere(c, g, c.choice([b'"\\ud800"', b'"\\udfff\\ud800"']))), None),
    "a NUL": lambda c, g: (_post(_anywhere(c, g, c.choice([b'"\\u0000"', b'"a\x00b"', b"\x00"]))), None),
    "no UTF-8": lambda c, g: (_post(_anywhere(c, g, b'"\xff\xfe\xed\xa0\x80"')), None),
    "UTF-16": lambda c, g: (_post(json.dumps(g).encode("utf-16")), None),
    "the wrong type": lambda c, g: (
        _post(
            _with(g, **{c.choice(sorted(g)): c.choice([None, [], {}, True, -1, 2**64, "x" * 3_000, [[]], {"": {}}])})
        ),
        None,
    ),
    "many keys": lambda c, g: (_post(_with(g, decisions={f"k{n}": True for n in range(700)})), None),
    "a key twice": lambda c, g: (_post(_text(g)[:-1] + b',"action":"accept_all"}'), None),
    "half of it": lambda c, g: (_post(_text(g)[: c.randint(0, 200)]), None),
    "no JSON": lambda c, g: (_post(c.randbytes(c.randint(0, 2_000))), None),
    "markup and SQL": lambda c, g: (
        _post(_with(g, **{c.choice(sorted(g)): "'; DROP TABLE consent_record; --<script>alert(1)</script>"})),
        None,
    ),
    "a gzip bomb": lambda c, g: (_post(gzip.compress(b" " * 5_000_000), "Content-Encoding: gzip"), None),
    "a brotli bomb": lambda c, g: (_post(brotli.compress(b" " * 5_000_000, quality=5), "Content-Encoding: br"), None),
    "bytes of a type": lambda c, g: (
        _post(_text(g), f"Content-Type: {c.choice(['text/html', 'x', '/', 'a/b;' * 400, 'multipart/form-data'])}"),
        None,
    ),
    "chunks of nonsense": lambda c, g: (
        _post(
            c.choice([b"zz\r\n{}\r\n", b"-5\r\n", b"ffffffffffffffff\r\n{}", b"5\r\n{}\r\n0\r\n\r\n"]),
            "Transfer-Encoding: chunked",
            length=-1,
        ),
        NEVER_SENT,
    ),
    "chunks and a length": lambda c, g: (_post(b"0\r\n\r\n", "Transfer-Encoding: chunked", length=5), NEVER_SENT),
    "large headers": lambda c, g: (_post(_text(g), f"X-A: {'a' * c.choice([9_000, 40_000, 200_000])}"), None),
    "many headers": lambda c, g: (_post(_text(g), *(f"X-{n}: a" for n in range(c.choice([80, 500, 3_000])))), None),
    "headers that lie": lambda c, g: (
        _post(
            _text(g),
            f"Origin: {c.choice(['null', 'https://[', 'a' * 3_000, chr(233), 'https://evil.example'])}",
            f"X-Forwarded-For: {c.choice(['::', '1' * 500, chr(255), '<script>'])}",
            f"User-Agent: {c.choice(['(' * 5_000, chr(0xE9) * 500, 'Mozilla/5.0 ' * 300])}",
            f"Sec-GPC: {c.choice(['1,' * 900, chr(255)])}",
        ),
        None,
    ),
    "an odd path": lambda c, g: (
        _post(
            _text(g),
            path=c.choice(
                ["/" + "a/" * 900, "/v1/sites/%00/consents", "/v1/sites/%ff%fe/consents", "//x//", "/%2e%2e/%2e%2e/x"]
            ),
        ),
        None,
    ),
    "an odd method": lambda c, g: (
        _post(_text(g)).replace(b"POST", c.choice([b"PUT", b"TRACE", b"CONNECT", b"post", b"X" * 300, b"PROPFIND"]), 1),
        None,
    ),
    "no HTTP": lambda c, g: (c.randbytes(c.randint(1, 3_000)), NEVER_SENT),
    "half a header": lambda c, g: (_post(_text(g))[: c.randint(5, 60)], NEVER_SENT),
    "an old or a future HTTP": lambda c, g: (
        _post(_text(g)).replace(b"HTTP/1.1", c.choice([b"HTTP/0.9", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9"]), 1),
        None,
    ),
    "many at once on one line": lambda c, g: (
        _post(b"{}").replace(b"Connection: close\r\n", b"") * c.randint(5, 60) + _post(b"{}"),
        None,
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentServer]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    with ConsentServer(folder, "run", "--demo") as started:
        yield started


def _send(port: int, sent: bytes, *, leaves: bool) -> list[int]:
    """Send something and return the statuses that it was answered with; who ``leaves`` waits for no answer."""
    answered = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with contextlib.suppress(OSError):  # refused before all of it was sent: the answer is there to be read
            connection.sendall(sent)
        if leaves:
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            answered += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answered)]


def _config(port: int) -> tuple[tuple[str, ...], int]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", f"/v1/sites/{SITE}/config")
        document = json.load(connection.getresponse())
    return tuple(each["id"] for each in document["purposes"] if not each["exempt"]), document["version"]


def _slowest_of_honest(port: int, purposes: tuple[str, ...], version: int) -> float:
    slowest = 0.0
    for _ in range(HONEST):
        began = time.monotonic()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            body = json.dumps(builders.consent(purposes, config_version=version))
            connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            assert connection.getresponse().status == 201
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def _memory(server: ConsentServer) -> int:
    first = psutil.Process(server.pid)
    return sum(each.memory_info().rss for each in (first, *first.children(recursive=True)))


def test_hostile_requests_break_nothing(server: ConsentServer, tell_figure: Callable[[str], None]) -> None:
    purposes, version = _config(server.port)
    usual = _slowest_of_honest(server.port, purposes, version)
    chance = random.Random(SEED)
    for kind in KINDS.values():  # each once: what is loaded or reserved at its first time is not what grows
        sent, how = kind(chance, builders.consent(purposes, config_version=version))
        _send(server.port, sent, leaves=how is NEVER_SENT)
    before = _memory(server)
    names = chance.choices(sorted(KINDS), k=COUNT)
    hostile = [(name, KINDS[name](chance, builders.consent(purposes, config_version=version))) for name in names]

    with ThreadPoolExecutor(AT_ONCE) as senders:
        answers = list(
            senders.map(lambda each: _send(server.port, each[1][0], leaves=each[1][1] is NEVER_SENT), hostile)
        )

    after = _slowest_of_honest(server.port, purposes, version)
    statuses = Counter(status for each in answers for status in each)
    broken = [(name, found) for name, found in zip(names, answers, strict=True) if set(found) - ALLOWED]
    grown = _memory(server) - before
    tell_figure(
        f"{COUNT} hostile requests (seed {SEED}): answers {dict(sorted(statuses.items()))}, "
        f"{sum(not each for each in answers)} without one; memory {before / 2**20:.0f} MB before, "
        f"{grown / 2**20:+.0f} MB; the slowest of {HONEST} visitors {usual * 1e3:.0f} ms, then {after * 1e3:.0f}"
    )
    assert broken == []
    assert "Traceback" not in server.output()
    assert grown < MOST_GROWN
    assert after < max(10 * usual, 2.0)
