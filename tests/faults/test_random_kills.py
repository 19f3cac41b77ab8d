"""Killed at any moment of any deed, over and over: nothing that was acknowledged is lost, nothing deleted comes back.

On SQLite one process lives at a time, on PostgreSQL two at once, each killed when nobody expects it. Then the logs are
checked as an auditor does, with every promise and every checkpoint that anybody was shown.

    CONSENT_TEST_KILLS=200 CONSENT_TEST_SEED=1 pytest tests/faults/test_random_kills.py
"""

from __future__ import annotations

import json
import multiprocessing
import random
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from consent_server import verify
from consent_server.services import clock, editing, exporting, publishing, rechecking
from consent_server.services.sequencing import integrate
from consent_server.storage import proof_log, sites
from consent_server.storage.database import db
from consent_server.storage.proof_log import ANCHOR_LOG
from tests import builders
from tests.faults.life import OLD_SITE, SITE, live, read_journal
from tests.faults.scale import SEED, how_many
from tests.proof_logs import Installation
from tests.servers import eventually

KILLS = how_many("CONSENT_TEST_KILLS", short=12, long=200)
ORIGINS = {SITE: "consent.example/v1/sites/example/log", OLD_SITE: "consent.example/v1/sites/old/log"}
LONGEST_LIFE = 5
"""In deeds, so that slow machines kill no sooner than quick ones."""
LAST_DEED_S = 0.1

LIVES = multiprocessing.get_context("forkserver")
LIVES.set_forkserver_preload(["tests.faults.life"])


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> builders.Settings:
    mark = tmp_path / "mark" / "high-water-mark.json"
    return builders.settings(tmp_path, database_url=database_url, high_water_mark=mark)


@pytest.fixture
def old_site_id(app: Flask, settings: builders.Settings, tmp_path: Path) -> int:
    """Publish the site that visitors answer, and another one whose records are all from long ago."""
    with app.app_context():
        editing.import_site(db.session(), builders.site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), SITE, "https://consent.example", clock.now())
    made = Installation(settings.database_url, tmp_path)
    made.create(OLD_SITE, ORIGINS[OLD_SITE])
    made.engine.dispose()
    return made.site_id


class Server:
    """A server that is started again whenever it was killed."""

    def __init__(self, settings: builders.Settings, old_site_id: int, journal: Path) -> None:
        self._settings, self._old_site_id, self.journal = settings, old_site_id, journal
        self._process: Any = None

    def start(self, seed: int) -> None:
        """Start, and wait until it is at work; visitors who were not answered by its last life ask again."""
        told = read_journal(self.journal)
        kept = {value["record_id"] for word, value in told if word == "kept"}
        waiting = {value["record_id"]: value for word, value in told if word == "posts"}
        again = [body for record_id, body in waiting.items() if record_id not in kept]
        arguments = self._settings, self._old_site_id, self.journal, seed, again
        self._process = LIVES.Process(target=live, args=arguments, daemon=True)
        self._process.start()
        self.wait_for(1)

    def wait_for(self, deeds: int) -> None:
        """Wait until it has begun so many more."""
        wanted = self._begun() + deeds
        eventually(lambda: self.lives() and self._begun() >= wanted, "a server is at work", 300)

    def _begun(self) -> int:
        return self.journal.read_bytes().count(b'["begins"') if self.journal.exists() else 0

    def lives(self) -> bool:
        assert self._process.is_alive(), f"a server stopped by itself: {self._process.exitcode}"
        return True

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
def test_nothing_that_was_acknowledged_is_lost(
    app: Flask,
    settings: builders.Settings,
    old_site_id: int,
    tmp_path: Path,
    engine: str,
    tell_figure: Callable[[str], None],
) -> None:
    chance = random.Random(SEED)
    names = ["one"] if engine == "sqlite" else ["one", "other"]
    servers = [Server(settings, old_site_id, tmp_path / f"{name}.journal") for name in names]
    try:
        for server in servers:
            server.start(chance.randrange(2**32))
        for _ in range(KILLS):
            server = chance.choice(servers)
            server.wait_for(chance.randrange(LONGEST_LIFE))
            time.sleep(chance.uniform(0, LAST_DEED_S))  # a moment that nothing announces: that is the test
            assert server.lives()
            server.kill()
            server.start(chance.randrange(2**32))
    finally:
        for server in servers:
            server.kill()

    told = _Told(server.journal for server in servers)
    assert told.refused == []
    found = _check(app, settings, told, tmp_path)
    assert told.hit, "no kill hit a deed: the test tests nothing"
    tell_figure(f"{engine}: {KILLS} kills (seed {SEED}) in {dict(told.hit)}; {found}")


