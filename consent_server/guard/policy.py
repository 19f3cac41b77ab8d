"""The Content Security Policy that the guard adds to pages, when the owner asks for one (``domain/content_policy``)."""

from __future__ import annotations

from consent_server.domain.content_policy import PolicyOptions, write_policy
from consent_server.guard.choice import SavedChoice
from consent_server.guard.rules import Rules

__all__ = ["LONGEST", "PolicyOptions", "content_security_policy"]

LONGEST = 3000
"""Servers in front give up on large heads (nginx: 4 kB): a longer policy is not sent at all."""


def content_security_policy(rules: Rules, choice: SavedChoice | None, host: str, options: PolicyOptions) -> str | None:
    """Return the policy for a page of ``host``; None when it cannot be said, or would be too long to send."""
    if not options.can_say(rules.blocks_unknown):
        return None
    granted = [service for service in rules.services if rules.service_granted(choice, service)]
    text = write_policy([host], [pattern for service in granted for pattern in service.patterns], options)
    return text if len(text) <= LONGEST else None
