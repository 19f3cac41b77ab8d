"""A site that is published, visitors who answer, and the log that takes their answers in."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from consent_server.services import clock, editing, publishing
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from tests.builders import consent, site_file

VISITOR = "0b6f3c52-7a0e-4c1d-8a53-2f6d1c9e4b7a"


def publish_site(app: Flask, **changes: Any) -> None:
    """Import a site file with one service, or what ``changes`` say, and publish it."""
    document = site_file(**{"services": [{"library": "google-analytics"}], **changes})
    with app.app_context():
        key = editing.import_site(db.session(), document, clock.now())
        publishing.publish(db.session(), key, app.extensions["settings"].public_url, clock.now())


def visitor_answers(client: FlaskClient, count: int = 1, **changes: object) -> str:
    """Answer the notice of the site ``example`` as so many visitors; return the last one's record id."""
    asked = client.get("/v1/sites/example/config").get_json()
    purposes = tuple(purpose["id"] for purpose in asked["purposes"] if not purpose["exempt"])
    given = {"config_version": asked["version"], **changes}
    made = [client.post("/v1/sites/example/consents", json=consent(purposes, **given)) for _ in range(count)]
    assert {each.status_code for each in made} == {201}, made[-1].text
    return str(made[-1].get_json()["record_id"])


def sequence(app: Flask) -> None:
    """Let the log of the site ``example`` have what stands in line."""
    with app.app_context():
        site = sites.find_site(db.session(), "example")
        db.session.rollback()
        mark = app.extensions["settings"].high_water_mark
        integrate(app.extensions["sessions"], site.id, app.extensions["keyring"], mark, clock.now())