class _Told:
    """What every journal says together."""

    def __init__(self, journals: Any) -> None:
        self.hit: Counter[str] = Counter()
        self.posted: set[str] = set()
        self.promises: dict[str, str] = {}
        self.refused: list[Any] = []
        self.shown: dict[str, None] = {}
        self.words: dict[str, set[str]] = {"scrubs": set(), "scrubbed": set(), "erases": set(), "erased": set()}
        self.purged = 0
        for path in journals:
            self._read(read_journal(path))

    def _read(self, lines: list[tuple[str, Any]]) -> None:
        doing = ""
        for word, value in lines:
            if word == "alive" and doing:
                self.hit[doing] += 1
            doing = value if word == "begins" else doing
            if word == "posts":
                self.posted.add(value["record_id"])
            elif word == "kept":
                self.promises[value["record_id"]] = value["promise"]
            elif word == "refused":
                self.refused.append(value)
            elif word == "shows":
                self.shown[value] = None
            elif word == "purged":
                self.purged += value
            elif word in self.words:
                self.words[word].add(value)


def _check(app: Flask, settings: builders.Settings, told: _Told, folder: Path) -> str:
    """Sequence and anchor what is left, then check everything as its owner and as an auditor would."""
    extensions = app.extensions
    sessions, keyring, mark = extensions["sessions"], extensions["keyring"], settings.high_water_mark
    with sessions() as session:
        ids = {key: sites.find_site(session, key).id for key in ORIGINS}
    for site_id in ids.values():
        integrate(sessions, site_id, keyring, mark, clock.now())
    extensions["anchoring"].anchor(clock.now())
    for site_id in (*ids.values(), ANCHOR_LOG):
        assert list(rechecking.recheck(sessions, site_id, mark, lambda *_: None)) == []

    bundles = {key: _export(app, key, folder) for key in ids}
    assert _verify(app, bundles[OLD_SITE], OLD_SITE, folder, [], []) == verify.HOLDS
    assert _verify(app, bundles[SITE], SITE, folder, list(told.promises.values()), list(told.shown)) == verify.HOLDS
    with sessions() as session:
        assert proof_log.count_pending(session, 1_000) == 0
    return _check_records(bundles[SITE], told)


def _export(app: Flask, site_key: str, folder: Path) -> Path:
    extensions, path = app.extensions, folder / f"{site_key}.zip"
    mark = extensions["settings"].high_water_mark
    with app.app_context(), path.open("wb") as out:
        exporting.export(extensions["sessions"], site_key, "zip", out, extensions["keyring"], mark, clock.now())
    return path


def _verify(app: Flask, path: Path, site_key: str, folder: Path, promises: list[str], known: list[str]) -> int:
    """Run the verifier with every promise that a visitor got and every checkpoint that was shown."""
    keyring, origin = app.extensions["keyring"], ORIGINS[site_key]
    options = ["--key", keyring.log_signer(origin).vkey, "--key", keyring.promise_signer(origin).vkey]
    for option, notes in (("--promise", promises), ("--known", known)):
        for number, note in enumerate(notes):
            kept = folder / f"{option[2:]}-{number}.note"
            kept.write_text(note)
            options += [option, str(kept)]
    return verify.main([str(path), *options])


def _check_records(path: Path, told: _Told) -> str:
    with zipfile.ZipFile(path) as bundle:
        lines = [json.loads(line) for line in bundle.open("records/records.jsonl")]
        size = json.loads(bundle.read("MANIFEST.json"))["size"]
    personal = {json.loads(line["record"])["record_id"]: line["personal"] for line in lines}
    assert len(personal) == len(lines), "a retried post was recorded twice"
    assert personal.keys() <= told.posted
    assert told.promises.keys() - told.words["erases"] <= personal.keys(), "something acknowledged is lost"
    assert not told.words["erased"] & personal.keys(), "something erased is back"
    assert not [each for each in told.words["scrubbed"] & personal.keys() if personal[each] is not None]
    return (
        f"{len(told.posted)} answers posted, {len(told.promises)} acknowledged, {len(lines)} records found, "
        f"{len(told.words['erased'])} erased, {len(told.words['scrubbed'])} scrubbed, {told.purged} purged, "
        f"{len(told.shown)} checkpoints shown, log verified at {size} entries"
    )
