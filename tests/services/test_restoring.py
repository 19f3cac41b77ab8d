"""A restored backup brings nothing back that was deleted since it was made."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from consent_server.domain.errors import Conflict, Invalid, LogFrozen
from consent_server.domain.log_entry import Erase, Purge, Scrub
from consent_server.domain.times import rfc3339
from consent_server.services import erasing, sequencing
from consent_server.services.adopting import adopt
from consent_server.services.purging import purge_site
from consent_server.services.restoring import replay_removals
from consent_server.services.sequencing import integrate
from consent_server.storage import high_water_mark, sites
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation, standing


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with standing(f"sqlite:///{tmp_path / 'consent.sqlite'}", tmp_path) as made:
        yield made


class Backup:
    """A copy of the database file, made while nobody has it open."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self._installation, self._file, self._copy = installation, folder / "consent.sqlite", folder / "backup.sqlite"
        installation.engine.dispose()
        shutil.copy(self._file, self._copy)

    def restore(self) -> None:
        self._installation.engine.dispose()
        shutil.copy(self._copy, self._file)


def _integrate(installation: Installation, **changes: object) -> int:
    arguments = {"keyring": KEYRING, "high_water": installation.high_water, "now": NOW, **changes}
    return integrate(installation.sessions, installation.site_id, **arguments)  # type: ignore[arg-type]


def _scrub(installation: Installation, consent_id: str) -> None:
    with installation.sessions() as session:
        erasing.scrub_visitor(session, "demo", consent_id)


def _erase(installation: Installation, record_id: str) -> None:
    with installation.sessions() as session:
        erasing.erase_records(session, "demo", [record_id], "decided on 3 November")


def _purge(installation: Installation) -> None:
    with installation.sessions() as session:
        site = sites.find_site(session, "demo")
    assert list(purge_site(installation.sessions, site, NOW + timedelta(days=6 * 366)))


def _replay(installation: Installation) -> int:
    return replay_removals(installation.sessions, installation.high_water)


def _count(installation: Installation, condition: str) -> object:
    return installation.scalar(f"SELECT count(*) FROM consent_record WHERE {condition}")


def test_what_was_deleted_since_the_backup_is_deleted_again(installation: Installation, tmp_path: Path) -> None:
    planted = str(uuid.uuid4())
    installation.put(2, consent_id=planted)
    _, erased = installation.put(2)
    _integrate(installation)
    backup = Backup(installation, tmp_path)
    _scrub(installation, planted)
    _erase(installation, erased)
    _integrate(installation)

    backup.restore()
    assert _count(installation, "personal IS NOT NULL") == 4

    assert _replay(installation) == 3
    assert _count(installation, f"consent_id = '{planted}' OR personal LIKE '%{planted}%'") == 0
    assert _count(installation, f"record_id = '{erased}'") == 0
    assert _count(installation, "personal IS NOT NULL") == 1
    in_line = "SELECT count(*) FROM proof_pending WHERE kind IN ('scrub', 'erase')"
    assert installation.scalar(in_line) == 3
    assert _replay(installation) == 0
    assert installation.scalar(in_line) == 3
    with pytest.raises(LogFrozen, match="older backup"):
        _integrate(installation)


def test_what_stood_in_line_when_the_backup_was_made_is_found_as_well(
    installation: Installation, tmp_path: Path
) -> None:
    planted = str(uuid.uuid4())
    _integrate(installation)
    installation.put(1, consent_id=planted)
    (erased,) = installation.put(1)
    backup = Backup(installation, tmp_path)
    _scrub(installation, planted)
    _erase(installation, erased)
    _integrate(installation)

    backup.restore()
    assert _replay(installation) == 2
    assert _count(installation, "personal IS NULL") == _count(installation, "1 = 1") == 1
    assert _replay(installation) == 0


def test_what_was_purged_since_the_backup_is_purged_again(installation: Installation, tmp_path: Path) -> None:
    installation.put(5, expires_at=rfc3339(NOW))
    installation.put(1, expires_at=rfc3339(NOW + timedelta(days=3660)))
    _integrate(installation)
    backup = Backup(installation, tmp_path)
    _purge(installation)
    _integrate(installation)

    backup.restore()
    assert _replay(installation) == 5
    assert _count(installation, "1 = 1") == 1
    assert installation.scalar("SELECT count(*) FROM proof_pending WHERE kind = 'purge'") == 1


