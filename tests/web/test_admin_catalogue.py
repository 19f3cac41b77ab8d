"""The catalogue is worked on from pages that need no script, and two editors are told of each other."""

from __future__ import annotations

import html
import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent_server.domain.account import Role
from consent_server.domain.catalogue_rows import Row, rows_of
from consent_server.services import clock, editing
from consent_server.storage import activity, sites
from consent_server.storage.database import db
from tests import admins
from tests.builders import site_file
from tests.pdfs import pdf_of

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

BASE = "/admin/sites/example/catalogue"
OWN = {
    "id": "own",
    "name": "Own",
    "vendor": "Example",
    "purpose": None,
    "trackers": [
        {"name": "a"},
        {"name": "b", "declared_lifetime": "P2Y"},
        {"name": "odd", "declared_lifetime": "P1M1D"},
    ],
}


@pytest.fixture
def editor(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        services = [{"library": "google-analytics"}, {"library": "php-session"}, OWN]
        editing.import_site(db.session(), site_file(services=services), clock.now())
    return admins.sign_in(app, client, Role.EDITOR)


def rows(app: Flask) -> dict[str, Row]:
    with app.app_context():
        catalogue = editing.check_draft(sites.find_site(db.session(), "example").draft)
        return {row.tracker.name: row for row in rows_of(catalogue)}


def post(client: FlaskClient, address: str, **data: Any) -> TestResponse:
    token = admins.csrf_of(client.get(BASE + "/import").text)
    return client.post(BASE + address, data={"csrf_token": token, **data}, follow_redirects=True)


def names(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*><code>(.*?)</code>', page)]


def fields(page: str) -> dict[str, Any]:
    """Give what the last form of a page would send back."""
    form = re.findall(r"<form.*?</form>", page, re.DOTALL)
    found: dict[str, Any] = {}
    for one in form:
        if 'name="description_fr"' not in one:
            continue
        for name, value in re.findall(
            r'<input(?=[^>]*type="(?:text|hidden|number)")[^>]*name="([^"]+)"[^>]*value="([^"]*)"', one
        ):
            found[name] = html.unescape(value)
        for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', one, re.DOTALL):
            chosen = re.search(r'<option selected value="([^"]*)"', options)
            found[name] = html.unescape(chosen[1]) if chosen else ""
        for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', one, re.DOTALL):
            found[name] = html.unescape(text)
        for tag in re.findall(r"<input[^>]*checked[^>]*>", one):
            name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]+)"', tag)
            assert name
            assert value
            found.setdefault(name[1], [])
            found[name[1]] = [*found[name[1]], value[1]]
    return found


def test_what_is_unclassified_stands_on_top_and_is_counted(editor: FlaskClient) -> None:
    page = editor.get(f"{BASE}/").text
    assert names(page)[:3] == ["a", "b", "odd"]
    assert "3 trackers are unclassified" in page
    assert names(editor.get(f"{BASE}/?sort=lifetime&descending=1").text)[0] in {"a", "b", "odd"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("only=exempt", ["PHPSESSID"]),
        ("search=phpsess", ["PHPSESSID"]),
        ("only=unclassified&search=b", ["b"]),
        ("vendor=Example", ["a", "b", "odd"]),
        ("search=nothing+of+the+kind", []),
        ("sort=nonsense&only=nonsense&vendor=Example", ["a", "b", "odd"]),
    ],
)
def test_rows_are_found(editor: FlaskClient, query: str, expected: list[str]) -> None:
    answer = editor.get(f"{BASE}/?{query}")
    assert (answer.status_code, names(answer.text)) == (200, expected)


