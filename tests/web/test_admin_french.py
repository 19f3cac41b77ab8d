"""A French admin is French: whatever page is opened, whatever is looked for, whatever nonsense a form is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from werkzeug.test import TestResponse

from consent_server.domain.account import Role
from consent_server.services import clock, editing
from consent_server.storage.database import db
from consent_server.storage.library import load_library
from consent_server.web.admin.told import told
from tests import admins
from tests.admin_pages import furnish, pages
from tests.answers import publish_site
from tests.builders import site_file

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

OWN = {
    "id": "own",
    "name": "Propre",
    "vendor": "Exemple",
    "purpose": None,
    "trackers": [{"name": "a"}, {"name": "b", "declared_lifetime": "P2Y"}],
}
SERVICES: list[Any] = [{"library": "google-analytics"}, {"library": "matomo"}, OWN]
UNFAIR = {"controller": "Exemple SAS", "theme": {"accent": "#eeeeee"}, "texts": {"fr": {"accept_all": "Plus tard"}}}

ENGLISH = re.compile(
    r"\b(?:[Tt]he|[Ii]s|[Aa]re|of|and|[Nn]ot|with|[Tt]his|[Tt]hat|[Tt]here|must|cannot|has|have|was|were|which|[Ff]rom|only|"
    r"than|been|[Ww]ho|[Ww]hat|[Ww]hen|[Bb]y|to|[Ff]or|[Nn]o|[Ii]ts?|[Yy]ours?|be|does|valid|choice|field|required|[Tt]oo|"
    r"[Ww]rite|many|[Ee]very|or|at|already|[Gg]ive|[Cc]hoose)\b"
)
"""What an English sentence hardly does without, and no French one has."""

UNREAD = {"script", "style", "code", "pre", "textarea"}
SAID_BY = ("title", "aria-label", "placeholder", "alt")

QUERIES = (
    "?code=%27&from=x&to=y&one=77&other=2&language=xx&device=y&unit=z&only=x&sort=y&edit=z&search=zzz",
    "?after=x&action=z&purpose=%22&version=z&actor=x&kind=x&vendor=y&from=2026-02-01&to=2026-01-01",
)
NONSENSE = ("", "~~", "9" * 400)
LEFT_OUT = ("/look", "/sign-in", "/sign-out", "/language")
"""Forms that go elsewhere: to another server, or away."""


def _texts(element: Any) -> Iterator[str]:
    """Yield what a reader is told in the language of the page."""
    if not isinstance(element.tag, str) or element.tag in UNREAD or element.get("lang", "fr") != "fr":
        return
    yield from (element.get(name) for name in SAID_BY if element.get(name))
    yield element.text or ""
    for inner in element:
        yield from _texts(inner)
        yield inner.tail or ""


class Reader:
    """Somebody French, who opens pages and remembers what was English."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = admins.sign_in(app, app.test_client(), Role.OWNER, language="fr")
        named = {name for service in load_library().services for name in (service.name, service.vendor)}
        self._names = re.compile("|".join(map(re.escape, sorted({*named, "The owner"}, key=len, reverse=True))))
        self.found: dict[str, str] = {}
        self.read = 0

    def look(self, where: str, answer: TestResponse) -> None:
        if answer.mimetype == "text/html":
            self.read += 1
            for text in _texts(html5lib.parse(answer.text, namespaceHTMLElements=False)):
                if ENGLISH.search(self._names.sub("", text)):
                    self.found.setdefault(" ".join(text.split()), where)

    def send_nonsense(self, page: str) -> None:
        for form in html5lib.parse(self.client.get(page).text, namespaceHTMLElements=False).iter("form"):
            action = urljoin(page, form.get("action") or page).partition("#")[0]
            if form.get("method", "get") == "post" and not action.endswith(LEFT_OUT):
                for nonsense in NONSENSE:
                    answer = self.client.post(action, data=_filled(form, nonsense), follow_redirects=True)
                    self.look(f"{action} with {nonsense[:2]!r}", answer)


def _filled(form: Any, nonsense: str) -> dict[str, str]:
    given = {}
    for each in form.iter():
        name, kind = each.get("name"), each.get("type")
        if name and kind != "file":
            given[name] = each.get("value", "") if kind == "hidden" or each.tag == "button" else nonsense
    return given


@pytest.fixture
def reader(app: Flask) -> Reader:
    for services in (SERVICES[:1], SERVICES):
        publish_site(app, services=services)
    return Reader(app)


def test_nothing_is_said_in_english_to_somebody_french(app: Flask, reader: Reader) -> None:
    every = list(pages(app, furnish(app)))
    for page in every:
        for query in ("", *QUERIES):
            reader.look(page + query, reader.client.get(page.partition("?")[0] + query if query else page))
    for page in every:
        reader.send_nonsense(page)
    assert reader.found == {}
    assert reader.read > 4 * len(every)


def test_what_forbids_to_publish_is_said_in_french(app: Flask, reader: Reader) -> None:
    with app.app_context():
        editing.import_site(db.session(), site_file(services=SERVICES, banner=UNFAIR), clock.now())
    address = "/admin/sites/example/configurations/next"
    page = reader.client.get(address)
    form = {"csrf_token": admins.csrf_of(page.text), "why": "Parce que"}
    refused = reader.client.post("/admin/sites/example/configurations/", data=form, follow_redirects=True)
    for answer in (page, refused, reader.client.get("/admin/sites/example/banner/")):
        reader.look(address, answer)
    assert reader.found == {}
    assert "a un contraste de" in page.text
    assert "« Plus tard » n’est pas clair" in page.text


def test_why_a_service_of_the_library_is_never_exempt_is_said_in_french(app: Flask) -> None:
    reasons = {service.never_exempt for service in load_library().services} - {None}
    with app.test_request_context(), force_locale("fr"):
        said = {told(f"This can never be exempt: {reason}") for reason in reasons}
    assert len(said) == len(reasons) > 20
    english = [each for each in said if ENGLISH.search(each.replace("The Trade Desk", ""))]
    assert english == []
    assert all(each.startswith("Ceci ne peut jamais être exempté") for each in said)
