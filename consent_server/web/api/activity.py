"""Who did what in the token's organisation; of one site, when the token is for one."""

from __future__ import annotations

from typing import Any

from consent_server.domain.account import Permission
from consent_server.storage import activity
from consent_server.storage.activity import Sought
from consent_server.storage.database import db
from consent_server.web.api.access import Operations, actor, list_of, part
from consent_server.web.api.schemas import ActivityQuery, ActivitySchema

blueprint = Operations("activity", "/activity", "Who did what")


@blueprint.get("")
@blueprint.arguments(ActivityQuery, location="query")
@blueprint.response(200, list_of(ActivitySchema, "Activity"))
@blueprint.needs(Permission.REVIEW, 422, of_site=True)
def list_activity(query: dict[str, Any]) -> dict[str, Any]:
    """Give what was done, the latest first."""
    before = int(query["cursor"]) if "cursor" in query else None
    site_key = actor().site_key or query.get("site", "")
    if actor().site_key and query.get("site") not in (None, actor().site_key):
        return {"items": [], "next_cursor": None}
    sought = Sought(query.get("action", ""), "", site_key, query.get("since"), query.get("until"))
    limit = query["limit"]
    return part(activity.list_activity(db.session(), actor().organisation_id, sought, before, limit + 1), limit)
