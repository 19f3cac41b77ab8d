"""A log whose key is lost is succeeded by one that names its last known checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Conflict, Invalid, SiteNotFound
from consent_server.domain.log_entry import Genesis, Predecessor, parse_entry
from consent_server.domain.proof_log import keys
from consent_server.domain.proof_log.checkpoint import Checkpoint, sign_checkpoint
from consent_server.services import exporting
from consent_server.services.keyring import Keyring
from consent_server.services.sequencing import integrate
from consent_server.services.succeeding import next_origin, succeed
from consent_server.storage import proof_log
from tests.proof_logs import KEYRING, NOW, ORIGIN, Installation

SEED = b"\7" * 32
OURS = Keyring(SEED, keys.promise_master(SEED))
OLD = KEYRING.log_signer(ORIGIN)
ROOT = b"\1" * 32
NOTE = sign_checkpoint(Checkpoint(ORIGIN, 1_000, ROOT), OLD).encode()


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """A site whose log has not begun."""
    for table in ("proof_log", "proof_pending"):
        installation.execute(f"DELETE FROM {table}")
    return installation


def _succeed(installation: Installation, site_key: str = "demo", note: bytes = NOTE, vkey: str = OLD.vkey) -> str:
    with installation.sessions() as session:
        return succeed(session, site_key, note, vkey, OURS)


def test_the_successor_names_the_last_known_checkpoint(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = _succeed(installation)
    assert origin == f"{ORIGIN}/2"
    installation.log_configuration()
    installation.put(2)
    assert integrate(installation.sessions, installation.site_id, OURS, installation.high_water, NOW) == 4

    vkey = OURS.log_signer(origin).vkey
    with installation.sessions() as session:
        first = next(proof_log.entries(session, installation.site_id, 0, 1))
    assert parse_entry(first.text) == Genesis("demo", vkey, Predecessor(ORIGIN, 1_000, ROOT))
    path = tmp_path / "evidence.zip"
    with path.open("wb") as out:
        exporting.export(installation.sessions, "demo", "zip", out, OURS, installation.high_water, NOW)
    assert verify.main([str(path), "--key", vkey]) == verify.HOLDS
    assert f"note: This log succeeds {ORIGIN}, which was last seen with 1000 entries" in capsys.readouterr().out


def test_a_log_that_has_begun_succeeds_nothing(installation: Installation) -> None:
    _succeed(installation)
    with pytest.raises(Conflict, match="begun already"):
        _succeed(installation)
    signer = KEYRING.log_signer(ORIGIN.replace("demo/log", "other/log"))
    note = sign_checkpoint(Checkpoint(signer.name, 1, ROOT), signer).encode()
    with pytest.raises(SiteNotFound):
        _succeed(installation, "other", note, signer.vkey)


def test_only_a_signed_checkpoint_of_the_same_site_is_succeeded(installation: Installation) -> None:
    elsewhere = KEYRING.log_signer("demo.example/v1/sites/another/log")
    for note, vkey in (
        (b"", OLD.vkey),
        (NOTE.replace(b"1000", b"1001"), OLD.vkey),
        (NOTE, OURS.log_signer(ORIGIN).vkey),
        (sign_checkpoint(Checkpoint(elsewhere.name, 1, ROOT), elsewhere).encode(), elsewhere.vkey),
        (NOTE, "nonsense"),
    ):
        with pytest.raises(Invalid):
            _succeed(installation, note=note, vkey=vkey)
    assert installation.scalar("SELECT count(*) FROM proof_log") == 0


@pytest.mark.parametrize(("origin", "after"), [("/log", "/log/2"), ("/log/2", "/log/3"), ("/log/41", "/log/42")])
def test_successors_are_counted(origin: str, after: str) -> None:
    assert next_origin(f"demo.example/v1/sites/demo{origin}", "demo") == f"demo.example/v1/sites/demo{after}"
