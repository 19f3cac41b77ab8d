"""A site at a glance: what is to be done next, what is live, the tag to paste, and whether it is on the page."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, render_template, request
from flask_babel import lazy_gettext as _l

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.domain.errors import Invalid, Unavailable
from consent_server.services import clock, overseeing
from consent_server.services.looking import Looked, is_loopback, look_at
from consent_server.storage.database import db
from consent_server.web.admin.access import needs, this_site
from consent_server.web.admin.asking import in_words

WEAKNESSES = {
    "after others": _l(
        "Other scripts stand before it: what they set is not held. Put the lines first in &lt;head&gt;."
    ),
    "async": _l("It is marked async: other scripts run before it. Remove the attribute."),
    "defer": _l("It is marked defer: other scripts run before it. Remove the attribute."),
    "in body": _l(
        "It stands in &lt;body&gt;: what is in &lt;head&gt; is not held. Put the lines first in &lt;head&gt;."
    ),
    "twice": _l("It is there twice: once is enough."),
    "no stand-in": _l("The lines around it are missing: they hold third parties if our script does not come."),
}

blueprint = Blueprint("admin_overview", __name__, url_prefix="/admin/sites/<site_key>")


@blueprint.get("/")
@needs(Permission.SEE)
def page(site_key: str) -> str:
    """Show the site."""
    return _shown()


@blueprint.post("/look")
@needs(Permission.SEE)
def look(site_key: str) -> str | tuple[str, int]:
    """Look at a page of the site, and say whether its tag is there."""
    settings: Settings = current_app.extensions["settings"]
    private = is_loopback(urlsplit(settings.public_url).hostname or "")
    try:
        looked = look_at(this_site(), request.form.get("origin", ""), settings.public_url, private=private)
        return _shown(looked=looked)
    except (Invalid, Unavailable) as error:
        return _shown(failed=in_words(error)), 200


def _shown(looked: Looked | None = None, failed: str = "") -> str:
    settings: Settings = current_app.extensions["settings"]
    site = this_site()
    return render_template(
        "admin/overview.html",
        site=site,
        found=overseeing.overview(db.session(), site, settings.public_url, clock.now()),
        looked=looked,
        failed=failed,
        weaknesses=WEAKNESSES,
    )
