"""Signing in: who is let in, for how long, and what is told to those who are not."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, Role
from consent_server.domain.errors import CodeNeeded, ConsentServerError, Invalid, NotSignedIn, TooManyTries
from consent_server.services import managing_people, passwords, second_factor, signing_in
from consent_server.services.sealing import Closed, make_sealer
from consent_server.services.signing_in import ABSOLUTE_LIMIT, IDLE_LIMIT, TRIES_OF_ACCOUNT_FROM_NETWORK, WINDOW
from consent_server.storage import users
from tests.accounts import ADDRESS, NOW, SEALER, add_person, trying

OTHER_SEALER = make_sealer("t" * 64)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.extensions["sessions"]() as session:
        yield session


@pytest.fixture
def owner(session: Session) -> tuple[Actor, str]:
    return add_person(session)


def _enrol(session: Session, actor: Actor) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    totp = pyotp.TOTP(second_factor.begin(session, SEALER, actor.id).secret)
    return totp, second_factor.confirm(session, SEALER, actor, totp.at(NOW - timedelta(seconds=30)), NOW)


def test_the_token_stands_for_who_signed_in(session: Session, owner: tuple[Actor, str]) -> None:
    actor, password = owner
    token = signing_in.sign_in(
        session, SEALER, trying(password, email=" Owner@EXAMPLE.fr "), "Firefox 140, desktop", NOW
    )
    assert signing_in.actor_of(session, token, NOW) == actor
    assert [each.device for each in signing_in.list_sessions(session, actor.id, NOW)] == ["Firefox 140, desktop"]
    assert signing_in.actor_of(session, token + "x", NOW) is None


def test_neither_token_nor_password_is_in_the_database(session: Session, owner: tuple[Actor, str]) -> None:
    token = signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    kept = str(session.execute(text("SELECT * FROM sign_in_session")).all())
    kept += str(session.execute(text("SELECT * FROM account_user")).all())
    kept += str(session.execute(text("SELECT * FROM activity")).all())
    assert token not in kept
    assert owner[1] not in kept
    assert "$argon2id$" in kept


def test_every_sign_in_has_a_token_of_its_own(session: Session, owner: tuple[Actor, str]) -> None:
    made = {signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW) for _ in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize("wrong", ["password", "email", "disabled", "invited", "not an address"])
def test_the_answer_to_whatever_is_wrong_is_the_same_after_the_same_work(
    session: Session, owner: tuple[Actor, str], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = add_person(session, "second@example.fr")
    asked = {"password": ADDRESS, "email": "nobody@example.fr", "not an address": "nobody", "invited": "new@example.fr"}
    password = "wrong" if wrong == "password" else owner[1]
    if wrong == "disabled":
        managing_people.disable(session, other, owner[0].id, NOW)
    if wrong == "invited":
        users.add_user(session, 1, "new@example.fr", "", Role.VIEWER, "fr", NOW)
        session.commit()
    verified: list[str] = []
    verify = type(passwords.hasher).verify
    monkeypatch.setattr(
        type(passwords.hasher),
        "verify",
        lambda self, known, given: (
            verified.append(known.rpartition("$")[0].rpartition("$")[0]),
            verify(self, known, given),
        )[1],
    )

    with pytest.raises(NotSignedIn) as refused:
        signing_in.sign_in(session, SEALER, trying(password, email=asked.get(wrong, ADDRESS)), "", NOW)

    assert str(refused.value) == signing_in.REFUSED
    assert verified == ["$argon2id$v=19$m=8,t=1,p=1"]


def test_production_hashes_as_rfc_9106_says() -> None:
    import importlib

    used = importlib.import_module("argon2").PasswordHasher()
    assert (used.time_cost, used.memory_cost, used.type.name) == (3, 65536, "ID")


def test_whoever_is_disabled_is_out_at_once(session: Session, owner: tuple[Actor, str]) -> None:
    other, password = add_person(session, "second@example.fr")
    token = signing_in.sign_in(session, SEALER, trying(password, email="second@example.fr"), "", NOW)
    managing_people.disable(session, owner[0], other.id, NOW)
    assert signing_in.actor_of(session, token, NOW) is None
    managing_people.enable(session, owner[0], other.id, NOW)
    assert signing_in.actor_of(session, token, NOW) is None


def test_a_sign_in_ends_when_nobody_comes_and_at_last_in_any_case(session: Session, owner: tuple[Actor, str]) -> None:
    token = signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    step = IDLE_LIMIT - timedelta(minutes=1)
    moment = NOW
    while moment + step < NOW + ABSOLUTE_LIMIT:
        moment += step
        assert signing_in.actor_of(session, token, moment)
    assert signing_in.actor_of(session, token, NOW + ABSOLUTE_LIMIT) is None

    idle = signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    assert signing_in.actor_of(session, idle, NOW + IDLE_LIMIT) is None


def test_signing_out_ends_one_and_everywhere_ends_every_other(session: Session, owner: tuple[Actor, str]) -> None:
    first, second, third = (signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW) for _ in range(3))
    signing_in.sign_out(session, first, NOW)
    assert signing_in.actor_of(session, first, NOW) is None
    user = users.find_user(session, owner[0].id)
    session.rollback()
    assert signing_in.sign_out_everywhere(session, owner[0], user, NOW, but=third) == 1
    assert signing_in.actor_of(session, second, NOW) is None
    assert signing_in.actor_of(session, third, NOW)


def test_tries_are_counted_and_forgotten_in_time(session: Session, owner: tuple[Actor, str]) -> None:
    for _ in range(TRIES_OF_ACCOUNT_FROM_NETWORK):
        with pytest.raises(NotSignedIn):
            signing_in.sign_in(session, SEALER, trying("wrong"), "", NOW)
    with pytest.raises(TooManyTries) as refused:
        signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    assert refused.value.retry_after == WINDOW.total_seconds()
    assert signing_in.sign_in(session, SEALER, trying(owner[1], network="198.51.100.0/24"), "", NOW)
    assert signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW + WINDOW)


def test_a_network_is_held_back_whatever_addresses_it_tries(session: Session) -> None:
    for number in range(signing_in.TRIES_OF_NETWORK):
        with pytest.raises(NotSignedIn):
            signing_in.sign_in(session, SEALER, trying("wrong", email=f"{number}@example.fr"), "", NOW)
    with pytest.raises(TooManyTries):
        signing_in.sign_in(session, SEALER, trying("wrong", email="another@example.fr"), "", NOW)


def test_those_who_sign_in_well_are_never_held_back(session: Session, owner: tuple[Actor, str]) -> None:
    for _ in range(signing_in.TRIES_OF_NETWORK + 1):
        signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)


def test_many_tries_at_once_are_as_many(app: Flask, session: Session, owner: tuple[Actor, str]) -> None:
    def guess(_: int) -> type[ConsentServerError]:
        with app.extensions["sessions"]() as own:
            try:
                signing_in.sign_in(own, SEALER, trying("wrong"), "", NOW)
            except ConsentServerError as error:
                return type(error)
        raise AssertionError("a wrong password was right")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(3 * TRIES_OF_ACCOUNT_FROM_NETWORK)))
    assert answers.count(NotSignedIn) <= TRIES_OF_ACCOUNT_FROM_NETWORK


def test_a_code_is_asked_for_and_counts_once(session: Session, owner: tuple[Actor, str]) -> None:
    actor, password = owner
    totp, _ = _enrol(session, actor)
    with pytest.raises(CodeNeeded) as needed:
        signing_in.sign_in(session, SEALER, trying(password), "", NOW)
    assert needed.value.user_id == actor.id

    assert signing_in.finish_sign_in(session, SEALER, actor.id, totp.at(NOW), "192.0.2.0/24", "", NOW)
    with pytest.raises(NotSignedIn):
        signing_in.finish_sign_in(session, SEALER, actor.id, totp.at(NOW), "192.0.2.0/24", "", NOW)
    with pytest.raises(NotSignedIn):  # an earlier one that nobody used is over with it
        signing_in.sign_in(session, SEALER, trying(password, code=totp.at(NOW - timedelta(seconds=30))), "", NOW)
    later = NOW + timedelta(seconds=30)
    assert signing_in.sign_in(session, SEALER, trying(password, code=totp.at(later)), "", later)


def test_the_code_that_confirmed_the_second_factor_is_used_up(session: Session, owner: tuple[Actor, str]) -> None:
    totp = pyotp.TOTP(second_factor.begin(session, SEALER, owner[0].id).secret)
    second_factor.confirm(session, SEALER, owner[0], totp.at(NOW), NOW)
    with pytest.raises(NotSignedIn):
        signing_in.sign_in(session, SEALER, trying(owner[1], code=totp.at(NOW)), "", NOW)


def test_codes_are_guessed_no_faster_than_passwords(session: Session, owner: tuple[Actor, str]) -> None:
    totp, _ = _enrol(session, owner[0])
    wrong = str((int(totp.at(NOW)) + 500_000) % 1_000_000).zfill(6)
    for _ in range(TRIES_OF_ACCOUNT_FROM_NETWORK):
        with pytest.raises(NotSignedIn):
            signing_in.finish_sign_in(session, SEALER, owner[0].id, wrong, "192.0.2.0/24", "", NOW)
    with pytest.raises(TooManyTries):
        signing_in.finish_sign_in(session, SEALER, owner[0].id, totp.at(NOW), "192.0.2.0/24", "", NOW)


def test_each_recovery_code_stands_in_once(session: Session, owner: tuple[Actor, str]) -> None:
    _, codes = _enrol(session, owner[0])
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert signing_in.sign_in(session, SEALER, trying(owner[1], code=codes[0].upper().replace("-", " ")), "", NOW)
    with pytest.raises(NotSignedIn):
        signing_in.sign_in(session, SEALER, trying(owner[1], code=codes[0]), "", NOW)
    assert users.count_recovery_codes(session, owner[0].id) == second_factor.RECOVERY_CODES - 1
    session.rollback()
    second_factor.renew_codes(session, owner[0], NOW)
    with pytest.raises(NotSignedIn):
        signing_in.sign_in(session, SEALER, trying(owner[1], code=codes[1]), "", NOW)


def test_a_second_factor_counts_once_it_was_confirmed(session: Session, owner: tuple[Actor, str]) -> None:
    secret = second_factor.begin(session, SEALER, owner[0].id).secret
    assert second_factor.begin(session, SEALER, owner[0].id).secret == secret
    with pytest.raises(Invalid):
        second_factor.confirm(session, SEALER, owner[0], "000000x", NOW)
    assert signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    second_factor.confirm(session, SEALER, owner[0], pyotp.TOTP(secret).at(NOW), NOW)
    with pytest.raises(CodeNeeded):
        signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)
    second_factor.remove(session, owner[0], users.find_user(session, owner[0].id), NOW)
    assert signing_in.sign_in(session, SEALER, trying(owner[1]), "", NOW)


def test_the_secret_of_a_second_factor_is_sealed_for_its_owner(session: Session, owner: tuple[Actor, str]) -> None:
    totp, _ = _enrol(session, owner[0])
    kept = _kept_secret(session, owner[0])
    assert totp.secret not in kept
    assert b32encode(SEALER.open(kept, f"second factor of {owner[0].id}")).decode() == totp.secret
    for sealer, of in (
        (SEALER, f"second factor of {owner[0].id + 1}"),
        (OTHER_SEALER, f"second factor of {owner[0].id}"),
    ):
        with pytest.raises(Closed):
            sealer.open(kept, of)


def test_a_secret_from_before_is_sealed_when_it_is_used(session: Session, owner: tuple[Actor, str]) -> None:
    totp, _ = _enrol(session, owner[0])
    session.execute(text("UPDATE account_user SET totp_secret = :plain"), {"plain": totp.secret})
    session.commit()
    assert signing_in.sign_in(session, SEALER, trying(owner[1], code=totp.at(NOW)), "", NOW)
    assert totp.secret not in _kept_secret(session, owner[0])
    with pytest.raises(NotSignedIn):
        signing_in.sign_in(session, SEALER, trying(owner[1], code=totp.at(NOW)), "", NOW)
    later = NOW + timedelta(seconds=30)
    assert signing_in.sign_in(session, SEALER, trying(owner[1], code=totp.at(later)), "", later)


def test_after_another_secret_key_a_recovery_code_leads_to_a_new_second_factor(
    session: Session, owner: tuple[Actor, str]
) -> None:
    actor, password = owner
    totp, codes = _enrol(session, actor)
    with pytest.raises(NotSignedIn, match="Use a recovery code"):
        signing_in.sign_in(session, OTHER_SEALER, trying(password, code=totp.at(NOW)), "", NOW)
    with pytest.raises(NotSignedIn, match="is not right"):
        signing_in.sign_in(session, OTHER_SEALER, trying("wrong", code=totp.at(NOW)), "", NOW)
    assert signing_in.sign_in(session, OTHER_SEALER, trying(password, code=codes[0]), "", NOW)
    user = users.find_user(session, actor.id)
    session.rollback()
    second_factor.remove(session, actor, user, NOW)
    other = pyotp.TOTP(second_factor.begin(session, OTHER_SEALER, actor.id).secret)
    assert second_factor.confirm(session, OTHER_SEALER, actor, other.at(NOW), NOW)


def test_what_was_only_begun_with_another_secret_key_begins_anew(session: Session, owner: tuple[Actor, str]) -> None:
    before = second_factor.begin(session, SEALER, owner[0].id).secret
    assert second_factor.begin(session, OTHER_SEALER, owner[0].id).secret != before


def _kept_secret(session: Session, actor: Actor) -> str:
    kept = users.credentials_of(session, actor.id).totp_secret
    session.rollback()
    assert kept
    return kept


@pytest.mark.parametrize("password", ["short", "x" * 129, "aaaaaaaaaaaaaaaa", "owner@example.fr", "ababababababababab"])
def test_passwords_that_are_guessed_are_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check_password(password, "owner@example.fr", "Owner")


def test_a_password_is_the_same_however_it_is_typed() -> None:
    composed, decomposed = "cr\u00e8me br\u00fbl\u00e9e", "cre\u0300me bru\u0302le\u0301e"
    assert passwords.matches(decomposed, passwords.hash_password(composed))