def test_rows_brought_back_by_hand_go_again(installation: Installation) -> None:
    """One table restored alone: the log has the removal, and goes on."""
    planted = str(uuid.uuid4())
    installation.put(1, consent_id=planted)
    _integrate(installation)
    row = "personal = '{}', personal_salt = x'00', consent_id = '" + planted + "'"
    _scrub(installation, planted)
    _integrate(installation)
    installation.execute(f"UPDATE consent_record SET {row}")
    assert _replay(installation) == 1
    assert _count(installation, "personal IS NOT NULL") == 0
    assert _integrate(installation) == 1


def test_a_database_that_is_as_it_should_be_is_left_alone(installation: Installation) -> None:
    planted = str(uuid.uuid4())
    installation.put(2, consent_id=planted)
    _scrub(installation, planted)
    _integrate(installation)
    assert _replay(installation) == 0
    assert installation.scalar("SELECT count(*) FROM proof_pending") == 0


def test_the_journal_has_every_removal_once_and_nothing_personal(installation: Installation) -> None:
    planted = str(uuid.uuid4())
    installation.put(1, consent_id=planted)
    first, second = installation.put(2, expires_at=rfc3339(NOW))
    _scrub(installation, planted)
    _integrate(installation)
    _erase(installation, second)
    _integrate(installation)
    _integrate(installation)

    removals = high_water_mark.read_removals(installation.high_water)[ORIGIN]
    assert [removal.entry for removal in removals] == [
        Scrub(2, "asked by the visitor"),
        Erase(4, "decided on 3 November"),
    ]
    assert all(removal.commitment for removal in removals)
    journal = installation.high_water.with_name(installation.high_water.name + ".removals").read_text()
    assert not any(secret in journal for secret in (planted, first, second))


@pytest.mark.parametrize("at", ["committed", "line shortened"])
def test_a_removal_is_in_the_journal_after_a_crash_in_between(installation: Installation, at: str) -> None:
    planted = str(uuid.uuid4())
    installation.put(1, consent_id=planted)
    _integrate(installation)
    _scrub(installation, planted)

    def crash(name: str) -> None:
        if name == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _integrate(installation, step=crash)
    _integrate(installation)
    assert len(high_water_mark.read_removals(installation.high_water)[ORIGIN]) == 1
    assert at in sequencing.STEPS


def test_a_line_that_was_cut_off_is_written_again_whole(installation: Installation) -> None:
    path = installation.high_water
    entry = '{"i":3,"k":"scrub","v":1,"why":"x"}'
    high_water_mark.note_removals(path, ORIGIN, [(entry, b"\1" * 32)])
    journal = path.with_name(path.name + ".removals")
    journal.write_bytes(journal.read_bytes() * 2 + b'{"commitment": "AQ')
    high_water_mark.note_removals(path, ORIGIN, [('{"from":2,"k":"purge","policy":"P5Y","to":9,"v":1}', None)])
    found = [removal.entry for removal in high_water_mark.read_removals(path)[ORIGIN]]
    assert found == [Scrub(3, "x"), Scrub(3, "x"), Purge(2, 9, "P5Y")]


def test_a_copy_that_is_started_elsewhere_signs_nothing(installation: Installation, tmp_path: Path) -> None:
    """Production's database and key beside the mark of a staging installation."""
    installation.put(1)
    _integrate(installation)
    staging = Installation(f"sqlite:///{tmp_path / 'staging.sqlite'}", tmp_path / "staging")
    staging.create()
    integrate(staging.sessions, staging.site_id, KEYRING, staging.high_water, NOW)
    staging.engine.dispose()

    with pytest.raises(Invalid, match="another installation"):
        _integrate(installation, high_water=staging.high_water)
    note = str(installation.scalar("SELECT note FROM proof_checkpoint")).encode()
    with pytest.raises(Conflict, match="this is a copy"):
        adopt(installation.sessions, "demo", note, KEYRING, staging.high_water, NOW)
    assert installation.scalar("SELECT frozen_reason FROM proof_log") is None
    installation.put(1)
    assert _integrate(installation) == 1


def test_a_file_without_an_installation_becomes_that_of_the_first(installation: Installation) -> None:
    """Files of earlier versions have none."""
    installation.put(1)
    _integrate(installation)
    instance = installation.scalar("SELECT instance_id FROM instance")
    assert high_water_mark.read_instance(installation.high_water) == instance
    text = installation.high_water.read_text().replace(f'"{instance}"', "null")
    installation.high_water.write_text(text)
    assert high_water_mark.read_instance(installation.high_water) is None
    _integrate(installation)
    assert high_water_mark.read_instance(installation.high_water) == instance


def test_without_a_journal_the_database_is_not_even_asked(tmp_path: Path) -> None:
    def away() -> Session:
        raise AssertionError("the database was asked")

    assert replay_removals(away, tmp_path / "high-water-mark.json") == 0
