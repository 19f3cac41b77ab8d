"""Scans in the background: asked for by whoever may, made one at a time in the whole installation, kept.

    1  ask: what is asked for is checked and kept; one at a time for each site; schedules ask, too (``watching.py``)
    2  survey: whoever has the lock takes the oldest, begins it, and tells each pass as it is done
    3  the end is kept with what it comes to, or why there is none; then its report is printed

A browser needs memory and time, and a hostile page wants both: the browser is a program of its own that is ended with
its time, with its server, or when somebody cancels the scan. A server that died leaves a scan that nobody makes: who
comes next begins it again, once, and then says that it failed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.browser.chromium import is_installed
from consent_server.browser.crawl import Plan
from consent_server.config import Settings
from consent_server.domain.account import Actor
from consent_server.domain.audit import Verdict
from consent_server.domain.errors import Conflict, Invalid, Unavailable
from consent_server.domain.scan import PASSES, Pass, Scan, host_of, same_site
from consent_server.services import auditing, clock, illustrating, scanning, warning, watching
from consent_server.services.background import Background
from consent_server.services.illustrating import Printer
from consent_server.services.leading import leading
from consent_server.services.looking import is_loopback
from consent_server.services.measuring import done
from consent_server.services.noting import note
from consent_server.storage import policy_texts, scan_files, scans, sites
from consent_server.storage.database import begin_deed, begin_immediate
from consent_server.storage.scans import CANCELLED, RUNNING, KeptScan, PassMade
from consent_server.storage.sites import Site

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

EVERY_S = 3.0
LOOK_EVERY_S = 1.0
"""How soon a scan that is cancelled ends."""

PAGES = 3
SECONDS = 300
MOST_SECONDS = 600
"""Well below what ``leading`` keeps a lock for."""

MOST_STARTS = 2

NO_BROWSER, NO_ANSWER, DIED = "no_browser", "no_answer", "died"
TROUBLES = {
    NO_BROWSER: "A browser is missing: install Playwright (pip install 'consent-server[browser]') and Chromium.",
    NO_ANSWER: "The site could not be visited.",
    DIED: "This scan was begun twice and came to no end: the site may need more memory than there is.",
}
"""Why a scan came to nothing."""


class Visit(Protocol):
    """What ``scanning.scan`` does."""

    def __call__(
        self, plan: Plan, on_pass: Callable[[Pass], None], on_start: Callable[[Callable[[], None]], None]
    ) -> tuple[Scan, str]: ...


def ask(
    session: Session,
    site: Site,
    actor: Actor,
    now: datetime,
    address: str = "",
    pages: int = PAGES,
    seconds: int = SECONDS,
) -> KeptScan:
    """Keep that a scan of a site is asked for. Without an address it is that of the site's first origin.

    Raises ``Invalid`` for an address that is not the site's, ``Conflict`` while a scan of it is under way.
    """
    address = check_address(site, address)
    scanning.check_plan(address, pages)
    if not 10 <= seconds <= MOST_SECONDS:
        raise Invalid.because(f"A scan takes from 10 to {MOST_SECONDS} seconds.", "seconds")
    begin_deed(session)
    sites.lock_site(session, site.key)
    if scans.under_way(session, site.id):
        session.rollback()
        raise Conflict("A scan of this site is under way.")
    kept = scans.add_scan(session, site.id, address, pages, seconds, actor.name, now)
    note(session, actor, "scan.asked", site.key, address, {}, now)
    session.commit()
    return kept


def check_address(site: Site, address: str) -> str:
    """Return the address to visit; raise ``Invalid`` for one that is not the site's."""
    address = address.strip() or f"{site.origins[0]}/"
    scanning.check_plan(address, 1)
    if not any(same_site(host_of(address), host_of(origin)) for origin in site.origins):
        raise Invalid.because("This is not an address of the site.", "address")
    return address


def may_be_private(settings: Settings) -> bool:
    """Return whether addresses of this machine and its network may be visited: where asked for, and at home."""
    return settings.scan_private or settings.demo or is_loopback(urlsplit(settings.public_url).hostname or "")


def cancel(session: Session, site: Site, scan_id: int, actor: Actor, now: datetime) -> bool:
    """End a scan that is under way; false when it is not. Raises ``NotFound``."""
    begin_deed(session)
    kept = scans.find_scan(session, site.id, scan_id)
    cancelled = scans.cancel_scan(session, scan_id, now)
    if cancelled:
        note(session, actor, "scan.cancelled", site.key, kept.address, {}, now)
    session.commit()
    return cancelled


