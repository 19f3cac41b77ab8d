"""Anchoring: every moved checkpoint becomes a leaf once, one token covers them all, and nobody who records waits."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from consent_server.domain.anchor_leaf import Renewal, parse_leaf
from consent_server.domain.errors import LogFrozen, Unavailable
from consent_server.domain.proof_log.checkpoint import Checkpoint, open_checkpoint, parse_body
from consent_server.domain.proof_log.merkle import prove_consistency, verify_consistency
from consent_server.domain.proof_log.tiles import reader
from consent_server.services import anchoring as deeds
from consent_server.services import rechecking
from consent_server.services.anchoring import Anchorer, Anchoring
from consent_server.services.gauging import Overview
from consent_server.services.sequencing import integrate, integrate_all
from consent_server.services.time_stamping import NotStamped, Token
from consent_server.storage import anchors, high_water_mark, proof_log
from consent_server.storage.proof_log import ANCHOR_LOG
from tests import builders
from tests.proof_logs import KEYRING, NOW, Installation
from tests.servers import eventually
from tests.services.anchored import ANCHOR_ORIGIN

SIGNER = KEYRING.log_signer(ANCHOR_ORIGIN)
HOUR = timedelta(hours=1)


class Authority:
    """Stands in where the token's bytes do not matter: tests/services/test_time_stamping.py has the real ones."""

    def __init__(self) -> None:
        self.url = "https://tsa.example"
        self.stamped: list[bytes] = []
        self.now = NOW
        self.trouble: Exception | None = None

    def stamp(self, message: bytes) -> Token:
        if self.trouble:
            raise self.trouble
        self.stamped.append(message)
        return Token(b"token %d" % len(self.stamped), self.now)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def anchoring(installation: Installation, authority: Authority) -> Anchoring:
    return _anchoring(installation, authority)


def _anchoring(installation: Installation, authority: Authority | None, origin: str = ANCHOR_ORIGIN) -> Anchoring:
    return Anchoring(installation.sessions, KEYRING, installation.high_water, origin, authority)  # type: ignore[arg-type]


def _leaves(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return [entry.text for entry in proof_log.entries(session, ANCHOR_LOG, 0, 1_000)]


def _checkpoints(installation: Installation) -> list[Checkpoint]:
    with installation.sessions() as session:
        notes = [kept.note for kept in proof_log.checkpoints(session, ANCHOR_LOG)]
    return [open_checkpoint(note, [SIGNER.verifier], ANCHOR_ORIGIN) for note in notes]


def _findings(installation: Installation) -> list[str]:
    return list(rechecking.recheck(installation.sessions, ANCHOR_LOG, installation.high_water, lambda *_: None))


def test_the_checkpoint_of_every_site_becomes_a_leaf(installation: Installation, anchoring: Anchoring) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    installation.put(3)

    done = anchoring.anchor(NOW)

    assert (done.origin, done.sites, done.size) == (ANCHOR_ORIGIN, 2, 3)
    key, *bodies = _leaves(installation)
    assert key == f"{ANCHOR_ORIGIN}/key/v1\n{SIGNER.vkey}\n"
    with installation.sessions() as session:
        for body, site_id in zip(bodies, (installation.site_id, other), strict=True):
            kept = proof_log.latest_checkpoint(session, site_id)
            assert kept is not None
            assert kept.note.startswith(body + "\n")
    assert _checkpoints(installation)[-1].size == 3
    assert _findings(installation) == []


def test_the_token_is_over_the_body_of_the_anchor_checkpoint(
    installation: Installation, anchoring: Anchoring, authority: Authority
) -> None:
    done = anchoring.anchor(NOW)

    assert authority.stamped == [_checkpoints(installation)[-1].body.encode()]
    assert done.token is not None
    assert (done.token.size, done.token.data, done.token.said_at) == (2, b"token 1", NOW)
    with installation.sessions() as session:
        assert anchors.last_token(session) == done.token


def test_a_pass_without_anything_new_adds_nothing_and_costs_no_token(
    installation: Installation, anchoring: Anchoring, authority: Authority
) -> None:
    anchoring.anchor(NOW)
    leaves = _leaves(installation)

    done = anchoring.anchor(NOW)

    assert done.sites == 0
    assert _leaves(installation) == leaves
    assert len(authority.stamped) == 1


def test_only_what_moved_is_added(installation: Installation, anchoring: Anchoring) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    anchoring.anchor(NOW)
    installation.put(1, other, "other")

    assert anchoring.anchor(NOW).sites == 1
    assert parse_body(_leaves(installation)[-1]).origin == "demo.example/v1/sites/other/log"


def test_the_next_token_covers_the_earlier_ones(installation: Installation, anchoring: Anchoring) -> None:
    first = anchoring.anchor(NOW)
    installation.put(1)
    second = anchoring.anchor(NOW)
    third = anchoring.anchor(NOW, renew=True)

    assert third.token is not None
    leaves = [parse_leaf(text, ANCHOR_ORIGIN) for text in _leaves(installation)[1:]]
    renewals = [leaf for leaf in leaves if isinstance(leaf, Renewal)]
    assert [renewal.size for renewal in renewals] == [first.size, second.size]
    assert [third.sites, third.size] == [0, second.size + 1]
    assert _findings(installation) == []


def test_anchor_checkpoints_are_consistent_with_each_other(installation: Installation, anchoring: Anchoring) -> None:
    for count in range(4):
        installation.put(count)
        anchoring.anchor(NOW, renew=True)
    checkpoints = _checkpoints(installation)
    assert len(checkpoints) == 4
    with installation.sessions() as session:
        read = reader(lambda level, n: proof_log.tile_hashes(session, ANCHOR_LOG, level, n))
        for old, new in itertools.pairwise(checkpoints):
            proof = prove_consistency(old.size, new.size, read)
            verify_consistency(old.size, new.size, old.root, new.root, proof)


def test_an_authority_that_is_away_leaves_the_leaves_and_is_asked_again(
    installation: Installation, anchoring: Anchoring, authority: Authority
) -> None:
    authority.trouble = NotStamped("https://tsa.example answered 500.")
    with pytest.raises(NotStamped):
        anchoring.anchor(NOW)
    assert len(_leaves(installation)) == 2
    assert anchoring.is_due(NOW)

    authority.trouble = None
    done = anchoring.anchor(NOW)

    assert (done.sites, done.size) == (0, 2)
    assert done.token is not None
    assert not anchoring.is_due(NOW)


def test_the_name_of_the_anchor_log_stays(installation: Installation, anchoring: Anchoring) -> None:
    anchoring.anchor(NOW)
    installation.put(1)

    assert _anchoring(installation, None, "elsewhere.example/v1/log").anchor(NOW).origin == ANCHOR_ORIGIN


def test_the_mark_of_the_anchor_log_rises_and_is_held_against_it(
    installation: Installation, anchoring: Anchoring
) -> None:
    size = anchoring.anchor(NOW).size
    mark = high_water_mark.read_mark(installation.high_water, ANCHOR_ORIGIN)
    assert mark is not None
    assert mark.size == size
    high_water_mark.raise_mark(installation.high_water, ANCHOR_ORIGIN, high_water_mark.Mark(size + 5, b"\1" * 32))
    installation.put(1)

    with pytest.raises(LogFrozen, match="restored from an older backup"):
        anchoring.anchor(NOW)
    assert integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW) == 0


