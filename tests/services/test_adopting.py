"""A frozen log goes on only with a checkpoint from outside that its database leads to."""

from __future__ import annotations

import shutil

import pytest

from consent_server.domain.errors import Conflict, Invalid, LogFrozen, NotFound
from consent_server.domain.log_entry import Erase
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.services import erasing
from consent_server.services.adopting import Adopted, adopt
from consent_server.services.keyring import Keyring
from consent_server.services.sequencing import integrate
from consent_server.storage import high_water_mark
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation

FROZEN = "SELECT frozen_reason FROM proof_log"


def _integrate(installation: Installation) -> int:
    return integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW)


def _adopt(installation: Installation, note: object) -> Adopted:
    return adopt(installation.sessions, "demo", str(note).encode(), KEYRING, installation.high_water, NOW)


def _note(installation: Installation) -> str:
    return str(installation.scalar("SELECT note FROM proof_checkpoint ORDER BY size DESC LIMIT 1"))


def _freeze(installation: Installation) -> None:
    with pytest.raises(LogFrozen):
        _integrate(installation)


def _refuse(installation: Installation) -> None:
    with pytest.raises(Invalid, match="high-water mark is missing"):
        _integrate(installation)


def test_a_log_whose_mark_was_lost_goes_on(installation: Installation) -> None:
    _first, second = installation.put(2)
    with installation.sessions() as session:
        erasing.erase_records(session, "demo", [second], "why")
    _integrate(installation)
    note = _note(installation)
    shutil.rmtree(installation.high_water.parent)
    _refuse(installation)

    assert _adopt(installation, note) == Adopted(ORIGIN, 5, 5)

    assert installation.scalar(FROZEN) is None
    installation.put(1)
    assert _integrate(installation) == 1
    (removal,) = high_water_mark.read_removals(installation.high_water)[ORIGIN]
    assert removal.entry == Erase(3, "why"), "the journal is made again from the log"


def test_a_database_that_was_edited_is_adopted_once_it_is_as_it_was(installation: Installation) -> None:
    installation.put(2)
    _integrate(installation)
    installation.execute("UPDATE proof_entry SET body = replace(body, '\"n\":1', '\"n\":2') WHERE idx = 1")
    _freeze(installation)
    with pytest.raises(Conflict, match="are not those"):
        _adopt(installation, _note(installation))
    installation.execute("UPDATE proof_entry SET body = replace(body, '\"n\":2', '\"n\":1') WHERE idx = 1")
    assert _adopt(installation, _note(installation)).size == 4
    assert _integrate(installation) == 0


def test_a_database_that_is_behind_the_mark_is_not_adopted(installation: Installation) -> None:
    installation.put(2)
    _integrate(installation)
    high_water_mark.raise_mark(installation.high_water, ORIGIN, high_water_mark.Mark(9, b"\1" * 32))
    _freeze(installation)
    with pytest.raises(Conflict, match="4 entries, but 9 were signed"):
        _adopt(installation, _note(installation))
    assert installation.scalar(FROZEN) is not None


def test_a_database_with_other_entries_than_were_seen_is_not_adopted(installation: Installation) -> None:
    high_water_mark.raise_mark(installation.high_water, ORIGIN, high_water_mark.Mark(1, b"\1" * 32))
    installation.put(2)
    elsewhere = installation.high_water.with_name("elsewhere.json")
    integrate(installation.sessions, installation.site_id, KEYRING, elsewhere, NOW)
    _freeze(installation)
    with pytest.raises(Conflict, match="not those that were seen"):
        _adopt(installation, _note(installation))


def test_only_a_checkpoint_of_this_log_that_its_key_signed_counts(installation: Installation) -> None:
    installation.put(2)
    _integrate(installation)
    note, other = _note(installation), "elsewhere.example/v1/sites/demo/log"
    installation.high_water.unlink()
    _refuse(installation)
    root = b"\1" * 32
    strangers = Keyring(b"\7" * 32, None)
    for wrong in (
        "",
        note.replace(ORIGIN, other),
        note.replace("\n4\n", "\n3\n"),
        sign_checkpoint(Checkpoint(ORIGIN, 4, root), strangers.log_signer(ORIGIN)),
        sign_checkpoint(Checkpoint(other, 4, root), KEYRING.log_signer(other)),
    ):
        with pytest.raises(Invalid, match="no checkpoint that the log"):
            _adopt(installation, wrong)
    with pytest.raises(Conflict, match="not those of the checkpoint"):
        _adopt(installation, sign_checkpoint(Checkpoint(ORIGIN, 3, root), KEYRING.log_signer(ORIGIN)))
    with pytest.raises(Conflict, match="has only 4"):
        _adopt(installation, sign_checkpoint(Checkpoint(ORIGIN, 5, root), KEYRING.log_signer(ORIGIN)))
    _refuse(installation)
    assert high_water_mark.read_mark(installation.high_water, ORIGIN) is None


def test_without_a_site_the_checkpoint_names_the_log(installation: Installation) -> None:
    _integrate(installation)
    installation.high_water.unlink()
    _refuse(installation)
    arguments = KEYRING, installation.high_water, NOW
    assert adopt(installation.sessions, None, _note(installation).encode(), *arguments).origin == ORIGIN
    other = sign_checkpoint(Checkpoint("other.example/log", 4, b"\1" * 32), KEYRING.log_signer("other.example/log"))
    with pytest.raises(NotFound, match=r"no log other\.example"):
        adopt(installation.sessions, None, other.encode(), *arguments)


def test_an_empty_log_needs_no_adoption(installation: Installation) -> None:
    with pytest.raises(NotFound, match="nothing to adopt"):
        _adopt(installation, "")


def test_a_damaged_mark_is_moved_away_first(installation: Installation) -> None:
    installation.put(1)
    _integrate(installation)
    installation.high_water.write_text("{")
    _freeze(installation)
    with pytest.raises(Conflict, match="Move it out of the way"):
        _adopt(installation, _note(installation))
    installation.high_water.unlink()
    assert _adopt(installation, _note(installation)).size == 3