class Surveyor(Background):
    """The thread of one process that makes scans; ``private`` lets them visit addresses of this machine's network.

    Without a ``printer`` no report is printed.
    """

    name = "surveyor"

    def __init__(
        self,
        sessions: Sessions,
        *,
        private: bool = False,
        visit: Visit = scanning.scan,
        printer: Printer | None = None,
        every: float = EVERY_S,
    ) -> None:
        super().__init__()
        self._sessions = sessions
        self._private = private
        self._visit = visit
        self._every = every
        self._printer = printer

    def first_pause(self) -> float:
        """Return the time that a server is left to start."""
        return self._every

    def turn(self) -> float:
        """Make the next scan that is asked for."""
        try:
            watching.ask_due(self._sessions, clock.now())
            if self._asked():
                with leading(self._sessions, self.name) as leader:
                    if leader and (found := self._next()):
                        self._survey(*found)
            done(self.name)
        except SQLAlchemyError as error:
            log.error("scans cannot be made: %s", type(error).__name__)
        except Exception:  # a dead surveyor would leave every scan asked for
            log.exception("a scan could not be made")
        return self._every

    def _asked(self) -> bool:
        with self._sessions() as session:
            return bool(scans.under_way(session))

    def _next(self) -> tuple[KeptScan, Site] | None:
        """Return the oldest scan that is asked for, begun; first see to those that a server left behind."""
        with self._sessions() as session:
            begin_immediate(session)
            for each in scans.under_way(session):
                if each.state == RUNNING and each.starts >= MOST_STARTS:
                    scans.fail_scan(session, each.id, DIED, "", clock.now())
                elif each.state == RUNNING:
                    scans.put_back(session, each.id, each.starts)
            found = None
            for each in scans.under_way(session):
                site = sites.find_site_by_id(session, each.site_id)
                if site is None:
                    scans.cancel_scan(session, each.id, clock.now())
                elif found is None:
                    expected = len(PASSES) + len(scanning.purposes_of(auditing.services_of(site)))
                    found = (each, site) if scans.begin_scan(session, each.id, expected, clock.now()) else None
            session.commit()
            return found

    def _survey(self, kept: KeptScan, site: Site) -> None:
        if not is_installed() and self._visit is scanning.scan:
            self._fail(kept, NO_BROWSER)
            return
        services = auditing.services_of(site)
        plan = Plan(
            kept.address,
            kept.pages,
            purposes=scanning.purposes_of(services),
            patterns=scanning.patterns_of(services),
            private=self._private,
            seconds=kept.seconds,
            pictures=True,
            picture_bytes=illustrating.MOST_BYTES,
        )
        over = threading.Event()
        made: list[PassMade] = []

        def on_pass(seen: Pass) -> None:
            made.append(PassMade(seen.name, len(seen.pages), len(seen.requests)))
            with suppress(SQLAlchemyError), self._sessions() as session:  # the next pass tells it, too
                begin_immediate(session)
                scans.tell_progress(session, kept.id, made)
                session.commit()

        def on_start(end: Callable[[], None]) -> None:
            threading.Thread(target=self._watch, args=(kept, end, over), name="survey-watch", daemon=True).start()

        try:
            seen, ended_early = self._visit(plan, on_pass, on_start)
        except Unavailable as away:
            if self._stopping.is_set():
                self._put_back(kept)
            else:
                self._fail(kept, NO_ANSWER, str(away))
        else:
            if self._stopping.is_set() and ended_early:
                self._put_back(kept)
            else:
                self._end(kept, seen, ended_early)
        finally:
            over.set()

    def _watch(self, kept: KeptScan, end: Callable[[], None], over: threading.Event) -> None:
        """End the visit when this server stops, or when somebody cancels it."""
        while not over.wait(LOOK_EVERY_S):
            if self._stopping.is_set() or self._is_cancelled(kept):
                end()
                return

    def _is_cancelled(self, kept: KeptScan) -> bool:
        try:
            with self._sessions() as session:
                return scans.state_of(session, kept.id) == CANCELLED
        except SQLAlchemyError:
            return False

    def _put_back(self, kept: KeptScan) -> None:
        """Let another server begin it; being told to stop is no failure."""
        with self._sessions() as session:
            begin_immediate(session)
            scans.put_back(session, kept.id, kept.starts)
            session.commit()

    def _fail(self, kept: KeptScan, trouble: str, detail: str = "") -> None:
        with self._sessions() as session:
            begin_immediate(session)
            scans.fail_scan(session, kept.id, trouble, detail, clock.now())
            session.commit()

    def _end(self, kept: KeptScan, seen: Scan, ended_early: str) -> None:
        with self._sessions() as session:
            site = sites.find_site_by_id(session, kept.site_id)
            previous = scans.last_ended(session, kept.site_id, before=kept.id)
            before = scans.find_seen(session, previous.id) if previous else None
            policy = policy_texts.find_policy_text(session, kept.site_id)
        if site is None:
            return
        # All this takes a while: nobody waits for a lock meanwhile.
        counts = auditing.count(site, before, seen, policy)
        urgent = auditing.urgent(site, before, seen) if counts.early else ()
        drifts = auditing.newly_contradicted(site, previous, before, seen, policy) if policy else ()
        files = illustrating.files_of(seen.pictures)
        with self._sessions() as session:
            begin_immediate(session)
            if not scans.end_scan(session, kept.id, seen, counts, ended_early, clock.now()):
                return
            scan_files.add_files(session, kept.site_id, kept.id, files)
            scans.reduce_scans(session, kept.site_id)
            scan_files.forget_files(session, kept.site_id)
            warning.warn(session, site, kept, urgent, clock.now())
            warning.warn_of_drift(session, site, kept, policy, drifts, clock.now())
            session.commit()
        if self._printer and not self._stopping.is_set():
            printed = replace(seen, pictures={each.shows: each.content for each in files})
            self._print(kept, printed, auditing.verdicts_of(site, printed, policy), self._printer)

    def _print(self, kept: KeptScan, seen: Scan, verdicts: Sequence[Verdict], printer: Printer) -> None:
        prints = illustrating.prints_of(seen, verdicts, printer)
        with self._sessions() as session:
            begin_immediate(session)
            scan_files.add_files(session, kept.site_id, kept.id, prints, len(seen.pictures))
            session.commit()
