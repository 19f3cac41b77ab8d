"""A server that is killed while visitors answer keeps every answer that it acknowledged, once (DESIGN 5).

The set checker of Jepsen: visitors remember what they posted and what was acknowledged; whatever they were told is kept
must be there afterwards, in the receipts, in the export, and in the proof log.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from tests.servers import ConsentServer, eventually

SITE = "ubiq"
KILLS = 6
VISITORS = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsentServer]:
    with ConsentServer(tmp_path, "run", "--demo", CONSENT_RATE_LIMIT="") as started:
        yield started


def _call(server: ConsentServer, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"{server.url}/v1/sites/{SITE}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


class Visitors:
    """Browsers that answer one notice after the other, and retry each answer until it is acknowledged."""

    def __init__(self, server: ConsentServer, purposes: tuple[str, ...], version: int) -> None:
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.posted: set[str] = set()
        self.retried: set[str] = set()
        self.surprises: list[str] = []
        self._server, self._purposes, self._version = server, purposes, version
        self._leaving = threading.Event()
        self._given_up = threading.Event()
        self._threads = [threading.Thread(target=self._answer, args=(number,)) for number in range(VISITORS)]

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

    def _answer(self, number: int) -> None:
        chance = random.Random(number)
        while not self._leaving.is_set():
            action = chance.choice(["accept_all", "refuse_all"])
            body = builders.consent(self._purposes, action=action, config_version=self._version)
            self.posted.add(body["record_id"])
            self._post_until_acknowledged(body)
            if chance.random() < 0.1:
                self._post_again(body)

    def _post_until_acknowledged(self, body: dict[str, Any]) -> None:
        while not self._given_up.is_set():
            try:
                status, receipt = _call(self._server, "consents", body)
            except (OSError, HTTPException, ValueError):  # killed, before or in the middle of its answer
                self.retried.add(body["record_id"])
                self._given_up.wait(0.02)
                continue
            if status in (200, 201):
                self.acknowledged[body["record_id"]] = receipt
                return
            if status not in (429, 503):
                self.surprises.append(f"{status} {receipt}")
                return

    def _post_again(self, body: dict[str, Any]) -> None:
        try:
            status, receipt = _call(self._server, "consents", body)
        except (OSError, HTTPException, ValueError):
            return
        if status not in (429, 503) and (status, receipt) != (200, self.acknowledged.get(body["record_id"])):
            self.surprises.append(f"a retry got {status} {receipt}")


def test_what_was_acknowledged_survives_kills(server: ConsentServer, tmp_path: Path) -> None:
    _, configuration = _call(server, "config")
    purposes = tuple(purpose["id"] for purpose in configuration["purposes"] if not purpose["exempt"])
    chance = random.Random(20261122)

    with Visitors(server, purposes, configuration["version"]) as visitors:
        for _ in range(KILLS):
            enough = len(visitors.acknowledged) + chance.randint(5, 80)
            eventually(lambda enough=enough: len(visitors.acknowledged) >= enough, "visitors are answered")
            server.kill()
            server.start()

    assert visitors.surprises == []
    assert visitors.retried, "no kill hit a post: the test tests nothing"
    _check_receipts(server, visitors)
    _check_evidence(server, visitors, tmp_path)


def _check_receipts(server: ConsentServer, visitors: Visitors) -> None:
    for record_id, receipt in visitors.acknowledged.items():
        status, kept = _call(server, f"receipts/{record_id}?consent_id={receipt['consent_id']}")
        assert status == 200, f"{record_id} was acknowledged and is not there"
        assert kept.items() >= {key: receipt[key] for key in ("decisions", "leaf_hash", "recorded_at")}.items()
    for record_id in visitors.acknowledged:
        eventually(lambda each=record_id: _integrated(server, each), f"{record_id} is in the log")


def _integrated(server: ConsentServer, record_id: str) -> bool:
    with urllib.request.urlopen(f"{server.url}/v1/sites/{SITE}/records/{record_id}/proof", timeout=10) as answer:
        return bool(answer.status == 200)


def _check_evidence(server: ConsentServer, visitors: Visitors, folder: Path) -> None:
    exported = folder / "evidence.jsonl"
    done = server.command("proofs", "export", SITE, "-o", str(exported), "--format", "jsonl")
    assert done.returncode == 0, done.stderr

    with urllib.request.urlopen(f"{server.url}/v1/sites/{SITE}/log/key", timeout=10) as answer:
        key = answer.read().decode().strip().splitlines()[0]
    verified = subprocess.run(
        [sys.executable, "-m", "consent_server.verify", exported, "--key", key],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr

    recorded = _record_ids(exported)
    assert len(recorded) == len(set(recorded)), "a retried post was recorded twice"
    assert set(recorded) >= visitors.acknowledged.keys()
    assert set(recorded) <= visitors.posted


def _record_ids(lines: Path) -> list[str]:
    with lines.open() as stream:
        records = [json.loads(line).get("record") for line in stream]
    return [json.loads(record)["record_id"] for record in records if isinstance(record, str)]
