"""The visitor's own page: every answer of theirs, receipts, how to change and to erase; the id in no address."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.domain.picture import Picture
from consent_server.services import clock, editing, publishing
from consent_server.services.photographing import Sitting
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.visitor.choices import SCRIPT
from consent_server.web.visitor.page_style import source_of
from tests.builders import consent, site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SITE = "/v1/sites/example"
MINE = f"{SITE}/choices"
PURPOSES = ("audience", "marketing")
VISITOR = "5d0f6a1c-9b27-4e83-a6d4-71c0e92b3f58"
PNG = b"\x89PNG\r\n\x1a\nlayer one"


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    services = [{"library": name} for name in ("google-analytics", "google-ads", "youtube", "php-session")]
    document = site_file(services=services, proof_ttl="P3Y")
    with app.app_context():
        editing.import_site(db.session(), document, clock.now())
        publishing.publish(
            db.session(),
            "example",
            "https://consent.example",
            clock.now(),
            lambda *_: Sitting((Picture("fr", 1, "phone", PNG),)),
        )


def _answer(client: FlaskClient, visitor: str = VISITOR, **changes: Any) -> str:
    """Answer, and return the record's id."""
    asked = client.get(f"{SITE}/config").json["purposes"]
    body = consent(tuple(each["id"] for each in asked if not each["exempt"]), consent_id=visitor, **changes)
    answer = client.post(f"{SITE}/consents", json=body)
    assert answer.status_code == 201, answer.text
    return str(body["record_id"])


def _open(client: FlaskClient, visitor: str = VISITOR, lang: str = "fr", deed: str = "", **more: str) -> TestResponse:
    return client.post(f"{MINE}{deed}?lang={lang}", data={"consent_id": visitor, **more})


def _addresses(page: TestResponse) -> Iterator[str]:
    yield from re.findall(r'(?:href|src|action)="([^"]*)"', page.text)


def test_every_answer_is_there_in_plain_words_and_the_newest_is_first(client: FlaskClient) -> None:
    refused = _answer(client, page_url="https://www.example.fr/first")
    accepted = _answer(client, action="accept_all", layer=2, services={"youtube": True}, not_removed=["<b>PHPSESSID"])
    _answer(client, str(uuid.uuid4()), action="accept_all")
    page = _open(client)
    assert page.status_code == 200
    assert page.text.index(accepted) < page.text.index(refused)
    first, second = page.text.split('<section class="record"')[1:]
    for words in ("Tout accepté", "la plus récente", "Mesure de fréquentation", "Accepté", "YouTube", "réglages"):
        assert words in first
    assert "&lt;b&gt;PHPSESSID" in first
    assert "<dd>Refusé</dd>" not in first
    for words in ("Tout refusé", "https://www.example.fr/first", "premier écran", "<dd>Refusé</dd>"):
        assert words in second
    assert "<dd>Accepté</dd>" not in second


def test_what_was_shown_is_linked_with_its_pictures(client: FlaskClient) -> None:
    _answer(client)
    page = _open(client)
    digest = sha256(PNG).hexdigest()
    assert 'href="versions?lang=fr#version-1"' in page.text
    assert f'src="screenshots/{digest}.png" alt="écran 1, téléphone"' in page.text
    assert client.get(f"{SITE}/screenshots/{digest}.png").data == PNG


@pytest.mark.parametrize(("lang", "title"), [("fr", "Mes choix"), ("en", "My choices")])
def test_the_page_speaks_the_languages_of_the_site(client: FlaskClient, lang: str, title: str) -> None:
    _answer(client)
    for page in (client.get(f"{MINE}?lang={lang}"), _open(client, lang=lang)):
        assert f"<h1>{title}</h1>" in page.text
        assert f'<html lang="{lang}" dir="ltr">' in page.text
    assert client.get(f"{MINE}?lang=xx").status_code == 422


def test_the_id_is_in_no_address_and_nothing_keeps_the_page(client: FlaskClient) -> None:
    record = _answer(client)
    pages = [
        client.get(MINE),
        _open(client),
        _open(client, deed="/receipt", record_id=record),
        _open(client, deed="/erase"),
        _open(client, deed="/erase", sure="yes"),
        _open(client),
    ]
    for page in pages:
        assert not [address for address in _addresses(page) if VISITOR in address]
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in page.headers


def test_one_script_runs_and_only_where_the_fragment_is_read(client: FlaskClient) -> None:
    _answer(client)
    door = client.get(MINE)
    assert f"script-src {source_of(SCRIPT)}" in door.headers["Content-Security-Policy"]
    assert f"<script>{SCRIPT}</script>" in door.text
    for page in (_open(client), _open(client, str(uuid.uuid4())), _open(client, "nobody")):
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "form-action 'self'; frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "<script" not in page.text


@pytest.mark.parametrize("typed", ["nobody", "", VISITOR[:-1], f"{VISITOR}0", "<script>", VISITOR.replace("-", "")])
def test_what_is_no_id_is_told_so_in_words(client: FlaskClient, typed: str) -> None:
    _answer(client)
    page = _open(client, typed)
    assert page.status_code == 422
    assert "Ceci n’est pas un identifiant" in page.text
    assert "<script>" not in page.text
    assert client.post(MINE, data={}).status_code == 422


