"""How much group commit is worth, and how far the sequencer is ahead of the writers. SQLite, in a folder of its own."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask

from consent_server.app import create_app
from consent_server.config import read_settings
from consent_server.domain.client import Client
from consent_server.services import clock, editing, publishing, recording
from consent_server.services.sequencing import integrate_all
from consent_server.storage.database import db
from consent_server.web.visitor.consents import read_answer

CLIENTS = 32
ANSWERS = 2_000
ROUNDS = 3

SITE = {"site_key": "bench", "name": "Bench", "origins": ["https://bench.example"], "services": [{"library": "matomo"}]}


def _answer(purposes: list[str]) -> dict[str, Any]:
    decisions = dict.fromkeys(purposes, False)
    ids = {"record_id": str(uuid.uuid4()), "consent_id": str(uuid.uuid4())}
    return {**ids, "action": "refuse_all", "decisions": decisions, "config_version": 1, "language": "fr", "layer": 1}


def _round(app: Flask, purposes: list[str], batch: int) -> tuple[float, float]:
    """Return answers a second and the 99th percentile of waiting, in seconds."""
    recording.LARGEST_BATCH = batch
    recorder = app.extensions["recorder"]
    waits: list[float] = []

    def answer(_: int) -> None:
        with app.app_context():
            began = time.perf_counter()
            recorder.record("bench", read_answer(_answer(purposes)), page_origin=None, client=Client())
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(answer, range(ANSWERS)))
    return ANSWERS / (time.perf_counter() - began), sorted(waits)[int(len(waits) * 0.99)]


def main() -> None:
    """Interleave the two ways, print each round and the medians' ratio."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        settings = replace(
            read_settings(),
            instance=Path(folder),
            database_url=database,
            log_key="01" * 32,
            high_water_mark=Path(folder) / "mark.json",
        )
        app = create_app(settings)
        with app.app_context():
            flask_migrate.upgrade()
            editing.import_site(db.session(), SITE, clock.now())
            publishing.publish(db.session(), "bench", "https://consent.example", clock.now())
        purposes = [p["id"] for p in json.loads(app.test_client().get("/v1/sites/bench/config").data)["purposes"][1:]]
        rates: dict[int, list[float]] = {1: [], 512: []}
        for number in range(ROUNDS):
            for batch in rates:
                rate, slow = _round(app, purposes, batch)
                rates[batch].append(rate)
                print(f"round {number + 1}, at most {batch:3} a commit: {rate:7.0f}/s, p99 {slow * 1000:6.1f} ms")
        began = time.perf_counter()
        entries = integrate_all(
            app.extensions["sessions"], app.extensions["keyring"], settings.high_water_mark, clock.now()
        )
        sequenced = entries / (time.perf_counter() - began)
        alone, together = (sorted(rates[batch])[ROUNDS // 2] for batch in (1, 512))
        print(f"group commit / one commit each: {together / alone:.1f} (goal 4)")
        print(f"sequencing / recording: {sequenced / together:.1f} ({sequenced:.0f} entries/s; goal 20)")
        app.extensions["recorder"].stop()


if __name__ == "__main__":
    main()
