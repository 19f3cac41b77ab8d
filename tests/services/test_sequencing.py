"""The sequencer: contiguous indices, each record once, every checkpoint consistent, whatever happens in between."""

from __future__ import annotations

import itertools
import json
import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from consent_server.domain.errors import Invalid, LogFrozen, Unavailable
from consent_server.domain.log_entry import Config, Genesis, Scrub, parse_entry
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.merkle import Frontier, prove_consistency, verify_consistency
from consent_server.domain.proof_log.tiles import WIDTH, reader
from consent_server.services import rechecking, sequencing
from consent_server.services.keyring import Keyring
from consent_server.services.sequencing import STEPS, Sequencer, integrate, integrate_all
from consent_server.storage import consent_records, high_water_mark, proof_log
from consent_server.storage.high_water_mark import Mark
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation

LATER = NOW + timedelta(minutes=1)


def _integrate(installation: Installation, **changes: object) -> int:
    arguments = {"keyring": KEYRING, "high_water": installation.high_water, "now": NOW, **changes}
    return integrate(installation.sessions, installation.site_id, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda session, site: proof_log.key_entries(session, site, 10), "ix_proof_entry_key"),
        (lambda session, site: proof_log.find_indices(session, site, ["a", "b"]), "(record_id=?)"),
        (lambda session, site: consent_records.delete_records(session, site, ["a", "b"]), "(record_id=?)"),
    ],
    ids=["keys", "indices of records", "records to delete"],
)
def test_a_few_are_found_without_reading_the_others(
    installation: Installation, query: Callable[[Session, int], object], index: str
) -> None:
    """On SQLite, that is: PostgreSQL counts its rows and knows better."""
    asked: list[tuple[str, tuple[object, ...]]] = []
    listen(installation.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    with installation.sessions() as session:
        query(session, installation.site_id)
        statement, values = asked[-1]
        (step,) = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    assert index in step[3]


def _findings(installation: Installation) -> list[str]:
    arguments = installation.sessions, installation.site_id, installation.high_water, lambda *_: None
    return list(rechecking.recheck(*arguments))


def _check_whole(installation: Installation, record_ids: list[str]) -> None:
    """Verify the log from outside: contiguous, each record once, every checkpoint consistent with the next."""
    assert _findings(installation) == []
    with installation.sessions() as session:
        head = proof_log.find_head(session, installation.site_id)
        assert head is not None
        entries = list(proof_log.entries(session, installation.site_id, 0, head.size + 10))
        checkpoints = list(proof_log.checkpoints(session, installation.site_id))
        tiles = {}

        def tile(level: int, n: int) -> bytes:
            return tiles.setdefault((level, n), proof_log.loose_hashes(session, installation.site_id, level, n))

        read = reader(tile)
        for old, new in itertools.pairwise(checkpoints):
            verify_consistency(old.size, new.size, old.root, new.root, prove_consistency(old.size, new.size, read))
    assert [entry.index for entry in entries] == list(range(head.size))
    assert sorted(entry.record_id for entry in entries if entry.kind == "consent") == sorted(record_ids)
    frontier = Frontier()
    for entry in entries:
        frontier.append(entry.leaf)
    assert frontier.root() == head.root == checkpoints[-1].root
    verifier = KEYRING.log_signer(ORIGIN).verifier
    assert all(open_checkpoint(kept.note, [verifier], ORIGIN).size == kept.size for kept in checkpoints)


def test_the_log_begins_with_genesis_and_the_configuration(installation: Installation) -> None:
    assert _integrate(installation) == 2

    with installation.sessions() as session:
        first, second = proof_log.entries(session, installation.site_id, 0, 9)
        checkpoint = proof_log.latest_checkpoint(session, installation.site_id)
    assert parse_entry(first.text) == Genesis("demo", KEYRING.log_signer(ORIGIN).vkey)
    assert isinstance(parse_entry(second.text), Config)
    assert checkpoint is not None
    assert checkpoint.size == 2
    assert high_water_mark.read_mark(installation.high_water, ORIGIN) == Mark(2, checkpoint.root)


def test_records_get_an_index_in_the_order_in_which_they_came(installation: Installation) -> None:
    made = installation.put(5)

    assert _integrate(installation) == 7

    with installation.sessions() as session:
        found = [proof_log.find_index(session, installation.site_id, record_id) for record_id in made]
    assert found == [2, 3, 4, 5, 6]
    _check_whole(installation, made)


def test_a_second_run_changes_nothing(installation: Installation) -> None:
    made = installation.put(3)
    _integrate(installation)
    mark = installation.high_water.read_bytes()

    assert _integrate(installation) == 0
    assert installation.high_water.read_bytes() == mark
    _check_whole(installation, made)


@pytest.mark.parametrize("sizes", [(253, 1, 1), (1, 254), (255, 300), (2_500,)])
def test_tiles_are_kept_when_they_become_full(installation: Installation, sizes: tuple[int, ...]) -> None:
    made: list[str] = []
    for size in sizes:
        made += installation.put(size)
        _integrate(installation)

    assert installation.scalar("SELECT count(*) FROM proof_tile") == (len(made) + 2) // WIDTH
    _check_whole(installation, made)


def test_a_removal_finds_the_index_of_its_record(installation: Installation) -> None:
    first, second = installation.put(2)
    _integrate(installation)
    (third,) = installation.put(1)
    with installation.sessions() as session:
        proof_log.add_removal(session, installation.site_id, "scrub", second, "visitor")
        proof_log.add_removal(session, installation.site_id, "scrub", third, "visitor")
        session.commit()

    _integrate(installation)

    with installation.sessions() as session:
        removals = [parse_entry(entry.text) for entry in proof_log.entries(session, installation.site_id, 5, 9)]
    assert removals == [Scrub(3, "visitor"), Scrub(4, "visitor")]
    _check_whole(installation, [first, second, third])


def test_a_removal_of_an_unknown_record_freezes_the_log(installation: Installation) -> None:
    with installation.sessions() as session:
        proof_log.add_removal(session, installation.site_id, "scrub", "nobody", "visitor")
        session.commit()

    with pytest.raises(LogFrozen, match="names the record nobody"):
        _integrate(installation)


def _sequence_in_two_threads(installation: Installation) -> list[str]:
    made, done, troubles = installation.put(3), threading.Event(), []
    _integrate(installation)

    def sequence() -> None:
        try:
            while not done.is_set():
                _integrate(installation, now=LATER)
        except BaseException as error:  # told to the test's thread
            troubles.append(error)

    threads = [threading.Thread(target=sequence) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        made += installation.put(20)
    done.set()
    for thread in threads:
        thread.join()
    _integrate(installation, now=LATER)
    assert troubles == []
    return made


def test_two_sequencers_share_the_work(installation: Installation) -> None:
    made = _sequence_in_two_threads(installation)
    _check_whole(installation, made)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_keys_and_head_suffice_without_the_lock(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_log, "try_lock", lambda session, site_id: True)
    made = _sequence_in_two_threads(installation)
    _check_whole(installation, made)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("at", ["begun", "head read", "root checked", "mark checked"])
def test_who_comes_second_leaves_the_log_as_it_is(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    made = installation.put(3)
    _integrate(installation)
    made += installation.put(3)
    monkeypatch.setattr(proof_log, "try_lock", lambda session, site_id: True)

    def overtake(name: str) -> None:
        if name == at:
            assert _integrate(installation) == 3

    assert _integrate(installation, step=overtake) == 0
    _check_whole(installation, made)


CRASHER = """
import os, signal, sys
from pathlib import Path
from tests.proof_logs import KEYRING, NOW, Installation
from consent_server.services.sequencing import integrate
url, folder, at, site_id = sys.argv[1:]
installation = Installation(url, Path(folder))
def step(name):
    if name == at:
        os.kill(os.getpid(), signal.SIGKILL)
integrate(installation.sessions, int(site_id), KEYRING, installation.high_water, NOW, step=step)
"""


STOPPED = CRASHER.replace("SIGKILL", "SIGSTOP").replace(
    "\nintegrate(", "\nfrom consent_server.storage import proof_log\nproof_log.LONGEST_SILENCE_S = 3\nintegrate("
)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("at", ["head read", "line shortened", "committed", "checkpoint signed"])
def test_a_leader_that_is_stopped_loses_the_log_and_writes_nothing_when_it_comes_back(
    installation: Installation, at: str, tmp_path: Path
) -> None:
    made = installation.put(300)
    command = [sys.executable, "-c", STOPPED, installation.url, str(tmp_path), at, str(installation.site_id)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as stopped:
        _eventually(lambda: _is_stopped(stopped.pid), seconds=60)
        _eventually(lambda: _integrate(installation) >= 0 and _in_line(installation) == 0)
        made += installation.put(10)
        assert _integrate(installation) == 10
        size = installation.scalar("SELECT size FROM proof_log")
        stopped.send_signal(signal.SIGCONT)
        code = stopped.wait(timeout=60)

    assert (code != 0) is (at in ("head read", "line shortened")), "who held the lock finds its connection gone"
    assert installation.scalar("SELECT size FROM proof_log") == size
    _check_whole(installation, made)


def _is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _in_line(installation: Installation) -> object:
    return installation.scalar("SELECT count(*) FROM proof_pending")


@pytest.mark.parametrize("at", STEPS)
def test_a_kill_at_any_step_is_repaired_by_the_next_run(installation: Installation, at: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CRASHER, installation.url, str(tmp_path), at, str(installation.site_id)]
    made = installation.put(300)
    for _ in range(2):  # the first kill meets an empty log, the second one that has been begun, or the same again
        assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
        made += installation.put(10)
    _integrate(installation)
    made += installation.put(10)
    _integrate(installation)

    _check_whole(installation, made)


def test_an_edited_entry_freezes_the_log(installation: Installation) -> None:
    installation.put(3)
    _integrate(installation)
    installation.execute(
        "UPDATE proof_entry SET commitment = (SELECT commitment FROM proof_entry WHERE idx = 4) WHERE idx = 3"
    )
    installation.put(1)

    with pytest.raises(LogFrozen, match="edited or damaged"):
        _integrate(installation)
    with pytest.raises(LogFrozen, match="is frozen"):
        _integrate(installation)
    assert installation.scalar("SELECT max(size) FROM proof_checkpoint") == 5
    assert installation.scalar("SELECT count(*) FROM proof_pending") == 1
    assert any("frozen" in finding for finding in _findings(installation))


def test_an_edited_tile_root_freezes_the_log(installation: Installation) -> None:
    installation.put(300)
    _integrate(installation)
    installation.execute("UPDATE proof_tile SET root = (SELECT root FROM proof_checkpoint)")

    with pytest.raises(LogFrozen, match="edited or damaged"):
        _integrate(installation)


def test_a_missing_entry_freezes_the_log(installation: Installation) -> None:
    installation.put(3)
    _integrate(installation)
    installation.execute("DELETE FROM proof_entry WHERE idx = 4")

    with pytest.raises(LogFrozen, match="missing"):
        _integrate(installation)


def test_an_edited_head_freezes_the_log(installation: Installation) -> None:
    installation.put(3)
    _integrate(installation)
    installation.execute("UPDATE proof_log SET size = 4")

    with pytest.raises(LogFrozen):
        _integrate(installation)


def test_an_entry_slipped_in_beyond_the_head_freezes_the_log(installation: Installation) -> None:
    _integrate(installation)
    with installation.sessions() as session:
        proof_log.add_entries(session, installation.site_id, [proof_log.Entry(2, "consent", b"\1" * 32, None)])
        session.commit()
    assert _integrate(installation) == 0
    installation.put(1)

    with pytest.raises(LogFrozen, match="stored already"):
        _integrate(installation)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("then", [0, 1, 7])
def test_a_restored_older_database_freezes_the_log(installation: Installation, tmp_path: Path, then: int) -> None:
    database = Path(str(make_url(installation.url).database))
    installation.put(3)
    _integrate(installation)
    installation.engine.dispose()
    shutil.copy(database, tmp_path / "backup.sqlite")
    installation.put(2)
    _integrate(installation)
    installation.engine.dispose()
    shutil.copy(tmp_path / "backup.sqlite", database)
    if then:
        installation.put(then)

    with pytest.raises(LogFrozen, match="older backup"):
        _integrate(installation)
    assert any("older backup" in finding for finding in _findings(installation))


def test_a_rewritten_database_freezes_the_log(installation: Installation, tmp_path: Path) -> None:
    """A restored database that grew past the mark in the meantime is noticed by what it has at the mark."""
    installation.put(3)
    _integrate(installation)
    elsewhere = Path(shutil.copy(installation.high_water, tmp_path / "elsewhere.json"))
    high_water_mark.raise_mark(installation.high_water, ORIGIN, Mark(6, b"\1" * 32))
    installation.put(4)
    _integrate(installation, high_water=elsewhere)

    with pytest.raises(LogFrozen, match="not those seen before"):
        _integrate(installation)


def test_nothing_is_signed_where_the_high_water_mark_was_lost(installation: Installation) -> None:
    installation.put(3)
    _integrate(installation)
    installation.high_water.unlink()
    installation.put(1)

    with pytest.raises(Invalid, match="high-water mark is missing"):
        _integrate(installation)
    with pytest.raises(Invalid, match="high-water mark is missing"):  # a log that is new does not make it appear again
        _integrate_another(installation)
    assert not installation.high_water.exists()
    assert installation.scalar("SELECT count(*) FROM proof_log WHERE frozen_reason IS NOT NULL") == 0


def _integrate_another(installation: Installation, **changes: object) -> int:
    site_id = installation.create("another", "demo.example/v1/sites/another/log")
    arguments = {"keyring": KEYRING, "high_water": installation.high_water, "now": NOW, **changes}
    return integrate(installation.sessions, site_id, **arguments)  # type: ignore[arg-type]


class TestTwoMachines:
    """Workers on two machines have a file each, with what each of them has seen."""

    @pytest.fixture
    def other(self, installation: Installation, tmp_path: Path) -> Path:
        """The file of another machine, as it was brought there from the first."""
        installation.put(3)
        _integrate(installation)
        return Path(shutil.copy(installation.high_water, tmp_path / "other.json"))

    def test_a_mark_that_is_behind_is_no_restore(self, installation: Installation, other: Path) -> None:
        made = []
        for machine in (other, installation.high_water, other, installation.high_water):
            made += installation.put(2)
            assert _integrate(installation, high_water=machine) == 2
        assert installation.scalar("SELECT max(size) FROM proof_log") == 13

    def test_a_log_that_the_other_machine_began_is_taken_up(self, installation: Installation, other: Path) -> None:
        later = NOW + timedelta(hours=1)
        assert _integrate_another(installation, now=later) == 2
        assert sequencing.integrate_all(installation.sessions, KEYRING, other, later, every=True) == 0
        mark = high_water_mark.read_mark(other, "demo.example/v1/sites/another/log")
        assert mark is not None
        assert mark.size == 2

    def test_an_old_log_that_the_file_should_know_is_not(self, installation: Installation, other: Path) -> None:
        values = json.loads(other.read_text())
        other.write_text(json.dumps({**values, "logs": {}, "made": "2099-01-01T00:00:00.000Z"}))
        installation.put(1)

        with pytest.raises(Invalid, match="missing beside a log of 5 entries"):
            _integrate(installation, high_water=other)
        assert _integrate(installation) == 1, "the other machine goes on"

    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
    def test_a_restore_contradicts_whatever_a_machine_had_seen(
        self, installation: Installation, other: Path, tmp_path: Path
    ) -> None:
        database = Path(str(make_url(installation.url).database))
        installation.engine.dispose()
        shutil.copy(database, tmp_path / "backup.sqlite")
        installation.put(2)
        _integrate(installation)
        sequencer = Sequencer(installation.sessions, KEYRING, other, interval=0.01)
        sequencer.start()
        try:  # each machine looks at what the other has done, also where nothing is to be added
            _eventually(lambda: _size_seen(other) == 7)
        finally:
            sequencer.stop()
        installation.engine.dispose()
        shutil.copy(tmp_path / "backup.sqlite", database)

        with pytest.raises(LogFrozen, match="older backup"):
            _integrate(installation, high_water=other)


def _size_seen(high_water: Path) -> int:
    mark = high_water_mark.read_mark(high_water, ORIGIN)
    return mark.size if mark else 0


def test_a_damaged_high_water_mark_freezes_the_log(installation: Installation) -> None:
    _integrate(installation)
    installation.high_water.write_text("{")

    with pytest.raises(LogFrozen, match="cannot be read"):
        _integrate(installation)


def test_a_clock_that_went_back_signs_nothing_until_it_caught_up(installation: Installation, engine: str) -> None:
    if engine == "postgresql":
        installation.put(1)
        _integrate(installation)
        installation.execute("UPDATE proof_checkpoint SET created_at = created_at + interval '1 hour'")
    else:
        _integrate(installation, now=NOW + timedelta(hours=1))
    installation.put(1)

    with pytest.raises(Unavailable, match="clock is behind"):
        _integrate(installation)
    assert installation.scalar("SELECT frozen_reason FROM proof_log") is None


def test_another_log_key_is_refused(installation: Installation) -> None:
    _integrate(installation)
    installation.put(1)

    with pytest.raises(Invalid, match="another LOG_KEY"):
        _integrate(installation, keyring=Keyring(b"\7" * 32, None))
    assert _integrate(installation) == 1


def test_one_broken_log_does_not_hold_up_the_others(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
    installation.execute(f"UPDATE proof_log SET size = 1 WHERE site_id = {installation.site_id}")
    made = installation.put(1)
    installation.put(2, other, "other")

    assert integrate_all(installation.sessions, KEYRING, installation.high_water, NOW) == 2

    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    assert not any(record_id in caplog.text for record_id in made)


def test_the_loop_sequences_what_is_put_in_line(installation: Installation) -> None:
    sequencer = Sequencer(installation.sessions, KEYRING, installation.high_water, interval=0.05)
    sequencer.start()
    try:
        made = installation.put(3)
        sequencer.wake()
        _eventually(lambda: installation.scalar("SELECT max(size) FROM proof_checkpoint") == 5)
    finally:
        sequencer.stop()
    _check_whole(installation, made)


def test_a_long_line_does_not_wait_for_the_interval(installation: Installation) -> None:
    sequencer = Sequencer(installation.sessions, KEYRING, installation.high_water, interval=3600)
    sequencer.start()
    try:
        _eventually(lambda: installation.scalar("SELECT max(size) FROM proof_checkpoint") == 2)
        installation.put(sequencing.LONG_LINE)
        sequencer.wake()
        _eventually(lambda: installation.scalar("SELECT count(*) FROM proof_pending") == 0)
    finally:
        sequencer.stop()


def test_stopping_sequences_what_is_left(installation: Installation) -> None:
    sequencer = Sequencer(installation.sessions, KEYRING, installation.high_water, interval=3600)
    sequencer.start()
    _eventually(lambda: installation.scalar("SELECT max(size) FROM proof_checkpoint") == 2)
    installation.put(1)
    sequencer.stop()

    assert installation.scalar("SELECT count(*) FROM proof_pending") == 0


def test_the_loop_survives_a_database_that_is_away(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole, away = proof_log.heads_with_work, [True]

    def heads(session: object) -> object:
        if away:
            raise OSError("away")
        return whole(session)  # type: ignore[arg-type]

    monkeypatch.setattr(proof_log, "heads", heads)
    monkeypatch.setattr(proof_log, "heads_with_work", heads)
    sequencer = Sequencer(installation.sessions, KEYRING, installation.high_water, interval=0.01)
    sequencer.start()
    try:
        _eventually(lambda: len(caplog.records) > 2)
        away.clear()
        _eventually(lambda: installation.scalar("SELECT max(size) FROM proof_checkpoint") == 2)
    finally:
        sequencer.stop()


def test_a_node_without_the_log_key_sequences_nothing(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    sequencer = Sequencer(installation.sessions, Keyring(None, KEYRING.promise), installation.high_water)
    sequencer.start()
    sequencer.wake()
    sequencer.stop()

    assert sequencer.integrate_now() == 0
    assert "no LOG_KEY" in caplog.text


def test_opening_a_log_twice_keeps_its_first_origin(installation: Installation) -> None:
    with installation.sessions() as session:
        proof_log.open_log(session, installation.site_id, "elsewhere.example/log")
        session.commit()
        assert proof_log.origin_of(session, installation.site_id) == ORIGIN


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE proof_entry SET commitment = (SELECT root FROM proof_log) WHERE idx = 7", "hash of entry 7"),
        ("UPDATE proof_tile SET root = (SELECT root FROM proof_log)", "does not have the root of its hashes"),
        ("DELETE FROM proof_tile", "Tile 0/0 is missing"),
        ("DELETE FROM proof_entry WHERE idx = 9", "Entry 9 is missing"),
        ("UPDATE proof_checkpoint SET root = (SELECT root FROM proof_tile)", "has another root than its entries"),
        ("UPDATE proof_checkpoint SET note = replace(note, '— ', '— x')", "is not signed by the log"),
        ("UPDATE proof_log SET root = (SELECT root FROM proof_tile)", "do not lead to the root"),
        ("UPDATE consent_record SET salt = (SELECT root FROM proof_log)", "The record of entry 2 does not open"),
        ("UPDATE consent_record SET personal_salt = (SELECT root FROM proof_log)", "another personal part"),
    ],
)
def test_fsck_names_what_was_damaged(installation: Installation, damage: str, finding: str) -> None:
    installation.put(300)
    _integrate(installation)
    assert _findings(installation) == []

    installation.execute(damage)

    assert any(finding in found for found in _findings(installation)), _findings(installation)


def _eventually(check: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
