"""Whoever talks to a server while it suffers: visitors who answer, an auditor who watches the log, and what both know.

The set checker of Jepsen: visitors remember what they posted and what was acknowledged; whatever they were told is kept
must be there afterwards, once, with the same receipt, in the export and in the proof log. It knows nothing of how the
server is made to suffer.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint
from consent_server.domain.proof_log.merkle import verify_consistency
from consent_server.domain.proof_log.proof import parse_hashes
from consent_server.domain.proof_log.signed_note import Verifier
from tests import builders
from tests.servers import ConsentServer, eventually

AWAY = (OSError, HTTPException, ValueError)
"""What a client gets from a server that is killed, before or in the middle of its answer."""

PATIENCE_S = 15
LATER_S = 0.6
"""How long who is told to come again waits: a visitor who comes oftener than once a second for a minute is refused."""
MOST_PROMISES = 10_000
"""How many the verifier is given: a command line has an end."""


def call(url: str, body: dict[str, Any] | None = None, patience: float = PATIENCE_S) -> tuple[int, str]:
    """Post a body, or get an address; return the status and the text."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "*/*"},
    )
    try:
        with urllib.request.urlopen(request, timeout=patience) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


class Visitors:
    """Browsers that answer one notice after the other, and retry each answer until it is acknowledged."""

    def __init__(
        self, site_url: str, purposes: tuple[str, ...], version: int = 1, *, count: int = 4, pause: float = 0
    ) -> None:
        self.site_url = site_url
        self.posted: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.retried: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self.surprises: list[str] = []
        self._purposes, self._version, self._pause = purposes, version, pause
        self._leaving, self._given_up = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._answer, args=(number,)) for number in range(count)]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._leaving.set()
        if error[0]:
            self._given_up.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int = 1, seconds: float = 60) -> float:
        """Wait until so many more answers were acknowledged; return the seconds that it took."""
        wanted, start = len(self.acknowledged) + more, time.monotonic()
        eventually(lambda: len(self.acknowledged) >= wanted, "visitors are answered", seconds)
        return time.monotonic() - start

    def post_again(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Post what was posted before, as whoever lost the answer does."""
        status, text = call(f"{self.site_url}/consents", body)
        return status, json.loads(text)

    def post_until_answered(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Post again, and again while the server says that it is too slow just now."""
        for _ in range(100):
            status, receipt = self.post_again(body)
            if status != 503:
                break
            time.sleep(0.2)
        return status, receipt

    def _answer(self, number: int) -> None:
        chance = random.Random(number)
        while not self._leaving.is_set():
            action = chance.choice(["accept_all", "refuse_all"])
            body = builders.consent(self._purposes, action=action, config_version=self._version)
            self.posted[body["record_id"]] = body
            self._post_until_acknowledged(body)
            if chance.random() < 0.1:
                self._expect_the_same_receipt(body)
            self._leaving.wait(self._pause)

    def _post_until_acknowledged(self, body: dict[str, Any]) -> None:
        while not self._given_up.is_set():
            start = time.monotonic()
            try:
                status, receipt = self.post_again(body)
            except AWAY:
                self.retried.add(body["record_id"])
                self._given_up.wait(0.02)
                continue
            finally:
                self.slowest = max(self.slowest, time.monotonic() - start)
            self.statuses[status] += 1
            if status in (200, 201):
                self.acknowledged[body["record_id"]] = receipt
                return
            if status not in (429, 503):
                self.surprises.append(f"{status} {receipt}")
                return
            self._given_up.wait(LATER_S)

    def _expect_the_same_receipt(self, body: dict[str, Any]) -> None:
        try:
            status, receipt = self.post_again(body)
        except AWAY:
            return
        if status not in (429, 503) and (status, receipt) != (200, self.acknowledged.get(body["record_id"])):
            self.surprises.append(f"a retry got {status} {receipt}")


class Auditor:
    """Somebody who asks for the newest checkpoint over and over, and for the proof that it begins with the last one."""

    def __init__(self, log_url: str) -> None:
        self.seen: list[Checkpoint] = []
        self.surprises: list[str] = []
        self._log_url = log_url
        self._key = Verifier.parse(call(f"{log_url}/key")[1].splitlines()[0])
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Auditor:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._leaving.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Ask once; who is away now is asked again later."""
        try:
            self._compare()
        except (Invalid, AssertionError) as wrong:
            self.surprises.append(f"after {self.seen[-1:]}: {wrong}")
        except AWAY:
            return

    def _watch(self) -> None:
        while not self._leaving.wait(0.1):
            self.look()

    def _compare(self) -> None:
        status, note = call(f"{self._log_url}/checkpoint")
        if status in (404, 503):  # none yet; not now
            return
        assert status == 200, f"{status} {note}"
        new = open_checkpoint(note, [self._key], self._key.name)
        last = self.seen[-1] if self.seen else None
        if last is not None and new != last:
            assert new.size > last.size, f"the log shrank to {new}"
            status, proof = call(f"{self._log_url}/proof/consistency/{last.size}/{new.size}")
            if status == 503:
                return
            assert status == 200, f"{status} {proof}"
            verify_consistency(last.size, new.size, last.root, new.root, parse_hashes(proof))
        if new != last:
            self.seen.append(new)


def check(server: ConsentServer, visitors: Visitors, auditor: Auditor, folder: Path) -> str:
    """Check that what was acknowledged is there, once, the same, and in a log that holds; tell it in figures."""
    assert visitors.surprises == [], visitors.surprises
    assert auditor.surprises == [], auditor.surprises
    _check_replays(visitors)
    site_key = visitors.site_url.rpartition("/")[2]
    eventually(lambda: _all_integrated(visitors), "everything acknowledged is in the log")
    auditor.look()
    assert auditor.surprises == [], auditor.surprises
    exported = folder / "evidence.jsonl"
    done = server.command("proofs", "export", site_key, "-o", str(exported), "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    _verify(exported, visitors, folder)

    recorded = Counter(_record_ids(exported))
    assert [each for each, times in recorded.items() if times > 1] == [], "a retried post was recorded twice"
    assert visitors.acknowledged.keys() - recorded.keys() == set(), "something acknowledged is lost"
    assert recorded.keys() - visitors.posted.keys() == set(), "something is there that nobody posted"
    return (
        f"{len(visitors.posted)} posted, {len(visitors.acknowledged)} acknowledged, {len(visitors.retried)} cut off "
        f"and posted again, {len(recorded)} in the log, {len(auditor.seen)} checkpoints seen, the last of "
        f"{auditor.seen[-1].size} entries"
    )


def _check_replays(visitors: Visitors) -> None:
    with ThreadPoolExecutor(4) as posters:
        ids = list(visitors.acknowledged)
        replays = posters.map(visitors.post_until_answered, [visitors.posted[each] for each in ids])
        for record_id, replay in zip(ids, replays, strict=True):
            assert replay == (200, visitors.acknowledged[record_id]), f"{record_id} was acknowledged otherwise"


def _all_integrated(visitors: Visitors) -> bool:
    """Whether the log has what was recorded last: entries are numbered in the order of records."""
    newest = list(itertools.islice(reversed(visitors.acknowledged), 8))
    return all(call(f"{visitors.site_url}/records/{each}/proof")[0] == 200 for each in newest)


def _verify(exported: Path, visitors: Visitors, folder: Path) -> None:
    """Run the verifier with every promise that a visitor was given."""
    keys = [line for line in call(f"{visitors.site_url}/log/key")[1].splitlines()[:2] for line in ("--key", line)]
    promises: list[str] = []
    for number, receipt in enumerate(itertools.islice(visitors.acknowledged.values(), MOST_PROMISES)):
        note = folder / f"{number}.note"
        note.write_text(receipt["promise"])
        promises += ["--promise", str(note)]
    done = subprocess.run(
        [sys.executable, "-m", "consent_server.verify", exported, *keys, *promises],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]


def _record_ids(lines: Path) -> Iterator[str]:
    with lines.open() as stream:
        for line in stream:
            record = json.loads(line).get("record")
            if isinstance(record, str):
                yield json.loads(record)["record_id"]
