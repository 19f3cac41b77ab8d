"""One trouble after the other befalls PostgreSQL and Redis while visitors answer: nothing is lost, doubled or stuck.

Each trouble says what visitors may be told meanwhile. At the end, everything is checked as after kills. The short form
tries two of them.

    CONSENT_TEST_FAULTS=long CONSENT_TEST_PAUSE=30 pytest tests/faults/test_trouble.py
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.scale import LONG, how_many
from tests.faults.visitors import AWAY, Visitors, call, check
from tests.toxic import Proxy, proxy_to

PAUSE_S = how_many("CONSENT_TEST_PAUSE", short=6, long=30)
CROWD = 24 if LONG else 8
SLOW_SHARE = 0 if LONG else 0.1
"""How many may be told to come again because the machine is slow, which is busy with other tests in the short form."""
PACE_S = 0.2
"""How long a visitor rests between two answers."""
SHORT = ("Redis silent", "connections cut")
QUICK_S = 8.0
"""How long the health check may take on a machine that is busy with everything else."""


@dataclass
class Watched:
    """What happened to visitors during a trouble."""

    statuses: dict[int, int]
    slowest: float
    health: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Trouble:
    """What befalls whom; with ``served``, visitors notice nothing of it."""

    name: str
    begin: Callable[[Cluster, Proxy], None]
    end: Callable[[Cluster, Proxy], None]
    served: bool = False
    seconds: float = 1.0


def _redis(cluster: Cluster) -> redis.Redis:
    assert cluster.redis
    return redis.Redis.from_url(cluster.redis.url)


def _nothing(_cluster: Cluster, _proxy: Proxy) -> None:
    """End by itself."""


def _set_latency(seconds: float) -> Callable[[Cluster, Proxy], None]:
    return lambda _cluster, proxy: setattr(proxy, "latency", seconds)


def _of_redis(name: str) -> Callable[[Cluster, Proxy], None]:
    return lambda cluster, _proxy: getattr(cluster.redis, name)()


def _of_database(name: str) -> Callable[[Cluster, Proxy], None]:
    return lambda cluster, _proxy: getattr(cluster.database, name)()


def _limit_memory(limit: str) -> Callable[[Cluster, Proxy], None]:
    return lambda cluster, _proxy: _redis(cluster).config_set("maxmemory", limit)


TROUBLES = (
    Trouble("Redis emptied", lambda cluster, _: _redis(cluster).flushall(), _nothing, served=True),
    Trouble("Redis full", _limit_memory("1"), _limit_memory("0"), served=True),
    Trouble("Redis silent", _of_redis("pause"), _of_redis("resume"), served=True, seconds=3),
    Trouble("Redis dead", _of_redis("kill"), _of_redis("start"), served=True, seconds=2),
    Trouble("a slow network", _set_latency(0.1), _set_latency(0), served=True, seconds=2),
    Trouble("connections cut", lambda _, proxy: proxy.cut(), _nothing),
    Trouble("packets vanish", lambda _, proxy: proxy.swallow(), lambda _, proxy: proxy.flow(), seconds=PAUSE_S),
    Trouble("PostgreSQL paused", _of_database("pause"), _of_database("resume"), seconds=PAUSE_S),
)


@contextlib.contextmanager
def _through(proxies: list[Proxy], url: str) -> Iterator[str]:
    """Stand between the servers and their database."""
    port = int(url.rpartition("/")[0].rpartition(":")[2])
    with proxy_to(port) as proxy:
        proxies.append(proxy)
        yield url.replace(f":{port}/", f":{proxy.port}/")


def test_what_befalls_postgresql_and_redis_loses_nothing(tmp_path: Path, tell_figure: Callable[[str], None]) -> None:
    proxies: list[Proxy] = []
    with running_cluster("postgresql", tmp_path, lambda url: _through(proxies, url)) as cluster:
        with cluster.auditor() as auditor, cluster.visitors(CROWD, PACE_S) as visitors:
            for trouble in (each for each in TROUBLES if LONG or each.name in SHORT):
                seen = _befall(trouble, cluster, proxies[0], visitors)
                tell_figure(
                    f"{trouble.name}: answers {seen.statuses}, the slowest within {seen.slowest:.1f} s, "
                    f"health within {max(took for _, took in seen.health):.1f} s"
                )
        found = check(cluster.web, visitors, auditor, tmp_path)
    tell_figure(found)


def _befall(trouble: Trouble, cluster: Cluster, proxy: Proxy, visitors: Visitors) -> Watched:
    visitors.wait_for(CROWD)
    before, visitors.slowest = visitors.statuses.copy(), 0.0
    cut_off = len(visitors.retried)
    health = list[tuple[int, float]]()
    over = threading.Event()
    nurse = threading.Thread(target=_ask_for_health, args=(cluster, over, health))
    trouble.begin(cluster, proxy)
    nurse.start()
    try:
        over.wait(trouble.seconds)  # how long it lasts is what it is
    finally:
        trouble.end(cluster, proxy)
        over.set()
        nurse.join()
    visitors.wait_for(2 * CROWD)
    seen = Watched(dict(visitors.statuses - before), visitors.slowest, health)
    assert [status for status, _ in health if status != 200] == [], f"{trouble.name}: the health check failed"
    assert max(took for _, took in health) < QUICK_S, f"{trouble.name}: the health check waited"
    assert len(visitors.retried) == cut_off, f"{trouble.name}: visitors were cut off or left without an answer"
    if trouble.served:
        assert seen.statuses.keys() <= {200, 201, 503}, f"{trouble.name}: visitors noticed: {seen.statuses}"
        told_later = seen.statuses.get(503, 0)
        assert told_later <= SLOW_SHARE * sum(seen.statuses.values()), f"{trouble.name}: {told_later} were refused"
    return seen


def _ask_for_health(cluster: Cluster, over: threading.Event, health: list[tuple[int, float]]) -> None:
    while True:
        start = time.monotonic()
        try:
            status, _ = call(f"{cluster.web.url}/healthz")
        except AWAY:
            status = 0
        health.append((status, time.monotonic() - start))
        if over.wait(0.2):
            return
