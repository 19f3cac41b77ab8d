"""What recording remembers spares the database, is bounded, and is never older than half a second."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consent_server.domain.errors import ConfigurationNotFound, SiteNotFound
from consent_server.services import clock, editing, publishing, remembering
from consent_server.services.remembering import Memory, Recent
from consent_server.storage import proof_log, sites
from consent_server.storage.database import db
from consent_server.storage.tables import SiteRow
from tests.builders import site_file

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Sessions:
    """Makes sessions, and counts them."""

    def __init__(self, make: Callable[[], Session]) -> None:
        self._make = make
        self.made = 0

    def __call__(self) -> Session:
        self.made += 1
        return self._make()


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
    return Sessions(app.extensions["sessions"])


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock of one hand, which the test moves."""
    now = [1000.0]
    monkeypatch.setattr(remembering.time, "monotonic", lambda: now[0])
    return now


@ON_SQLITE
def test_a_site_and_a_configuration_are_asked_for_once(sessions: Sessions) -> None:
    memory = Memory(sessions)
    for _ in range(3):
        site = memory.site("example")
        assert memory.asked(site, 1).asked_purposes == ("audience", "marketing")
    assert sessions.made == 2


@ON_SQLITE
def test_what_changes_is_noticed_within_half_a_second(app: Flask, sessions: Sessions, time: list[float]) -> None:
    memory = Memory(sessions)
    before = memory.site("example")
    assert (before.origins, before.frozen_reason) == ({"https://www.example.fr"}, None)
    with app.app_context():
        editing.import_site(db.session(), site_file(origins=["https://example.org"]), clock.now())
        proof_log.freeze(db.session(), before.id, "a test froze it")
        db.session.commit()
    time[0] += remembering.FRESH_SECONDS
    after = memory.site("example")
    assert (after.origins, after.frozen_reason) == ({"https://example.org"}, "a test froze it")


@ON_SQLITE
def test_a_site_that_is_archived_is_forgotten(app: Flask, sessions: Sessions, time: list[float]) -> None:
    memory = Memory(sessions)
    memory.site("example")
    with app.app_context():
        db.session.get_one(SiteRow, sites.find_site(db.session(), "example").id).archived_at = clock.now()
        db.session.commit()
    time[0] += remembering.FRESH_SECONDS
    for _ in range(2):
        with pytest.raises(SiteNotFound):
            memory.site("example")


@ON_SQLITE
def test_what_is_not_there_is_not_remembered(sessions: Sessions) -> None:
    memory = Memory(sessions)
    with pytest.raises(SiteNotFound):
        memory.site("nonesuch")
    with pytest.raises(ConfigurationNotFound):
        memory.asked(memory.site("example"), 2)


def test_only_so_much_is_remembered() -> None:
    recent: Recent[int, str] = Recent(2)
    recent.put(1, "one")
    recent.put(2, "two")
    assert recent.get(1) == "one"
    recent.put(3, "three")
    assert [recent.get(number) for number in (1, 2, 3)] == ["one", None, "three"]
