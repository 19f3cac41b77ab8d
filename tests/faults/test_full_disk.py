"""A full disk: no promise is given that could not be kept, nothing that was acknowledged is lost, and it passes.

SQLite is told how many pages it may have: what it answers then is what it answers when the disk has no more.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from consent_server import verify
from consent_server.services import clock, editing, exporting, publishing
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from tests.builders import consent, site_file
from tests.servers import eventually

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

ORIGIN = "consent.example/v1/sites/example/log"
MOST_POSTS = 3_000


class Disk:
    """How large every connection lets the database become."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.pages = 0
        sa.event.listen(sa.Engine, "begin", self._limit)

    def _limit(self, connection: Any) -> None:
        connection.connection.execute(f"PRAGMA max_page_count = {self.pages or 2**30}")

    def fill(self) -> None:
        """Leave the database the pages it has."""
        with self._app.app_context():
            self.pages = db.session.scalar(sa.text("PRAGMA page_count"))
            db.session.rollback()

    def clear(self) -> None:
        """Make room again."""
        self.pages = 0

    def remove(self) -> None:
        """Forget about limits."""
        sa.event.remove(sa.Engine, "begin", self._limit)


@pytest.fixture
def disk(app: Flask) -> Iterator[Disk]:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())
    made = Disk(app)
    yield made
    made.remove()


def _post(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.post("/v1/sites/example/consents", json=consent(("audience", "marketing")))
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code, answer.json or {}


def _integrate(app: Flask) -> None:
    extensions = app.extensions
    with app.app_context():
        site = sites.find_site(db.session(), "example")
        mark = extensions["settings"].high_water_mark
        integrate(extensions["sessions"], site.id, extensions["keyring"], mark, clock.now())


def test_a_full_disk_gives_no_promise_and_loses_nothing(
    app: Flask, client: FlaskClient, disk: Disk, tmp_path: Path
) -> None:
    kept = [_post(client)[1] for _ in range(5)]
    disk.fill()
    for _ in range(MOST_POSTS):
        status, answer = _post(client)
        if status != 201:
            break
        kept.append(answer)
    assert status == 503
    assert "promise" not in answer
    assert client.get("/v1/sites/example/config").status_code == 200, "who reads is served"
    with contextlib.suppress(sa.exc.OperationalError):  # there may be room for this one, or not
        _integrate(app)

    disk.clear()
    eventually(lambda: _post(client)[0] == 201, "a choice is kept again", 10)
    _integrate(app)
    out, extensions = io.BytesIO(), app.extensions
    with app.app_context():
        mark, keyring = extensions["settings"].high_water_mark, extensions["keyring"]
        exporting.export(extensions["sessions"], "example", "zip", out, keyring, mark, clock.now())
    (tmp_path / "evidence.zip").write_bytes(out.getvalue())
    notes = [tmp_path / f"{number}.note" for number in range(len(kept))]
    for note, receipt in zip(notes, kept, strict=True):
        note.write_text(receipt["promise"])
    keys = [keyring.log_signer(ORIGIN).vkey, keyring.promise_signer(ORIGIN).vkey]
    given = [word for vkey in keys for word in ("--key", vkey)]
    promises = [word for note in notes for word in ("--promise", str(note))]
    assert verify.main([str(tmp_path / "evidence.zip"), *given, *promises]) == verify.HOLDS
