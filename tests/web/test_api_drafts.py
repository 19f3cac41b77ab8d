"""The API's drafts in parts, the library, and policies: what the admin's catalogue and designer show, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.domain.tracker import KINDS
from consent_server.services import clock, editing
from consent_server.storage.database import db
from tests.builders import site_file
from tests.web.test_api import bearer

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SITE = "/api/v1/sites/example"
OWN = {
    "id": "own",
    "name": "Ours",
    "purpose": None,
    "trackers": [{"name": "basket", "declared_lifetime": "P2Y"}, {"name": "brûlée"}],
}
POLICY = "We use Google Analytics. The cookie _ga is kept for 13 months, and the cookie shop_basket for 2 days."


@pytest.fixture(autouse=True)
def _site(app: Flask) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=[{"library": "google-analytics"}, OWN]), clock.now())


@pytest.fixture
def editor(app: Flask) -> dict[str, str]:
    return bearer(app, Role.EDITOR)


@pytest.fixture
def viewer(app: Flask) -> dict[str, str]:
    return bearer(app, Role.VIEWER)


def _all(client: FlaskClient, address: str, headers: dict[str, str], limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    joined, cursor = "&" if "?" in address else "?", ""
    while True:
        part = client.get(f"{address}{joined}limit={limit}{cursor}", headers=headers).get_json()
        found += part["items"]
        if part["next_cursor"] is None:
            return found
        cursor = f"&cursor={part['next_cursor']}"


def test_purposes_say_whether_something_serves_them(client: FlaskClient, viewer: dict[str, str]) -> None:
    found = _all(client, f"{SITE}/purposes", viewer, 2)
    assert [(each["id"], each["exempt"], each["used"]) for each in found] == [
        ("necessary", True, True),
        ("preferences", False, False),
        ("audience", False, True),
        ("marketing", False, True),
        ("social", False, False),
    ]
    assert set(found[0]["title"]) == {"fr", "en"}


def test_services_are_what_the_library_says_unless_the_draft_says_otherwise(
    client: FlaskClient, viewer: dict[str, str]
) -> None:
    google, own = _all(client, f"{SITE}/services", viewer, 1)
    assert (google["id"], google["name"], google["purpose"]) == ("google-analytics", "Google Analytics", "audience")
    assert "_ga" in [tracker["name"] for tracker in google["trackers"]]
    assert (own["id"], own["vendor"], own["purpose"]) == ("own", "Example", None)


def test_trackers_are_found_as_on_the_page_of_the_catalogue(client: FlaskClient, viewer: dict[str, str]) -> None:
    def names(query: str) -> list[str]:
        return [each["name"] for each in _all(client, f"{SITE}/trackers?{query}", viewer, 2)]

    assert names("")[:2] == ["basket", "brûlée"], "unclassified first"
    assert "_ga" in names("")
    assert names("search=BRULEE") == ["brûlée"]
    assert names("only=unclassified&sort=name&descending=true") == ["brûlée", "basket"]
    audience = _all(client, f"{SITE}/trackers?purpose=audience", viewer, 3)
    assert {each["purpose"] for each in audience} == {"audience"}
    assert names("vendor=Example&kind=pixel") == []
    basket = client.get(f"{SITE}/trackers?search=basket", headers=viewer).get_json()["items"][0]
    assert (basket["declared_lifetime"], basket["lifetime"], basket["capped"]) == ("P2Y", "P13M", True)
    assert basket["undescribed"] == ["fr", "en"]
    assert basket["kind"] in KINDS
    assert client.get(f"{SITE}/trackers?only=all", headers=viewer).status_code == 422


def test_parts_of_one_draft_have_its_tag(client: FlaskClient, editor: dict[str, str]) -> None:
    parts = ("catalogue", "purposes", "services", "trackers", "texts", "theme")
    tags = {client.get(f"{SITE}/{part}", headers=editor).headers["ETag"] for part in parts}
    assert len(tags) == 1
    changed = client.put(f"{SITE}/theme", json={"radius": 2}, headers={**editor, "If-Match": tags.pop()})
    assert {client.get(f"{SITE}/{part}", headers=editor).headers["ETag"] for part in parts} == {changed.headers["ETag"]}


def test_texts_are_replaced_and_those_left_out_are_as_shipped(client: FlaskClient, editor: dict[str, str]) -> None:
    shipped = client.get(f"{SITE}/texts", headers=editor).get_json()["texts"]
    assert set(shipped) == {"fr", "en"}
    changed = client.put(f"{SITE}/texts", json={"texts": {"en": {"title": "Cookies?"}}}, headers=editor)
    assert changed.get_json()["texts"] == {**shipped, "en": {**shipped["en"], "title": "Cookies?"}}
    assert client.get(f"{SITE}/catalogue", headers=editor).get_json()["banner"] == {
        "controller": "Example SAS",
        "texts": {"en": {"title": "Cookies?"}},
    }
    back = client.put(f"{SITE}/texts", json={"texts": shipped}, headers=editor)
    assert back.get_json()["texts"] == shipped
    assert "texts" not in client.get(f"{SITE}/catalogue", headers=editor).get_json()["banner"]


@pytest.mark.parametrize(
    ("part", "given", "places"),
    [
        ("texts", {"texts": {"de": {"title": "x"}}}, {"banner.texts.de"}),
        ("texts", {"texts": {"xx": {"title": "x"}}}, {"banner.texts.xx"}),
        ("texts", {"texts": {"en": {"no": "x", "title": " "}}}, {"banner.texts.en.no", "banner.texts.en.title"}),
        ("texts", {"texts": {"en": {"title": ""}}}, {"texts.en.value.title.value"}),
        ("texts", {"title": "x"}, {"texts", "title"}),
        ("theme", {"text": "red", "dark": {"border": "#12345"}}, {"banner.theme.text", "banner.theme.dark.border"}),
        ("theme", {"radius": 41, "colour": "x"}, {"radius", "colour"}),
    ],
)  # fmt: skip
def test_every_mistake_is_told_by_its_place(
    client: FlaskClient, editor: dict[str, str], part: str, given: dict[str, Any], places: set[str]
) -> None:
    answer = client.put(f"{SITE}/{part}", json=given, headers=editor)
    assert answer.status_code == 422
    assert set(answer.get_json()["errors"]) == places


def test_a_theme_is_replaced_and_the_rest_of_the_draft_stays(client: FlaskClient, editor: dict[str, str]) -> None:
    shipped = client.get(f"{SITE}/theme", headers=editor).get_json()
    assert shipped["dark"]
    changed = client.put(f"{SITE}/theme", json={"accent": "#7a0000", "dark": None}, headers=editor).get_json()
    assert changed == {**shipped, "accent": "#7a0000", "dark": None}
    assert client.put(f"{SITE}/theme", json=shipped, headers=editor).get_json() == shipped
    draft = client.get(f"{SITE}/catalogue", headers=editor).get_json()
    assert (draft["banner"], len(draft["services"])) == ({"controller": "Example SAS"}, 2)


@pytest.mark.parametrize(("part", "given"), [("texts", {"texts": {}}), ("theme", {})])
def test_whoever_was_slower_is_told(
    client: FlaskClient, editor: dict[str, str], part: str, given: dict[str, Any]
) -> None:
    tag = client.get(f"{SITE}/{part}", headers=editor).headers["ETag"]
    assert client.put(f"{SITE}/catalogue", json=site_file(name="Theirs"), headers=editor).status_code == 200
    assert client.put(f"{SITE}/{part}", json=given, headers={**editor, "If-Match": tag}).status_code == 412
    assert client.get(f"{SITE}/catalogue", headers=editor).get_json() == site_file(name="Theirs")


def test_a_policy_is_read_and_nothing_is_kept_unless_that_is_asked(client: FlaskClient, editor: dict[str, str]) -> None:
    before = client.get(f"{SITE}/catalogue", headers=editor)
    found = client.post(f"{SITE}/policy-import", json={"text": POLICY}, headers=editor).get_json()
    assert [each["name"] for each in found["cookies"]] == ["_ga", "shop_basket"]
    assert found["services"][0]["id"] == "google-analytics"
    assert all(each["evidence"] for each in (*found["cookies"], *found["services"]))
    assert found["added"] == []
    assert client.get(f"{SITE}/catalogue", headers=editor).headers["ETag"] == before.headers["ETag"]

    kept = client.post(f"{SITE}/policy-import", json={"text": POLICY, "apply": True}, headers=editor).get_json()
    assert kept == {**found, "added": ["own-cookies"]}
    services = client.get(f"{SITE}/catalogue", headers=editor).get_json()["services"]
    assert services[:2] == before.get_json()["services"]
    assert (services[2]["purpose"], [each["name"] for each in services[2]["trackers"]]) == (None, ["shop_basket"])
    again = client.post(f"{SITE}/policy-import", json={"text": POLICY, "apply": True}, headers=editor).get_json()
    assert again["added"] == []


def test_a_policys_text_is_kept_read_and_given_up(
    client: FlaskClient, editor: dict[str, str], viewer: dict[str, str]
) -> None:
    address, draft = f"{SITE}/policy-text", client.get(f"{SITE}/catalogue", headers=editor).get_json()
    assert client.get(address, headers=viewer).status_code == 404
    assert client.delete(address, headers=editor).status_code == 404
    assert client.put(address, json={"text": POLICY}, headers=viewer).status_code == 403
    kept = client.put(address, json={"text": POLICY, "source": "policy.html"}, headers=editor).get_json()
    assert (kept["text"], kept["source"]) == (POLICY, "policy.html")
    assert kept["digest"].startswith("sha256:")
    assert client.get(address, headers=viewer).get_json() == kept
    assert client.get(f"{SITE}/catalogue", headers=editor).get_json() == draft
    assert client.delete(address, headers=viewer).status_code == 403
    assert client.delete(address, headers=editor).status_code == 204
    assert client.get(address, headers=viewer).status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "text"),
        ({"text": " "}, "text"),
        ({"text": "x" * 1_000_001}, "text"),
        ({"text": "x", "source": "x" * 301}, "source"),
        ({"text": "x", "kept_by": "me"}, "kept_by"),
    ],
    ids=["nothing", "blank", "long", "long-source", "unknown"],
)
def test_what_cannot_be_kept_as_a_policy_is_a_problem_of_its_field(
    client: FlaskClient, editor: dict[str, str], given: dict[str, Any], field: str
) -> None:
    answer = client.put(f"{SITE}/policy-text", json=given, headers=editor)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert list(answer.get_json()["errors"]) == [field]


def test_the_library_is_searched_with_any_token(app: Flask, client: FlaskClient, viewer: dict[str, str]) -> None:
    address = "/api/v1/library/services"
    everything = _all(client, address, viewer, 200)
    assert len({each["id"] for each in everything}) == len(everything) > 50
    found = client.get(f"{address}?search=google%20anal", headers=bearer(app, Role.EDITOR, "example")).get_json()
    assert [each["id"] for each in found["items"]][:1] == ["google-analytics"]
    assert "_ga" in [tracker["name"] for tracker in found["items"][0]["trackers"]]
    assert client.get(f"{address}?search=zzzzzz", headers=viewer).get_json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, 422), ({"text": ""}, 422), ({"text": "x", "apply": 1}, 422), ({"text": "x", "more": 1}, 422)],
)
def test_what_is_no_policy_is_a_problem(
    client: FlaskClient, editor: dict[str, str], given: dict[str, Any], status: int
) -> None:
    answer = client.post(f"{SITE}/policy-import", json=given, headers=editor)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