def test_an_edited_leaf_freezes_the_anchor_log_and_no_other(installation: Installation, anchoring: Anchoring) -> None:
    anchoring.anchor(NOW)
    installation.execute("UPDATE proof_entry SET body = replace(body, 'demo', 'dema') WHERE site_id = 0 AND idx = 1")
    assert any("root" in finding for finding in _findings(installation))
    installation.put(1)

    with pytest.raises(LogFrozen, match="edited or damaged"):
        anchoring.anchor(NOW)
    installation.put(1)
    integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
    assert installation.scalar("SELECT count(*) FROM proof_pending WHERE site_id > 0") == 0


def test_a_checkpoint_that_is_not_signed_by_us_is_not_anchored(
    installation: Installation, anchoring: Anchoring
) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
    installation.execute(f"UPDATE proof_checkpoint SET note = replace(note, '\n2\n', '\n3\n') WHERE site_id = {other}")

    assert anchoring.anchor(NOW).sites == 1


def test_a_log_that_is_behind_is_anchored_when_it_has_caught_up(
    installation: Installation, anchoring: Anchoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
    installation.put(2)
    with monkeypatch.context() as patched:
        patched.setattr(deeds, "integrate_all", lambda *_: 0)  # as when another process is at it, and has much to do
        assert anchoring.anchor(NOW + HOUR).sites == 0

    assert anchoring.anchor(NOW + HOUR).sites == 1


def test_a_frozen_site_does_not_hold_up_the_others(installation: Installation, anchoring: Anchoring) -> None:
    other = installation.create("other", "demo.example/v1/sites/other/log")
    anchoring.anchor(NOW)
    for site_id, key in ((installation.site_id, "demo"), (other, "other")):
        installation.put(1, site_id, key)
    installation.execute(f"UPDATE proof_log SET frozen_reason = 'a test' WHERE site_id = {other}")

    assert anchoring.anchor(NOW).sites == 1


@pytest.mark.parametrize("stop", ["integrate", "_stamp", "_keep"])
def test_a_pass_that_breaks_off_is_completed_by_the_next(
    installation: Installation, anchoring: Anchoring, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    installation.put(2)

    def break_off(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(deeds if stop == "integrate" else Anchoring, stop, break_off)
        with pytest.raises(InterruptedError):
            anchoring.anchor(NOW)
    anchoring.anchor(NOW)

    leaves = _leaves(installation)
    assert len(leaves) == len(set(leaves)) == 2
    assert anchoring.is_anchored(installation.site_id)
    assert _findings(installation) == []


def test_two_passes_at_once_add_everything_once(installation: Installation, authority: Authority) -> None:
    troubles: list[BaseException] = []

    def anchor() -> None:
        try:
            for _ in range(4):
                installation.put(1)
                _anchoring(installation, authority).anchor(NOW)  # type: ignore[arg-type]
        except BaseException as error:  # told to the test's thread
            troubles.append(error)

    threads = [threading.Thread(target=anchor) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert troubles == []
    leaves = _leaves(installation)
    assert len(leaves) == len(set(leaves))
    assert _findings(installation) == []
    assert _anchoring(installation, authority).is_anchored(installation.site_id)


def test_many_leaves_make_tiles(installation: Installation, anchoring: Anchoring) -> None:
    anchoring.anchor(NOW)
    with installation.sessions() as session:
        for size in range(260):
            body = Checkpoint("elsewhere.example/v1/sites/gone/log", size + 1, bytes(32)).body
            proof_log.add_pending(session, ANCHOR_LOG, "anchor", body=body)
        session.commit()

    assert anchoring.anchor(NOW, renew=True).size == 263
    assert installation.scalar("SELECT count(*) FROM proof_tile WHERE site_id = 0") == 1
    assert _findings(installation) == []


class TestWhen:
    """Six hours after the last anchor when a log moved, and a day after the last token whatever happened."""

    def test_the_first_anchor_is_due_as_soon_as_there_is_a_checkpoint(
        self, installation: Installation, anchoring: Anchoring
    ) -> None:
        assert not anchoring.is_due(NOW)
        integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
        assert anchoring.is_due(NOW)

    def test_the_age_of_the_newest_token_is_a_figure_whoever_asked_for_it(
        self, installation: Installation, anchoring: Anchoring, authority: Authority, tmp_path: Path
    ) -> None:
        anchoring.anchor(NOW)
        overview = Overview(installation.sessions, builders.settings(tmp_path))
        figures = {metric.name: metric.samples[0].value for metric in overview.collect()}
        assert figures["proof_stamped_timestamp_seconds"] == NOW.timestamp()

    def test_what_moved_waits_for_six_hours(self, installation: Installation, anchoring: Anchoring) -> None:
        anchoring.anchor(NOW)
        installation.put(1)
        integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
        assert not anchoring.is_due(NOW + 5 * HOUR)
        assert anchoring.is_due(NOW + 6 * HOUR)

    def test_what_did_not_move_is_stamped_again_after_a_day(self, anchoring: Anchoring) -> None:
        anchoring.anchor(NOW)
        assert not anchoring.is_due(NOW + 23 * HOUR)
        assert anchoring.is_due(NOW + 24 * HOUR)
        assert anchoring.is_old(NOW + 24 * HOUR)

    def test_without_an_authority_what_did_not_move_is_left_alone(self, installation: Installation) -> None:
        alone = _anchoring(installation, None)
        assert alone.anchor(NOW).token is None
        created = datetime.now(UTC)  # PostgreSQL's own clock says when a checkpoint was made
        assert not alone.is_due(max(created, NOW) + 48 * HOUR)
        installation.put(1)
        integrate_all(installation.sessions, KEYRING, installation.high_water, max(created, NOW))
        assert alone.is_due(max(created, NOW) + 48 * HOUR)


class TestTheLoop:
    def test_it_anchors_by_itself(self, installation: Installation, anchoring: Anchoring) -> None:
        integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
        anchorer = Anchorer(anchoring, every=0.01)
        anchorer.start()
        try:
            eventually(lambda: anchoring.is_anchored(installation.site_id), "the site is anchored")
        finally:
            anchorer.stop()

    @pytest.mark.parametrize(
        "trouble", [NotStamped("away"), Unavailable("busy"), LogFrozen("frozen"), OSError("disk"), ZeroDivisionError()]
    )
    def test_it_outlives_every_trouble_and_waits_longer_each_time(
        self, installation: Installation, anchoring: Anchoring, authority: Authority, trouble: Exception
    ) -> None:
        integrate_all(installation.sessions, KEYRING, installation.high_water, NOW)
        authority.trouble = trouble
        anchorer = Anchorer(anchoring, every=0.01)
        anchorer.start()
        try:
            eventually(lambda: anchorer.pause > 0.03, "it failed twice")
            authority.trouble = None
            eventually(lambda: anchoring.is_anchored(installation.site_id), "the site is anchored")
        finally:
            anchorer.stop()


def test_who_records_does_not_wait_for_the_authority(
    installation: Installation, anchoring: Anchoring, authority: Authority
) -> None:
    asked, answer = threading.Event(), threading.Event()
    stamp = authority.stamp

    def slow(message: bytes) -> Token:
        asked.set()
        answer.wait(60)
        return stamp(message)

    authority.stamp = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: anchoring.anchor(NOW))
    thread.start()
    try:
        assert asked.wait(60)
        made = installation.put(3)
        assert integrate(installation.sessions, installation.site_id, KEYRING, installation.high_water, NOW) == 3
        assert len(made) == 3
    finally:
        answer.set()
        thread.join()
