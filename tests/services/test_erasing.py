"""Erasing and purging: the records go, the log stays whole and says so, and evidence of before and after verifies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Conflict, Held, Invalid, RecordNotFound, SiteNotFound
from consent_server.domain.log_entry import Erase, LogEntry, Purge, Scrub, parse_entry
from consent_server.domain.times import rfc3339
from consent_server.services import erasing, exporting, holding, purging, rechecking
from consent_server.services.purging import Purged, Purger, purge_all, purge_site, would_purge
from consent_server.services.sequencing import integrate
from consent_server.storage import proof_log, sites
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation
from tests.servers import eventually

KEY = KEYRING.log_signer(ORIGIN).vkey
DAY = timedelta(days=1)
IN_FIVE_YEARS = NOW + timedelta(days=5 * 366)


@pytest.fixture(autouse=True)
def _years_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to ``now``: the clock of PostgreSQL is the real one."""
    monkeypatch.setattr(purging, "database_clock", lambda session: None)


def _integrate(installation: Installation) -> int:
    return integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW)


def _entries(installation: Installation) -> list[LogEntry]:
    with installation.sessions() as session:
        return [parse_entry(entry.text) for entry in proof_log.entries(session, installation.site_id, 0, 99_999)]


def _erase(installation: Installation, *record_ids: str, why: str = "decided on 3 November") -> int:
    with installation.sessions() as session:
        return erasing.erase_records(session, "demo", record_ids, why)


def _site(installation: Installation) -> sites.Site:
    with installation.sessions() as session:
        return sites.find_site(session, "demo")


def _purge(installation: Installation, now: object = IN_FIVE_YEARS) -> list[Purged]:
    return list(purge_site(installation.sessions, _site(installation), now))  # type: ignore[arg-type]


def _holds(installation: Installation, folder: Path) -> bool:
    """Export and verify; also what is stored agrees with itself."""
    path = folder / "evidence.zip"
    with path.open("wb") as out:
        exporting.export(installation.sessions, "demo", "zip", out, KEYRING, installation.high_water, NOW)
    arguments = installation.sessions, installation.site_id, installation.high_water, lambda *_: None
    assert list(rechecking.recheck(*arguments)) == []
    return verify.main([str(path), "--key", KEY]) == verify.HOLDS


def test_an_erased_record_is_gone_and_the_log_says_why(installation: Installation, tmp_path: Path) -> None:
    first, second, third = installation.put(3)
    _integrate(installation)

    assert _erase(installation, second, third) == 2

    assert _holds(installation, tmp_path)
    erased = {entry for entry in _entries(installation) if isinstance(entry, Erase)}
    assert erased == {Erase(3, "decided on 3 November"), Erase(4, "decided on 3 November")}
    assert installation.scalar("SELECT record_id FROM consent_record") == first
    assert installation.scalar("SELECT count(*) FROM proof_entry WHERE record_id IS NOT NULL") == 1


def test_a_record_is_erased_before_it_has_an_index(installation: Installation, tmp_path: Path) -> None:
    _first, second = installation.put(2)
    _erase(installation, second)

    assert _holds(installation, tmp_path)
    assert Erase(3, "decided on 3 November") in _entries(installation)
    assert installation.scalar(f"SELECT count(*) FROM proof_entry WHERE record_id = '{second}'") == 0


def test_a_record_is_erased_after_its_visitor_was_forgotten(installation: Installation, tmp_path: Path) -> None:
    consent_id = "7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071"
    (record_id,) = installation.put(1, consent_id=consent_id)
    with installation.sessions() as session:
        erasing.scrub_visitor(session, "demo", consent_id)
    _erase(installation, record_id)

    assert _holds(installation, tmp_path)
    assert _entries(installation)[3:] == [Scrub(2, "asked by the visitor"), Erase(2, "decided on 3 November")]


def test_all_records_are_erased_or_none(installation: Installation) -> None:
    record_id, _ = installation.put(2)
    for wrong, error in (
        ([record_id, "nonesuch"], RecordNotFound),
        ([record_id, record_id[:-1] + "x"], RecordNotFound),
    ):
        with pytest.raises(error):
            _erase(installation, *wrong)
    with installation.sessions() as session, pytest.raises(SiteNotFound):
        erasing.erase_records(session, "other", [record_id], "why")
    assert installation.scalar("SELECT count(*) FROM consent_record") == 2
    assert installation.scalar("SELECT count(*) FROM proof_pending WHERE kind = 'erase'") == 0


