"""Keeping what was done in the admin, in the transaction that does it: both are there, or neither is.

What is noted stays for good: no password, no code, no token, nothing of a visitor.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.storage import activity


def note(
    session: Session,
    actor: Actor,
    action: str,
    site_key: str | None,
    subject: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Note a deed. The caller commits.

    ``action`` is a thing and a past participle (``site.created``, ``tracker.changed``), ``subject`` what people call
    what it was done to, ``changes`` maps a field to its value, or to ``[before, after]``.
    """
    activity.add_activity(session, actor, action, site_key, subject, changes, now)
