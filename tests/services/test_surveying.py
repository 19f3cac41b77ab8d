"""Scans are asked for, made one at a time, kept, and come to an end whatever happens to who makes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from consent_server.browser.crawl import Plan
from consent_server.domain.account import command_line
from consent_server.domain.audit import Verdict
from consent_server.domain.audit_reports import LANGUAGES
from consent_server.domain.errors import Conflict, Invalid, NotFound, Unavailable
from consent_server.domain.scan import PASSES, Pass, Scan
from consent_server.services import auditing, clock, editing, illustrating, scanning, surveying
from consent_server.services.leading import leading
from consent_server.services.surveying import DIED, NO_ANSWER, NO_BROWSER, Surveyor
from consent_server.storage import scan_files, scans, sites
from consent_server.storage.scan_files import ILLUSTRATED
from consent_server.storage.scans import ASKED, CANCELLED, ENDED, FAILED, RUNNING, Counts, KeptScan
from consent_server.storage.sites import Site
from tests.builders import site_file
from tests.pictures import encoded
from tests.scans import ADDRESS, CLEAN, FAULTY, Visits, pictured
from tests.servers import eventually

BY = command_line(1)
Sessions = Callable[[], Session]


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    made: Sessions = app.extensions["sessions"]
    with made() as session:
        editing.import_site(session, site_file(services=[{"library": "matomo"}]), clock.now())
    return made


def _site(sessions: Sessions, key: str = "example") -> Site:
    with sessions() as session:
        return sites.find_site(session, key)


def _ask(sessions: Sessions, key: str = "example", **given: object) -> KeptScan:
    with sessions() as session:
        return surveying.ask(session, sites.find_site(session, key), BY, clock.now(), **given)  # type: ignore[arg-type]


def _now(sessions: Sessions, kept: KeptScan) -> KeptScan:
    with sessions() as session:
        return scans.find_scan(session, kept.site_id, kept.id)


def test_a_scan_is_kept_with_what_it_comes_to(sessions: Sessions) -> None:
    visits = Visits(FAULTY)
    kept = _ask(sessions, pages=2)
    assert (kept.state, kept.asked_by, kept.address) == (ASKED, BY.name, ADDRESS)
    Surveyor(sessions, visit=visits).turn()

    ended = _now(sessions, kept)
    assert (ended.state, ended.whole, ended.detail, ended.starts) == (ENDED, True, "", 1)
    assert [each.name for each in ended.progress] == list(PASSES)
    assert ended.expected == len(PASSES) + 1, "the catalogue has one purpose that may be agreed to alone"
    assert ended.counts is not None
    assert (ended.counts.fails, ended.counts.early, ended.counts.appeared) == (1, 2, 0)
    (plan,) = visits.plans
    assert (plan.address, plan.pages, plan.private, plan.purposes) == (ADDRESS, 2, False, ("audience",))
    with sessions() as session:
        assert scans.find_seen(session, kept.id) == FAULTY


def test_it_is_compared_with_the_one_before(sessions: Sessions) -> None:
    surveyor = Surveyor(sessions, visit=Visits(CLEAN, FAULTY, FAULTY))
    ended = []
    for _ in range(3):
        ended.append(_ask(sessions))
        surveyor.turn()
    first, second, third = (_now(sessions, each).counts or Counts() for each in ended)
    assert (first.appeared, first.early) == (0, 0)
    assert (second.appeared, second.early) == (3, 2)
    assert (third.appeared, third.early, third.fails) == (0, 0, 1)
    with sessions() as session:
        audited = auditing.audit_scan(session, _site(sessions), _now(sessions, ended[1]))
        assert audited.previous is not None
        assert audited.previous.id == ended[0].id
        assert {each.name for each in audited.changes} == {"_ga", "own", "www.googletagmanager.com"}
        named = {(each.thing.kind, each.thing.needs_consent) for each in auditing.sightings(audited)}
        assert named == {("cookie", True), ("cookie", None), ("request", True)}


def test_one_scan_of_a_site_is_under_way_at_a_time(sessions: Sessions) -> None:
    _ask(sessions)
    with pytest.raises(Conflict, match="under way"):
        _ask(sessions)


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/", "file:///etc/passwd", "https://a:b@www.example.fr/", "http://[::1", "javascript:0"],
)
def test_only_the_sites_own_addresses_are_visited(sessions: Sessions, address: str) -> None:
    with pytest.raises(Invalid):
        _ask(sessions, address=address)
    with pytest.raises(Invalid):
        _ask(sessions, pages=1_000)
    assert _ask(sessions, address="https://shop.example.fr/basket").address == "https://shop.example.fr/basket"


def test_without_a_browser_it_says_so(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    kept = _ask(sessions)
    Surveyor(sessions).turn()
    failed = _now(sessions, kept)
    assert (failed.state, failed.trouble) == (FAILED, NO_BROWSER)
    assert surveying.TROUBLES[NO_BROWSER].startswith("A browser is missing")


def test_a_site_that_does_not_answer_is_told(sessions: Sessions) -> None:
    kept = _ask(sessions)
    Surveyor(sessions, visit=Visits(Unavailable("The site could not be visited: it is away."))).turn()
    failed = _now(sessions, kept)
    assert (failed.state, failed.trouble, failed.detail) == (
        FAILED,
        NO_ANSWER,
        "The site could not be visited: it is away.",
    )


def test_the_oldest_goes_first_and_one_is_made_each_turn(sessions: Sessions) -> None:
    with sessions() as session:
        editing.import_site(session, site_file(site_key="another"), clock.now())
    first, second = _ask(sessions), _ask(sessions, "another")
    surveyor = Surveyor(sessions, visit=Visits(CLEAN, CLEAN))
    surveyor.turn()
    assert [_now(sessions, each).state for each in (first, second)] == [ENDED, ASKED]
    surveyor.turn()
    assert _now(sessions, second).state == ENDED


def test_what_a_server_left_behind_is_begun_again_once(sessions: Sessions) -> None:
    class Killed(BaseException):
        pass

    kept = _ask(sessions)
    surveyor = Surveyor(sessions, visit=Visits(Killed(), Killed(), CLEAN))
    for _ in range(2):
        with pytest.raises(Killed):
            surveyor.turn()
        assert _now(sessions, kept).state == RUNNING
    surveyor.turn()
    failed = _now(sessions, kept)
    assert (failed.state, failed.trouble, failed.starts) == (FAILED, DIED, 2)
    assert _ask(sessions).state == ASKED


class Long:
    """A visit that lasts until it is ended."""

    def __init__(self) -> None:
        self.started, self.ended = threading.Event(), threading.Event()

    def __call__(
        self, plan: Plan, on_pass: Callable[[Pass], None], on_start: Callable[[Callable[[], None]], None]
    ) -> tuple[Scan, str]:
        on_start(self.ended.set)
        self.started.set()
        assert self.ended.wait(60)
        raise Unavailable("The site could not be visited: ended.")


def test_a_server_that_stops_ends_the_visit_and_leaves_the_scan_to_the_next(sessions: Sessions) -> None:
    kept, long = _ask(sessions), Long()
    surveyor = Surveyor(sessions, visit=long, every=0.01)
    surveyor.start()
    assert long.started.wait(30)
    assert _now(sessions, kept).state == RUNNING
    surveyor.stop()
    left = _now(sessions, kept)
    assert (left.state, left.starts) == (ASKED, 0), "being told to stop is no failure"
    Surveyor(sessions, visit=Visits(CLEAN)).turn()
    assert _now(sessions, kept).state == ENDED


def test_who_cancels_ends_the_visit(sessions: Sessions) -> None:
    kept, long = _ask(sessions), Long()
    surveyor = Surveyor(sessions, visit=long, every=0.01)
    surveyor.start()
    assert long.started.wait(30)
    with sessions() as session:
        assert surveying.cancel(session, _site(sessions), kept.id, BY, clock.now())
        assert not surveying.cancel(session, _site(sessions), kept.id, BY, clock.now())
    eventually(long.ended.is_set, "the visit is ended")
    surveyor.stop()
    assert _now(sessions, kept).state == CANCELLED


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_one_server_of_several_makes_scans(sessions: Sessions) -> None:
    kept = _ask(sessions)
    with leading(sessions, Surveyor.name) as other:
        assert other
        Surveyor(sessions, visit=Visits()).turn()
        assert _now(sessions, kept).state == ASKED
    Surveyor(sessions, visit=Visits(CLEAN)).turn()
    assert _now(sessions, kept).state == ENDED


def test_the_newest_are_kept_whole_and_old_ones_as_counts(sessions: Sessions) -> None:
    surveyor = Surveyor(sessions, visit=Visits(*[CLEAN] * 5))
    for _ in range(5):
        _ask(sessions)
        surveyor.turn()
    with sessions() as session:
        site = sites.find_site(session, "example")
        scans.reduce_scans(session, site.id, whole=2, counted=4)
        session.commit()
        found = scans.list_scans(session, site.id, None, 10)
        assert [each.whole for each in found] == [True, True, False, False]
        assert all(each.counts for each in found)
        with pytest.raises(NotFound):
            auditing.audit_scan(session, site, found[-1])


def test_pictures_are_kept_of_the_newest_scans_alone(sessions: Sessions) -> None:
    surveyor = Surveyor(sessions, visit=(visits := Visits(*[pictured(CLEAN)] * (ILLUSTRATED + 1))))
    asked = []
    for _ in range(ILLUSTRATED + 1):
        asked.append(_ask(sessions))
        surveyor.turn()
    another = _another(sessions)
    assert (visits.plans[0].pictures, visits.plans[0].picture_bytes) == (True, illustrating.MOST_BYTES)
    with sessions() as session:
        kept = [scan_files.list_files(session, each.site_id, each.id) for each in asked]
        assert [len(each) for each in kept] == [0, 6, 6, 6]
        shown = [(each.name, each.shows, each.width, each.height) for each in kept[-1]]
        assert shown[:2] == [("before.webp", "before", 1280, 800), ("before-phone.webp", "before-phone", 390, 844)]
        last = asked[-1]
        assert scan_files.find_pictures(session, last.site_id, last.id) == pictured(CLEAN).pictures
        assert scan_files.find_file(session, last.site_id, last.id, "refused.webp")
        for name in ("refused", "refused.pdf", "../x.webp", "before.webp\0"):
            with pytest.raises(NotFound):
                scan_files.find_file(session, last.site_id, last.id, name)
        with pytest.raises(NotFound):
            scan_files.find_file(session, another.site_id, last.id, "refused.webp")
        for whole in (2, 1):
            scans.reduce_scans(session, last.site_id, whole=whole, counted=whole)
            scan_files.forget_files(session, last.site_id)
            left = [bool(scan_files.list_files(session, each.site_id, each.id)) for each in asked]
            assert sum(left) == whole, "files go with their scan"
        assert scan_files.list_files(session, another.site_id, another.id)


class Prints:
    """Stands in for the printer: remembers what it was given."""

    def __init__(self, pdf: bytes = b"%PDF", why_not: str = "") -> None:
        self.pdf, self.why_not = pdf, why_not
        self.given: list[tuple[Scan, int]] = []

    def __call__(self, scan: Scan, verdicts: Sequence[Verdict], languages: Sequence[str]) -> dict[str, bytes]:
        self.given.append((scan, len(verdicts)))
        if self.why_not:
            raise Unavailable(self.why_not)
        return dict.fromkeys(languages, self.pdf)


def test_the_report_is_printed_in_every_language_when_a_scan_has_ended(sessions: Sessions) -> None:
    kept, prints = _ask(sessions), Prints()
    Surveyor(sessions, visit=Visits(pictured(FAULTY)), printer=prints).turn()
    assert _now(sessions, kept).state == ENDED
    ((scan, told),) = prints.given
    assert scan.pictures == pictured(FAULTY).pictures
    assert told
    with sessions() as session:
        files = scan_files.list_files(session, kept.site_id, kept.id)
        assert [each.name for each in files][-2:] == [illustrating.print_file(language) for language in LANGUAGES]
        assert len(files) == 6 + 2
        assert scan_files.find_file(session, kept.site_id, kept.id, "audit-fr.pdf") == b"%PDF"
        assert list(scan_files.find_pictures(session, kept.site_id, kept.id)) == list(pictured(FAULTY).pictures)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "prints",
    [Prints(why_not="Chromium was not found."), Prints(b"x" * (illustrating.LARGEST_PDF + 1))],
    ids=["away", "large"],
)
def test_a_report_that_cannot_be_printed_costs_the_scan_nothing_else(sessions: Sessions, prints: Prints) -> None:
    kept = _ask(sessions)
    Surveyor(sessions, visit=Visits(pictured(FAULTY)), printer=prints).turn()
    assert _now(sessions, kept).state == ENDED
    with sessions() as session:
        assert len(scan_files.list_files(session, kept.site_id, kept.id)) == 6


def _another(sessions: Sessions) -> KeptScan:
    """Give a scan of another site, with pictures."""
    with sessions() as session:
        editing.import_site(session, site_file(site_key="another"), clock.now())
    kept = _ask(sessions, "another")
    Surveyor(sessions, visit=Visits(pictured(CLEAN))).turn()
    return kept


def test_what_is_no_picture_of_a_window_is_not_kept() -> None:
    good = pictured(CLEAN).pictures["before"]
    odd = {
        "png": encoded(),
        "broken": good[:40],
        "nothing": b"",
        "large": good + b"\0" * illustrating.MOST_BYTES,
        "wide": encoded(Image.new("RGB", (3_000, 10)), "WEBP"),
        "x" * 1_000: good,
    }
    many = {f"purpose:{number}": good for number in range(100)}
    assert [each.shows for each in illustrating.files_of({**odd, "before": good})] == ["before"]
    assert len(illustrating.files_of(many)) == illustrating.MOST_PICTURES


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_catalogue_with_mistakes_is_scanned_as_an_empty_one(sessions: Sessions) -> None:
    with sessions() as session:
        site = sites.lock_site(session, "example")
        sites.replace_draft(session, site, site.name, site.origins, {**site.draft, "services": "?"}, clock.now())
        session.commit()
    visits, kept = Visits(FAULTY), _ask(sessions)
    Surveyor(sessions, visit=visits).turn()
    assert visits.plans[0].purposes == ()
    assert _now(sessions, kept).state == ENDED
    assert scanning.purposes_of(auditing.services_of(_site(sessions))) == ()
