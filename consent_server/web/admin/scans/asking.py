"""The scans of a site: the list, asking for one, cancelling one."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length, NumberRange

from consent_server.domain.account import Permission
from consent_server.domain.errors import ConsentServerError
from consent_server.services import clock, surveying
from consent_server.services.scanning import MOST_PAGES
from consent_server.storage import policy_texts, scans, watches
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.asking import NumberField, tell
from consent_server.web.admin.scans.page import blueprint, shown, this_scan

PAGE = 20


class ScanForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Where a scan begins, and how far it goes."""

    address = StringField(_l("Address"), [Length(max=2_000)], description=_l("A page of the site; visits begin there."))
    pages = NumberField(
        _l("Pages"),
        [InputRequired(_l("This is required.")), NumberRange(1, MOST_PAGES)],
        description=_l("How many pages are visited each time, %(number)s at most.", number=MOST_PAGES),
    )


@blueprint.get("/")
@needs(Permission.SEE)
def index(site_key: str) -> str:
    """Show the scans of the site."""
    form = ScanForm(formdata=None, address=f"{this_site().origins[0]}/", pages=surveying.PAGES)
    return _listed(form)


@blueprint.post("/")
@needs(Permission.EDIT)
def ask(site_key: str) -> Response | tuple[str, int]:
    """Ask for a scan, and show how far it is."""
    form = ScanForm()
    if form.validate():
        try:
            given = form.address.data or "", form.pages.data
            asked = surveying.ask(db.session(), this_site(), actor(), clock.now(), *given)
        except ConsentServerError as error:
            db.session.rollback()
            tell(form, error)
        else:
            return redirect(url_for(".one", site_key=site_key, scan_id=asked.id), 303)
    return _listed(form), 422


@blueprint.post("/<int(max=2147483647):scan_id>/cancel")
@needs(Permission.EDIT)
def cancel(site_key: str, scan_id: int) -> Response:
    """End a scan that is under way."""
    this_scan(scan_id)
    if surveying.cancel(db.session(), this_site(), scan_id, actor(), clock.now()):
        flash(_("The scan is cancelled."))
    else:
        flash(_("This scan is over already."))
    return redirect(url_for(".index", site_key=site_key), 303)


def _listed(form: ScanForm) -> str:
    before = request.args.get("before", 0, type=int)
    cursor = before if 0 < before < 2**31 else None
    found = scans.list_scans(db.session(), this_site().id, cursor, PAGE + 1)
    return shown(
        "list.html",
        form=form,
        found=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        watch=watches.find_watch(db.session(), this_site().id),
        policy=policy_texts.find_policy_text(db.session(), this_site().id),
        running=next((each for each in found if each.under_way), None),
        cursor=cursor,
    )
