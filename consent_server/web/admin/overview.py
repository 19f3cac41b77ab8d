"""A site at a glance: what is live, and the tag to paste."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.services import overseeing
from consent_server.storage.database import db
from consent_server.web.admin.access import needs, this_site

blueprint = Blueprint("admin_overview", __name__, url_prefix="/admin/sites/<site_key>")


@blueprint.get("/")
@needs(Permission.SEE)
def page(site_key: str) -> str:
    """Show the site."""
    settings: Settings = current_app.extensions["settings"]
    site = this_site()
    return render_template(
        "admin/overview.html", site=site, found=overseeing.overview(db.session(), site, settings.public_url)
    )
