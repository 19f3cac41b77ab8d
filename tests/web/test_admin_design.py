"""The designer's logo and the site's own purposes, as forms: bounded, told in words, and taken back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from consent_server.domain.account import Role
from consent_server.services import clock, editing
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.web.admin.catalogue.words import DEEDS
from tests import admins, pictures
from tests.builders import site_file
from tests.services.test_redrawing import HOSTILE

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

BANNER = "/admin/sites/example/banner"
ALT = {"alt_fr": "Exemple", "alt_en": "Example"}
WORDS = {
    "title_fr": "Lettre d’information",
    "title_en": "Newsletter",
    "description_fr": "Pour vous écrire.",
    "description_en": "To write to you.",
}
SERVICES = [
    {"library": "google-analytics"},
    {"id": "letters", "name": "Letters", "purpose": "letters", "url_patterns": ["letters.example/*"]},
    {
        "id": "mixed",
        "name": "Mixed",
        "purpose": "audience",
        "trackers": [{"name": "mail_seen", "purpose": "letters", "declared_lifetime": "P1M"}],
    },
]
OWN = {"id": "letters", "title": "Letters", "description": "To write to you."}


@pytest.fixture(autouse=True)
def _site(app: Flask) -> None:
    _keep(app)


@pytest.fixture
def editor(app: Flask, client: FlaskClient) -> FlaskClient:
    return admins.sign_in(app, client, Role.EDITOR)


def _keep(app: Flask, **changes: Any) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(**changes), clock.now())


def _draft(app: Flask) -> Any:
    with app.app_context():
        return sites.find_site(db.session(), "example").draft


def _send(client: FlaskClient, address: str, **fields: Any) -> TestResponse:
    token = admins.csrf_of(client.get(f"{BANNER}/logo").text)
    boundary, body = encode_multipart({"csrf_token": token, **fields})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(f"{BANNER}/{address}", data=body, content_type=kind, follow_redirects=True)


def _file(data: bytes, name: str = "logo.png") -> FileStorage:
    return FileStorage(io.BytesIO(data), name)


def test_a_logo_is_kept_worded_anew_replaced_removed_and_brought_back(app: Flask, editor: FlaskClient) -> None:
    assert "Kept in the draft" in _send(editor, "logo", image=_file(pictures.encoded()), **ALT).text
    first = _draft(app)["banner"]["logo"]
    assert first["alt"] == {"fr": "Exemple", "en": "Example"}
    assert "data:image/webp;base64," in editor.get(f"{BANNER}/logo").text
    _send(editor, "logo", **{**ALT, "alt_en": "The Example"})
    assert _draft(app)["banner"]["logo"] == {**first, "alt": {"fr": "Exemple", "en": "The Example"}}
    red = pictures.encoded(pictures.logo(colour="#aa0000"), "JPEG")
    _send(editor, "logo", image=_file(red, "x.svg"), **ALT)
    assert _draft(app)["banner"]["logo"]["digest"] != first["digest"]
    assert "was removed" in _send(editor, "logo/remove").text
    assert "logo" not in _draft(app)["banner"]

    page = editor.get(f"{BANNER}/logo").text
    change = page.partition('name="change" value="')[2].partition('"')[0]
    back = {"csrf_token": admins.csrf_of(page), "change": change, "back": f"{BANNER}/logo"}
    answer = editor.post("/admin/sites/example/catalogue/undo", data=back)
    assert answer.location == f"{BANNER}/logo"
    assert _draft(app)["banner"]["logo"]["alt"] == {"fr": "Exemple", "en": "Example"}


def test_undo_goes_back_to_pages_of_ours_alone(app: Flask, editor: FlaskClient) -> None:
    _send(editor, "logo", image=_file(pictures.encoded()), **ALT)
    page = editor.get(f"{BANNER}/logo").text
    change = page.partition('name="change" value="')[2].partition('"')[0]
    form = {"csrf_token": admins.csrf_of(page), "change": change, "back": "//elsewhere.example/"}
    answer = editor.post("/admin/sites/example/catalogue/undo", data=form)
    assert answer.location.startswith("/admin/sites/example/catalogue")


@pytest.mark.parametrize("attempt", [name for name in HOSTILE if name != "nothing"])
def test_hostile_uploads_are_refused_in_words_and_change_nothing(app: Flask, editor: FlaskClient, attempt: str) -> None:
    before = _draft(app)
    answer = _send(editor, "logo", image=_file(HOSTILE[attempt][0]), **ALT)
    assert answer.status_code == 422
    assert HOSTILE[attempt][1] in answer.text
    assert "alert(1)" not in answer.text
    assert _draft(app) == before


def test_twenty_megabytes_are_too_large(app: Flask, editor: FlaskClient) -> None:
    answer = _send(editor, "logo", image=_file(bytes(20_000_000)), **ALT)
    assert answer.status_code == 413
    assert "too large" in answer.text
    assert "logo" not in _draft(app)["banner"]


def test_what_a_logo_says_is_asked_for_unless_the_title_says_it(app: Flask, client: FlaskClient) -> None:
    french = admins.sign_in(app, client, Role.EDITOR, language="fr")
    answer = _send(french, "logo", image=_file(pictures.encoded()), alt_fr="Exemple", alt_en=" ")
    assert answer.status_code == 422
    assert 'href="#alt_en"' in answer.text
    answer = _send(french, "logo", image=_file(pictures.encoded()), decorates="y")
    assert "le titre ne nomme pas le site" in answer.text
    assert _send(french, "logo", **ALT).status_code == 422, "there is no picture yet"
    _keep(app, banner={"texts": {each: {"title": "Example: cookies"} for each in ("fr", "en")}})
    assert _send(french, "logo", image=_file(pictures.encoded()), decorates="y").status_code == 200
    assert _draft(app)["banner"]["logo"]["alt"] == {}


def test_the_logo_of_a_draft_is_for_its_preview_alone(app: Flask, editor: FlaskClient) -> None:
    _send(editor, "logo", image=_file(pictures.encoded()), **ALT)
    digest = _draft(app)["banner"]["logo"]["digest"].removeprefix("sha256:")
    fields = {"controller": "Example SAS", "layout": "box", "position": "bottom", "radius": "4"}
    preview = _send(editor, "preview", **fields)
    folder = preview.text.partition('data-consent-server="')[2].partition('"')[0]
    path = folder.partition("//")[2].partition("/")[2]
    assert f"img-src {folder};" in preview.headers["Content-Security-Policy"]
    stranger = app.test_client()
    answer = stranger.get(f"/{path}logo.{digest}.webp?lang=fr")
    assert answer.mimetype == "image/webp"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert stranger.get(f"/{path}logo.{'0' * 64}.webp").status_code == 404
    assert stranger.get(f"/{path[:-6]}x/logo.{digest}.webp").status_code == 404


def test_a_purpose_of_the_sites_own_is_added_behind_the_others_with_an_id_of_its_title(
    app: Flask, editor: FlaskClient
) -> None:
    assert "is in the draft" in _send(editor, "purposes", **WORDS).text
    _send(editor, "purposes", **WORDS)
    _send(editor, "purposes", **WORDS, id="jobs", details_fr="En long.", details_en="At length.")
    ids = [each["id"] for each in _draft(app)["purposes"]]
    assert ids[-3:] == ["lettre_d_information", "lettre_d_information_2", "jobs"]
    assert ids[:-3] == ["necessary", "preferences", "audience", "marketing", "social"]
    added = _draft(app)["purposes"][-1]
    assert added == {
        "id": "jobs",
        "title": {"fr": "Lettre d’information", "en": "Newsletter"},
        "description": {"fr": "Pour vous écrire.", "en": "To write to you."},
        "details": {"fr": "En long.", "en": "At length."},
    }
    assert "purpose_jobs_fr_title" in editor.get(f"{BANNER}/").text, "it is worded in the designer from now on"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title_en": ""}, "This field is required."),
        ({"id": "Jobs & co"}, "cannot name a purpose"),
        ({"id": "audience"}, "This site has a purpose of this id already."),
        ({"id": "necessary"}, "This site has a purpose of this id already."),
    ],
)
def test_a_purpose_without_words_or_with_a_wrong_id_is_refused(
    app: Flask, editor: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    before = _draft(app)
    answer = _send(editor, "purposes", **{**WORDS, **changes})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert _draft(app) == before


def test_a_purpose_is_removed_only_when_nothing_serves_it_and_what_does_is_named(
    app: Flask, editor: FlaskClient
) -> None:
    _keep(app, purposes=[OWN], services=SERVICES)
    refused = _send(editor, "purposes/letters/remove")
    assert "This purpose is still served by: Letters, mail_seen (Mixed)." in refused.text
    assert _draft(app)["purposes"] == [OWN]
    _keep(app, purposes=[OWN], services=SERVICES[:1])
    assert "was removed" in _send(editor, "purposes/letters/remove").text
    assert _draft(app)["purposes"] == []


@pytest.mark.parametrize("purpose", ["necessary", "audience"])
def test_what_comes_with_the_product_stays(app: Flask, editor: FlaskClient, purpose: str) -> None:
    assert "comes with the product: visitors see it only while" in _send(editor, f"purposes/{purpose}/remove").text
    assert "no such purpose" in _send(editor, "purposes/other/remove").text


@pytest.mark.parametrize("deed", ["banner.designed", "purpose.added", "purpose.removed"])
def test_the_history_says_what_was_done(app: Flask, editor: FlaskClient, deed: str) -> None:
    _send(editor, "logo", image=_file(pictures.encoded()), **ALT)
    _send(editor, "purposes", **WORDS, id="jobs")
    _send(editor, "purposes/jobs/remove")
    with app.test_request_context():
        assert str(DEEDS[deed]) in editor.get("/admin/sites/example/catalogue/history").text
