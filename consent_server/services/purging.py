"""Deleting proofs whose time is up: the records of a prefix of the log, by each site's ``proof_ttl`` (PRF-09).

    1  anything due at all? the oldest record tells                      no → done, whatever the size of the log
    2  alone on the site: the next records by index, up to the first that is not due, at most ``SLICE``
    3  delete them and put one ``purge`` entry in line; commit           never one without the other
    4  again from 2, until nothing is due

A slice is a transaction that others may wait for, so it is short; a run with years to catch up makes several
entries, the daily one makes one. Nothing is purged from a frozen log: its removals could not be told;
and nothing under a legal hold.

Where records stand in a table for each month (PostgreSQL), a month whose time is up for every site goes whole:

    1  the newest record of each site is due?                            no → row by row, as above
    2  nobody changes it any more; alone on each site, no hold, no frozen log, each record due and in its log
    3  put the ``purge`` entries in line, none over an index whose record stands elsewhere; drop the table; commit

The table's going and the entries are one transaction: there is nothing in between that a crash could leave. With a
``grace``, what is due waits so long for the rest of its month.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.errors import ConsentServerError, Held
from consent_server.domain.lifetime import Lifetime
from consent_server.domain.log_entry import Purge, format_entry
from consent_server.domain.retention import DEFAULT_PROOF_TTL, after, due, parse_proof_ttl
from consent_server.domain.times import parse_rfc3339
from consent_server.services import clock
from consent_server.services.background import Background
from consent_server.services.holding import refuse_held
from consent_server.services.leading import leading
from consent_server.services.measuring import BACKLOG, done
from consent_server.storage import consent_records, evidence, months, proof_log, sites
from consent_server.storage.database import database_clock
from consent_server.storage.evidence import KeptEntry
from consent_server.storage.months import Kept, Month, Newest
from consent_server.storage.sites import Site

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

SLICE = 5_000
LONGEST_ENTRY = 50_000
"""Over how many indices one entry goes that tells of a dropped month: the sequencer forgets them in one transaction."""

WHOLE_MONTH = timedelta(days=31)
EVERY_S = 86_400.0
LOOK_AGAIN_S = 300.0
"""How soon a process looks again whether there is something to do that another one was at."""
FIRST_AFTER_S = 60.0
"""How long a process that has just started leaves the database to those who record."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What one slice took, or would take: entries ``[start, stop)``, and how many records that was."""

    start: int
    stop: int
    records: int


def policy_of(site: Site) -> Lifetime:
    """Return how long a site keeps proofs once the choice is over."""
    return parse_proof_ttl(str(site.draft.get("proof_ttl", DEFAULT_PROOF_TTL)))


def purge_site(sessions: Sessions, site: Site, now: datetime) -> Iterator[Purged]:
    """Delete what is due, slice by slice; give each one once it is committed. Raises ``Held``."""
    start: int | None = 0
    while start is not None:
        with sessions() as session:
            done = _purge_slice(session, site, start, now)
            session.commit()
        start = None
        if done is not None:
            yield done
            start = done.stop


def would_purge(sessions: Sessions, site: Site, now: datetime) -> Iterator[Purged]:
    """Give what ``purge_site`` would take; nothing is changed."""
    policy, start = policy_of(site), 0
    with sessions() as session:
        moment = _moment(session, now)
        while (found := _due(session, site, start, policy, moment)) is not None:
            yield found[0]
            start = found[0].stop


def _purge_slice(session: Session, site: Site, start: int, now: datetime) -> Purged | None:
    policy = policy_of(site)
    moment = _moment(session, now)
    if not _may_be_due(session, site, policy, moment):  # 1
        return None
    session.rollback()
    if not proof_log.try_lock(session, site.id, proof_log.PURGE_LOCK_CLASS):  # 2
        return None
    refuse_held(session, site)
    head = proof_log.find_head(session, site.id)
    if head is None or head.frozen_reason is not None:
        return None
    found = _due(session, site, start, policy, moment)
    if found is None:
        return None
    purged, taken = found
    record_ids, times = [kept.record_id for kept in taken], [kept.recorded_at for kept in taken]
    consent_records.delete_records(session, site.id, record_ids, times)  # 3
    proof_log.add_pending(session, site.id, "purge", body=format_entry(Purge(purged.start, purged.stop, policy.text)))
    return purged


def _moment(session: Session, now: datetime) -> datetime:
    """Return the earlier of the two clocks: one that is years ahead must not delete what is not due."""
    return min(now, database_clock(session) or now)


def _may_be_due(session: Session, site: Site, policy: Lifetime, now: datetime) -> bool:
    oldest = consent_records.oldest(session, site.id)
    return oldest is not None and after(oldest, policy) <= now


def _due(
    session: Session, site: Site, start: int, policy: Lifetime, now: datetime
) -> tuple[Purged, list[KeptEntry]] | None:
    """Return the next slice of records whose time is up, stopping at the first whose is not."""
    taken: list[KeptEntry] = []
    for kept in evidence.kept_from(session, site.id, start, SLICE):
        expires_at = canonical_json.decode(kept.record).get("expires_at")
        if due(kept.recorded_at, parse_rfc3339(expires_at) if expires_at else None, policy) > now:
            break
        taken.append(kept)
    if not taken:
        return None
    return Purged(taken[0].index, taken[-1].index + 1, len(taken)), taken


