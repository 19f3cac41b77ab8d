"""What a publication would change, and what was changed by those before."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, Role
from consent_server.domain.difference import KINDS, Difference, asked_again, differences
from consent_server.domain.errors import NotFound, Unavailable
from consent_server.services import clock, comparing, editing, publishing
from consent_server.storage import configurations, sites
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests.builders import site_file

URL = "https://consent.example"
SOMEBODY = Actor("user", 1, "Somebody", FIRST_ORGANISATION, Role.EDITOR)


def _draft(session: Session, **changes: Any) -> sites.Site:
    editing.import_site(session, site_file(**changes), clock.now())
    return sites.find_site(session, "example")


def _publish(session: Session, **changes: Any) -> publishing.Publication:
    _draft(session, **changes)
    return publishing.publish(session, "example", URL, clock.now(), by=SOMEBODY, why="because")


OWN = {
    "id": "own",
    "name": "Own",
    "vendor": "Example SAS",
    "purpose": "audience",
    "trackers": [{"name": "seen", "kind": "cookie", "declared_lifetime": "P1M"}],
}
ANALYTICS = {"library": "google-analytics"}


def _changed(**changes: Any) -> dict[str, Any]:
    return {**OWN, **changes}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "expected", "again"),
    [
        (
            {"services": [OWN, ANALYTICS]},
            ("service added", "Google Analytics", None, "audience"),
            ("audience", "marketing"),
        ),
        ({"services": []}, ("service removed", "Own", "audience", None), ()),
        (
            {"services": [_changed(purpose="marketing")]},
            ("service moved", "Own", "audience", "marketing"),
            ("marketing",),
        ),
        (
            {"services": [_changed(trackers=[{"name": "seen", "kind": "cookie", "declared_lifetime": "P6M"}])]},
            ("lifetime", "seen (Own)", "P1M", "P6M"),
            (),
        ),
        (
            {"services": [_changed(trackers=[*OWN["trackers"], {"name": "new", "kind": "cookie"}])]},  # type: ignore[misc]
            ("tracker added", "new (Own)", None, "audience"),
            ("audience",),
        ),
        ({"services": [_changed(trackers=[])]}, ("tracker removed", "seen (Own)", "audience", None), ()),
        ({"services": [OWN], "choice_lifetime": "P3M"}, ("setting", "choice_lifetime", "P6M", "P3M"), ()),
        (
            {
                "services": [OWN],
                "banner": {"controller": "Example SAS", "texts": {"fr": {"title": "Cookies"}}},
            },
            ("text", "fr title", "Vos cookies, votre choix", "Cookies"),
            (),
        ),
        (
            {"services": [OWN], "banner": {"controller": "Example SAS", "layout": "bar"}},
            ("look", "layout", "box", "bar"),
            (),
        ),
    ],
)
def test_a_change_is_told_and_whom_it_asks_again(
    app: Flask, changes: dict[str, Any], expected: tuple[str, ...], again: tuple[str, ...]
) -> None:
    with app.app_context():
        _publish(db.session(), services=[OWN])
        found = comparing.prospect(db.session(), _draft(db.session(), **changes), clock.now())
        assert Difference(*expected) in found.differences
        assert found.asked_again == again
        assert found.candidate.configuration.version == 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_without_a_change_nothing_is_told(app: Flask) -> None:
    with app.app_context():
        _publish(db.session(), services=[OWN])
        found = comparing.prospect(db.session(), sites.find_site(db.session(), "example"), clock.now())
        assert (found.differences, found.asked_again, found.candidate.changed) == ((), (), False)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_first_publication_tells_everything_that_comes_and_asks_nobody_again(app: Flask) -> None:
    with app.app_context():
        found = comparing.prospect(db.session(), _draft(db.session(), services=[OWN]), clock.now())
        told = {"purpose added", "service added", "tracker added", "signal added"}
        assert {each.kind for each in found.differences} == told
        assert found.asked_again == ()
        kinds = [KINDS.index(each.kind) for each in found.differences]
        assert kinds == sorted(kinds), "the weightiest first"


def test_going_back_brings_the_draft_and_a_new_number(app: Flask) -> None:
    with app.app_context():
        first = _publish(db.session(), services=[OWN]).configuration
        _publish(db.session(), services=[ANALYTICS])
        site = sites.find_site(db.session(), "example")
        comparing.take_back(db.session(), site, 1, SOMEBODY, clock.now())
        third = publishing.publish(db.session(), "example", URL, clock.now()).configuration
        assert third.version == 3
        one, other = comparing.compare(db.session(), site, 3, 1)
        assert one.digest == first.digest
        assert differences(one, other) == ()
        past = comparing.history(db.session(), site)
        assert [each.configuration.version for each in past] == [3, 2, 1]
        notes = [(each.note.published_by, each.note.why) for each in past if each.note]
        assert notes == [("", ""), ("Somebody", "because"), ("Somebody", "because")]
        with pytest.raises(NotFound):
            comparing.take_back(db.session(), site, 4, SOMEBODY, clock.now())


def test_publishing_twice_at_once_gives_one_number_each_and_skips_none(app: Flask) -> None:
    """Each names another configuration or is told that somebody was faster; who tries again gets the next number."""
    with app.app_context():
        _draft(db.session(), services=[OWN])
    start = threading.Barrier(4)

    def publish(_number: int) -> int:
        with app.app_context():
            start.wait()
            while True:
                with contextlib.suppress(Unavailable):
                    now = clock.now()
                    site = sites.find_site(db.session(), "example")
                    editing.import_site(db.session(), {**site.draft, "choice_lifetime": f"P{_number}M"}, now)
                    return publishing.publish(db.session(), "example", URL, now).configuration.version
                db.session.rollback()

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(publish, range(1, 5)))
    with app.app_context():
        site = sites.find_site(db.session(), "example")
        kept = [each.version for each in configurations.list_configurations(db.session(), site.id)]
    assert kept == list(range(1, len(kept) + 1)), "none is skipped, none stands twice"
    assert numbers <= set(kept)


LETTERS = {"id": "letters", "title": "Letters", "description": "To write to you."}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"purposes": [LETTERS]}, ()),
        (
            {"purposes": [LETTERS], "services": [OWN, {**OWN, "id": "mail", "purpose": "letters", "trackers": []}]},
            ("letters",),
        ),
        ({"purposes": [LETTERS], "services": [_changed(purpose="letters")]}, ("letters",)),
        ({"purposes": [{"id": "audience", "title": "Counting"}]}, ()),
        ({"purposes": [{"id": "social"}, {"id": "audience"}]}, ()),
    ],
    ids=["unused", "served", "moved", "reworded", "reordered"],
)
def test_visitors_are_asked_again_only_about_a_purpose_that_is_new_to_them(
    app: Flask, changes: dict[str, Any], again: tuple[str, ...]
) -> None:
    with app.app_context():
        session = db.session()
        _publish(session, services=[OWN])
        published = _publish(session, **{"services": [OWN], **changes}).configuration
        assert asked_again(published) == again


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_purpose_that_comes_back_is_asked_anew(app: Flask) -> None:
    served = {"purposes": [LETTERS], "services": [OWN, {**OWN, "id": "mail", "purpose": "letters", "trackers": []}]}
    with app.app_context():
        session = db.session()
        for changes in (served, {"services": [OWN]}):
            assert asked_again(_publish(session, **changes).configuration) == ()
        assert asked_again(_publish(session, **served).configuration) == ("letters",)
