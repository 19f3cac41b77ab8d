"""A database that is stopped or gives no answer costs visitors nothing but a retry, and everybody else nothing at all.

Posts are told within seconds to come again, then at once; what needs no database is answered as before; and whatever
was posted meanwhile is kept once when it is posted again.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.builders import consent
from tests.faults.cluster import PURPOSES, SITE, Cluster, running_cluster
from tests.servers import eventually

POSTS = 48
"""More than a server has threads."""

FIRST_S, LATER_S, HEALTH_S, HEALED_S = 6.0, 2.0, 2.0, 10.0
"""Twice what holds on a machine of one's own."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster("postgresql", tmp_path_factory.mktemp("backpressure")) as running:
        yield running


def _ask(cluster: Cluster, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str | None, float]:
    """Return the status, when to come again, and the seconds that it took."""
    start = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", cluster.web.port, timeout=30)) as connection:
        content = json.dumps(body) if body else None
        connection.request(method, path, content, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Retry-After"), time.monotonic() - start


def _post(cluster: Cluster, body: dict[str, Any]) -> tuple[int, str | None, float]:
    return _ask(cluster, "POST", f"/v1/sites/{SITE}/consents", body)


def _is_kept(cluster: Cluster) -> bool:
    return _post(cluster, consent(PURPOSES))[0] == 201


class _Health:
    """Asks over and over whether the server is alive, and remembers how long it ever took to say so."""

    def __init__(self, cluster: Cluster) -> None:
        self.slowest = 0.0
        self._cluster = cluster
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> _Health:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._leaving.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._leaving.wait(0.05):
            status, _, taken = _ask(self._cluster, "GET", "/healthz")
            self.slowest = max(self.slowest, taken if status == 200 else float("inf"))


def _stop(cluster: Cluster) -> Callable[[], None]:
    assert cluster.database
    cluster.database.stop()
    return cluster.database.start


def _pause(cluster: Cluster) -> Callable[[], None]:
    assert cluster.database
    cluster.database.pause()
    return cluster.database.resume


@pytest.mark.parametrize("trouble", [_stop, _pause], ids=["stopped", "paused"])
def test_a_database_that_is_away_refuses_early_and_loses_nothing(
    cluster: Cluster, trouble: Callable[[Cluster], Callable[[], None]], tell_figure: Callable[[str], None]
) -> None:
    eventually(lambda: _is_kept(cluster), "a choice is kept")
    bodies = [consent(PURPOSES) for _ in range(POSTS)]

    end = trouble(cluster)
    try:
        with _Health(cluster) as health, ThreadPoolExecutor(POSTS) as visitors:
            first = list(visitors.map(lambda body: _post(cluster, body), bodies))
            later = [_post(cluster, body) for body in bodies[:20]]
    finally:
        end()
    start = time.monotonic()
    eventually(lambda: _is_kept(cluster), "choices are kept again")
    healed = time.monotonic() - start

    answers = [*first, *later]
    assert {status for status, _, _ in answers} == {503}
    assert all(again and int(again) <= 5 for _, again, _ in answers)
    slowest = [max(taken for *_, taken in each) for each in (first, later)]
    tell_figure(
        f"database {trouble.__name__.strip('_')}: {POSTS} posts at once refused in {slowest[0]:.2f} s at most, later "
        f"ones in {slowest[1]:.2f} s, health in {health.slowest:.2f} s, kept again after {healed:.2f} s"
    )
    assert slowest[0] < FIRST_S
    assert slowest[1] < LATER_S
    assert health.slowest < HEALTH_S
    assert healed < HEALED_S
    for body in bodies:
        eventually(lambda body=body: _post(cluster, body)[0] in (200, 201), "what was posted meanwhile is kept")  # type: ignore[misc]
    assert {_post(cluster, body)[0] for body in bodies} <= {200, 503}
