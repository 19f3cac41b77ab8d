"""The public list of versions: append-only, with digests, times, log entries and pictures, in the reader's language."""

from __future__ import annotations

from hashlib import sha256

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.picture import Picture
from consent_server.services import clock, editing, publishing
from consent_server.services.photographing import Sitting
from consent_server.services.sequencing import integrate
from consent_server.storage import sites
from consent_server.storage.database import db
from tests.builders import site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PNG = b"\x89PNG\r\n\x1a\nlayer one"
DIGEST = sha256(PNG).hexdigest()
LIST = "/v1/sites/example/versions"


def _publish(app: Flask, *pictures: Picture, **changes: object) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(**changes), clock.now())
        publishing.publish(
            db.session(),
            "example",
            "https://consent.example",
            clock.now(),
            (lambda *_: Sitting(pictures)) if pictures else None,
        )


def _sequence(app: Flask) -> None:
    extensions = app.extensions
    with app.app_context():
        site = sites.find_site(db.session(), "example")
        mark = extensions["settings"].high_water_mark
        integrate(extensions["sessions"], site.id, extensions["keyring"], mark, clock.now())


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    _publish(app)
    _publish(app, Picture("fr", 1, "phone", PNG), name="Example 2", banner={"controller": "Other SAS"})


def test_every_version_is_there_with_its_digests_and_its_entry(app: Flask, client: FlaskClient) -> None:
    found = client.get(f"{LIST}.json").json
    assert [each["version"] for each in found["versions"]] == [2, 1]
    assert [each["index"] for each in found["versions"]] == [None, None]
    _sequence(app)
    found = client.get(f"{LIST}.json").json
    assert [each["index"] for each in found["versions"]] == [2, 1]
    assert found["origin"] == "consent.example/v1/sites/example/log"
    for each in found["versions"]:
        configuration = client.get(f"/v1/sites/example/config?version={each['version']}").json
        assert each["digest"] == configuration["digest"]
        assert each["runtime_digest"] == configuration["runtime_digest"]
        assert each["published_at"] == configuration["published_at"]
    size = client.get("/v1/sites/example/log/checkpoint").text.splitlines()[1]
    assert client.get(f"/v1/sites/example/log/proof/inclusion/2/{size}").status_code == 200


@pytest.mark.parametrize(("language", "title"), [("fr", "Versions publiées"), ("en", "Published versions")])
def test_the_page_speaks_the_readers_language(app: Flask, client: FlaskClient, language: str, title: str) -> None:
    _sequence(app)
    answer = client.get(LIST, headers={"Accept-Language": language})
    assert f"<h1>{title}</h1>" in answer.text
    assert f'lang="{language}"' in answer.text
    assert answer.text == client.get(f"{LIST}?lang={language}").text
    assert answer.text.index("version-2") < answer.text.index("version-1")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_pictures_are_shown_in_their_language_and_served_for_ever(client: FlaskClient) -> None:
    assert f'<img src="screenshots/{DIGEST}.png" alt="écran 1, téléphone"' in client.get(f"{LIST}?lang=fr").text
    assert "<img" not in client.get(f"{LIST}?lang=en").text
    answer = client.get(f"/v1/sites/example/screenshots/{DIGEST}.png")
    assert answer.data == PNG
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.mimetype == "image/png"


def test_what_was_not_published_is_not_there(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(site_key="new"), clock.now())
    assert client.get("/v1/sites/new/versions").status_code == 404
    assert client.get("/v1/sites/new/versions.json").status_code == 404
    assert client.get("/v1/sites/nowhere/versions").status_code == 404
    assert client.get(f"/v1/sites/new/screenshots/{DIGEST}.png").status_code == 404
    assert client.get("/v1/sites/example/screenshots/none.png").status_code == 404
    assert client.get(f"{LIST}?lang=xx").status_code == 422


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", [LIST, f"{LIST}.json", f"/v1/sites/example/screenshots/{DIGEST}.png"])
def test_nothing_of_it_can_be_changed(client: FlaskClient, method: str, address: str) -> None:
    assert client.open(address, method=method).status_code == 405