def test_a_row_is_changed_in_the_table(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    page = editor.get(f"{BASE}/?edit={row.id}").text
    assert f'value="{row.revision}"' in page
    given = {"revision": row.revision, "purpose": "audience", "amount": "3", "unit": "P{}M", "q-only": "unclassified"}
    answer = post(editor, f"/rows/{row.id}", **given)
    assert "a is kept." in answer.text
    assert answer.request.query_string == b"only=unclassified"
    changed = rows(app)["a"].tracker
    assert (changed.purpose, changed.lifetime and changed.lifetime.text) == ("audience", "P3M")


def test_the_second_editor_of_a_row_sees_both_and_can_keep_their_own(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    post(editor, f"/rows/{row.id}", revision=row.revision, purpose="audience", unit="session")
    given = {"purpose": "social", "amount": "7", "unit": "P{}D"}
    told = post(editor, f"/rows/{row.id}", revision=row.revision, **given).text
    assert "Somebody else changed this meanwhile" in told
    assert "Audience measurement" in told
    assert re.search(r'<option selected value="social"', told)
    assert 'value="7"' in told
    assert rows(app)["a"].tracker.purpose == "audience"

    revision = re.search(r'name="revision"[^>]*value="(\w+)"', told)
    assert revision
    post(editor, f"/rows/{row.id}", revision=revision[1], **given)
    assert rows(app)["a"].tracker.purpose == "social"


def test_what_was_written_about_a_tracker_that_is_gone_is_shown_again(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    post(editor, "/remove", rows=f"{row.id}:{row.revision}")
    told = post(editor, f"/trackers/{row.id}", name="a", kind="cookie", unit="", description_fr="Mon long texte.").text
    assert "Mon long texte." in told
    assert "This tracker is gone" in told


def test_the_page_of_a_tracker_sent_back_as_it_is_changes_nothing(app: Flask, editor: FlaskClient) -> None:
    before = {name: row.revision for name, row in rows(app).items()}
    for row in rows(app).values():
        page = editor.get(f"{BASE}/trackers/{row.id}")
        assert page.status_code == 200
        said = fields(page.text)
        answer = post(editor, f"/trackers/{row.id}", **said)
        assert "is kept." in answer.text, row.tracker.name
    assert {name: row.revision for name, row in rows(app).items()} == before


def test_a_proposal_of_the_library_is_to_be_confirmed_by_somebody(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["PHPSESSID"]
    assert names(editor.get(f"{BASE}/?only=unconfirmed").text) == ["PHPSESSID"]
    page = editor.get(f"{BASE}/trackers/{row.id}").text
    assert "This exemption is a proposal" in page
    said = {**fields(page), "conditions": ["EXM-02:EXM-02"]}
    assert "Confirm every condition of this ground" in post(editor, f"/trackers/{row.id}", **said).text
    said["conditions"] = ["EXM-02:EXM-02", "EXM-02:EXM-08"]
    post(editor, f"/trackers/{row.id}", **said)
    exemption = rows(app)["PHPSESSID"].tracker.exemption
    assert exemption is not None
    assert exemption.author == "The editor"
    assert names(editor.get(f"{BASE}/?only=unconfirmed").text) == []


def test_an_exemption_is_a_dossier_with_its_author_and_its_time(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    dossier = {
        "revision": row.revision,
        "name": "a",
        "kind": "cookie",
        "unit": "session",
        "set_by": "",
        "purpose": "necessary",
        "ground": "EXM-02",
        "justification_fr": "Connexion.",
        "justification_en": "Signing in.",
    }
    told = post(editor, f"/trackers/{row.id}", **dossier, conditions=["EXM-02:EXM-02"]).text
    assert "Confirm every condition of this ground" in told
    assert rows(app)["a"].tracker.exemption is None
    post(editor, f"/trackers/{row.id}", **dossier, conditions=["EXM-02:EXM-02", "EXM-02:EXM-08", "EXM-05:EXM-05"])
    exemption = rows(app)["a"].tracker.exemption
    assert exemption is not None
    assert (exemption.author, exemption.ground) == ("The editor", "EXM-02")
    assert exemption.decided_at is not None
    assert exemption.conditions == {"EXM-02": True, "EXM-08": True}


def test_what_cannot_be_exempt_is_refused_with_the_reason(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["_ga"]
    said = fields(editor.get(f"{BASE}/trackers/{row.id}").text)
    checked = [f"EXM-07:{key}" for key in ("AUD-01", "AUD-02", "AUD-03", "AUD-04", "EXM-08")]
    said |= {"ground": "EXM-07", "conditions": checked, "justification_fr": "x", "justification_en": "x"}
    assert "This can never be exempt" in post(editor, f"/trackers/{row.id}", **said).text


def test_many_rows_are_changed_at_once(app: Flask, editor: FlaskClient) -> None:
    marked = [f"{row.id}:{row.revision}" for row in (rows(app)["a"], rows(app)["b"])]
    assert "2 trackers were changed." in post(editor, "/rows", rows=marked, deed="purpose", purpose="preferences").text
    assert {rows(app)[name].tracker.purpose for name in ("a", "b")} == {"preferences"}

    told = post(editor, "/rows", rows=marked, deed="lifetime", purpose="", unit="session").text
    assert "Somebody else changed a, b meanwhile" in told
    marked = [f"{row.id}:{row.revision}" for row in (rows(app)["a"], rows(app)["b"])]
    post(editor, "/rows", rows=marked, deed="lifetime", purpose="", unit="P{}D", amount="30")
    assert {str(rows(app)[name].applied) for name in ("a", "b")} == {"P30D"}
    assert "Say how many." in post(editor, "/rows", rows=marked, deed="lifetime", purpose="", unit="P{}D").text
    assert "Mark the rows first." in post(editor, "/rows", deed="purpose").text


def test_many_rows_are_exempt_on_one_ground_and_removed_together(app: Flask, editor: FlaskClient) -> None:
    marked = [f"{row.id}:{row.revision}" for row in (rows(app)["a"], rows(app)["b"])]
    post(editor, "/rows", rows=marked, deed="purpose", purpose="preferences")
    marked = [f"{row.id}:{row.revision}" for row in (rows(app)["a"], rows(app)["b"])]
    assert "Exempt trackers" in post(editor, "/rows", rows=marked, deed="exempt").text
    dossier = {"ground": "EXM-04", "conditions": ["EXM-04:EXM-04", "EXM-04:EXM-08"]}
    post(editor, "/exempt", rows=marked, **dossier, justification_fr="Langue.", justification_en="Language.")
    assert all(rows(app)[name].exempt for name in ("a", "b"))
    marked = [f"{row.id}:{row.revision}" for row in (rows(app)["a"], rows(app)["b"])]
    assert "Remove trackers" in post(editor, "/rows", rows=marked, deed="remove").text
    post(editor, "/remove", rows=marked)
    assert not {"a", "b"} & set(rows(app))


def test_the_last_change_is_undone_and_undoing_is_noted(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    post(editor, f"/rows/{row.id}", revision=row.revision, purpose="audience", unit="")
    change = re.search(r'name="change" value="(\d+)"', editor.get(f"{BASE}/").text)
    assert change
    assert "was taken back" in post(editor, "/undo", change=change[1]).text
    assert rows(app)["a"].tracker.purpose is None
    assert "Somebody else changed the catalogue" in post(editor, "/undo", change=change[1]).text
    assert "Change taken back" in editor.get(f"{BASE}/history").text
    with app.app_context():
        noted = [each.action for each in activity.list_activity(db.session(), 1, activity.Sought())]
    assert noted[:2] == ["change.undone", "tracker.changed"]


def test_a_file_is_shown_before_it_is_read(app: Flask, editor: FlaskClient) -> None:
    text = editor.get(f"{BASE}/catalogue.csv").text.replace('"odd"', '"=odd"')
    told = post(editor, "/import", file=(io.BytesIO(text.encode()), "x.csv")).text
    assert "1 tracker comes in," in told
    assert "=odd" not in rows(app)
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', told)
    assert revision
    stale = post(editor, "/import", text=text, revision="0").text
    assert "Somebody else changed" not in stale or "1 tracker comes in," in stale
    post(editor, "/import", text=text, revision=revision[1])
    assert "=odd" in rows(app)
    assert "line 2" in post(editor, "/import", text="name,kind\nx,cake\n").text
    assert editor.get(f"{BASE}/catalogue.json").json["site_key"] == "example"  # type: ignore[index]


def test_a_long_file_and_a_long_policy_are_read_and_longer_ones_refused(app: Flask, editor: FlaskClient) -> None:
    text = "name,description_fr\n" + "".join(f"long_{n},{'é' * 300}\n" for n in range(2_000))
    told = post(editor, "/import", text=text)
    assert "2000 trackers come in," in told.text
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', told.text)
    assert revision
    assert post(editor, "/import", text=text, revision=revision[1]).status_code == 200
    assert "long_1999" in rows(app)
    assert post(editor, "/policy", text="Cookies. " + "We use Hotjar. " * 50_000).status_code == 200
    assert post(editor, "/import", text="x" * 5_000_000).status_code == 413


def test_services_come_from_the_library_by_search(app: Flask, editor: FlaskClient) -> None:
    page = editor.get(f"{BASE}/library?search=matomo").text
    assert 'value="matomo"' in page
    assert 'value="hotjar"' not in page
    assert "1 entry was added." in post(editor, "/library", service="matomo").text
    assert any(row.service.id == "matomo" for row in rows(app).values())
    assert "Nothing was marked" in post(editor, "/library", service="nonesuch").text


def test_a_policy_is_read_with_its_passages_and_only_what_is_marked_comes_in(app: Flask, editor: FlaskClient) -> None:
    text = "Cookies. We use Hotjar and Matomo. The cookie “my_own_choice_7” keeps your choice for 6 months."
    page = post(editor, "/policy", text=text).text
    assert "We use Hotjar and Matomo." in page
    post(editor, "/policy", text=text, deed="accept", service="hotjar", cookie="my_own_choice_7")
    assert {row.service.id for row in rows(app).values()} >= {"hotjar", "own-cookies"}
    assert not any(row.service.id == "matomo" for row in rows(app).values())


def test_a_policy_is_read_from_its_file_and_one_that_cannot_be_read_is_refused_in_words(
    app: Flask, editor: FlaskClient
) -> None:
    pdf = pdf_of("We use the cookie “my_own_choice_7” for 6 months, and Hotjar.")
    assert "my_own_choice_7" in post(editor, "/policy", file=(io.BytesIO(pdf), "policy.pdf")).text
    told = post(editor, "/policy", file=(io.BytesIO(pdf[:500]), "policy.pdf"))
    assert told.status_code == 200
    assert "This PDF cannot be read" in told.text
    assert "Paste a text, or choose a file." in post(editor, "/policy", text=" ").text


def test_a_policys_text_is_kept_when_that_is_wanted_and_given_up_again(app: Flask, editor: FlaskClient) -> None:
    address = f"{BASE}/policy"
    assert "is kept" not in post(editor, "/policy", text="We use Hotjar.").text
    assert editor.get(f"{address}/text").status_code == 404
    pdf = pdf_of("We use the cookie “my_own_choice_7” for 6 months, and Hotjar.")
    page = post(editor, "/policy", file=(io.BytesIO(pdf), "policy.pdf"), keep="y").text
    assert "The text is kept: scans are compared with it from now on." in page
    page = editor.get(address).text
    assert "<dd>policy.pdf</dd>" in page
    assert "sha256:" in page
    text = editor.get(f"{address}/text")
    assert "my_own_choice_7" in text.text
    assert text.mimetype == "text/plain"
    assert post(editor, "/policy", text="<p>We use Hotjar.", keep="y").status_code == 200
    assert editor.get(f"{address}/text").text == "<p>We use Hotjar."
    assert "a pasted text" in editor.get(address).text
    assert "The text is not kept any more." in post(editor, "/policy/forget").text
    assert "No text is kept." in post(editor, "/policy/forget").text


def test_a_service_of_ones_own_is_described_changed_and_removed(app: Flask, editor: FlaskClient) -> None:
    said = {"name": "Été Chat", "vendor": "V", "purpose": "social", "url_patterns": "chat.example.com/*\n"}
    assert "Été Chat is kept." in post(editor, "/services/new", **said).text
    page = editor.get(f"{BASE}/services/ete-chat").text
    revision = re.search(r'name="revision"[^>]*value="(\w+)"', page)
    assert revision
    told = post(editor, "/services/ete-chat", **{**said, "url_patterns": "no pattern"}, revision=revision[1]).text
    assert 'id="url_patterns-error"' in told or "Nothing was kept yet" in told
    post(editor, "/services/ete-chat", **{**said, "vendor": "W"}, revision=revision[1])
    assert "Somebody else changed" in post(editor, "/services/ete-chat", **said, revision=revision[1]).text
    added = post(
        editor,
        "/trackers/new",
        service="ete-chat",
        name="sid",
        kind="cookie",
        unit="session",
        purpose="social",
        set_by="",
        ground="none",
    )
    assert "sid is kept." in added.text
    page = editor.get(f"{BASE}/services/ete-chat").text
    revision = re.search(r'name="revision"[^>]*value="(\w+)"', page)
    assert revision
    post(editor, "/services/ete-chat", revision=revision[1], deed="remove")
    assert "sid" not in rows(app)


def test_who_may_only_see_sees_and_changes_nothing(app: Flask, editor: FlaskClient) -> None:
    row = rows(app)["a"]
    viewer = admins.sign_in(app, app.test_client(), Role.VIEWER)
    token = admins.csrf_of(viewer.get(f"{BASE}/").text)
    for address in ("/", f"/trackers/{row.id}", "/services", "/services/own", "/history", "/catalogue.csv"):
        assert viewer.get(BASE + address).status_code == 200, address
    for address in (f"/rows/{row.id}", "/rows", "/remove", "/undo", "/import", "/library", "/policy", "/services/new"):
        assert viewer.post(BASE + address, data={"csrf_token": token}).status_code == 403, address
    assert 'name="rows"' not in viewer.get(f"{BASE}/").text


def test_an_empty_catalogue_says_what_to_do(app: Flask, editor: FlaskClient) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(), clock.now())
    assert "Nothing is in the catalogue yet" in editor.get(f"{BASE}/").text
    assert "A tracker belongs to a service" in editor.get(f"{BASE}/trackers/new").text


def test_a_draft_that_cannot_be_read_any_more_says_why_and_how_to_go_on(app: Flask, editor: FlaskClient) -> None:
    with app.app_context():
        session = db.session()
        site = sites.find_site(session, "example")
        broken = {**site.draft, "services": [{"library": "no-longer-there"}]}
        sites.replace_draft(session, site, site.name, site.origins, broken, clock.now())
        session.commit()
    for address in ("/", "/services", "/trackers/new", "/catalogue.csv"):
        page = editor.get(BASE + address)
        assert page.status_code == 422
        assert "The library has no service “no-longer-there”." in page.text
    told = post(editor, "/import", text=json.dumps(site_file(services=[OWN]))).text
    assert "3 trackers come in," in told
    revision = re.search(r'name="revision"[^>]*value="(\d+)"', told)
    assert revision
    post(editor, "/import", text=json.dumps(site_file(services=[OWN])), revision=revision[1])
    assert set(rows(app)) == {"a", "b", "odd"}
