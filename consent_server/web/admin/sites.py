"""The sites of the organisation."""

from __future__ import annotations

from flask import Blueprint, render_template

from consent_server.domain.account import Permission
from consent_server.services import overseeing
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, needs

blueprint = Blueprint("admin_sites", __name__, url_prefix="/admin/sites")


@blueprint.get("/")
@needs(Permission.SEE)
def index() -> str:
    """Show every site of the organisation."""
    return render_template("admin/sites.html", found=overseeing.sites_of(db.session(), actor().organisation_id))
