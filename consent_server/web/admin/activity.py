"""Who did what: read and exported by owners and auditors, changed by nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, Response, current_app, render_template, request

from consent_server.domain.account import Permission
from consent_server.services import reviewing
from consent_server.storage import activity, sites
from consent_server.storage.activity import Sought
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.deeds import CHANGED, DEEDS, in_a_word

blueprint = Blueprint("admin_activity", __name__, url_prefix="/admin/activity")

PAGE = 50


@blueprint.get("/")
@needs(Permission.REVIEW)
def index() -> str:
    """Show what was done, the latest first."""
    session, organisation_id = db.session(), actor().organisation_id
    cursor = request.args.get("before", "")
    before = int(cursor) if re.fullmatch(r"[0-9]{1,15}", cursor) else None
    found = activity.list_activity(session, organisation_id, _sought(), before, PAGE + 1)
    chosen = {name: value for name, value in request.args.items() if value and name != "before"}
    return render_template(
        "admin/activity.html",
        found=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        chosen=chosen,
        actions=activity.list_actions(session, organisation_id),
        sites=sites.list_sites_of(session, organisation_id),
        deeds=DEEDS,
        changed=CHANGED,
        in_a_word=in_a_word,
    )


@blueprint.get("/activity.csv")
@needs(Permission.REVIEW)
def export() -> Response:
    """Give what was found as a table, the first first."""
    sessions, organisation_id, sought = current_app.extensions["sessions"], actor().organisation_id, _sought()

    def lines() -> Iterator[bytes]:
        with sessions() as session:
            yield from reviewing.table(session, organisation_id, sought)

    headers = {"Content-Disposition": "attachment; filename=activity.csv"}
    return Response(lines(), mimetype="text/csv", headers=headers)


def _sought() -> Sought:
    """Read the filters; a day that is none does not matter."""

    def given(name: str, otherwise: str) -> str:
        return request.args.get(name, otherwise).replace("\0", "")

    stop = _midnight(given("to", ""))
    return Sought(
        given("action", "")[:60],
        given("actor", "")[:254],
        given("site", "")[:63],
        _midnight(given("from", "")),
        stop + timedelta(days=1) if stop else None,
    )


def _midnight(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if day.year < 9999 else None
