"""The mailbox as a witness: a mail a week, and the verifier holds it against every later bundle."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from consent_server import verify
from consent_server.domain.errors import Invalid
from consent_server.domain.log_entry import Config, format_entry
from consent_server.services import clock
from consent_server.services.anchoring import Anchoring
from consent_server.services.mailing import NotSent, read_mailbox
from consent_server.storage import proof_log
from tests import builders
from tests.mailbox import MailServer, serving_mail
from tests.proof_logs import DIGEST, KEYRING, ORIGIN, Installation
from tests.servers import free_port
from tests.services.anchored import ANCHOR_ORIGIN, export, judge


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.now = clock.now()
    return installation


@pytest.fixture
def server() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
def anchoring(installation: Installation, server: MailServer, tmp_path: Path) -> Anchoring:
    settings = builders.settings(
        tmp_path, anchor_mail_to="dpo@example.fr, second@example.fr", smtp_url=server.url, mail_from="us@example.fr"
    )
    mailbox = read_mailbox(settings)
    given = installation.sessions, KEYRING, installation.high_water, ANCHOR_ORIGIN
    return Anchoring(*given, mailbox=mailbox)


def _note_of(server: MailServer, folder: Path, number: int = 0) -> Path:
    (attached,) = (part for part in server.messages[number].iter_attachments())
    path = folder / str(attached.get_filename())
    path.write_bytes(attached.get_content())
    return path


def test_the_mail_has_the_checkpoint_word_for_word(
    installation: Installation, anchoring: Anchoring, server: MailServer, tmp_path: Path
) -> None:
    size = anchoring.anchor(clock.now()).size
    assert anchoring.mail(clock.now()) == size

    assert len(server.recipients) == 2
    (message,) = server.messages
    assert (message["From"], message["To"]) == ("us@example.fr", "dpo@example.fr, second@example.fr")
    path = _note_of(server, tmp_path)
    assert path.name == "anchor-2.note"
    kept = installation.scalar("SELECT note FROM proof_checkpoint WHERE site_id = 0")
    assert path.read_text() == kept
    text = message.get_body()
    assert text is not None
    assert f"--known {path.name}" in text.get_content()


def test_there_is_one_mail_a_week_and_only_of_something_new(
    installation: Installation, anchoring: Anchoring, server: MailServer
) -> None:
    now = clock.now()
    assert anchoring.mail(now) is None  # nothing is anchored yet
    anchoring.anchor(now)
    assert anchoring.mail(now) == 2
    assert anchoring.mail(now + timedelta(days=30)) is None
    installation.put(1)
    anchoring.anchor(now)
    assert anchoring.mail(now + timedelta(days=6)) is None
    assert anchoring.mail(now + timedelta(days=7)) == 3
    assert len(server.messages) == 2


def test_a_mail_is_sent_at_once_when_somebody_asks(
    installation: Installation, anchoring: Anchoring, server: MailServer
) -> None:
    anchoring.anchor(clock.now())
    anchoring.mail(clock.now())
    installation.put(1)
    anchoring.anchor(clock.now())
    assert anchoring.mail(clock.now(), weekly=False) == 3


def test_a_mail_that_was_refused_is_sent_again(anchoring: Anchoring, server: MailServer) -> None:
    anchoring.anchor(clock.now())
    server.refuses = True
    with pytest.raises(NotSent, match="did not take the mail"):
        anchoring.mail(clock.now())
    server.refuses = False
    assert anchoring.mail(clock.now()) == 2


def test_a_server_that_is_away_is_said(anchoring: Anchoring) -> None:
    assert anchoring.mailbox is not None
    anchoring.anchor(clock.now())
    post = dataclasses.replace(anchoring.mailbox.post, port=free_port())
    away = dataclasses.replace(anchoring, mailbox=dataclasses.replace(anchoring.mailbox, post=post))
    with pytest.raises(NotSent):
        away.mail(clock.now())


def test_a_password_is_not_sent_in_the_clear(anchoring: Anchoring, server: MailServer) -> None:
    assert anchoring.mailbox is not None
    anchoring.anchor(clock.now())
    post = dataclasses.replace(anchoring.mailbox.post, credentials=("name", "secret"))
    open_ = dataclasses.replace(anchoring.mailbox, post=post)
    with pytest.raises(NotSent, match="offers no TLS"):
        dataclasses.replace(anchoring, mailbox=open_).mail(clock.now())
    assert server.messages == []
    assert "secret" not in repr(open_)


def test_what_was_mailed_is_in_every_later_bundle_and_agrees_with_it(
    installation: Installation,
    anchoring: Anchoring,
    server: MailServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also when the site had not moved before the mail: its last leaf is older than what was mailed."""
    other = installation.create("other", "demo.example/v1/sites/other/log")
    anchoring.anchor(clock.now())
    installation.put(1, other, "other")
    size = anchoring.anchor(clock.now()).size
    anchoring.mail(clock.now())
    note = _note_of(server, tmp_path)
    installation.put(2)
    anchoring.anchor(clock.now())

    assert judge(export(installation), tmp_path, "--known", str(note)) == verify.HOLDS
    assert "not compared" not in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        assert f"anchor/{size}/checkpoint.note" in archive.namelist()


def test_another_anchor_log_than_the_one_that_was_mailed_is_a_split_view(
    installation: Installation,
    anchoring: Anchoring,
    server: MailServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The operator keeps the keys and writes everything anew, with one answer more and all signatures right."""
    anchoring.anchor(clock.now())
    anchoring.mail(clock.now())
    note = _note_of(server, tmp_path)
    for table in ("proof_entry", "proof_checkpoint", "proof_log", "proof_anchor_leaf", "instance"):
        installation.execute(f"DELETE FROM {table}")
    installation.high_water.unlink()
    with installation.sessions() as session:
        proof_log.open_log(session, installation.site_id, ORIGIN)
        session.commit()
    installation.put(3)
    with installation.sessions() as session:
        proof_log.add_pending(session, installation.site_id, "config", body=format_entry(Config(1, DIGEST)))
        session.commit()
    anchoring.anchor(clock.now())

    assert judge(export(installation), tmp_path, "--known", str(note)) == verify.LIE
    assert "SPLIT VIEW: the anchor log shows another root at size 2" in capsys.readouterr().err


def test_a_known_checkpoint_that_the_bundle_does_not_have_is_a_note(
    installation: Installation, anchoring: Anchoring, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.create("other", "demo.example/v1/sites/other/log")
    anchoring.anchor(clock.now())
    installation.put(1)
    anchoring.anchor(clock.now())
    first = installation.scalar("SELECT note FROM proof_checkpoint WHERE site_id = 0 ORDER BY size LIMIT 1")
    (tmp_path / "first.note").write_text(str(first))
    assert judge(export(installation), tmp_path, "--known", str(tmp_path / "first.note")) == verify.HOLDS
    assert "was not compared: it is not here" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"anchor_mail_to": "nobody"},
        {"anchor_mail_to": "dpo@example.fr\r\nBcc: x@example.fr"},
        {"smtp_url": "http://mail.example"},
        {"smtp_url": "smtp://"},
        {"mail_from": "a@b@c"},
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="CONSENT_"):
        read_mailbox(builders.settings(tmp_path, **{"anchor_mail_to": "dpo@example.fr", **changes}))


def test_without_an_address_there_is_no_mail(tmp_path: Path, installation: Installation) -> None:
    assert read_mailbox(builders.settings(tmp_path)) is None
    given = installation.sessions, KEYRING, installation.high_water, ANCHOR_ORIGIN
    assert Anchoring(*given).mail(clock.now()) is None