@pytest.mark.parametrize("why", ["", "x" * 201, "demandé", "two\nlines"])
def test_a_reason_that_the_log_cannot_carry_is_refused(installation: Installation, why: str) -> None:
    (record_id,) = installation.put(1)
    with pytest.raises(Invalid, match="plain characters"):
        _erase(installation, record_id, why=why)
    assert installation.scalar("SELECT count(*) FROM consent_record") == 1


def test_what_is_due_is_purged_and_the_log_says_under_which_policy(installation: Installation, tmp_path: Path) -> None:
    old = installation.put(3, recorded_at=NOW - DAY, expires_at=rfc3339(NOW - DAY))
    new = installation.put(2, expires_at=rfc3339(NOW + timedelta(days=180)))
    _integrate(installation)

    assert _purge(installation) == [Purged(2, 5, 3)]

    assert installation.scalar("SELECT count(*) FROM consent_record") == len(new)
    assert _holds(installation, tmp_path)
    assert _entries(installation)[-1] == Purge(2, 5, "P5Y")
    assert installation.scalar(f"SELECT count(*) FROM proof_entry WHERE record_id = '{old[0]}'") == 0
    assert _purge(installation) == []


@pytest.mark.parametrize(("days", "count"), [(-1, 0), (0, 1)])
def test_a_record_is_due_five_years_after_its_choice_was_over(
    installation: Installation, days: int, count: int
) -> None:
    installation.put(1, expires_at=rfc3339(NOW + DAY))
    _integrate(installation)
    due = (NOW + DAY).replace(year=NOW.year + 5)
    assert sum(purged.records for purged in _purge(installation, due + days * DAY)) == count


def test_a_record_without_an_end_counts_thirteen_months_first(installation: Installation) -> None:
    installation.put(1)
    _integrate(installation)
    due = (NOW + timedelta(days=393)).replace(year=NOW.year + 6)
    assert _purge(installation, due - DAY) == []
    assert _purge(installation, due) == [Purged(2, 3, 1)]


def test_a_site_sets_its_own_term(installation: Installation) -> None:
    installation.put(1, expires_at=rfc3339(NOW))
    _integrate(installation)
    with installation.sessions() as session:
        site = sites.find_site(session, "demo")
        sites.replace_draft(session, site, site.name, site.origins, {**site.draft, "proof_ttl": "P1M"}, NOW)
        session.commit()
    assert _purge(installation, NOW + 30 * DAY) == [Purged(2, 3, 1)]
    _integrate(installation)
    assert _entries(installation)[-1] == Purge(2, 3, "P1M")


def test_only_a_prefix_is_purged(installation: Installation, tmp_path: Path) -> None:
    """A record that is due behind one that is not waits for it: the range of a purge has no holes."""
    installation.put(2, expires_at=rfc3339(NOW))
    installation.put(1, expires_at=rfc3339(NOW + 365 * DAY))
    installation.put(2, expires_at=rfc3339(NOW))
    _integrate(installation)
    assert _purge(installation) == [Purged(2, 4, 2)]
    assert _holds(installation, tmp_path)


def test_years_to_catch_up_go_in_slices(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "SLICE", 4)
    installation.put(10, expires_at=rfc3339(NOW))
    _integrate(installation)
    would = list(would_purge(installation.sessions, _site(installation), IN_FIVE_YEARS))
    assert installation.scalar("SELECT count(*) FROM consent_record") == 10
    assert _purge(installation) == would == [Purged(2, 6, 4), Purged(6, 10, 4), Purged(10, 12, 2)]
    assert _holds(installation, tmp_path)


def test_what_stands_in_line_is_not_purged(installation: Installation, tmp_path: Path) -> None:
    installation.put(2, expires_at=rfc3339(NOW))
    assert _purge(installation) == []
    _integrate(installation)
    installation.put(1, expires_at=rfc3339(NOW))
    assert _purge(installation) == [Purged(2, 4, 2)]
    assert _holds(installation, tmp_path)


