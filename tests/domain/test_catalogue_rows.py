"""The catalogue as a table: what each row says, which rows are asked for, and what stands first."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.catalogue import Catalogue, parse_catalogue
from consent_server.domain.catalogue_rows import FLAGS, SORTS, Query, Row, chosen, find_row, rows_of
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file

OWN = {
    "id": "own",
    "name": "Boutique d’été",
    "vendor": "Example",
    "purpose": None,
    "trackers": [
        {"name": "userId"},
        {"name": "basket", "purpose": "preferences", "declared_lifetime": "P1M", "description": {"fr": "Le panier."}},
        {"name": "draft", "kind": "local_storage", "purpose": "preferences", "declared_lifetime": "P2Y"},
        {"name": "tab", "kind": "session_storage", "purpose": "preferences"},
        {"name": "sid", "purpose": "preferences", "set_by": "http", "http_only": True, "declared_lifetime": "P3Y"},
        {"name": "track", "purpose": "marketing", "domain": "ads.example.net", "declared_lifetime": "P2Y"},
        {"name": "pixel", "kind": "pixel", "purpose": "marketing"},
    ],
}


def catalogue(*services: Any) -> Catalogue:
    file = site_file(services=[{"library": "google-analytics"}, {"library": "php-session"}, *services])
    return parse_catalogue(file, load_library(), load_languages())


def named(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.tracker.name: row for row in rows}


ROWS = rows_of(catalogue(OWN))


def names(**asked: Any) -> list[str]:
    return [row.tracker.name for row in chosen(ROWS, Query(**asked))]


@pytest.mark.parametrize(
    ("name", "browser", "guard", "reason", "applied"),
    [
        ("_ga", True, True, "script", "P13M"),
        ("PHPSESSID", False, True, "http_only", "session"),
        ("sid", False, True, "http_only", "P13M"),
        ("basket", True, True, "unknown_setter", "P1M"),
        ("draft", True, False, "swept", "P13M"),
        ("tab", True, False, "ends_with_tab", None),
        ("track", False, False, "elsewhere", None),
        ("pixel", False, False, "nothing_stored", None),
    ],
)
def test_where_a_lifetime_is_enforced_and_where_it_cannot_be(
    name: str, browser: bool, guard: bool, reason: str, applied: str | None
) -> None:
    row = named(ROWS)[name]
    found = row.enforcement
    assert (found.browser, found.guard, found.reason, row.applied) == (browser, guard, reason, applied)


def test_what_is_unclassified_stands_first_in_every_order() -> None:
    for sort in SORTS:
        for descending in (False, True):
            assert names(sort=sort, descending=descending)[0] == "userId"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"only": "unclassified"}, {"userId"}),
        ({"only": "exempt"}, {"PHPSESSID"}),
        ({"purpose": "marketing", "vendor": "Example"}, {"track", "pixel"}),
        ({"kind": "session_storage"}, {"tab"}),
        ({"vendor": "The PHP Group"}, {"PHPSESSID"}),
        ({"search": "ETE panier"}, {"basket"}),
        ({"search": "ads.example"}, {"track"}),
        ({"search": "nothing of the kind"}, set()),
        ({"purpose": "marketing", "kind": "pixel"}, {"pixel"}),
    ],
)
def test_rows_are_found(asked: dict[str, Any], expected: set[str]) -> None:
    assert set(names(**asked)) == expected


def test_what_is_said_to_be_too_long_or_undescribed_is_found() -> None:
    assert {"draft", "sid", "track", "_ga"} <= set(names(only="over"))
    assert "basket" not in names(only="over")
    assert named(ROWS)["basket"].untold == ("en",)
    assert {"basket", "userId"} <= set(names(only="undescribed"))
    assert "_ga" not in names(only="undescribed")
    assert names(only="unconfirmed") == ["PHPSESSID"]
    assert set(FLAGS) == {"unclassified", "exempt", "unconfirmed", "over", "undescribed"}


def test_an_order_that_nobody_knows_is_the_usual_one() -> None:
    assert names(sort="nonsense") == names()


def test_lifetimes_are_ordered_by_length_not_by_letter() -> None:
    lengths = [
        row.tracker.lifetime.nominal_seconds
        for row in chosen(ROWS, Query(sort="lifetime", descending=True))
        if row.tracker.lifetime and not row.unclassified
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_a_row_is_found_again_by_its_id_and_changes_its_revision_when_anything_changes() -> None:
    before = named(ROWS)["basket"]
    trackers = [t | {"declared_lifetime": "P2M"} if t["name"] == "basket" else t for t in OWN["trackers"]]
    after = find_row(catalogue({**OWN, "trackers": trackers}), before.id)
    assert after is not None
    assert (after.tracker.name, after.revision == before.revision) == ("basket", False)
    assert named(rows_of(catalogue(OWN)))["basket"].revision == before.revision


def test_two_pixels_of_one_service_are_two_rows() -> None:
    twice = {**OWN, "trackers": [{"kind": "pixel", "purpose": "marketing"}] * 2}
    ids = [row.id for row in rows_of(catalogue(twice)) if row.tracker.kind == "pixel"]
    assert len(set(ids)) == 2
