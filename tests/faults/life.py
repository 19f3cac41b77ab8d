"""One life of a server, from its start until it is killed: every deed that writes, in an order that a seed decides.

It runs in a process of its own and tells what it does in a journal: a line before each deed, a line after each thing
that somebody was told. Lines are written at once and whole, so that a journal says the truth up to the kill.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from consent_server.app import create_app
from consent_server.config import Settings
from consent_server.services import clock, erasing, purging
from consent_server.services.anchoring import Anchoring
from consent_server.services.sequencing import integrate
from consent_server.services.time_stamping import Token
from consent_server.storage import proof_log, sites
from tests import builders
from tests.domain.anchor_log import answer
from tests.proof_logs import Installation

SITE, OLD_SITE = "example", "old"
LONG_AGO = datetime(2017, 1, 1, tzinfo=UTC)
VISITORS = 3


class Journal:
    """Lines of a word and a value, appended by whoever lives, read by whoever comes after."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(self, word: str, value: Any = None) -> None:
        os.write(self._file, json.dumps([word, value]).encode() + b"\n")


def read_journal(path: Path) -> list[tuple[str, Any]]:
    """Return what every life told, in order; a line that was cut off was told to nobody."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [(word, value) for word, value in map(json.loads, lines)]


class Authority:
    """Stamps at once, with everything but a signature."""

    url = "https://tsa.example"

    def stamp(self, message: bytes) -> Token:
        now = clock.now()
        return Token(answer(message, now), now)


def live(settings: Settings, old_site_id: int, journal_path: Path, seed: int, waiting: list[dict[str, Any]]) -> None:
    """Do deeds until killed; ``waiting`` are the answers that visitors gave and that nobody acknowledged yet."""
    purging.SLICE = 7  # many transactions where there would be one
    _Life(create_app(settings), old_site_id, Journal(journal_path), seed).begin(waiting)


class _Life:
    def __init__(self, app: Flask, old_site_id: int, journal: Journal, seed: int) -> None:
        self._app = app
        self._journal = journal
        self._chance = random.Random(seed)
        self._sessions = app.extensions["sessions"]
        self._settings: Settings = app.extensions["settings"]
        anchoring: Anchoring = app.extensions["anchoring"]
        self._anchoring = dataclasses.replace(anchoring, authority=Authority())
        self._old = Installation(self._settings.database_url, self._settings.instance)
        self._old.site_id = old_site_id
        self._mine: list[dict[str, Any]] = []
        with self._sessions() as session:
            self._site = sites.find_site(session, SITE)
            self._old_site = sites.find_site(session, OLD_SITE)

    def begin(self, waiting: list[dict[str, Any]]) -> None:
        self._journal.tell("alive")
        with ThreadPoolExecutor(VISITORS) as visitors:
            self._visitors = visitors
            self._post(waiting)
            deeds = [self._record, self._record, self._sequence, self._anchor, self._purge, self._scrub, self._erase]
            while True:
                self._do(self._chance.choice(deeds))

    def _do(self, deed: Callable[[], None]) -> None:
        self._journal.tell("begins", deed.__name__.removeprefix("_"))
        deed()

    def _record(self) -> None:
        actions = [self._chance.choice(["accept_all", "refuse_all"]) for _ in range(self._chance.randint(1, 12))]
        self._post([builders.consent(("audience", "marketing"), action=action) for action in actions])

    def _post(self, bodies: list[dict[str, Any]]) -> None:
        list(self._visitors.map(self._post_one, bodies))

    def _post_one(self, body: dict[str, Any]) -> None:
        self._journal.tell("posts", body)
        receipt = self._app.test_client().post(f"/v1/sites/{SITE}/consents", json=body)
        if receipt.status_code in (200, 201):
            self._journal.tell("kept", receipt.json)
            self._mine.append(body)
        elif receipt.status_code != 503:  # too slow just now: asked again in the next life
            self._journal.tell("refused", receipt.json)

    def _sequence(self) -> None:
        for site_id in (self._site.id, self._old_site.id):
            integrate(self._sessions, site_id, self._keyring, self._settings.high_water_mark, clock.now())
        with self._sessions() as session:
            seen = proof_log.latest_checkpoint(session, self._site.id)
        if seen is not None:
            self._journal.tell("shows", seen.note)

    def _anchor(self) -> None:
        self._anchoring.anchor(clock.now())

    def _purge(self) -> None:
        """Add some records whose time is up, and purge what is in the log of them."""
        self._old.put(self._chance.randint(5, 30), site_key=OLD_SITE, recorded_at=LONG_AGO)
        integrate(self._sessions, self._old_site.id, self._keyring, self._settings.high_water_mark, clock.now())
        for purged in purging.purge_site(self._sessions, self._old_site, clock.now()):
            self._journal.tell("purged", purged.records)

    def _scrub(self) -> None:
        if self._mine:
            body = self._mine.pop(self._chance.randrange(len(self._mine)))
            self._journal.tell("scrubs", body["record_id"])
            with self._sessions() as session:
                erasing.scrub_visitor(session, SITE, body["consent_id"])
            self._journal.tell("scrubbed", body["record_id"])

    def _erase(self) -> None:
        if self._mine:
            body = self._mine.pop(self._chance.randrange(len(self._mine)))
            self._journal.tell("erases", body["record_id"])
            with self._sessions() as session:
                erasing.erase_records(session, SITE, [body["record_id"]], "a test of kills")
            self._journal.tell("erased", body["record_id"])

    @property
    def _keyring(self) -> Any:
        return self._app.extensions["keyring"]