def drop_months(sessions: Sessions, now: datetime) -> int:
    """Drop the months whose time is up for every site; return how many records went with them."""
    with sessions() as session:
        every = {site.id: site for site in sites.list_sites(session, archived=True)}
        over = [month for month in months.months(session) if month.stop <= now]
    total = 0
    for month in over:
        try:
            total += _drop_month(sessions, every, month, now)
        except Held as held:
            log.info("a month was not dropped: %s", held)
        except SQLAlchemyError as error:
            log.error("%s could not be dropped: %s", month.table, type(error).__name__)
    return total


def _drop_month(sessions: Sessions, every: Mapping[int, Site], month: Month, now: datetime) -> int:
    with sessions() as session:
        moment = _moment(session, now)
        newest = months.newest_of_each(session, month)
        if month.stop > moment or not all(_is_due(every, each, moment) for each in newest):  # 1
            return 0
        session.rollback()
        if not months.try_lock(session):
            return 0
        months.hold_still(session, month)  # 2
        kept = months.kept_of_each(session, month)
        if not all(_may_go(session, every, each, moment) for each in kept):
            return 0
        for each in kept:  # 3
            for purge in _purges(session, month, each, policy_of(every[each.site_id])):
                proof_log.add_pending(session, each.site_id, "purge", body=format_entry(purge))
        if not months.drop_month(session, month):
            log.info("%s was not dropped: somebody reads for long", month.table)
            return 0
        session.commit()
    records = sum(each.records for each in kept)
    log.info("%s was dropped with %d proofs: their time was up", month.table, records)
    return records


def _is_due(every: Mapping[int, Site], newest: Newest, now: datetime) -> bool:
    if newest.site_id not in every or newest.record is None:
        return False
    expires_at = canonical_json.decode(newest.record).get("expires_at")
    return _due_at(newest.recorded_at, expires_at, every[newest.site_id]) <= now


def _may_go(session: Session, every: Mapping[int, Site], kept: Kept, now: datetime) -> bool:
    """Return whether all that a month has of one site may go now. Raises ``Held``."""
    site = every.get(kept.site_id)
    if site is None or not proof_log.try_lock(session, site.id, proof_log.PURGE_LOCK_CLASS):
        return False
    refuse_held(session, site)
    head = proof_log.find_head(session, site.id)
    if head is None or head.frozen_reason is not None or kept.entries != kept.records:
        return False
    ends = [*([kept.expires_at] if kept.expires_at else ()), *([None] if kept.unending else ())]
    return all(_due_at(kept.recorded_at, end, site) <= now for end in ends)


def _due_at(recorded_at: datetime, expires_at: str | None, site: Site) -> datetime:
    return due(recorded_at, parse_rfc3339(expires_at) if expires_at else None, policy_of(site))


def _purges(session: Session, month: Month, kept: Kept, policy: Lifetime) -> Iterator[Purge]:
    """Give the entries that say what of a site's log goes: short enough for the sequencer, none over a stranger."""
    start = kept.start
    for stranger in (*_strangers(session, month, kept), kept.stop):
        for first in range(start, stranger, LONGEST_ENTRY):
            yield Purge(first, min(first + LONGEST_ENTRY, stranger), policy.text)
        start = stranger + 1


def _strangers(session: Session, month: Month, kept: Kept) -> Iterator[int]:
    """Give the indices in between whose records stand in another month: those around midnight, for one."""
    found, after = months.strangers(session, month, kept, SLICE), kept
    while found:
        yield from found
        after = replace(after, start=found[-1] + 1)
        found = months.strangers(session, month, after, SLICE)


def purge_all(sessions: Sessions, now: datetime, grace: timedelta = timedelta()) -> int:
    """Purge every site, archived or not; return how many records went. Trouble with one does not hold up the others."""
    with sessions() as session:
        every = sites.list_sites(session, archived=True)
    total = drop_months(sessions, now)
    for site in every:
        try:
            total += sum(purged.records for purged in purge_site(sessions, site, now - grace))
        except Held as held:
            log.info("nothing was purged: %s", held)
        except (ConsentServerError, SQLAlchemyError) as error:
            # A statement's text has the rows in it; our own says what is wrong.
            reason = str(error) if isinstance(error, ConsentServerError) else type(error).__name__
            log.error("the proofs of %s could not be purged: %s", site.key, reason)
    if total:
        log.info("%d proofs were purged: their time was up", total)
    return total


def count_overdue(sessions: Sessions, now: datetime) -> int:
    """Return in how many sites something is due: after a purge, those that are held, frozen or in trouble."""
    with sessions() as session:
        moment = _moment(session, now)
        every = sites.list_sites(session, archived=True)
        return sum(_may_be_due(session, site, policy_of(site), moment) for site in every)


class Purger(Background):
    """The thread of one process that purges daily; ``swept`` is told when something is gone."""

    name = "purger"

    def __init__(
        self,
        sessions: Sessions,
        swept: Callable[[], None],
        first: float = FIRST_AFTER_S,
        every: float = EVERY_S,
        grace: timedelta = timedelta(),
    ) -> None:
        super().__init__()
        self._sessions = sessions
        self._swept = swept
        self._first = first
        self._every = every
        self._grace = grace

    def first_pause(self) -> float:
        """Return the time that a server is left to start."""
        return self._first

    def turn(self) -> float:
        """Purge every site."""
        try:
            with leading(self._sessions, self.name) as leader:
                if not leader:
                    return min(self._every, LOOK_AGAIN_S)
                if purge_all(self._sessions, clock.now(), self._grace):
                    self._swept()
                BACKLOG.labels(self.name).set(count_overdue(self._sessions, clock.now() - self._grace))
                done(self.name)
        except Exception:  # a dead purger would keep people's data for ever
            log.exception("proofs could not be purged")
        return self._every
