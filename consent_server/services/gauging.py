"""How the installation stands, gathered when an operator's monitoring asks: the line, the keys, the disk, Redis.

What cannot be found out is left out of the answer, and whether the database and Redis answered is a figure itself. One
at a time: a database that hangs must not take a thread with every scrape.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import redis
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consent_server.config import Settings
from consent_server.domain.errors import Invalid
from consent_server.services import clock
from consent_server.services.log_keys import NamedKey, named_keys
from consent_server.services.recording import SOFTWARE
from consent_server.storage import anchors, overview, proof_log
from consent_server.storage.proof_log import ANCHOR_LOG

log = logging.getLogger(__name__)

Sessions = Callable[[], Session]

REDIS_TIMEOUT_S = 0.5
LONGEST_LINES = 20
"""How many logs are told one by one where that is asked for."""

RESTORED = ("older backup", "not those seen before", "has another root for size")
"""Phrases of the reasons for which a log is frozen when its database was restored."""


class Overview(Collector):
    """What one scrape finds; ``collect`` gives it and never raises."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._alone = threading.Lock()

    def describe(self) -> Sequence[Metric]:
        """Give nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give every figure that could be found."""
        yield _one("consent_build_info", "Which version runs", 1, version=SOFTWARE.partition("/")[2] or "unknown")
        yield from _disk(self._settings.instance)
        if self._settings.redis_url:
            yield _one("consent_redis_up", "Whether Redis answers", int(_redis_answers(self._settings.redis_url)))
        found = self._of_database()
        yield _one("consent_database_up", "Whether the database answers", int(found is not None))
        yield from found or ()

    def _of_database(self) -> list[Metric] | None:
        """Return what the database says; None when it does not, or has not yet answered whoever asked before."""
        if not self._alone.acquire(blocking=False):
            return None
        try:
            with self._sessions() as session:
                return [*_line(session), *_frozen(session), *_outside(session), *_key(session), *self._longest(session)]
        except SQLAlchemyError:
            return None
        finally:
            self._alone.release()

    def _longest(self, session: Session) -> Iterator[Metric]:
        if self._settings.metrics_per_site:
            family = GaugeMetricFamily(
                "proof_pending_site_entries",
                "Entries in line, of the sites with the longest lines",
                labels=["site_key"],
            )
            for site_key, length in overview.longest_lines(session, LONGEST_LINES):
                family.add_metric([site_key], length)
            yield family


def _one(name: str, meaning: str, value: float, **labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _disk(folder: Path) -> Iterator[Metric]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return
    yield _one("consent_disk_free_bytes", "Free on the disk of the instance folder", usage.free)
    yield _one("consent_disk_size_bytes", "Size of that disk", usage.total)


def _redis_answers(url: str) -> bool:
    timeouts = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    try:
        with redis.Redis.from_url(url, **timeouts) as connection:
            return bool(connection.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def _line(session: Session) -> Iterator[Metric]:
    line, now = overview.line(session), clock.now()
    waits = max(0.0, (now - line.oldest).total_seconds()) if line.oldest else 0.0
    yield _one("proof_pending_oldest_seconds", "How long the first answer in line has waited for its index", waits)
    yield _one("proof_pending_entries", "Entries in line for their index, counted up to 200 001", line.entries)
    yield _one("proof_pending_logs", "Logs that have something in line", line.logs)
    yield _one("proof_pending_longest_entries", "Entries in line of the log with the longest line", line.longest)


def _frozen(session: Session) -> Iterator[Metric]:
    reasons = overview.frozen_reasons(session)
    restored = sum(any(phrase in reason for phrase in RESTORED) for reason in reasons)
    family = GaugeMetricFamily(
        "proof_logs_frozen", "Logs in which nothing is signed until an operator has looked", labels=["why"]
    )
    family.add_metric(["restored"], restored)
    family.add_metric(["other"], len(reasons) - restored)
    yield family


def _outside(session: Session) -> Iterator[Metric]:
    """When the logs were last shown to the outside: in the anchor log, and under a time stamp."""
    anchored, token = proof_log.latest_checkpoint(session, ANCHOR_LOG), anchors.last_token(session)
    if anchored is not None:
        yield _time("proof_anchored_timestamp_seconds", "When the anchor log last moved", anchored.created_at)
    if token is not None:
        yield _time("proof_stamped_timestamp_seconds", "Time of the newest time stamp", token.said_at)


def _key(session: Session) -> Iterator[Metric]:
    """Since when the key signs that the logs name last."""
    log_id = overview.first_log(session)
    head = None if log_id is None else proof_log.find_head(session, log_id)
    if head is None:
        return
    try:
        signing: list[NamedKey] = [key for key in named_keys(session, head) if key.retired is None]
    except Invalid:
        return
    added = max((key.added for key in signing if key.added is not None), default=None)
    since = None if added is None else overview.checkpointed_at(session, head.site_id, added)
    if since is not None:
        yield _time("proof_key_timestamp_seconds", "Since when the logs' newest key signs", since)


def _time(name: str, meaning: str, moment: datetime) -> GaugeMetricFamily:
    return _one(name, f"{meaning}, Unix seconds", moment.timestamp())
