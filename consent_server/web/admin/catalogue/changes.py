"""The history of the draft, and taking its last change back."""

from __future__ import annotations

from flask import flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from consent_server.domain.account import Permission
from consent_server.domain.errors import Conflict
from consent_server.services.editing import undo
from consent_server.storage import draft_changes
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, is_ours, needs, this_site
from consent_server.web.admin.catalogue.page import blueprint, editor, shown, to_table


@blueprint.get("/history")
@needs(Permission.SEE)
def history(site_key: str) -> str:
    """Show who changed what, newest first."""
    return shown("history.html", changes=draft_changes.list_changes(db.session(), this_site().id))


@blueprint.post("/undo")
@needs(Permission.EDIT)
def take_back(site_key: str) -> Response:
    """Take the last change back, if it is the one that the editor saw."""
    try:
        change_id = int(request.form.get("change", ""))
        undo(db.session(), this_site().key, change_id, actor(), editor().now)
        flash(_("The last change was taken back."), "success")
    except (Conflict, ValueError):
        flash(_("Somebody else changed the catalogue meanwhile. Look at it, then decide."), "error")
    back = request.form.get("back", "")
    return redirect(back, 303) if is_ours(back) else to_table()
