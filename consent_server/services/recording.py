"""Keeping a choice: checked against its configuration, committed before it is acknowledged, promised into the log.

Requests hand their record to one writer thread per process, which commits what is there in one transaction (group
commit, ledger section 7): full durability at a fraction of the syncs, and no two writers starving each other on SQLite.

    1  the request thread checks the choice and queues a job             full queue → Unavailable at once
    2  the writer takes what is there, at most ``LARGEST_BATCH``         without waiting for more
    3  same record id, same body → the old receipt; other body → Conflict
    4  otherwise seal, promise, insert record and pending entry
    5  commit                                                            ← only now may anybody be answered
    6  hand out the results                                              a failed batch is retried one by one

A database that is away or paused is noticed here: whoever comes is told at once to come back later, and one try a
second finds out whether it is there again. A batch whose commit was not heard of is looked up before it is written
again.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.domain import canonical_json
from consent_server.domain.assurance import Assurance
from consent_server.domain.choice import IMPORT, Choice, check_choice
from consent_server.domain.client import Client
from consent_server.domain.configuration import Asked
from consent_server.domain.consent_record import ConsentRecord, PersonalPart, seal
from consent_server.domain.errors import (
    ConfigurationNotFound,
    Conflict,
    ConsentServerError,
    Invalid,
    LogFrozen,
    OriginNotAllowed,
    Unavailable,
)
from consent_server.domain.lifetime import add_months
from consent_server.domain.promise import Promise, sign_promise
from consent_server.domain.times import rfc3339, whole_milliseconds
from consent_server.services import clock
from consent_server.services.keyring import Keyring
from consent_server.services.measuring import COMMIT_RECORDS, COMMIT_SECONDS, QUEUE
from consent_server.services.patience import PATIENCE_S, RETRY_AFTER_S, STOPPING
from consent_server.services.remembering import Memory, NotRemembered
from consent_server.storage import consent_records, proof_log
from consent_server.storage.circuit import Circuit
from consent_server.storage.consent_records import KeptRecord
from consent_server.storage.database import be_impatient, begin_batch, in_one_journey, is_away, settle, was_cut_off

log = logging.getLogger(__name__)

LARGEST_BATCH = 512
LONGEST_QUEUE = 4_096
LONGEST_WAIT_S = 2.5
SLOW_S = 2.0
"""A batch that takes longer is of a database that is away: nobody else waits for it."""
COUNT_EVERY_S = 1.0
MOST_PENDING = 200_000
"""Entries in line above which no more is promised: a promise that is missed is worse than a "later"."""
SALT_BYTES = 32
AWAY = "The database is away; nothing was acknowledged."
TOMORROW = timedelta(days=1)
"""How wrong a visitor's clock may be."""


def software() -> str:
    """Return the name and version of this software, as records carry it (PRF-04)."""
    try:
        return f"consent-server/{version('consent-server')}"
    except PackageNotFoundError:
        return "consent-server"


SOFTWARE = software()


@dataclass(frozen=True)
class Answer:
    """What a page posted, its shape checked; ``body`` is the whole of it, to tell a retry from another answer."""

    choice: Choice
    config_version: int
    body: Mapping[str, Any]
    record_id: str | None = None
    consent_id: str | None = None
    language: str | None = None
    layer: int | None = None
    page_url: str | None = None
    client_time: str | None = None
    signals: Mapping[str, bool] | None = None
    not_removed: Sequence[str] | None = None


@dataclass(frozen=True)
class Recorded:
    """A record that is committed; ``new`` is false when it had been before."""

    kept: KeptRecord
    origin: str
    new: bool


@dataclass
class _Job:
    record_id: str
    site_id: int
    site_key: str
    origin: str
    answer: Answer
    asked: Asked
    client: Client
    body_digest: bytes
    assurance: Assurance | None = None
    result: Future[Recorded] = field(default_factory=Future)


