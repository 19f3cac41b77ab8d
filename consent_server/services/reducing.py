"""Reducing a user agent to family, major version and device class before anything is stored (PRF-07)."""

from __future__ import annotations

import functools

import user_agents
from user_agents.parsers import UserAgent

from consent_server.domain.client import Client

LONGEST = 512
"""Characters of a user agent that are looked at: longer ones only serve to keep the parser busy."""


def reduce_user_agent(text: str | None) -> Client:
    """Return the reduced client; unknown when there is no user agent."""
    return _reduce(text[:LONGEST]) if text else Client()


@functools.lru_cache(maxsize=2_048)
def _reduce(text: str) -> Client:
    parsed = user_agents.parse(text)
    major = str(parsed.browser.version[0]) if parsed.browser.version else None
    return Client(parsed.browser.family[:60] or None, major, _form_factor(parsed))


def _form_factor(parsed: UserAgent) -> str:
    if parsed.is_bot:
        return "bot"
    if parsed.is_tablet:
        return "tablet"
    if parsed.is_mobile:
        return "mobile"
    return "desktop" if parsed.is_pc else "other"