def test_an_id_is_read_as_people_type_it(client: FlaskClient) -> None:
    _answer(client)
    assert _open(client, f" {VISITOR.upper()} ").status_code == 200


def test_an_id_that_nothing_is_kept_under_is_told_so(client: FlaskClient) -> None:
    _answer(client)
    page = _open(client, str(uuid.uuid4()))
    assert page.status_code == 404
    assert "Rien n’est enregistré ici sous cet identifiant" in page.text
    assert client.get("/v1/sites/nowhere/choices").status_code == 404


def test_receipts_are_those_of_the_api_one_by_one_and_all_in_one_file(client: FlaskClient) -> None:
    ids = [_answer(client), _answer(client, action="accept_all"), _answer(client, action="withdraw")]
    expected = [client.get(f"{SITE}/receipts/{each}?consent_id={VISITOR}").json for each in ids]
    everything = client.post(f"{MINE}/receipts", data={"consent_id": VISITOR})
    assert everything.json == expected
    assert everything.headers["Content-Disposition"] == 'attachment; filename="receipts-example.json"'
    one = _open(client, deed="/receipt", record_id=ids[1], format="json")
    assert one.json == expected[1]
    assert one.headers["Content-Disposition"] == f'attachment; filename="receipt-{ids[1]}.json"'
    page = _open(client, deed="/receipt", record_id=ids[1])
    assert ids[1] in page.text
    assert "Reçu de votre choix" in page.text


def test_receipts_are_nobody_elses(client: FlaskClient) -> None:
    record, other = _answer(client), str(uuid.uuid4())
    assert _open(client, other, deed="/receipt", record_id=record).status_code == 404
    assert _open(client, deed="/receipt", record_id=str(uuid.uuid4())).status_code == 404
    assert _open(client, deed="/receipt", record_id="x").status_code == 404
    assert client.post(f"{MINE}/receipts", data={"consent_id": other}).status_code == 404
    assert client.post(f"{MINE}/receipts", data={"consent_id": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("page_url", "address"),
    [
        ("https://www.example.fr/page?q=1#top", "https://www.example.fr/page#eu-consent"),
        ("https://elsewhere.example/", "https://www.example.fr/#eu-consent"),
    ],
)
def test_settings_are_opened_on_the_sites_own_page_alone(client: FlaskClient, page_url: str, address: str) -> None:
    _answer(client, page_url=page_url)
    assert f'<a href="{address}" rel="noreferrer">' in _open(client).text


def test_erasing_takes_a_tick_and_says_before_and_after_what_goes_and_what_stays(
    app: Flask, client: FlaskClient
) -> None:
    record = _answer(client)
    _answer(client, action="accept_all")
    words = load_languages()["fr"].choices
    says = [
        text.replace("{duration}", "3\u00a0ans") for key, text in words.items() if key.startswith(("goes_", "stays_"))
    ]
    assert len(says) == 8
    receipt = client.get(f"{SITE}/receipts/{record}?consent_id={VISITOR}", headers={"Accept": "text/html"})
    unsure = _open(client, deed="/erase")
    assert unsure.status_code == 422
    assert words["unsure"] in unsure.text
    assert len(client.get(f"{SITE}/consents/{VISITOR}").json) == 2
    before = _open(client)
    erased = _open(client, deed="/erase", sure="yes")
    assert erased.status_code == 200
    assert "2 enregistrements" in erased.text
    for page in (receipt, unsure, before, erased):
        assert [text for text in says if text not in page.text] == []
    assert client.get(f"{SITE}/consents/{VISITOR}").status_code == 404
    assert _open(client).status_code == 404
    assert _open(client, deed="/erase", sure="yes").status_code == 404
    assert _open(client, "x", deed="/erase", sure="yes").status_code == 422


def test_the_receipt_leads_to_all_choices(client: FlaskClient) -> None:
    record = _answer(client)
    page = client.get(f"{SITE}/receipts/{record}?consent_id={VISITOR}&lang=en", headers={"Accept": "text/html"})
    assert '<form method="post" action="../choices?lang=en">' in page.text
    assert f'<input type="hidden" name="consent_id" value="{VISITOR}">' in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]


def test_what_erasing_says_is_all_that_a_record_has(client: FlaskClient) -> None:
    """When a record gets another field, the page has to say whether it goes or stays."""
    record = _answer(client, not_removed=["PHPSESSID"])
    full = client.get(f"{SITE}/receipts/{record}?consent_id={VISITOR}").json
    goes = {"consent_id", "page_url", "client_time", "ua_family", "ua_major", "form_factor"}
    answer = {"action", "decisions", "services", "recorded_at", "expires_at"}
    question = {"site_key", "config_version", "config_digest", "runtime_digest", "language", "layer"}
    around = {"signals", "not_removed", "record_id", "schema", "software", "personal"}
    assert json.loads(full["personal"]).keys() - goes == set()
    assert json.loads(full["record"]).keys() - answer - question - around == set()
