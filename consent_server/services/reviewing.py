"""Activity as a table to take along: every line that was sought, with the memory of a few hundred."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain.table_row import table_rows
from consent_server.domain.times import rfc3339
from consent_server.storage import activity
from consent_server.storage.activity import Sought

COLUMNS = ("number", "time", "who", "kind", "action", "site", "subject", "changes")


def table(session: Session, organisation_id: int, sought: Sought) -> Iterator[bytes]:
    """Give a line of names, then one for each deed, the first one first."""
    return table_rows(chain([COLUMNS], _rows(session, organisation_id, sought)))


def _rows(session: Session, organisation_id: int, sought: Sought) -> Iterator[tuple[Any, ...]]:
    for each in activity.every_activity(session, organisation_id, sought):
        who = each.actor_name, each.actor_kind
        what = each.action, each.site_key, each.subject, dict(each.changes)
        yield str(each.id), rfc3339(each.at), *who, *what
