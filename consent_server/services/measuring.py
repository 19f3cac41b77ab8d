"""Figures of what each process does, and readiness. Nothing personal, and no series per site: there may be 10 000.

Several processes of one node share their figures through files in a folder, as prometheus_client can: a scrape reaches
one of them and tells of all. Every figure here has a label, because those without one are made when they are
imported, which is before a process knows that it has siblings.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from consent_server.services import clock

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable in which prometheus_client looks for the folder."""

_PREFIX = "consent-figures-"

REQUESTS = Histogram(
    "consent_http_request_seconds",
    "Requests by the time until their last byte was handed over; route is a template, status its first digit",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RECORDED = Counter("consent_records_total", "Answers that were kept and acknowledged", ["action"])
REPLAYED = Counter("consent_replays_total", "Answers that had been kept before: the same receipt again", ["action"])
REFUSED = Counter("consent_refusals_total", "Answers that were not kept, by reason", ["reason"])
QUEUE = Gauge(
    "consent_queue_length",
    "Answers that wait for the writer, over all processes",
    ["queue"],
    multiprocess_mode="livesum",
)
COMMIT_SECONDS = Histogram(
    "consent_commit_seconds",
    "Time of a transaction that keeps answers, its commit included",
    ["how"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
COMMIT_RECORDS = Histogram(
    "consent_commit_records",
    "Answers kept in one transaction",
    ["how"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
)
SEQUENCED = Counter("proof_sequenced_entries_total", "Entries that got their index", ["log"])
SEQUENCING = Histogram(
    "proof_sequencing_seconds",
    "Time of one batch of the sequencer: from the lock to the signed checkpoint",
    ["log"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DONE = Gauge(
    "consent_job_timestamp_seconds",
    "When a job was last done without trouble, Unix seconds",
    ["deed"],
    multiprocess_mode="max",
)
DROPPED = Counter("consent_log_lines_dropped_total", "Lines of the log that nobody read in time", ["stream"])
BACKLOG = Gauge(
    "consent_job_backlog_sites", "Sites in which a job left something undone", ["deed"], multiprocess_mode="mostrecent"
)
MONTHS_AHEAD = Gauge(
    "consent_months_ahead", "Months to come that have a table", ["table"], multiprocess_mode="mostrecent"
)
MONTHS_STRAYS = Gauge(
    "consent_months_stray_rows",
    "Rows that stand in no month's table, counted up to 1000",
    ["table"],
    multiprocess_mode="mostrecent",
)


def done(job: str) -> None:
    """Say that a deed has just come to its end; Prometheus has a label "job" of its own."""
    DONE.labels(job).set(clock.now().timestamp())


@contextlib.contextmanager
def shared_figures() -> Iterator[Path]:
    """Let this process and those that it starts add up their figures, from zero; for the process that starts first.

    In shared memory where there is some: the files are mapped, and a full disk would kill who writes there.
    """
    place = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
    _remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    os.environ[FOLDER] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # it had looked for the folder when it was imported
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(place: Path) -> None:
    """Remove what processes of ours left that were killed."""
    for folder in place.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def exposition(*collectors: Collector) -> bytes:
    """Return the figures of every process of this node, and what the collectors find, as Prometheus reads them."""
    folder = os.environ.get(FOLDER)
    registry = REGISTRY if folder is None else CollectorRegistry()
    if folder is not None:
        _forget_dead(Path(folder))
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    found = CollectorRegistry()
    for collector in collectors:
        found.register(collector)
    return bytes(generate_latest(registry) + generate_latest(found))


def _forget_dead(folder: Path) -> None:
    """Drop what was true of processes that are gone, such as the length of their queue; what they did still counts."""
    for file in folder.glob("gauge_live*_*.db"):
        process = file.stem.rpartition("_")[2]
        if process.isdigit() and not _lives(int(process)):
            file.unlink(missing_ok=True)
