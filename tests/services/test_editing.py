"""Two editors lose nothing of each other's, and what was done can be taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from consent_server.domain import catalogue_edits as edits
from consent_server.domain.account import Actor, Role
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.catalogue_rows import Row, rows_of
from consent_server.domain.errors import Invalid
from consent_server.services import editing
from consent_server.services.editing import Deed
from consent_server.storage import draft_changes, sites
from tests.builders import site_file

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADA = Actor("user", 1, "Ada", 1, Role.EDITOR)
BOB = Actor("user", 2, "Bob", 1, Role.EDITOR)
OWN = {"id": "own", "name": "Own", "vendor": "Example", "purpose": None, "trackers": [{"name": "a"}, {"name": "b"}]}


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    with Session(engine) as session:
        editing.import_site(session, site_file(services=[OWN]), NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with Session(database) as session:
        yield session


def row(session: Session, name: str) -> Row:
    catalogue = editing.check_draft(sites.find_site(session, "example").draft)
    return next(found for found in rows_of(catalogue) if found.tracker.name == name)


def classify(session: Session, seen: Row, purpose: str | None, actor: Actor = ADA) -> None:
    def edit(draft: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, Any]:
        return edits.change_rows(draft, catalogue, {seen.id: seen.revision}, {"purpose": purpose})

    editing.change_draft(session, "example", actor, Deed("tracker.changed", seen.tracker.name), edit, NOW)


def history(session: Session) -> list[tuple[str, str, str]]:
    changes = draft_changes.list_changes(session, sites.find_site(session, "example").id)
    return [(change.actor_name, change.deed, change.subject) for change in changes]


def test_two_editors_of_two_rows_both_win(session: Session) -> None:
    a, b = row(session, "a"), row(session, "b")
    classify(session, a, "audience", ADA)
    classify(session, b, "marketing", BOB)

    assert (row(session, "a").tracker.purpose, row(session, "b").tracker.purpose) == ("audience", "marketing")
    assert history(session) == [("Bob", "tracker.changed", "b"), ("Ada", "tracker.changed", "a")]
    assert sites.find_site(session, "example").revision == 2


def test_the_second_editor_of_one_row_is_told_and_the_first_ones_change_stays(session: Session) -> None:
    seen = row(session, "a")
    classify(session, seen, "audience", ADA)
    with pytest.raises(Overtaken):
        classify(session, seen, "marketing", BOB)

    assert row(session, "a").tracker.purpose == "audience"
    assert history(session) == [("Ada", "tracker.changed", "a")]


def test_of_editors_at_the_same_moment_one_wins_each_row_and_nothing_is_lost(database: Engine) -> None:
    with Session(database) as session:
        seen = {name: row(session, name) for name in ("a", "b")}
    told: list[str] = []
    start = threading.Barrier(6)

    def work(name: str, purpose: str) -> None:
        with Session(database) as mine:
            start.wait()
            try:
                classify(mine, seen[name], purpose)
            except Overtaken:
                told.append(name)

    threads = [
        threading.Thread(target=work, args=(name, purpose))
        for name in ("a", "b")
        for purpose in ("audience", "marketing", "social")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Session(database) as session:
        assert sorted(told) == ["a", "a", "b", "b"]
        assert None not in (row(session, "a").tracker.purpose, row(session, "b").tracker.purpose)
        assert sites.find_site(session, "example").revision == 2


def test_what_does_not_hold_together_is_not_kept(session: Session) -> None:
    with pytest.raises(Invalid):
        classify(session, row(session, "a"), "necessary")
    assert (row(session, "a").tracker.purpose, history(session)) == (None, [])


def test_the_same_again_is_no_change(session: Session) -> None:
    classify(session, row(session, "a"), "audience")
    classify(session, row(session, "a"), "audience")
    assert len(history(session)) == 1


def test_changes_are_taken_back_one_after_the_other_each_as_a_change_of_its_own(session: Session) -> None:
    site = sites.find_site(session, "example")
    classify(session, row(session, "a"), "audience")
    classify(session, row(session, "a"), "marketing")
    for expected in ("audience", None):
        last = editing.last_change(session, site.id)
        assert last is not None
        editing.undo(session, "example", last.id, BOB, NOW)
        assert row(session, "a").tracker.purpose == expected

    assert editing.last_change(session, site.id) is None
    assert sites.find_site(session, "example").draft == site.draft
    assert history(session)[:2] == [("Bob", "change.undone", "tracker.changed")] * 2


def test_who_takes_back_what_is_not_the_last_change_any_more_is_told(session: Session) -> None:
    classify(session, row(session, "a"), "audience")
    last = editing.last_change(session, sites.find_site(session, "example").id)
    assert last is not None
    classify(session, row(session, "b"), "social", BOB)
    with pytest.raises(Overtaken):
        editing.undo(session, "example", last.id, ADA, NOW)
    assert row(session, "a").tracker.purpose == "audience"


def test_a_file_that_replaces_the_draft_can_be_taken_back_too(session: Session) -> None:
    before = sites.find_site(session, "example")
    editing.import_site(session, site_file(name="Other"), NOW)
    last = editing.last_change(session, before.id)
    assert last is not None
    assert (last.actor_name, last.deed) == ("command line", "catalogue.imported")
    editing.undo(session, "example", last.id, ADA, NOW)
    after = sites.find_site(session, "example")
    assert (after.draft, after.name) == (before.draft, "Example")
