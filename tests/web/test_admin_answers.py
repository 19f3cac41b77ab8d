"""The statistics page: rates with what they are of, a table beside each chart, few answers told to nobody."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role
from consent_server.domain.statistics import FEWEST
from tests import admins
from tests.answers import publish_site, visitor_answers

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PAGE = "/admin/sites/example/answers/"
PURPOSES = ("audience",)


@pytest.fixture(autouse=True)
def _published(app: Flask) -> None:
    publish_site(app)


@pytest.fixture
def viewer(app: Flask, client: FlaskClient) -> FlaskClient:
    return admins.sign_in(app, client, Role.VIEWER)


def _rows(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{PAGE}answers.csv{query}")
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_before_the_first_answer_the_page_says_what_to_do(viewer: FlaskClient) -> None:
    assert "Nobody has answered yet." in viewer.get(PAGE).text
    assert _rows(viewer) == []


def test_few_answers_are_counted_and_not_told(viewer: FlaskClient) -> None:
    visitor_answers(viewer, 3)
    page = viewer.get(PAGE).text
    assert "3 answers were given since the beginning." in page
    assert "Fewer than 10 answers" in page
    assert "<table" not in page


def test_rates_say_what_they_are_of(viewer: FlaskClient) -> None:
    visitor_answers(viewer, 6, action="accept_all")
    visitor_answers(viewer, 12, action="refuse_all", page_url="https://www.example.fr/shop?who=me#x")
    visitor_answers(viewer, 2, action="withdraw")
    page = viewer.get(PAGE).text
    assert "18 answers were given in the notice; shares are of these." in page
    assert "no rate of those who ignored it" in page
    (whole,) = [row for row in _rows(viewer) if row["group"] == "all"]
    assert (whole["answers"], whole["accept_all"], whole["refuse_all"], whole["withdraw"]) == ("20", "6", "12", "2")
    assert (whole["asked.audience"], whole["yes.audience"]) == ("18", "6")
    assert "33%" in page
    assert {row["of"] for row in _rows(viewer) if row["group"] == "page"} <= {"/shop", "(others)"}
    assert "who=me" not in page


def test_what_is_chosen_is_told_and_stays_chosen(viewer: FlaskClient) -> None:
    visitor_answers(viewer, 12, language="fr")
    visitor_answers(viewer, 11, language="en", action="accept_all")
    page = viewer.get(f"{PAGE}?language=en&unit=month").text
    assert '<option value="en" selected>English</option>' in page
    assert '<option value="month" selected>' in page
    assert "11 answers were given in the notice" in page
    assert [row["answers"] for row in _rows(viewer, "?language=en") if row["group"] == "all"] == ["11"]
    assert _rows(viewer, "?to=2020-01-01") == []


@pytest.mark.parametrize(
    "query", ["?from=x&to=9999-12-31&unit=y&version=z", "?from=0001-01-01", "?language=%00&device=x"]
)
def test_nonsense_is_no_error(viewer: FlaskClient, query: str) -> None:
    visitor_answers(viewer, FEWEST)
    for path in ("", "answers.csv", "purposes.svg", "time.svg"):
        assert viewer.get(f"{PAGE}{path}{query}").status_code == 200


@pytest.mark.parametrize("chart", ["purposes.svg", "time.svg"])
def test_charts_are_pictures_that_run_and_fetch_nothing(viewer: FlaskClient, chart: str) -> None:
    visitor_answers(viewer, FEWEST)
    answer = viewer.get(PAGE + chart)
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    drawn = ElementTree.fromstring(answer.data)
    assert [each for each in drawn.iter() if each.tag.endswith(("script", "foreignObject"))] == []
    assert "//kozea" not in answer.text
    assert f'src="{PAGE}{chart}"' in viewer.get(PAGE).text


def test_the_page_speaks_french(app: Flask, client: FlaskClient) -> None:
    visitor_answers(client, FEWEST)
    page = admins.sign_in(app, client, Role.VIEWER, language="fr").get(PAGE).text
    assert "<h1>Réponses</h1>" in page
    assert "10 réponses ont été données dans le bandeau" in page


def test_the_first_answer_is_seen_at_once_where_work_begins(viewer: FlaskClient) -> None:
    assert "Nobody has answered yet" in viewer.get("/admin/sites/example/").text
    visitor_answers(viewer, 1)
    page = viewer.get("/admin/sites/example/").text
    assert "Nobody has answered yet" not in page
    assert f'href="{PAGE}"' in page
    visitor_answers(viewer, FEWEST, action="accept_all")
    assert "91%" in viewer.get("/admin/sites/").text
    assert "91% accept all" in viewer.get("/admin/sites/example/").text
