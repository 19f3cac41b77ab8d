"""A logo over the API and over the public address: what comes in is drawn anew, what goes out never changes."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from consent_server.domain.account import Role
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from tests import pictures
from tests.builders import site_file
from tests.services.test_redrawing import HOSTILE
from tests.web.test_api import bearer

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SITE = "/api/v1/sites/example"
ALT = {"fr": "Exemple", "en": "Example"}


@pytest.fixture(autouse=True)
def _site(app: Flask) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}]), clock.now())


@pytest.fixture
def editor(app: Flask) -> dict[str, str]:
    return bearer(app, Role.EDITOR)


def _body(data: bytes = b"", alt: Any = None) -> dict[str, Any]:
    image = base64.b64encode(data or pictures.encoded()).decode()
    return {"image": image, "alt": ALT if alt is None else alt}


def _publish(app: Flask) -> int:
    with app.app_context():
        url = app.extensions["settings"].public_url
        return publishing.publish(db.session(), "example", url, clock.now()).configuration.version


def _address(digest: str) -> str:
    return f"/v1/sites/example/logo.{digest.removeprefix('sha256:')}.webp"


def test_a_published_logo_is_served_for_ever_and_a_draft_one_to_nobody(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    first = client.put(f"{SITE}/logo", json=_body(), headers=editor).get_json()["logo"]
    assert (first["width"], first["height"], first["alt"]) == (192, 48, ALT)
    assert client.get(_address(first["digest"])).status_code == 404
    _publish(app)
    config = client.get("/v1/sites/example/config").get_json()
    assert config["banner"]["logo"] == first

    answer = client.get(_address(first["digest"]))
    assert answer.mimetype == "image/webp"
    assert Image.open(io.BytesIO(answer.data)).size == (384, 96)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    again = client.get(_address(first["digest"]), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304

    red = pictures.encoded(pictures.logo(colour="#aa0000"))
    second = client.put(f"{SITE}/logo", json=_body(red), headers=editor).get_json()["logo"]
    assert second["digest"] != first["digest"]
    assert client.get("/v1/sites/example/config").get_json()["digest"] == config["digest"]
    _publish(app)
    assert client.delete(f"{SITE}/logo", headers=editor).get_json() == {"logo": None}
    _publish(app)
    assert "logo" not in client.get("/v1/sites/example/config").get_json()["banner"]
    for digest in (first["digest"], second["digest"]):
        assert client.get(_address(digest)).status_code == 200, "pages pinned to an older configuration still show it"
    assert client.get(_address(first["digest"])).data == answer.data


def test_only_a_logo_of_that_site_is_found_and_no_other_kind_of_file(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    digest = client.put(f"{SITE}/logo", json=_body(), headers=editor).get_json()["logo"]["digest"]
    _publish(app)
    with app.app_context():
        other = site_file(site_key="other", banner={"controller": "Other"})
        editing.import_site(db.session(), other, clock.now())
        url = app.extensions["settings"].public_url
        publishing.publish(db.session(), "other", url, clock.now())
    found = _address(digest)
    assert client.get(found.replace("example", "other")).status_code == 404
    for address in (found.replace(".webp", ".svg"), found.replace(".webp", ".png"), found[:-10] + ".webp"):
        assert client.get(address).status_code == 404
    assert client.get("/v1/sites/example/logo.%00.webp").status_code == 404


@pytest.mark.parametrize("attempt", HOSTILE)
def test_hostile_uploads_are_refused_with_a_sentence(client: FlaskClient, editor: dict[str, str], attempt: str) -> None:
    data, sentence = HOSTILE[attempt]
    answer = client.put(f"{SITE}/logo", json=_body(data or b" "), headers=editor)
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["image"][0].startswith(sentence)
    assert client.get(f"{SITE}/logo", headers=editor).get_json() == {"logo": None}


def test_twenty_megabytes_are_not_even_read(client: FlaskClient, editor: dict[str, str]) -> None:
    answer = client.put(f"{SITE}/logo", json={"image": "A" * 20_000_000, "alt": ALT}, headers=editor)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"image": "not base64!"}, "image"),
        ({"image": None}, "image"),
        ({"alt": {}}, "banner.logo.alt.fr"),
        ({"alt": {"fr": "Exemple"}}, "banner.logo.alt.en"),
        ({"alt": {"fr": "", "en": "Example"}}, "alt.fr.value"),
        ({"url": "https://example.org/logo.png"}, "url"),
    ],
)
def test_every_mistake_has_its_place(
    client: FlaskClient, editor: dict[str, str], given: dict[str, Any], place: str
) -> None:
    answer = client.put(f"{SITE}/logo", json={**_body(), **given}, headers=editor)
    assert answer.status_code == 422
    assert place in answer.get_json()["errors"]


def test_who_only_reads_changes_nothing_and_who_saw_another_draft_neither(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    seen = client.get(f"{SITE}/logo", headers=editor).headers["ETag"]
    viewer = bearer(app, Role.VIEWER)
    assert client.get(f"{SITE}/logo", headers=viewer).status_code == 200
    assert client.put(f"{SITE}/logo", json=_body(), headers=viewer).status_code == 403
    assert client.delete(f"{SITE}/logo", headers=viewer).status_code == 403
    assert client.put(f"{SITE}/logo", json=_body(), headers={**editor, "If-Match": seen}).status_code == 200
    assert client.delete(f"{SITE}/logo", headers={**editor, "If-Match": seen}).status_code == 412


def test_a_site_file_cannot_name_a_picture_that_was_never_drawn_here(
    client: FlaskClient, editor: dict[str, str]
) -> None:
    kept = client.put(f"{SITE}/logo", json=_body(), headers=editor).get_json()["logo"]
    draft = client.get(f"{SITE}/catalogue", headers=editor).get_json()
    for wrong in ({"digest": "sha256:" + "ab" * 32}, {"width": 10}, {"height": 10}):
        file = {**draft, "banner": {**draft["banner"], "logo": {**kept, **wrong}}}
        answer = client.put(f"{SITE}/catalogue", json=file, headers=editor)
        assert answer.status_code == 422
        assert list(answer.get_json()["errors"]) == ["banner.logo"]
    assert client.put(f"{SITE}/catalogue", json=draft, headers=editor).status_code == 200


def test_the_policy_to_paste_allows_images_of_ours_only_where_there_is_a_logo(
    app: Flask, client: FlaskClient, editor: dict[str, str]
) -> None:
    _publish(app)
    assert "img-src" not in client.get(SITE, headers=editor).get_json()["tags"]["policy"]
    client.put(f"{SITE}/logo", json=_body(), headers=editor)
    _publish(app)
    url = app.extensions["settings"].public_url
    assert client.get(SITE, headers=editor).get_json()["tags"]["policy"].endswith(f"; img-src {url}")
