"""A site keeps the text of its policy that it was given last, and every scan is compared with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from consent_server.domain.account import command_line
from consent_server.domain.audit import FAILS
from consent_server.domain.configuration import digest_of
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.policy_text import LONGEST_POLICY
from consent_server.services import auditing, clock, editing, surveying
from consent_server.services.auditing import Audited
from consent_server.services.keeping_policies import keep_policy, remove_policy
from consent_server.services.surveying import Surveyor
from consent_server.storage import activity, policy_texts, scans, sites, watches
from consent_server.storage.activity import Sought
from consent_server.storage.policy_texts import PolicyText
from consent_server.storage.watches import DAILY, Watch
from tests.builders import site_file
from tests.scans import FAULTY, Visits

BY = command_line(1)
POLICY = "Nous utilisons le cookie _ga (Google Analytics), conservé 24 heures."
Sessions = Callable[[], Session]


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    made: Sessions = app.extensions["sessions"]
    with made() as session:
        editing.import_site(session, site_file(), clock.now())
        editing.import_site(session, site_file(site_key="another"), clock.now())
    return made


def _keep(sessions: Sessions, text: str = POLICY, source: str = "", key: str = "example") -> PolicyText:
    with sessions() as session:
        return keep_policy(session, sites.find_site(session, key), BY, clock.now(), text, source)


def _remove(sessions: Sessions) -> None:
    with sessions() as session:
        remove_policy(session, sites.find_site(session, "example"), BY, clock.now())


def _kept(sessions: Sessions, key: str = "example") -> PolicyText | None:
    with sessions() as session:
        return policy_texts.find_policy_text(session, sites.find_site(session, key).id)


def _deeds(sessions: Sessions) -> list[tuple[str, str, dict[str, Any]]]:
    with sessions() as session:
        found = activity.list_activity(session, 1, Sought(site_key="example"), None, 9)
        return [(each.action, each.subject, dict(each.changes)) for each in found]


def _audited(sessions: Sessions) -> Audited:
    with sessions() as session:
        site = sites.find_site(session, "example")
        newest = scans.last_ended(session, site.id)
        assert newest is not None
        return auditing.audit_scan(session, site, newest)


def _fails(audited: Audited) -> set[str]:
    return {each.requirement for each in audited.verdicts if each.verdict == FAILS}


def test_the_last_text_is_kept_with_who_when_and_its_digest(sessions: Sessions) -> None:
    _keep(sessions, "first")
    second = _keep(sessions, POLICY, "  policy\n.html ")
    assert _kept(sessions) == second
    assert (second.text, second.source, second.kept_by) == (POLICY, "policy .html", BY.name)
    assert second.digest == digest_of(POLICY.encode())
    assert _kept(sessions, "another") is None
    told = {"digest": second.digest, "characters": len(POLICY)}
    assert _deeds(sessions)[0] == ("policy.kept", "policy .html", told)


def test_it_is_given_up_once(sessions: Sessions) -> None:
    kept, other = _keep(sessions, source="policy.pdf"), _keep(sessions, key="another")
    _remove(sessions)
    assert _kept(sessions) is None
    assert _kept(sessions, "another") == other
    assert _deeds(sessions)[0] == ("policy.removed", "policy.pdf", {"digest": kept.digest})
    with pytest.raises(NotFound):
        _remove(sessions)


@pytest.mark.parametrize("text", ["", " \n\x00", "x" * (LONGEST_POLICY + 1)], ids=["empty", "blank", "long"])
def test_what_is_no_policy_leaves_the_one_that_is_kept(sessions: Sessions, text: str) -> None:
    kept = _keep(sessions)
    with pytest.raises(Invalid):
        _keep(sessions, text)
    assert _kept(sessions) == kept


def test_any_text_can_be_kept_and_is_the_same_pasted_or_from_a_file(sessions: Sessions) -> None:
    assert _keep(sessions, "a\r\nb\x00\ud800é").digest == _keep(sessions, "a\nb?é").digest


def test_scans_by_schedule_are_judged_and_counted_with_it(sessions: Sessions) -> None:
    with sessions() as session:
        site_id = sites.find_site(session, "example").id
        watches.put_watch(session, Watch(site_id, DAILY, clock.now()))
        session.commit()
    kept = _keep(sessions)
    Surveyor(sessions, visit=Visits(FAULTY)).turn()
    audited = _audited(sessions)
    assert audited.kept.asked_by == ""
    assert audited.policy == kept
    assert "DRIFT-03" in _fails(audited)
    assert audited.kept.counts is not None
    assert audited.kept.counts.fails == len([each for each in audited.verdicts if each.verdict == FAILS])

    _remove(sessions)
    audited = _audited(sessions)
    assert audited.policy is None
    assert not any(each.requirement.startswith("DRIFT") for each in audited.verdicts)


def test_the_policy_the_catalogue_and_the_browser_are_the_three_parties(sessions: Sessions) -> None:
    with sessions() as session:
        editing.import_site(session, site_file(services=[{"library": "google-analytics"}]), clock.now())
        surveying.ask(session, sites.find_site(session, "example"), BY, clock.now())
    Surveyor(sessions, visit=Visits(FAULTY)).turn()
    _keep(sessions)
    (too_long,) = (each for each in _audited(sessions).verdicts if each.requirement == "DRIFT-03")
    said = too_long.proofs[0].said
    for party in (
        "policy: names _ga, PT24H",
        "catalogue: _ga of Google Analytics",
        "browser: seen in before",
        "24 heures",
    ):
        assert party in said
