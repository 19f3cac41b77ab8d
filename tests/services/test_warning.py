"""What is new before consent is told by mail and webhook, signed, again when it was not taken, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from consent_server.domain.account import command_line
from consent_server.domain.errors import Invalid
from consent_server.domain.scan import Scan
from consent_server.services import clock, editing, surveying, watching
from consent_server.services.keeping_policies import keep_policy
from consent_server.services.sealing import read_sealer
from consent_server.services.surveying import Surveyor
from consent_server.services.warning import LATER, Warner
from consent_server.storage import scans, sites, watches
from consent_server.storage.scans import ASKED, ENDED
from consent_server.storage.watches import DAILY, GIVEN_UP, MONTHLY, NEVER, SENT, WAITING, WEEKLY, Word
from tests.browser.page_server import Answer, PageServer
from tests.builders import site_file
from tests.mailbox import serving_mail
from tests.scans import CLEAN, FAULTY, Visits

BY = command_line(1)
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
Sessions = Callable[[], Session]


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    made: Sessions = app.extensions["sessions"]
    with made() as session:
        editing.import_site(session, site_file(), clock.now())
    return made


@pytest.fixture
def receiver() -> Iterator[PageServer]:
    with PageServer(lambda _asked: Answer(status=204)) as server:
        yield server


def _watch(app: Flask, sessions: Sessions, **wanted: Any) -> str:
    with sessions() as session:
        site, sealer = sites.find_site(session, "example"), read_sealer(app.extensions["settings"])
        given = {"schedule": NEVER, "private": True, **wanted}
        return watching.watch(session, site, BY, clock.now(), sealer, **given)


def _scan(sessions: Sessions, *found: Scan) -> None:
    for each in found:
        with sessions() as session:
            surveying.ask(session, sites.find_site(session, "example"), BY, clock.now())
        Surveyor(sessions, visit=Visits(each)).turn()


def _words(sessions: Sessions) -> tuple[Word, ...]:
    with sessions() as session:
        return watches.list_warnings(session, sites.find_site(session, "example").id, 10)


def test_a_webhook_is_signed_as_standard_webhooks_are(app: Flask, sessions: Sessions, receiver: PageServer) -> None:
    secret = _watch(app, sessions, webhook_url=f"{receiver.host('hook')}/scans?of=us")
    assert secret.startswith("whsec_")
    _scan(sessions, CLEAN, FAULTY)
    Warner(sessions, app.extensions["settings"], private=True).turn()

    (asked,) = receiver.asked
    assert (asked.method, asked.path) == ("POST", "/scans?of=us")
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(asked.body)
    assert (told["type"], told["data"]["site_key"], told["data"]["count"]) == ("scan.new_before_consent", "example", 2)
    names = {(each["kind"], each["name"], each["service"]) for each in told["data"]["things"]}
    assert ("cookie", "_ga", "Google Analytics") in names
    assert [each.state for each in _words(sessions)] == [SENT]
    Warner(sessions, app.extensions["settings"], private=True).turn()
    assert len(receiver.asked) == 1, "it is told once"


def test_nothing_is_told_when_nothing_is_new(app: Flask, sessions: Sessions) -> None:
    _watch(app, sessions, webhook_url="http://hook.localhost/", mail_to="dpo@example.org")
    _scan(sessions, CLEAN)
    assert _words(sessions) == ()
    _scan(sessions, FAULTY, FAULTY)
    assert len(_words(sessions)) == 2, "by mail and by webhook, of the first alone"


def _keep_policy(sessions: Sessions, text: str) -> str:
    with sessions() as session:
        return keep_policy(session, sites.find_site(session, "example"), BY, clock.now(), text).digest


def _contradictions(sessions: Sessions) -> list[Any]:
    told = (json.loads(each.body) for each in reversed(_words(sessions)))
    return [each["data"] for each in told if each["type"] == "scan.new_contradiction"]


def test_what_contradicts_the_policy_is_told_once_and_again_of_another_text(app: Flask, sessions: Sessions) -> None:
    with time_machine.travel(NOW) as now:
        _watch(app, sessions, webhook_url="https://hook.example/")
        _scan(sessions, FAULTY)
        assert _contradictions(sessions) == [], "no text is kept"
        now.shift(60)
        digest = _keep_policy(sessions, "Le cookie _ga est conservé 24 heures.")
        now.shift(60)
        _scan(sessions, FAULTY)
        (told,) = _contradictions(sessions)
        assert (told["policy_text"], told["site_key"]) == (digest, "example")
        (long,) = (each for each in told["things"] if each["sort"] == "longer_than_stated")
        assert (long["kind"], long["name"], long["domain"]) == ("cookie", "_ga", "www.example.fr")
        assert (long["policy"], long["set_by"]) == ("names _ga, PT24H", "www.example.fr")
        now.shift(60)
        _scan(sessions, FAULTY, CLEAN)
        assert len(_contradictions(sessions)) == 1
        now.shift(60)
        _scan(sessions, FAULTY)
        assert len(_contradictions(sessions)) == 2, "it was gone, and came back"
        _keep_policy(sessions, "Le cookie _ga est conservé 2 heures.")
        now.shift(60)
        _scan(sessions, FAULTY)
        assert _contradictions(sessions)[-1]["things"][0]["policy"] == "names _ga, PT2H"


def test_people_are_written_to_of_what_contradicts_the_policy(app: Flask, sessions: Sessions) -> None:
    _keep_policy(sessions, "Le cookie _ga est conservé 24 heures.")
    _watch(app, sessions, mail_to="dpo@example.org")
    _scan(sessions, FAULTY)
    with serving_mail() as mail:
        settings = replace(app.extensions["settings"], smtp_url=mail.url, mail_from="server@example.org")
        Warner(sessions, settings).turn()
    subjects = {message["Subject"]: message.get_content() for message in mail.messages}
    (text,) = (text for subject, text in subjects.items() if "against the policy" in subject)
    assert "cookie _ga (dure plus longtemps qu’annoncé / longer than stated)" in text
    assert len(subjects) == 2


def test_people_are_written_to(app: Flask, sessions: Sessions) -> None:
    _watch(app, sessions, mail_to="DPO@example.org\n a@example.org")
    _scan(sessions, FAULTY)
    with serving_mail() as mail:
        settings = replace(app.extensions["settings"], smtp_url=mail.url, mail_from="server@example.org")
        Warner(sessions, settings).turn()
    (message,) = mail.messages
    assert message["To"] == "dpo@example.org, a@example.org"
    text = message.get_content()
    assert "cookie _ga (Google Analytics)" in text
    assert "/admin/sites/example/scans/" in text


def test_who_does_not_take_it_is_asked_again_and_then_no_more(app: Flask, sessions: Sessions) -> None:
    answers = iter([500, 302, *[503] * len(LATER)])
    with PageServer(lambda _: Answer(status=next(answers), headers={"Location": "/elsewhere"})) as receiver:
        with time_machine.travel(NOW, tick=False) as now:
            _watch(app, sessions, webhook_url=f"{receiver.host('hook')}/")
            _scan(sessions, FAULTY)
            warner = Warner(sessions, app.extensions["settings"], private=True)
            for wait in (timedelta(), *LATER):
                assert _words(sessions)[0].state == WAITING
                now.shift(wait)
                warner.turn()
                warner.turn()
        assert [asked.path for asked in receiver.asked] == ["/"] * (len(LATER) + 1), "a redirect is not followed"
    assert (_words(sessions)[0].state, _words(sessions)[0].trouble) == (GIVEN_UP, "The webhook answered 503.")


def test_who_is_gone_is_asked_no_more(app: Flask, sessions: Sessions) -> None:
    with PageServer(lambda _: Answer(status=410)) as receiver:
        _watch(app, sessions, webhook_url=f"{receiver.host('hook')}/")
        _scan(sessions, FAULTY)
        Warner(sessions, app.extensions["settings"], private=True).turn()
    assert _words(sessions)[0].state == GIVEN_UP


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "0x7f.1", "hook.localhost"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_addresses_of_here_are_not_told(app: Flask, sessions: Sessions, receiver: PageServer, host: str) -> None:
    _watch(app, sessions, webhook_url=f"http://{host}:{receiver.port}/")
    _scan(sessions, FAULTY)
    Warner(sessions, app.extensions["settings"]).turn()
    assert receiver.asked == []
    assert _words(sessions)[0].state == WAITING
    assert _words(sessions)[0].trouble


@pytest.mark.parametrize(
    "wanted",
    [
        {"webhook_url": "http://hook.example/", "private": False},
        {"webhook_url": "https://a:b@hook.example/"},
        {"webhook_url": "https://hook.example/ a"},
        {"webhook_url": "ftp://hook.example/"},
        {"webhook_url": "https://[::1/"},
        {"mail_to": "nobody"},
        {"mail_to": ",".join(f"a{number}@example.org" for number in range(6))},
        {"schedule": "hourly"},
    ],
    ids=str,
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_cannot_be_told_is_refused(app: Flask, sessions: Sessions, wanted: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        _watch(app, sessions, **wanted)


def test_the_secret_is_kept_sealed_and_stays_until_another_is_wanted(app: Flask, sessions: Sessions) -> None:
    secret = _watch(app, sessions, webhook_url="https://hook.example/")
    with sessions() as session:
        kept = watches.find_watch(session, sites.find_site(session, "example").id)
    assert secret not in kept.webhook_secret
    assert _watch(app, sessions, webhook_url="https://hook.example/", schedule=DAILY) == ""
    assert _watch(app, sessions, webhook_url="https://hook.example/", renew=True) not in ("", secret)
    assert _watch(app, sessions, webhook_url="") == ""


@pytest.mark.parametrize(
    ("schedule", "then"),
    [
        (DAILY, datetime(2026, 11, 23, 10, tzinfo=UTC)),
        (WEEKLY, datetime(2026, 11, 29, 10, tzinfo=UTC)),
        (MONTHLY, datetime(2026, 12, 22, 10, tzinfo=UTC)),
    ],
    ids=str,
)
def test_a_site_is_scanned_by_its_schedule(app: Flask, sessions: Sessions, schedule: str, then: datetime) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        _watch(app, sessions, schedule=schedule)
        surveyor = Surveyor(sessions, visit=Visits(CLEAN, CLEAN))
        surveyor.turn()
        surveyor.turn()
        site_id = _watch_of(sessions).site_id
        assert _watch_of(sessions).next_at == then
        now.move_to(then - timedelta(seconds=1))
        surveyor.turn()
        with sessions() as session:
            assert [(s.state, s.asked_by) for s in scans.list_scans(session, site_id, None, 9)] == [(ENDED, "")]
        now.move_to(then)
        surveyor.turn()
        with sessions() as session:
            assert len(scans.list_scans(session, site_id, None, 9)) == 2
        _watch(app, sessions, schedule=NEVER)
        now.move_to(then + timedelta(days=90))
        surveyor.turn()
        with sessions() as session:
            assert len(scans.list_scans(session, site_id, None, 9)) == 2


def _watch_of(sessions: Sessions) -> watches.Watch:
    with sessions() as session:
        return watches.find_watch(session, sites.find_site(session, "example").id)


def test_a_schedule_asks_for_nothing_while_a_scan_is_under_way(app: Flask, sessions: Sessions) -> None:
    with sessions() as session:
        surveying.ask(session, sites.find_site(session, "example"), BY, clock.now())
    _watch(app, sessions, schedule=DAILY)
    watching.ask_due(sessions, clock.now())
    with sessions() as session:
        assert [each.state for each in scans.under_way(session)] == [ASKED]