def test_a_visitor_is_forgotten_while_their_record_is_purged(installation: Installation, tmp_path: Path) -> None:
    """The removal in line names a record that is gone by the time that it gets its index."""
    consent_id = "7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071"
    installation.put(2, consent_id=consent_id, expires_at=rfc3339(NOW))
    _integrate(installation)
    with installation.sessions() as session:
        erasing.scrub_visitor(session, "demo", consent_id)
    _purge(installation)
    assert _holds(installation, tmp_path)
    kinds = [type(entry) for entry in _entries(installation)[4:]]
    assert kinds == [Scrub, Scrub, Purge]


def test_nothing_is_purged_or_erased_under_a_legal_hold(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = installation.put(2, expires_at=rfc3339(NOW))
    _integrate(installation)
    with installation.sessions() as session:
        holding.hold(session, "demo", "procédure 26/01234", NOW)
        with pytest.raises(Conflict, match="procédure 26/01234"):
            holding.hold(session, "demo", "another", NOW)

    with pytest.raises(Held, match="under legal hold since 2026-11-22"):
        _purge(installation)
    with pytest.raises(Held):
        _erase(installation, first)
    assert purge_all(installation.sessions, IN_FIVE_YEARS) == 0
    assert caplog.records == []
    assert installation.scalar("SELECT count(*) FROM consent_record") == 2

    with installation.sessions() as session:
        holding.release(session, "demo", "closed", NOW)
        with pytest.raises(Conflict, match="no legal hold"):
            holding.release(session, "demo", "closed", NOW)
    assert _erase(installation, second) == 1
    assert _purge(installation) == [Purged(2, 3, 1)]
    assert _holds(installation, tmp_path)
    assert installation.scalar("SELECT lifted_why FROM legal_hold") == "closed"


def test_a_visitor_is_forgotten_in_spite_of_a_legal_hold(installation: Installation, tmp_path: Path) -> None:
    consent_id = "7d0f2e8b-6c5a-4e3f-9a1b-2c3d4e5f6071"
    installation.put(1, consent_id=consent_id)
    with installation.sessions() as session:
        holding.hold(session, "demo", "proceedings", NOW)
        assert erasing.scrub_visitor(session, "demo", consent_id) == 1
    assert installation.scalar("SELECT count(*) FROM consent_record WHERE record IS NOT NULL") == 1
    assert _holds(installation, tmp_path)


@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_a_hold_has_a_reason(installation: Installation, why: str) -> None:
    with installation.sessions() as session, pytest.raises(Invalid, match="reason"):
        holding.hold(session, "demo", why, NOW)


def test_nothing_is_purged_from_a_frozen_log(installation: Installation) -> None:
    installation.put(2, expires_at=rfc3339(NOW))
    _integrate(installation)
    installation.execute("UPDATE proof_log SET frozen_reason = 'edited'")
    assert _purge(installation) == []
    assert installation.scalar("SELECT count(*) FROM consent_record") == 2


def test_one_site_in_trouble_does_not_hold_up_the_purge_of_others(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    installation.put(1, expires_at=rfc3339(NOW))
    _integrate(installation)
    installation.create("another", "demo.example/v1/sites/another/log")
    installation.execute("UPDATE site SET draft = '{\"proof_ttl\": \"soon\"}' WHERE key = 'another'")
    assert purge_all(installation.sessions, IN_FIVE_YEARS) == 1
    assert "another could not be purged" in caplog.text


def test_a_clock_that_is_years_ahead_of_the_database_purges_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.put(1, expires_at=rfc3339(NOW))
    _integrate(installation)
    monkeypatch.setattr(purging, "database_clock", lambda session: NOW)
    assert _purge(installation) == []


def test_an_archived_site_is_purged_as_well(installation: Installation) -> None:
    installation.put(1, expires_at=rfc3339(NOW))
    _integrate(installation)
    installation.execute("UPDATE site SET archived_at = created_at")
    assert purge_all(installation.sessions, IN_FIVE_YEARS) == 1


def test_the_loop_purges_by_itself_and_has_the_files_swept(installation: Installation) -> None:
    installation.put(1, recorded_at=NOW.replace(year=2015), expires_at=rfc3339(NOW.replace(year=2016)))
    _integrate(installation)
    swept: list[bool] = []
    purger = Purger(installation.sessions, lambda: swept.append(True), first=0.0)
    purger.start()
    try:
        eventually(lambda: bool(swept), "the purger has purged")
    finally:
        purger.stop()
    assert installation.scalar("SELECT count(*) FROM consent_record") == 0
    assert installation.scalar("SELECT count(*) FROM proof_pending WHERE kind = 'purge'") == 1