class Recorder:
    """The writer of one process. ``sessions`` makes a session of its own for the writer's thread."""

    def __init__(
        self, sessions: Callable[[], Session], keyring: Keyring, on_commit: Callable[[], None], threads: int = 32
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._on_commit = on_commit
        self._memory = Memory(sessions)
        self._circuit = Circuit()
        self._writing_since: float | None = None
        self._waiting = 0
        self._many = threads * 3 // 4
        self._jobs: queue.Queue[_Job | None] = queue.Queue(LONGEST_QUEUE)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._last: datetime | None = None
        self._backlog = 0
        self._counted_at = -COUNT_EVERY_S

    def record(
        self,
        site_key: str,
        answer: Answer,
        *,
        page_origin: str | None,
        client: Client,
        assurance: Assurance | None = None,
    ) -> Recorded:
        """Keep an answer and return it once it is durable.

        Raises ``SiteNotFound``, ``OriginNotAllowed``, ``Invalid`` (not a possible answer), ``Conflict`` (same id, other
        body) or ``Unavailable`` (nothing was acknowledged; the same post again is harmless).
        """
        self._refuse_when_away()
        job = _prepare(self._memory, site_key, answer, page_origin, client)
        job.assurance = assurance
        self._refuse_backlog()
        self._waiting += 1
        try:
            self._queue(job)
            return job.result.result(LONGEST_WAIT_S if self._waiting <= self._many else PATIENCE_S)
        except TimeoutError:
            raise Unavailable("The database is too slow to acknowledge in time.", RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1

    def begin(
        self,
        site_key: str,
        answer: Answer,
        *,
        page_origin: str | None,
        client: Client,
        assure: Callable[[], Assurance],
    ) -> Future[Recorded]:
        """Queue an answer and return at once: for who has no thread that could wait.

        ``assure`` is asked last, when nothing else speaks against the answer. Raises what ``record`` does, and
        ``NotRemembered`` when the database would have to be asked; then nothing is queued.
        """
        self._refuse_when_away()
        job = _prepare(self._memory, site_key, answer, page_origin, client, wait=False)
        self._refuse_backlog(wait=False)
        job.assurance = assure()
        self._queue(job)
        return job.result

    def _refuse_when_away(self) -> None:
        """Keep the threads free for what needs no database."""
        since = self._writing_since
        taken = time.monotonic() - since if since is not None else 0
        if taken > SLOW_S or (taken > PATIENCE_S and self._waiting > self._many):
            raise Unavailable("The database is too slow to acknowledge in time.", RETRY_AFTER_S)
        if self._circuit.rests:
            raise Unavailable(AWAY, RETRY_AFTER_S)

    def _refuse_backlog(self, *, wait: bool = True) -> None:
        """Promise nothing that the log may not keep in time; counted at most once a second, because counting costs."""
        if time.monotonic() - self._counted_at > COUNT_EVERY_S:
            if not wait:
                raise NotRemembered
            self._counted_at = time.monotonic()
            self._backlog = self._memory.ask(lambda session: proof_log.count_pending(session, MOST_PENDING))
        if self._backlog >= MOST_PENDING:
            raise Unavailable("Too many answers are waiting for the proof log.", retry_after=60)

    def stop(self) -> None:
        """Write what is queued, end the thread, and take no more."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            if thread:
                self._jobs.put(None)  # the last in line: whatever was taken before it is written
        if thread:
            thread.join()
        self._memory.stop()

    def _queue(self, job: _Job) -> None:
        """Put a job in line; the writer is started on first use, because a thread does not survive a fork."""
        with self._lock:
            if self._stopped:
                raise Unavailable(STOPPING)
            if not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()
            if not self._circuit.admits():  # asked last: who is refused for another reason takes nobody's turn
                raise Unavailable(AWAY, RETRY_AFTER_S)
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                raise Unavailable("Too many answers are waiting to be written.") from None

    def _run(self) -> None:
        self._settle()
        while True:
            batch = self._next_batch()
            if not batch:
                return
            self._writing_since = time.monotonic()
            self._write_all(batch)
            self._writing_since = None
            self._on_commit()

    def _settle(self) -> None:
        """Have everything synced that the database shows: another life may have ended just after a sync that failed."""
        try:
            with self._sessions() as session:
                if not settle(session.get_bind()):
                    log.warning("the write-ahead log could not be copied whole at the start: somebody reads")
        except Exception as error:  # the first answer will meet it, too, and is refused
            log.error("the write-ahead log could not be copied at the start: %s", type(error).__name__)

    def _next_batch(self) -> list[_Job]:
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == LARGEST_BATCH:
                break
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
        else:
            if batch:
                self._jobs.put(None)
        return batch

    def _write_all(self, batch: list[_Job]) -> None:
        """Write a batch; when it cannot be written at once, each answer for itself. A dead writer would take them all.

        After a restart of the database every connection is one of before: the first failure closes them, and is the
        only one.
        """
        for once_more in (True, False):
            try:
                self._write(batch)
                self._circuit.worked()
                return
            except Exception as error:
                if not is_away(error):
                    log.exception("a batch of %d answers could not be written at once", len(batch))
                    break
                if not (once_more and was_cut_off(error)):
                    self._refuse(batch, error)
                    return
        while batch:
            if not self._write_alone(batch.pop(0)):
                self._refuse(batch, None)
                return

    def _write_alone(self, job: _Job) -> bool:
        """Write one answer; return False when it is no use to go on."""
        try:
            self._write([job])
        except Exception as error:
            if isinstance(error, (SQLAlchemyError, OSError)):
                self._refuse([job], error)
                return not is_away(error)
            if not isinstance(error, ConsentServerError):
                log.exception("an answer could not be written")
            job.result.set_exception(error)
        return True

    def _refuse(self, batch: list[_Job], error: Exception | None) -> None:
        """Tell everybody of a batch that nothing is acknowledged; the same post again tells whether it was kept."""
        if error is not None:
            log.error("%d answers could not be written: %s", len(batch), type(getattr(error, "orig", error)).__name__)
            if is_away(error):
                self._circuit.failed()
        for job in batch:
            job.result.set_exception(Unavailable(AWAY, RETRY_AFTER_S))

    def _write(self, batch: list[_Job]) -> None:
        how, started = "together" if len(batch) > 1 else "alone", time.monotonic()
        QUEUE.labels("recorder").set(self._jobs.qsize())
        outcomes: list[tuple[_Job, Recorded | Conflict]] = []
        fresh: list[tuple[KeptRecord, bytes]] = []
        with self._sessions() as session:
            begin_batch(session)
            be_impatient(session)
            moment, known = consent_records.find_records_now(session, [job.record_id for job in batch])
            if moment is None and self._last is None:  # our own clock, which may have been set back while nobody ran
                self._last = consent_records.newest_time(session)
            now = self._never_back(moment or clock.now())
            for job in batch:
                kept = known.get(job.record_id)
                if kept is None:
                    kept, commitment = self._seal(job, now)
                    known[job.record_id] = kept
                    fresh.append((kept, commitment))
                    outcomes.append((job, Recorded(kept, job.origin, new=True)))
                elif kept.site_id == job.site_id and kept.body_digest == job.body_digest:
                    outcomes.append((job, Recorded(kept, job.origin, new=False)))
                else:
                    outcomes.append((job, Conflict("This record id was used for another answer.")))
            if fresh:
                _keep(session, fresh)
        COMMIT_SECONDS.labels(how).observe(time.monotonic() - started)
        COMMIT_RECORDS.labels(how).observe(len(batch))
        for job, outcome in outcomes:
            if isinstance(outcome, Recorded):
                job.result.set_result(outcome)
            else:
                job.result.set_exception(outcome)

    def _never_back(self, now: datetime) -> datetime:
        """Return a time that never goes back within this process (a clock that is set back would back-date records)."""
        now = whole_milliseconds(now)
        if self._last and now < self._last:
            now = self._last
        self._last = now
        return now

    def _seal(self, job: _Job, now: datetime) -> tuple[KeptRecord, bytes]:
        """Return a record as it is kept, promise included, and its commitment."""
        sealed = seal(
            _record(job, now), secrets.token_bytes(SALT_BYTES), _personal(job), secrets.token_bytes(SALT_BYTES)
        )
        leaf_hash = sealed.leaf_hash
        promise = Promise(job.origin, job.record_id, rfc3339(now), leaf_hash)
        signature = sign_promise(promise, self._keyring.promise_signer(job.origin))
        kept = KeptRecord(
            record_id=job.record_id,
            site_id=job.site_id,
            recorded_at=now,
            record=sealed.record,
            salt=sealed.salt,
            personal=sealed.personal,
            personal_salt=sealed.personal_salt,
            consent_id=_consent_id(job),
            leaf_hash=leaf_hash,
            promise_key=signature.key_id.hex(),
            promise_signature=signature.value,
            body_digest=job.body_digest,
            action=job.answer.choice.action,
            assurance=job.assurance.number if job.assurance else None,
        )
        return kept, sealed.commitment


def _keep(session: Session, fresh: Sequence[tuple[KeptRecord, bytes]]) -> None:
    """Keep records and put them in line, durably."""
    with in_one_journey(session) as writing:
        consent_records.add_records(writing, [kept for kept, _ in fresh])
        proof_log.add_consents(writing, [(kept.site_id, kept.record_id, commitment) for kept, commitment in fresh])
        writing.commit()


def _prepare(
    memory: Memory,
    site_key: str,
    answer: Answer,
    page_origin: str | None,
    client: Client,
    *,
    wait: bool = True,
) -> _Job:
    site = memory.site(site_key, wait=wait)
    if page_origin is not None and page_origin not in site.origins:
        raise OriginNotAllowed("The page that sent this is not one of the site's.")
    try:
        asked = memory.asked(site, answer.config_version, wait=wait)
    except ConfigurationNotFound as error:
        raise Invalid.because(str(error), "config_version") from None
    check_choice(answer.choice, asked)
    if answer.choice.action == IMPORT:
        _check_import(answer, asked, clock.now())
    if answer.language is not None and answer.language not in asked.languages:
        raise Invalid.because("That configuration has no such language.", "language")
    if site.frozen_reason is not None:
        raise LogFrozen("The proof log of this site is frozen; an operator has to look at it.")
    assert site.log_origin is not None, "whatever has published a configuration has a log"
    digest = hashlib.sha256(canonical_json.encode(dict(answer.body)).encode()).digest()
    record_id = answer.record_id or str(uuid.uuid4())
    return _Job(record_id, site.id, site.key, site.log_origin, answer, asked, client, digest)


def _record(job: _Job, now: datetime) -> ConsentRecord:
    answer, asked = job.answer, job.asked
    return ConsentRecord(
        site_key=job.site_key,
        record_id=job.record_id,
        recorded_at=rfc3339(now),
        action=answer.choice.action,
        decisions={purpose: answer.choice.decisions[purpose] for purpose in asked.asked_purposes},
        config_version=asked.version,
        config_digest=asked.digest,
        services=dict(answer.choice.services),
        runtime_digest=asked.runtime_digest,
        language=answer.language,
        layer=answer.layer,
        signals=dict(answer.signals) if answer.signals is not None else None,
        not_removed=list(answer.not_removed) if answer.not_removed is not None else None,
        expires_at=rfc3339(expiry(min(now, _made_at(answer) or now), asked)),
        software=SOFTWARE,
    )


def _personal(job: _Job) -> PersonalPart:
    return PersonalPart(
        consent_id=_consent_id(job),
        page_url=job.answer.page_url,
        client_time=job.answer.client_time,
        ua_family=job.client.family,
        ua_major=job.client.major,
        form_factor=job.client.form_factor,
    )


def _consent_id(job: _Job) -> str:
    """Return the visitor's id; when the page sent none, one derived from the record's, so that a retry agrees."""
    return job.answer.consent_id or str(uuid.uuid5(uuid.UUID(job.record_id), "consent"))


def _made_at(answer: Answer) -> datetime | None:
    """Return when a choice was made that another platform had kept; None for one that is made here and now."""
    return datetime.fromisoformat(answer.client_time or "") if answer.choice.action == IMPORT else None


def _check_import(answer: Answer, asked: Asked, now: datetime) -> None:
    """An imported choice counts from when it was made: it says when, and it still counts (KEEP-03)."""
    if answer.client_time is None:
        raise Invalid.because("An imported choice says when it was made.", "client_time")
    try:
        made = _made_at(answer)
        over = made is not None and expiry(min(now, made), asked) <= now
    except (ValueError, OverflowError):  # 30 February; the year 9999
        raise Invalid.because("There is no such time.", "client_time") from None
    if over:
        raise Invalid.because("This choice is older than choices are kept for.", "client_time")
    if made is not None and made > now + TOMORROW:
        raise Invalid.because("This choice was made in the future.", "client_time")


def expiry(now: datetime, asked: Asked) -> datetime:
    """Return when a choice made now stops counting: calendar months from the decision, never slid (KEEP-03)."""
    lifetime = asked.choice_lifetime
    return add_months(now, lifetime.months) + timedelta(seconds=lifetime.seconds)
