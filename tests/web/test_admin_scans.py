"""Scans in the admin: asked for, followed, read, compared."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role, command_line
from consent_server.domain.errors import Unavailable
from consent_server.domain.scan import Scan, scan_from_json
from consent_server.services import clock, editing
from consent_server.services.illustrating import Printer
from consent_server.services.keeping_policies import keep_policy
from consent_server.services.surveying import Surveyor
from consent_server.storage import sites
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file
from tests.scans import CLEAN, FAULTY, Visits, pictured

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

LIST = "/admin/sites/example/scans/"


@pytest.fixture
def editor(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
    return admins.sign_in(app, client, Role.EDITOR)


def _ask(client: FlaskClient, **given: object) -> str:
    """Ask for a scan; return its address."""
    form = {"csrf_token": admins.csrf_of(client.get(LIST).text), "address": "", "pages": "2", **given}
    answer = client.post(LIST, data=form)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def _survey(app: Flask, *scans: Scan | Exception, ended_early: str = "", printer: Printer | None = None) -> None:
    visits = Visits(*scans, ended_early=ended_early)
    Surveyor(app.extensions["sessions"], visit=visits, printer=printer).turn()


def test_a_scan_is_asked_for_followed_and_read(app: Flask, editor: FlaskClient) -> None:
    assert "There is no scan yet." in editor.get(LIST).text
    address = _ask(editor)
    page = editor.get(address)
    assert "It waits for its turn" in page.text
    assert page.headers["Refresh"] == "3"
    waiting = editor.get(LIST).text
    assert "A scan is under way" in waiting
    assert "Scan now" not in waiting

    _survey(app, FAULTY)
    page = editor.get(address)
    assert "Refresh" not in page.headers
    verdicts = page.text.partition('id="verdicts"')[2]
    assert verdicts.index("Fails") < verdicts.index("Holds"), "what fails comes first"
    for told in ("cookie _ga (Google Analytics)", "site.js", "Before any choice", "Loi n° 78-17", "Google Analytics"):
        assert told in verdicts
    assert "There is no scan before this one" in page.text
    listed = editor.get(LIST).text
    assert "1 fails" in listed
    assert "2 new before consent" in listed


def test_what_is_new_is_shown(app: Flask, editor: FlaskClient) -> None:
    _ask(editor)
    _survey(app, CLEAN)
    address = _ask(editor)
    _survey(app, FAULTY)
    page = editor.get(address).text.partition('id="different"')[2]
    row = page.partition("<code>_ga</code>")[2].partition("</tr>")[0]
    assert "New: 30 days" in row
    assert "site.js" in row
    assert "3 new, 0 gone, 0 changed" in editor.get(LIST).text


def test_a_scan_that_failed_or_ended_early_says_why(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, Unavailable("The site could not be visited: <b>."))
    page = editor.get(address).text
    assert "Failed" in page
    assert "&lt;b&gt;" in page
    address = _ask(editor)
    _survey(app, CLEAN, ended_early="the visit took longer than 300 seconds")
    assert "The visit ended early (the visit took longer than 300 seconds)." in editor.get(address).text
    assert "before its time" in editor.get(LIST).text


def test_without_a_browser_the_page_says_so(app: Flask, editor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    address = _ask(editor)
    Surveyor(app.extensions["sessions"]).turn()
    page = editor.get(address)
    assert page.status_code == 200
    assert "A browser is missing on the server" in page.text


def test_it_is_cancelled(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    form = {"csrf_token": admins.csrf_of(editor.get(address).text)}
    assert "The scan is cancelled." in editor.post(f"{address}/cancel", data=form, follow_redirects=True).text
    assert "This scan is over already." in editor.post(f"{address}/cancel", data=form, follow_redirects=True).text
    assert "It was cancelled." in editor.get(address).text
    _survey(app)
    assert "It was cancelled." in editor.get(address).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"address": "https://elsewhere.example/"}, "This is not an address of the site."),
        ({"address": "ftp://www.example.fr/"}, "Give a web address without name and password"),
        ({"pages": "51"}, "Number must be between 1 and 50."),
        ({"pages": ""}, "This is required."),
    ],
)
def test_what_cannot_be_scanned_is_refused_beside_the_field(
    editor: FlaskClient, given: dict[str, str], said: str
) -> None:
    form = {"csrf_token": admins.csrf_of(editor.get(LIST).text), "address": "", "pages": "2", **given}
    answer = editor.post(LIST, data=form)
    assert answer.status_code == 422
    assert said in answer.text


def test_the_audit_is_taken_along(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    assert editor.get(f"{address}/audit.json").status_code == 404
    _survey(app, FAULTY)
    assert scan_from_json(editor.get(f"{address}/audit.json").get_json()["scan"]) == FAULTY
    assert editor.get(f"{address}/audit.sarif").get_json(force=True)["version"] == "2.1.0"
    assert editor.get(f"{address}/audit.junit").text.startswith("<?xml")
    text = editor.get(f"{address}/audit.text")
    assert text.headers["Content-Disposition"].endswith(".txt")
    assert "_ga" in text.text
    assert editor.get(f"{address}/audit.docx").status_code == 404


def test_what_visitors_saw_is_shown_and_in_the_report(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, pictured(FAULTY))
    page = editor.get(address).text
    shown = page.partition('id="pictures"')[2].partition("</section>")[0]
    assert shown.count("<figure") == len(pictured(FAULTY).pictures)
    assert 'alt="The window, before any answer"' in shown
    assert 'alt="At a phone’s width, before any answer"' in shown
    fails = page.partition('id="verdicts"')[2].partition("</article>")[0]
    assert 'href="#before.webp"' in fails, "a verdict leads to the pictures that it rests on"
    answer = editor.get(f"{address}/pictures/before.webp")
    assert (answer.mimetype, answer.data) == ("image/webp", pictured(FAULTY).pictures["before"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    for name in ("before.pdf", "nothing.webp", "before.webp%00"):
        assert editor.get(f"{address}/pictures/{name}").status_code == 404
    report = editor.get(f"{address}/audit.html").text
    assert report.count('src="data:image/webp;base64,') == len(pictured(FAULTY).pictures)
    verdicts = editor.get(f"{address}/audit.json").get_json()["verdicts"]
    assert "before.webp" in next(each for each in verdicts if each["verdict"] == "fails")["pictures"]

    stranger = admins.sign_in(app, app.test_client(), Role.OWNER, organisation_id=admins.other_organisation(app))
    assert stranger.get(f"{address}/pictures/before.webp").status_code == 404
    editor.post("/admin/language", data={"csrf_token": admins.csrf_of(page), "language": "fr"})
    assert 'alt="La fenêtre, avant toute réponse"' in editor.get(address).text


def test_the_report_is_taken_along_as_pdf_in_the_language_of_the_page(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(
        app, FAULTY, printer=lambda _scan, _verdicts, languages: {each: f"%PDF {each}".encode() for each in languages}
    )
    page = editor.get(address).text
    assert f'href="{address}/audit.pdf" download>Report (PDF)</a>' in page
    pdf = editor.get(f"{address}/audit.pdf")
    assert (pdf.mimetype, pdf.data) == ("application/pdf", b"%PDF en")
    assert pdf.headers["Content-Disposition"].endswith(".pdf")
    editor.post("/admin/language", data={"csrf_token": admins.csrf_of(page), "language": "fr"})
    assert editor.get(f"{address}/audit.pdf").data == b"%PDF fr"


def test_without_a_pdf_the_page_says_what_to_print(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, FAULTY)
    page = editor.get(address).text
    assert "audit.pdf" not in page
    assert "No PDF is kept of this scan: open the report (HTML) and print it." in page
    assert editor.get(f"{address}/audit.pdf").status_code == 404


def test_a_scan_without_pictures_says_so(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, FAULTY)
    assert "No picture is kept of this scan" in editor.get(address).text


def _accept(client: FlaskClient, address: str, kind: str, name: str, domain: str = "www.example.fr") -> str:
    form = {"csrf_token": admins.csrf_of(client.get(LIST).text), "kind": kind, "name": name, "domain": domain}
    return client.post(f"{address}/accept", data=form, follow_redirects=True).text


def test_what_a_scan_proposes_is_taken_up_by_an_editor(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, FAULTY)
    page = editor.get(address).text
    assert page.count("Add Google Analytics to the catalogue") == 2, "its cookie and its script"
    assert "Add it to the catalogue, unclassified" in page
    assert "It is in the catalogue’s draft now." in _accept(editor, address, "cookie", "_ga")
    assert "Add Google Analytics" not in editor.get(address).text
    page = _accept(editor, address, "cookie", "own")
    assert "It is in the catalogue’s draft now." in page
    assert "Add it to the catalogue" not in page
    with app.app_context():
        draft = sites.find_site(db.session(), "example").draft
    assert [each.get("library") or each["trackers"] for each in draft["services"]] == [
        "google-analytics",
        [{"name": "own", "kind": "cookie", "domain": "site", "declared_lifetime": "P30D"}],
    ]
    unknown = {"csrf_token": admins.csrf_of(editor.get(LIST).text), "kind": "cookie", "name": "x", "domain": "y"}
    assert editor.post(f"{address}/accept", data=unknown).status_code == 404
    viewer = admins.sign_in(app, app.test_client(), Role.VIEWER)
    assert "to the catalogue" not in viewer.get(address).text.partition('id="seen"')[2]


def test_policy_catalogue_and_browser_are_laid_side_by_side(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, FAULTY)
    assert "The catalogue is empty" in editor.get(f"{address}/drift").text
    _accept(editor, address, "cookie", "_ga")
    assert "declared nowhere." in editor.get(f"{address}/drift").text
    policy = "Nous utilisons le cookie _ga (Google Analytics), conservé 24 heures."
    form = {"csrf_token": admins.csrf_of(editor.get(LIST).text), "text": policy}
    page = editor.post(f"{address}/drift", data=form).text
    assert "longer than stated." in page
    assert "DRIFT-03" in page
    french = admins.sign_in(app, app.test_client(), Role.EDITOR, language="fr")
    page = french.post(f"{address}/drift", data={**form, "csrf_token": admins.csrf_of(french.get(LIST).text)}).text
    assert "politique\u00a0: nomme _ga, PT24H\u00a0; catalogue\u00a0: _ga de Google Analytics" in page
    assert "browser: seen" not in page
    assert editor.post(f"{address}/drift", data={**form, "text": ""}).status_code == 422


def test_the_text_that_is_kept_is_compared_and_named(app: Flask, editor: FlaskClient) -> None:
    assert "No text of the policy is kept" in editor.get(LIST).text
    address = _ask(editor)
    _survey(app, FAULTY)
    with app.app_context():
        site, by = sites.find_site(db.session(), "example"), command_line(1)
        text = "Nous utilisons le cookie _ga (Google Analytics), conservé 24 heures."
        kept = keep_policy(db.session(), site, by, clock.now(), text, "privacy <1>.html")
    assert kept.digest in editor.get(LIST).text
    for page in (editor.get(address).text, editor.get(f"{address}/drift").text):
        assert "DRIFT-03" in page
        assert kept.digest in page
        assert "(privacy &lt;1&gt;.html)" in page
    form = {"csrf_token": admins.csrf_of(editor.get(LIST).text), "text": "Nous utilisons le cookie _ga, 13 mois."}
    page = editor.post(f"{address}/drift", data=form).text
    assert "DRIFT-03" not in page, "what is given there is compared instead"
    assert kept.digest not in page


def test_sites_say_how_their_last_scan_ended(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    _survey(app, FAULTY)
    listed = editor.get("/admin/sites/").text
    assert f'href="{address}"' in listed
    assert "1 fails" in listed


def test_a_site_is_watched_and_the_secret_is_shown_once(app: Flask, editor: FlaskClient) -> None:
    address = f"{LIST}watch"
    assert "Never by itself" in editor.get(LIST).text
    form = {"csrf_token": admins.csrf_of(editor.get(address).text), "schedule": "weekly", "mail_to": "nobody"}
    refused = editor.post(address, data=form)
    assert refused.status_code == 422
    assert "This is not an e-mail address." in refused.text
    form |= {"mail_to": "dpo@example.org", "webhook_url": "https://hook.example/"}
    assert "whsec_" in editor.post(address, data=form).text
    assert "whsec_" not in editor.get(address).text
    kept = editor.post(address, data=form, follow_redirects=True).text
    assert "Schedule and warnings are kept." in kept
    assert "Every week, next on" in kept
    Surveyor(app.extensions["sessions"], visit=Visits(FAULTY)).turn()
    assert "the schedule" in editor.get(LIST).text
    assert "to be tried again" in editor.get(address).text
    assert "This server sends no mail" in editor.get(address).text


def test_who_may_only_look_looks(app: Flask, editor: FlaskClient) -> None:
    address = _ask(editor)
    viewer = admins.sign_in(app, app.test_client(), Role.VIEWER)
    assert "Cancel the scan" not in viewer.get(address).text
    _survey(app, FAULTY)
    assert "Scan now" not in viewer.get(LIST).text
    assert "_ga" in viewer.get(address).text
    assert viewer.get(f"{LIST}9999").status_code == 404
