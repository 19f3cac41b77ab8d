"""A draft is changed part by part, and whoever saw something else is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from consent_server.domain import catalogue_edits as edits
from consent_server.domain.catalogue import Catalogue, parse_catalogue
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.catalogue_rows import Row, rows_of, service_revision
from consent_server.domain.errors import Invalid
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file

EXEMPT = {"ground": "EXM-02", "justification": {"fr": "Connexion.", "en": "Signing in."}, "author": "A"}
OWN = {"id": "own", "name": "Own", "vendor": "Example", "purpose": None, "trackers": [{"name": "a"}, {"name": "b"}]}
FILE = site_file(services=[{"library": "google-analytics"}, OWN, {"library": "php-session"}])


def read(document: Any) -> Catalogue:
    return parse_catalogue(document, load_library(), load_languages())


def row(document: Any, name: str) -> Row:
    return next(row for row in rows_of(read(document)) if row.tracker.name == name)


def change(document: Any, names: tuple[str, ...], changes: dict[str, Any]) -> dict[str, Any]:
    seen = {found.id: found.revision for found in (row(document, name) for name in names)}
    return edits.change_rows(document, read(document), seen, changes)


def test_a_change_of_one_row_leaves_every_other_as_it_was() -> None:
    untouched = copy.deepcopy(FILE)
    changed = change(FILE, ("_ga",), {"declared_lifetime": "P6M"})

    assert untouched == FILE
    before = {r.id: r.revision for r in rows_of(read(FILE)) if r.tracker.name != "_ga"}
    after = {r.id: r.revision for r in rows_of(read(changed)) if r.tracker.name != "_ga"}
    assert before == after
    assert changed["services"][1:] == FILE["services"][1:]
    lifetime = row(changed, "_ga").tracker.lifetime
    assert lifetime is not None
    assert lifetime.text == "P6M"


def test_many_rows_get_one_change() -> None:
    changed = change(FILE, ("a", "b", "_ga"), {"purpose": "marketing"})
    assert {row(changed, name).tracker.purpose for name in ("a", "b", "_ga")} == {"marketing"}


def test_a_row_that_somebody_else_changed_stays_as_it_is() -> None:
    seen = {row(FILE, "a").id: row(FILE, "a").revision}
    meanwhile = change(FILE, ("a",), {"purpose": "audience"})
    with pytest.raises(Overtaken) as told:
        edits.change_rows(meanwhile, read(meanwhile), seen, {"purpose": "social"})
    assert told.value.rows == tuple(seen)


def test_another_row_that_somebody_changed_does_not_matter() -> None:
    seen = {row(FILE, "b").id: row(FILE, "b").revision}
    meanwhile = change(FILE, ("a",), {"purpose": "audience"})
    both = edits.change_rows(meanwhile, read(meanwhile), seen, {"purpose": "social"})
    assert (row(both, "a").tracker.purpose, row(both, "b").tracker.purpose) == ("audience", "social")


def test_a_row_that_is_gone_is_told_too() -> None:
    seen = {row(FILE, "a").id: row(FILE, "a").revision}
    without = edits.remove_rows(FILE, read(FILE), seen)
    with pytest.raises(Overtaken):
        edits.change_rows(without, read(without), seen, {"purpose": "social"})


def test_an_exemption_does_not_move_to_a_purpose_that_cannot_have_it() -> None:
    changed = change(FILE, ("PHPSESSID",), {"purpose": "marketing"})
    assert row(changed, "PHPSESSID").tracker.exemption is None
    assert read(changed)


def test_an_exemption_is_written_with_its_author_and_its_time() -> None:
    decided = {**EXEMPT, "decided_at": "2026-11-22T10:15:00.000Z", "conditions": {"EXM-02": True, "EXM-08": True}}
    exemption = row(change(FILE, ("a",), {"purpose": "necessary", "exemption": decided}), "a").tracker.exemption
    assert exemption is not None
    assert (exemption.author, exemption.decided_at) == ("A", "2026-11-22T10:15:00.000Z")
    assert exemption.conditions == {"EXM-02": True, "EXM-08": True}


def test_a_service_goes_with_its_last_tracker_unless_it_has_addresses() -> None:
    seen = {found.id: found.revision for found in (row(FILE, "a"), row(FILE, "b"))}
    assert [s.id for s in read(edits.remove_rows(FILE, read(FILE), seen)).services] == [
        "google-analytics",
        "php-session",
    ]
    analytics = {r.id: r.revision for r in rows_of(read(FILE)) if r.service.id == "google-analytics"}
    assert "google-analytics" in [s.id for s in read(edits.remove_rows(FILE, read(FILE), analytics)).services]


def test_a_tracker_is_added_to_a_service_of_the_catalogue_alone() -> None:
    added = edits.add_tracker(FILE, read(FILE), "google-analytics", {"name": "_new", "purpose": "audience"})
    assert row(added, "_new").service.id == "google-analytics"
    assert row(added, "_ga").revision == row(FILE, "_ga").revision
    with pytest.raises(Invalid):
        edits.add_tracker(FILE, read(FILE), "nonesuch", {"name": "_new"})


def test_a_service_that_is_there_already_is_not_added_again() -> None:
    added = edits.add_services(FILE, read(FILE), [{"library": "google-analytics"}, {"library": "matomo"}] * 2)
    assert [s.get("library") for s in added["services"]] == ["google-analytics", None, "php-session", "matomo"]


def test_trackers_follow_their_service_to_another_purpose() -> None:
    service = read(FILE).services[0]
    moved = edits.change_service(
        FILE, read(FILE), service.id, service_revision(service), {"purpose": "marketing", "name": "GA"}
    )
    found = read(moved).services[0]
    assert (found.name, found.purpose, {t.purpose for t in found.trackers}) == ("GA", "marketing", {"marketing"})
    assert "trackers" in moved["services"][0]


def test_a_service_that_was_changed_meanwhile_is_told() -> None:
    with pytest.raises(Overtaken):
        edits.change_service(FILE, read(FILE), "own", "another", {"name": "Mine"})
    with pytest.raises(Overtaken):
        edits.remove_service(FILE, read(FILE), "gone", "any")
    revision = service_revision(read(FILE).services[1])
    assert [s.id for s in read(edits.remove_service(FILE, read(FILE), "own", revision)).services] == [
        "google-analytics",
        "php-session",
    ]


def test_mistakes_are_told_under_the_rows_own_fields() -> None:
    found = row(FILE, "b")
    wrong = change(FILE, ("b",), {"declared_lifetime": "13 months", "exemption": {"ground": "EXM-02"}})
    with pytest.raises(Invalid) as refused:
        read({**wrong, "choice_lifetime": "P9Y"})
    told = edits.problems_at(refused.value, found.at)
    assert {"declared_lifetime", "exemption.author", "exemption.justification", ""} <= set(told)
