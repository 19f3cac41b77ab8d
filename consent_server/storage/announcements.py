"""Telling other processes, through Redis, that a site has published. Nothing is kept there, nothing depends on it."""

from __future__ import annotations

import contextlib

import redis
from redis.client import PubSub

CHANNEL = "consent-server:published"
PATIENCE_S = 1.0
"""How long Redis may keep anybody waiting."""


class AnnouncementsAway(Exception):
    """Redis does not answer; nothing is lost that the database does not know."""


class Announcements:
    """The channel of one process, connected when it is first used."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, health_check_interval=5
        )
        self._subscription: PubSub | None = None

    def announce(self, site_key: str) -> None:
        """Tell who listens; whoever does not hear it looks by itself within seconds."""
        with contextlib.suppress(redis.RedisError):
            self._redis.publish(CHANNEL, site_key)

    def missed(self) -> bool:
        """Begin to listen unless that was done; return whether it was not, so that things may have been missed.

        Raises ``AnnouncementsAway``.
        """
        if self._subscription is not None:
            return False
        subscription = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        try:
            subscription.subscribe(CHANNEL)
        except redis.RedisError as error:
            subscription.close()
            raise AnnouncementsAway from error
        self._subscription = subscription
        return True

    def next(self, seconds: float) -> str | None:
        """Return the site that the next announcement is about, if one comes in time; raises ``AnnouncementsAway``."""
        assert self._subscription is not None, "missed() begins to listen"
        try:
            message = self._subscription.get_message(timeout=seconds)
        except redis.RedisError as error:
            self.close()
            raise AnnouncementsAway from error
        return message["data"].decode(errors="replace") if message else None

    def close(self) -> None:
        """Listen no more, and give the connections back; what is asked next connects again."""
        subscription, self._subscription = self._subscription, None
        with contextlib.suppress(redis.RedisError):
            if subscription is not None:
                subscription.close()
            self._redis.close()
