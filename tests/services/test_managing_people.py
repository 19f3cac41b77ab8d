"""People and links: the last owner stays and a link works once, also when two things happen at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from consent_server.domain.account import Role, command_line
from consent_server.domain.errors import Conflict, ConsentServerError, Invalid, NotFound
from consent_server.services import managing_people, redeeming, signing_in
from consent_server.services.linking import VALID, Linker, read_linker
from consent_server.storage import organisations, users
from tests.accounts import NOW, SEALER, add_person

PASSWORD = "several words that rhyme"


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.extensions["sessions"]() as session:
        yield session


@pytest.fixture
def linker(app: Flask) -> Linker:
    return read_linker(app.extensions["settings"])


def _carried(link: str) -> str:
    return link.rpartition("/")[2]


def _at_once(app: Flask, deeds: list[Callable[[Session], object]]) -> list[object]:
    """Do it all at the same time, each in a session of its own; give results and errors."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[Session], object]) -> object:
        with app.extensions["sessions"]() as own:
            start.wait(30)
            try:
                return deed(own)
            except ConsentServerError as error:
                return type(error)

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def test_two_owners_who_remove_each_other_leave_one(app: Flask, session: Session) -> None:
    first, _ = add_person(session)
    second, _ = add_person(session, "second@example.fr")
    done = _at_once(
        app,
        [
            lambda own: managing_people.disable(own, first, second.id, NOW),
            lambda own: managing_people.set_role(own, second, first.id, Role.VIEWER, NOW),
        ],
    )
    assert sorted(map(str, done)) == sorted(map(str, [None, Conflict]))
    session.rollback()
    assert users.count_owners(session, 1) == 1


def test_an_owner_who_has_not_come_yet_is_none(session: Session, linker: Linker) -> None:
    owner, _ = add_person(session)
    managing_people.invite(session, owner, linker, "second@example.fr", Role.OWNER, "fr", NOW)
    with pytest.raises(Conflict):
        managing_people.disable(session, owner, owner.id, NOW)


def test_a_link_works_once_however_many_follow_it(app: Flask, session: Session, linker: Linker) -> None:
    owner, _ = add_person(session)
    _, link = managing_people.invite(session, owner, linker, "new@example.fr", Role.VIEWER, "fr", NOW)
    follow = [
        lambda own, name=name: redeeming.accept(own, linker, _carried(link), name, PASSWORD, "", NOW)  # type: ignore[misc]
        for name in ("one", "two", "three")
    ]
    done = _at_once(app, follow)
    assert done.count(NotFound) == 2


def test_one_of_many_becomes_the_first_owner(app: Flask, session: Session, linker: Linker) -> None:
    link = managing_people.make_first_link(session, linker, NOW)
    assert link
    given = linker, _carried(link), "Ours"
    follow = [
        lambda own, n=n: redeeming.become_first_owner(own, *given, f"{n}@example.fr", "", PASSWORD, "fr", "", NOW)  # type: ignore[misc]
        for n in "abc"
    ]
    done = _at_once(app, follow)
    assert done.count(NotFound) == 2
    assert users.count_users(session) == 1
    assert organisations.find_organisation(session, 1).name == "Ours"


def test_a_link_is_not_used_up_by_a_password_that_is_refused(session: Session, linker: Linker) -> None:
    owner, _ = add_person(session)
    _, link = managing_people.invite(session, owner, linker, "new@example.fr", Role.VIEWER, "fr", NOW)
    with pytest.raises(Invalid):
        redeeming.accept(session, linker, _carried(link), "", "short", "", NOW)
    assert redeeming.accept(session, linker, _carried(link), "", PASSWORD, "", NOW)


@pytest.mark.parametrize("kind", VALID)
def test_a_link_works_until_its_time_is_over(session: Session, linker: Linker, kind: str) -> None:
    owner, _ = add_person(session)
    link = _carried(linker.make(session, kind, owner.id, NOW))
    session.commit()
    assert linker.read(session, link, NOW + VALID[kind] - (VALID[kind] / 100)).kind == kind
    with pytest.raises(NotFound):
        linker.read(session, link, NOW + VALID[kind])


def test_neither_the_database_nor_the_key_alone_makes_a_link(session: Session, linker: Linker) -> None:
    owner, _ = add_person(session)
    link = _carried(linker.make(session, "reset", owner.id, NOW))
    session.commit()
    ((kept,),) = session.execute(text("SELECT id FROM account_link")).all()
    assert kept not in link
    other = Linker(linker.public_url, "another key")
    for forged in (kept, link[:-1], link + "x"):
        with pytest.raises(NotFound):
            linker.read(session, forged, NOW)
    with pytest.raises(NotFound):
        other.read(session, link, NOW)


def test_whoever_is_let_in_no_more_gets_no_link_and_loses_theirs(session: Session, linker: Linker) -> None:
    owner, _ = add_person(session)
    other, _ = add_person(session, "second@example.fr", Role.VIEWER)
    user = users.find_user(session, other.id)
    link = _carried(managing_people.make_link(session, owner, linker, user, NOW))
    managing_people.disable(session, owner, other.id, NOW)
    with pytest.raises(NotFound):
        linker.read(session, link, NOW)
    with pytest.raises(Conflict):
        managing_people.make_link(session, owner, linker, users.find_user(session, other.id), NOW)


def test_nobody_is_added_twice_under_another_spelling(session: Session, linker: Linker) -> None:
    add_person(session)
    for email in ("OWNER@example.fr", " owner@EXAMPLE.FR ", "\uff4fwner@example.fr"):
        with pytest.raises(Conflict):
            managing_people.invite(session, command_line(1), linker, email, Role.VIEWER, "fr", NOW)


@pytest.mark.parametrize(
    "email", ["", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\r\nBcc: c@d", "a@b\0", "a" * 250 + "@b.fr", "<a@b>"]
)
def test_what_is_no_address_is_refused(session: Session, linker: Linker, email: str) -> None:
    with pytest.raises(Invalid):
        managing_people.invite(session, command_line(1), linker, email, Role.VIEWER, "fr", NOW)


def test_a_new_password_signs_everybody_out_who_had_the_old_one(session: Session, linker: Linker) -> None:
    owner, password = add_person(session)
    token = signing_in.sign_in(session, SEALER, signing_in.Try("owner@example.fr", password, "", "x"), "", NOW)
    user = users.find_user(session, owner.id)
    link = _carried(managing_people.make_link(session, command_line(1), linker, user, NOW))
    assert redeeming.accept(session, linker, link, "", PASSWORD, "", NOW) is None
    assert signing_in.actor_of(session, token, NOW) is None
