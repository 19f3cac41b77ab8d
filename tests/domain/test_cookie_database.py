"""A public cookie database suggests; what it gets wrong is told, and never stops the rest."""

from __future__ import annotations

import csv
import io

import pytest

from consent_server.domain.cookie_database import parse_cookie_database, parse_retention
from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import parse_lifetime

HEADING = [
    "ID",
    "Platform",
    "Category",
    "Cookie / Data Key name",
    "Domain",
    "Description",
    "Retention period",
    "Data Controller",
    "User Privacy & GDPR Rights Portals",
    "Wildcard match",
]
ROW = [
    "id-1",
    "Example",
    "Analytics",
    "_ex",
    "",
    "Counts.",
    "2 years",
    "Example SAS",
    "https://example.com/privacy",
    "0",
]


def row(**changes: str) -> list[str]:
    names = (
        "id",
        "platform",
        "category",
        "name",
        "domain",
        "description",
        "retention",
        "controller",
        "link",
        "wildcard",
    )
    return [changes.get(name, cell) for name, cell in zip(names, ROW, strict=True)]


def written(*rows: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEADING, *rows])
    return text.getvalue()


def test_a_row_becomes_a_suggestion_with_everything_it_says() -> None:
    database = parse_cookie_database(written(row(domain=".example.com (3rd party)")))

    (suggestion,) = database.suggestions
    assert (database.rows, database.problems) == (1, ())
    assert (suggestion.source_id, suggestion.name, suggestion.kind) == ("id-1", "_ex", "cookie")
    assert (suggestion.platform, suggestion.vendor) == ("Example", "Example SAS")
    assert (suggestion.category, suggestion.purpose) == ("Analytics", "audience")
    assert (suggestion.domain, suggestion.lifetime) == ("example.com", "P2Y")
    assert (suggestion.description, suggestion.policy_url) == ("Counts.", "https://example.com/privacy")


@pytest.mark.parametrize(
    ("name", "wildcard", "pattern", "is_pattern"),
    [
        ("_ex", "0", "_ex", False),
        ("_ex_", "1", "_ex_*", True),
        ("UID_EXT_*", "0", "UID_EXT_*", True),
        ("a*", "1", "a*", True),
    ],
)
def test_a_wildcard_row_is_a_pattern(name: str, wildcard: str, pattern: str, is_pattern: bool) -> None:
    (suggestion,) = parse_cookie_database(written(row(name=name, wildcard=wildcard))).suggestions
    assert (suggestion.name, suggestion.is_pattern) == (pattern, is_pattern)


@pytest.mark.parametrize(
    ("category", "purpose"),
    [
        ("Functional", "preferences"),
        ("Personalization", "preferences"),
        ("Analytics", "audience"),
        ("MARKETING", "marketing"),
        ("Security", "necessary"),
        ("Necessary", "necessary"),
        ("Unheard-of", None),
        ("", None),
    ],
)
def test_their_categories_become_our_purposes(category: str, purpose: str | None) -> None:
    database = parse_cookie_database(written(row(category=category)))
    assert [suggestion.purpose for suggestion in database.suggestions] == [purpose]
    assert len(database.problems) == (purpose is None)


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("2 years", "P2Y"),
        ("1 year", "P1Y"),
        ("1 Year", "P1Y"),
        ("13 months", "P13M"),
        ("1 months", "P1M"),
        ("14 weeks", "P14W"),
        ("365 days", "P365D"),
        ("24 hours", "PT24H"),
        ("30 minutes", "PT30M"),
        ("30 mins", "PT30M"),
        ("90 sec", "PT90S"),
        ("  1   day ", "P1D"),
        ("session", "session"),
        ("Sessions", "session"),
        ("session cookie", "session"),
        ("End of session (browser)", "session"),
        ("2 years after last activity", "P2Y"),
        ("13 months by default, modifiable", "P13M"),
        ("10 years from set/ update", "P10Y"),
        ("", None),
        ("persistent", None),
        ("forever", None),
        ("Unknown", None),
        ("0 days", None),
        ("1000 years", None),
        ("1 hour or longer", None),
        ("30 seconds till 1 year", None),
        ("180 days after last activity or 10 years when opting out", None),
        ("10 Nov 2030", None),
        ("²2 days", None),
        ("P2Y", None),
    ],
)
def test_a_retention_is_read_when_it_is_one_length_of_time(text: str, lifetime: str | None) -> None:
    assert parse_retention(text) == lifetime
    assert lifetime is None or parse_lifetime(lifetime)


def test_local_storage_as_a_retention_is_a_kind() -> None:
    (suggestion,) = parse_cookie_database(written(row(retention="Local Storage"))).suggestions
    assert (suggestion.kind, suggestion.lifetime) == ("local_storage", None)


@pytest.mark.parametrize(
    ("domain", "host", "problems"),
    [
        ("", None, 0),
        ("Example.com", "example.com", 0),
        (".example.com (1st party)", "example.com", 0),
        (" or example.com (3rd party)", "example.com", 0),
        ("\u200b.example.com\u200b", "example.com", 0),
        (".a.com (3rd party) or .b.com (3rd party)", "a.com", 1),
        ("ads-[account].example.com", None, 1),
        ("localhost", None, 1),
    ],
)
def test_a_domain_is_a_host_or_nothing(domain: str, host: str | None, problems: int) -> None:
    database = parse_cookie_database(written(row(domain=domain)))
    assert [suggestion.domain for suggestion in database.suggestions] == [host]
    assert len(database.problems) == problems


def test_what_cannot_be_read_is_told_with_its_row_and_leaves_the_rest_alone() -> None:
    text = written(
        row(id="a"),
        row(id="b", retention="Varies"),
        row(id="c", name=""),
        row(id="a", name="again"),
        ["too", "short"],
        row(id="d", link="javascript:alert(1)"),
        row(id="e"),
    )

    database = parse_cookie_database(text)

    assert [suggestion.source_id for suggestion in database.suggestions] == ["a", "b", "d", "e"]
    assert [problem.row for problem in database.problems] == [3, 4, 5, 6, 7]
    assert database.rows == 7
    assert "Varies" in database.problems[0].reason


def test_hostile_text_is_kept_as_text_and_bounded() -> None:
    hostile = "<script>\x00\x07" + "=1+1" + "x" * 10_000
    (suggestion,) = parse_cookie_database(written(row(description=hostile, link='http://a.b/"onclick'))).suggestions

    assert suggestion.description.startswith("<script>=1+1")
    assert len(suggestion.description) == 2_000
    assert suggestion.policy_url is None


def test_a_cell_that_is_too_large_for_csv_does_not_stop_the_import() -> None:
    database = parse_cookie_database(written(row(id="a"), row(description="x" * 200_000), row(id="b")))
    assert [suggestion.source_id for suggestion in database.suggestions] == ["a", "b"]


def test_a_byte_order_mark_and_empty_lines_are_survived() -> None:
    database = parse_cookie_database("\ufeff" + written(row(id="a"), [], row(id="b")))
    assert (database.rows, len(database.suggestions)) == (2, 2)


def test_a_row_without_an_id_gets_one_that_is_the_same_next_time() -> None:
    text = written(row(id=""))
    first, second = (parse_cookie_database(text).suggestions[0].source_id for _ in range(2))
    assert first == second != ""


@pytest.mark.parametrize("text", ["", "name,domain\n_ga,site\n", "\x00", "ID,Platform\n"])
def test_a_file_that_is_something_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="Open Cookie Database"):
        parse_cookie_database(text)
