"""Another key: whoever trusts the old one learns the new one from the log, and no export is without a key."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Conflict, Invalid, NotFound
from consent_server.domain.log_entry import Key, parse_entry
from consent_server.domain.proof_log import keys
from consent_server.domain.proof_log.checkpoint import open_checkpoint
from consent_server.domain.proof_log.signed_note import parse_note
from consent_server.services import exporting, proving, rechecking, rotating
from consent_server.services.keyring import Keyring, read_keyring
from consent_server.services.rotating import OVERLAP, make_seed
from consent_server.services.sequencing import integrate
from consent_server.storage import proof_log
from tests import builders
from tests.proof_logs import KEYRING, MASTER, NOW, ORIGIN, Installation

SEED = b"\7" * 32
ROTATED = Keyring(SEED, keys.promise_master(SEED), MASTER)
AFTERWARDS = Keyring(SEED, keys.promise_master(SEED))
OLD, NEW = KEYRING.log_signer(ORIGIN).vkey, ROTATED.log_signer(ORIGIN).vkey


def _integrate(installation: Installation, keyring: Keyring) -> int:
    return integrate(installation.sessions, installation.site_id, keyring, installation.high_water, NOW)


def _rotate(installation: Installation, keyring: Keyring = ROTATED) -> bool:
    with installation.sessions() as session:
        return rotating.rotate(session, installation.site_id, keyring)


def _later() -> datetime:
    """A moment after the overlap, by the clock of either engine."""
    return max(NOW, datetime.now(NOW.tzinfo)) + OVERLAP + timedelta(minutes=1)


def _retire(installation: Installation, now: datetime, keyring: Keyring = ROTATED) -> bool:
    with installation.sessions() as session:
        return rotating.retire(session, installation.site_id, keyring, now)


def _signed_by(installation: Installation, vkey: str) -> bool:
    with installation.sessions() as session:
        latest = proof_log.latest_checkpoint(session, installation.site_id)
    assert latest is not None
    key_id = vkey.split("+")[1]
    return key_id in {signature.key_id.hex() for signature in parse_note(latest.note).signatures}


def _holds(installation: Installation, folder: Path, keyring: Keyring, *trusted: str, form: str = "zip") -> bool:
    path = folder / "evidence"
    with path.open("wb") as out:
        exporting.export(installation.sessions, "demo", form, out, keyring, installation.high_water, NOW)
    arguments = installation.sessions, installation.site_id, installation.high_water, lambda *_: None
    assert list(rechecking.recheck(*arguments)) == []
    return verify.main([str(path), *(word for vkey in trusted for word in ("--key", vkey))]) == verify.HOLDS


def _rotated(installation: Installation) -> None:
    installation.put(2)
    _integrate(installation, KEYRING)
    _rotate(installation)
    _integrate(installation, ROTATED)


def test_a_new_seed_alone_changes_nothing(installation: Installation, tmp_path: Path) -> None:
    installation.put(2)
    _integrate(installation, KEYRING)
    installation.put(1)
    _integrate(installation, ROTATED)
    assert _signed_by(installation, OLD)
    assert not _signed_by(installation, NEW)
    assert _holds(installation, tmp_path, ROTATED, OLD)


def test_the_old_key_vouches_for_the_new_one_and_then_both_sign(installation: Installation, tmp_path: Path) -> None:
    _rotated(installation)
    assert _signed_by(installation, OLD)
    assert not _signed_by(installation, NEW), "the checkpoint that covers the addition is the old key's"
    installation.put(1)
    _integrate(installation, ROTATED)
    assert _signed_by(installation, OLD)
    assert _signed_by(installation, NEW)
    for trusted in (OLD, NEW):
        for form in ("zip", "jsonl"):
            assert _holds(installation, tmp_path, ROTATED, trusted, form=form)


def test_a_retired_key_signs_no_more_and_still_opens_what_came_after(
    installation: Installation, tmp_path: Path
) -> None:
    _rotated(installation)
    assert _retire(installation, _later())
    installation.put(1)
    _integrate(installation, ROTATED)
    installation.put(1)
    _integrate(installation, ROTATED)
    assert not _signed_by(installation, OLD)
    assert _signed_by(installation, NEW)
    assert _holds(installation, tmp_path, ROTATED, OLD)
    assert _holds(installation, tmp_path, ROTATED, NEW)
    assert not _retire(installation, _later())

    installation.put(1)
    _integrate(installation, AFTERWARDS)
    assert _holds(installation, tmp_path, AFTERWARDS, OLD)
    with pytest.raises(Invalid, match="another LOG_KEY"):
        _integrate(installation, KEYRING)


def test_keys_are_named_once(installation: Installation) -> None:
    _rotated(installation)
    assert not _rotate(installation)
    with installation.sessions() as session:
        entries = [parse_entry(entry.text) for entry in proof_log.entries(session, installation.site_id, 0, 99)]
        shown = proving.log_keys(session, "demo", ROTATED)
    promises = ROTATED.promise_signer(ORIGIN).vkey
    assert entries[4:] == [Key("add", NEW), Key("add", promises)]
    assert shown[:2] == [OLD, NEW]
    assert set(shown[2:]) == {promises, KEYRING.promise_signer(ORIGIN).vkey}


def test_a_rotation_in_line_is_not_put_there_again(installation: Installation) -> None:
    installation.put(1)
    _integrate(installation, KEYRING)
    assert _rotate(installation)
    assert not _rotate(installation)
    assert _integrate(installation, ROTATED) == 2


def test_the_old_key_is_not_retired_before_everybody_had_time_to_learn_the_new_one(installation: Installation) -> None:
    installation.put(1)
    _integrate(installation, KEYRING)
    with pytest.raises(Conflict, match="key rotate"):
        _retire(installation, _later())
    _rotate(installation)
    _integrate(installation, ROTATED)
    with pytest.raises(Conflict, match="sign until"):
        _retire(installation, _later() - timedelta(days=2))
    with pytest.raises(Conflict, match="sign until"):
        _retire(installation, NOW)


def test_nobody_vouches_for_a_key_without_the_seed_of_before(installation: Installation) -> None:
    installation.put(1)
    _integrate(installation, KEYRING)
    with pytest.raises(Conflict, match="LOG_KEY_PREVIOUS"):
        _rotate(installation, AFTERWARDS)
    with installation.sessions() as session, pytest.raises(NotFound):
        rotating.rotate(session, 77, ROTATED)


def test_a_checkpoint_of_the_retired_key_alone_is_refused(installation: Installation) -> None:
    _rotated(installation)
    _retire(installation, _later())
    _integrate(installation, ROTATED)
    installation.put(1)
    _integrate(installation, ROTATED)
    with installation.sessions() as session:
        latest = proof_log.latest_checkpoint(session, installation.site_id)
    assert latest is not None
    with pytest.raises(Invalid, match="known key"):
        open_checkpoint(latest.note, [KEYRING.log_signer(ORIGIN).verifier], ORIGIN)


def test_the_seed_of_before_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    settings = builders.settings(tmp_path, log_key="")
    with pytest.raises(Invalid, match="no seed"):
        make_seed(settings)
    (tmp_path / "log-key").write_text(MASTER.hex() + "\n")

    made = make_seed(settings)

    keyring = read_keyring(settings)
    assert made.file == tmp_path / "log-key"
    assert keyring.previous == MASTER
    assert keyring.master not in (None, MASTER)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("log-key*")} == {0o600}
    with pytest.raises(Conflict, match="under way"):
        make_seed(settings)
    assert read_keyring(settings) == keyring


def test_a_seed_that_is_kept_elsewhere_is_given_once(tmp_path: Path) -> None:
    made = make_seed(builders.settings(tmp_path, log_key=MASTER.hex()))
    assert made.file is None
    assert made.text is not None
    settings = builders.settings(tmp_path, log_key=made.text, log_key_previous=MASTER.hex())
    assert read_keyring(settings).previous == MASTER
    assert list(tmp_path.iterdir()) == []
