"""Counters are exact within a process, shared between processes, bounded, and never wait for Redis."""

from __future__ import annotations

import socket
import time

import pytest
import redis

from consent_server.domain.errors import Invalid, TooManyTries
from consent_server.domain.rate import Rate, parse_rate
from consent_server.services import limiting
from consent_server.services.limiting import Limiter

ONE, OTHER = ("one",), ("other",)
RATE = Rate(4, 60)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock of one hand, which the test moves; it begins with a minute."""
    hand = [60_000.0]
    monkeypatch.setattr(limiting.time, "time", lambda: hand[0])
    return hand


def test_one_who_asks_too_often_is_refused_and_nobody_else(now: list[float]) -> None:
    limiter = Limiter("", "secret")
    assert [limiter.count((ONE, RATE)) for _ in range(4)] == [0.25, 0.5, 0.75, 1]
    now[0] += 20
    with pytest.raises(TooManyTries) as refused:
        limiter.count((ONE, RATE))
    assert refused.value.retry_after == 40
    assert limiter.count((OTHER, RATE)) == 0.25


def test_a_refusal_counts_nowhere(now: list[float]) -> None:
    limiter = Limiter("", "secret")
    for _ in range(4):
        limiter.count((ONE, RATE))
    for _ in range(10):
        with pytest.raises(TooManyTries):
            limiter.count((OTHER, RATE), (ONE, RATE))
    assert limiter.count((OTHER, RATE)) == 0.25


def test_the_minute_slides(now: list[float]) -> None:
    limiter = Limiter("", "secret")
    now[0] += 59
    for _ in range(4):
        limiter.count((ONE, RATE))
    now[0] += 2
    with pytest.raises(TooManyTries):
        limiter.count((ONE, RATE))
    now[0] += 60
    assert limiter.count((ONE, RATE)) == 0.25


def test_only_so_many_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "MOST_COUNTERS", 10)
    limiter = Limiter("", "secret")
    for number in range(1_000):
        limiter.count((("somebody", number), RATE))
    assert len(limiter._counters) == 10
    assert len(limiter._changed) <= 10


def test_processes_add_up_what_they_count(now: list[float], redis_url: str) -> None:
    first, second = Limiter(redis_url, "secret"), Limiter(redis_url, "secret")
    first.stop()  # no thread: this test says when they share
    second.stop()
    with redis.Redis.from_url(redis_url) as server:
        server.flushall()
        for limiter in (first, first, second):
            limiter.count((ONE, RATE))
            limiter.share(server)
        assert second.count((ONE, RATE)) == 1
        with pytest.raises(TooManyTries):
            second.count((ONE, RATE))
        second.share(server)
        first.count((ONE, RATE))  # it has not heard yet: one second's worth more than the rate
        first.share(server)
        with pytest.raises(TooManyTries):
            first.count((ONE, RATE))
        names = server.scan_iter()
        assert all(name.startswith(b"consent:rate:") and b"one" not in name for name in names)


def test_a_redis_that_is_emptied_lets_nobody_through_twice(now: list[float], redis_url: str) -> None:
    limiter = Limiter(redis_url, "secret")
    limiter.stop()
    with redis.Redis.from_url(redis_url) as server:
        server.flushall()
        for _ in range(4):
            limiter.count((ONE, RATE))
            limiter.share(server)
            server.flushall()
    with pytest.raises(TooManyTries):
        limiter.count((ONE, RATE))


def test_nobody_waits_for_a_redis_that_gives_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limiter = Limiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", "secret")
        connection = None
        try:
            limiter.count((ONE, RATE))
            connection, _ = silent.accept()  # it asks now, and hears nothing
            start = time.thread_time()
            for _ in range(3):
                limiter.count((ONE, RATE))
            assert time.thread_time() - start < 0.05
            with pytest.raises(TooManyTries):
                limiter.count((ONE, RATE))
        finally:
            limiter.stop()
            if connection is not None:
                connection.close()


@pytest.mark.parametrize(
    ("text", "rate"),
    [("", None), ("6000 per minute", Rate(6_000, 60)), ("5/second", Rate(5, 1)), ("1 per day", Rate(1, 86_400))],
)
def test_rates_are_read(text: str, rate: Rate | None) -> None:
    assert parse_rate("CONSENT_RATE_LIMIT", text) == rate


@pytest.mark.parametrize("text", ["often", "0 per minute", "5 per fortnight", "-1 per day", "5 per minute; 6 per day"])
def test_what_is_no_rate_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_rate("CONSENT_RATE_LIMIT", text)
    assert list(refused.value.problems) == ["CONSENT_RATE_LIMIT"]
