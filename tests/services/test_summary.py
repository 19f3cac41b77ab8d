"""The PDF summary: what a judge reads in it, that it can be kept and read aloud, and that its texts are no programs."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.services import clock, editing, exporting, publishing
from consent_server.services.exporting import Filters
from consent_server.storage.database import db
from tests.builders import consent, site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PURPOSES = ("audience", "marketing")
MARKUP = "*Example* #panic(1) $x$ \\ @nowhere <label> `raw`"

Summary = Callable[..., pypdf.PdfReader]


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    _publish(app)


def _publish(app: Flask, **changes: Any) -> None:
    services = [{"library": name} for name in ("google-analytics", "google-ads", "php-session")]
    with app.app_context():
        editing.import_site(db.session(), site_file(services=services, name=MARKUP, **changes), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


@pytest.fixture
def summary(app: Flask) -> Summary:
    def read(**filters: Any) -> pypdf.PdfReader:
        return pypdf.PdfReader(io.BytesIO(_pdf(app, Filters(**filters))))

    return read


def _pdf(app: Flask, filters: Filters) -> bytes:
    extensions = app.extensions
    sessions, keyring, mark = extensions["sessions"], extensions["keyring"], extensions["settings"].high_water_mark
    with app.app_context():
        made = exporting.export_stream(sessions, "example", "pdf", keyring, mark, clock.now(), filters=filters)
        return b"".join(made)


def _answer(client: FlaskClient, **changes: Any) -> dict[str, Any]:
    body = consent(PURPOSES, **changes)
    answer = client.post("/v1/sites/example/consents", json=body, headers={"Origin": "https://www.example.fr"})
    assert answer.status_code == 201, answer.text
    return body


def _text(document: pypdf.PdfReader) -> str:
    read = " ".join(page.extract_text() for page in document.pages)
    return " ".join(read.replace("\u200b", "").replace("\u00a0", " ").replace("\u202f", " ").split())


def test_it_says_what_was_answered_shown_and_how_to_verify(client: FlaskClient, summary: Summary) -> None:
    for _ in range(3):
        _answer(client)
    _answer(client, action="accept_all")
    _answer(client, action="custom", decisions={"audience": True, "marketing": False})
    text = _text(summary())
    assert "5 réponses enregistrées" in text
    assert "Tout refusé 3" in text
    assert "Tout accepté 1" in text
    assert "Mesure de fréquentation 2 3" in text
    assert "Configuration 1, publiée le" in text
    assert "Tout accepter" in text
    assert "_ga" in text
    assert "Aucune capture d’écran" in text
    assert "python -m consent_server.verify" in text
    assert "il ne prouve rien à lui seul" in text


def test_it_speaks_the_language_of_the_site(app: Flask, client: FlaskClient, summary: Summary) -> None:
    _publish(app, default_language="en")
    _answer(client, config_version=1)
    document = summary()
    assert "1 answer recorded" in _text(document)
    assert document.trailer["/Root"]["/Lang"] == "en"


def test_texts_are_set_as_they_are_and_never_run(summary: Summary) -> None:
    assert MARKUP in _text(summary())


def test_it_can_be_kept_and_read_aloud(summary: Summary) -> None:
    root = summary().trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in root
    metadata = root["/Metadata"].get_object().get_data()
    assert b"<pdfaid:part>2</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in metadata


def test_a_visitors_summary_lists_each_of_their_answers_and_only_what_they_were_shown(
    app: Flask, client: FlaskClient, summary: Summary
) -> None:
    _answer(client)
    _publish(app, banner={"controller": "Another SAS"})
    body = _answer(client, config_version=2)
    later = _answer(client, consent_id=body["consent_id"], action="accept_all", config_version=2)
    assert later["consent_id"] == body["consent_id"]
    text = _text(summary(consent_id=body["consent_id"]))
    assert "2 réponses enregistrées" in text
    assert body["consent_id"] in text
    assert "Configuration 2, publiée" in text
    assert "Configuration 1, publiée" not in text


def test_nothing_answered_is_said_and_is_no_error(summary: Summary) -> None:
    assert "Aucune réponse n’est enregistrée" in _text(summary())
    with pytest.raises(Exception, match="No configuration of this site"):
        summary(purpose="nothing")


def test_many_answers_are_counted_and_not_listed(
    client: FlaskClient, summary: Summary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent_server.domain.summary.MOST_LISTED", 3)
    for _ in range(4):
        _answer(client)
    text = _text(summary())
    assert "Plus de 3 réponses" in text
    assert "4 réponses enregistrées" in text
    assert "Chaque réponse" not in text


def test_the_same_state_gives_the_same_bytes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now() + timedelta(seconds=2)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert _pdf(app, Filters()) == _pdf(app, Filters())
