"""A server that could not record a choice now says so, and why, and nothing else is trouble."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.app import create_app
from consent_server.services import clock
from consent_server.storage.database import db
from tests.builders import Settings
from tests.databases import close


def why(client: FlaskClient) -> str:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    return str(answer.json["detail"])


def set_version(app: Flask, version: str) -> None:
    with app.app_context():
        db.session.execute(db.text("UPDATE alembic_version SET version_num = :it"), {"it": version})
        db.session.commit()


def test_an_older_schema_is_named_and_a_newer_one_serves_the_software_before_it(
    app: Flask, client: FlaskClient
) -> None:
    assert client.get("/readyz").status_code == 200

    set_version(app, "0001")
    assert "consent-server init" in why(client)

    set_version(app, "9999")
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("seconds", "word"), [(-120, "behind"), (120, "ahead of")])
def test_a_clock_far_from_the_one_that_all_share_is_trouble(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, seconds: int, word: str
) -> None:
    wrong = clock.now() + timedelta(seconds=seconds)
    monkeypatch.setattr("consent_server.services.readiness.clock.now", lambda: wrong)

    assert word in why(client)


def test_whoever_has_no_keys_says_which(settings: Settings) -> None:
    app = create_app(replace(settings, secret_key="", log_key=""))
    try:
        assert "SECRET_KEY and LOG_KEY" in why(app.test_client())
    finally:
        close(app)


def test_whoever_stops_says_so(app: Flask, client: FlaskClient) -> None:
    app.extensions["readiness"].stopping = lambda: True

    assert "stopping" in why(client)
    assert client.get("/healthz").status_code == 200
