"""The cookie declaration says, without a script, what the configuration says."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.notice import duration_in_words
from consent_server.services import clock, editing, publishing
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from tests.builders import site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PAGE = "/v1/sites/example/policy"
HOSTILE = "<script>alert(1)</script>"


def plain(text: str) -> str:
    """French writes some spaces that may not break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    own = {"id": "own", "name": "Own", "purpose": None, "trackers": [{"name": HOSTILE, "description": HOSTILE}]}
    services = [{"library": name} for name in ("google-analytics", "google-ads", "php-session", "mailjet")]
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[*services, own]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())


def test_every_tracker_stands_under_its_purpose_with_its_lifetime(client: FlaskClient) -> None:
    document = client.get(f"{PAGE}.json?lang=fr").json
    by_purpose = {
        purpose["id"]: {tracker["name"]: tracker for service in purpose["services"] for tracker in service["trackers"]}
        for purpose in document["purposes"]
    }
    assert plain(by_purpose["audience"]["_ga"]["lifetime"]) == "2 ans (éditeur), limité ici à 13 mois"
    assert by_purpose["necessary"]["PHPSESSID"]["exempt_because"]
    assert by_purpose["necessary"]["PHPSESSID"]["lifetime"] == "session"
    assert HOSTILE in by_purpose[None]
    assert document["digest"] == client.get("/v1/sites/example/config").json["digest"]


def test_a_lifetime_that_nobody_can_enforce_is_not_shown_as_limited(client: FlaskClient) -> None:
    trackers = [
        tracker
        for purpose in client.get(f"{PAGE}.json?lang=en").json["purposes"]
        for service in purpose["services"]
        for tracker in service["trackers"]
        if tracker["domain"]
    ]
    assert trackers
    assert not [tracker for tracker in trackers if "limited" in tracker["lifetime"]]


def test_services_without_trackers_are_named_too(client: FlaskClient) -> None:
    assert "Mailjet" in client.get(f"{PAGE}?lang=en").text


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [("?lang=en", "fr", "en"), ("", "en-GB,en;q=0.9", "en"), ("", "de", "fr"), ("", "", "fr")],
)
def test_the_page_speaks_the_visitors_language(client: FlaskClient, query: str, header: str, language: str) -> None:
    response = client.get(PAGE + query, headers={"Accept-Language": header})
    assert f'<html lang="{language}"' in response.text
    assert response.mimetype == "text/html"


@pytest.mark.parametrize("lang", ["de", "FR", "../..", ""])
def test_a_language_that_is_not_the_sites_is_refused(client: FlaskClient, lang: str) -> None:
    assert client.get(PAGE, query_string={"lang": lang}).status_code == 422


def test_what_an_editor_wrote_is_text(client: FlaskClient) -> None:
    response = client.get(PAGE)
    assert HOSTILE not in response.text
    assert "&lt;script&gt;" in response.text
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        ("P1Y", "1 an"),
        ("P13M", "13 mois"),
        ("PT24H", "24 heures"),
        ("P1DT30M", "1 jour 30 minutes"),
        ("session", "session"),
    ],
)
def test_durations_are_told_in_words(engine: str, duration: str, words: str) -> None:
    assert plain(duration_in_words(duration, load_languages()["fr"].banner)) == words


def test_the_declaration_of_an_older_configuration_is_still_told(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "php-session"}]), clock.now())
        publishing.publish(db.session(), "example", "https://consent.example", clock.now())

    def names(query: str) -> set[str]:
        purposes = client.get(f"{PAGE}.json?lang=en{query}").json["purposes"]
        return {service["id"] for purpose in purposes for service in purpose["services"]}

    assert names("") == names("&version=2") == {"php-session"}
    assert "google-analytics" in names("&version=1")
    assert client.get(f"{PAGE}.json?lang=en&version=3").status_code == 404


def test_the_page_says_of_each_tracker_whose_it_is_and_whether_it_waits_for_consent(client: FlaskClient) -> None:
    rows = re.findall(r'<tr role="row">\s*(<td.*?)</tr>', client.get(f"{PAGE}?lang=en").text, re.S)
    told = {plain(html.unescape(re.sub(r"<[^>]+>", "|", row))).split("|")[1]: html.unescape(row) for row in rows}

    assert "Google Analytics – Google" in told["_ga"]
    assert "Privacy policy of Google" in told["_ga"]
    assert "2 years (vendor), limited to 13 months here" in plain(told["_ga"])
    assert "Only with your consent" in told["_ga"]
    assert "Exempt from consent: " in told["PHPSESSID"]
    assert "Not classified yet: blocked" in told[HOSTILE]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ("Changez d’avis à tout moment avec « Gérer mes cookies »", "Configuration 1, publiée le 20")),
        ("en", ("Change your mind at any time with “Manage cookies”", "Configuration 1, published on 20")),
    ],
)
def test_page_and_data_tell_how_to_withdraw_and_of_which_day_they_are(
    client: FlaskClient, lang: str, words: tuple[str, str]
) -> None:
    text = plain(client.get(f"{PAGE}?lang={lang}").text)
    told = client.get(f"{PAGE}.json?lang={lang}").json

    assert [each for each in words if each not in text] == []
    assert plain(told["withdraw"]).startswith(words[0])
    assert told["updated"].startswith(words[1])
    assert "Example SAS" in told["intro"]


def test_what_is_exempt_says_so_on_a_page_of_the_site_too(client: FlaskClient) -> None:
    purposes = client.get(f"{PAGE}.json?lang=en").json["purposes"]
    told = {t["name"]: t["exempt_because"] for p in purposes for s in p["services"] for t in s["trackers"]}

    assert told["PHPSESSID"].startswith("Exempt from consent: ")
    assert told["_ga"] == ""


def test_partners_are_named_once_with_their_services(client: FlaskClient) -> None:
    partners = {one["name"]: one["services"] for one in client.get(f"{PAGE}.json?lang=en").json["partners"]}
    assert set(partners["Google"]) >= {"Google Analytics", "Google Ads"}
    assert "The PHP Group" not in partners
