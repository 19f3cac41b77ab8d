"""Consent records one by one: find, examine, take along, erase; and how their log stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from consent_server.domain.account import Permission
from consent_server.domain.assurance import FLOOD, NO_ORIGIN, NO_PAGE
from consent_server.domain.choice import ACTIONS
from consent_server.domain.errors import ConsentServerError, Invalid
from consent_server.domain.notice import banner_texts
from consent_server.domain.times import parse_rfc3339
from consent_server.services import clock, erasing, examining, explaining, handing_over, holding, reporting, searching
from consent_server.services.exporting import FORMATS, Filters
from consent_server.services.holding import LONGEST_REASON
from consent_server.services.searching import Page, Wanted
from consent_server.storage import anchors
from consent_server.storage.database import db
from consent_server.storage.handovers import READY, RUNNING
from consent_server.web.admin import answers, words
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.asking import in_words, tell

blueprint = Blueprint("admin_proofs", __name__, url_prefix="/admin/sites/<site_key>/proofs")

DAY = timedelta(days=1)
LONGEST_PUBLIC_REASON = 200
FOLLOW_EVERY_S = 3

CHECKS: Mapping[str, Any] = {
    examining.TEXT: _l("The text and its salt open the commitment"),
    examining.PERSONAL: _l("The personal part opens its own commitment"),
    examining.SHOWN: _l("The configuration is the one that the record names"),
    examining.PROMISED: _l("The promise given to the visitor is signed by this log’s key"),
    examining.LOGGED: _l("The record is in the log under its newest signed checkpoint"),
    examining.STAMPED: _l("Somebody outside has stamped a checkpoint that covers it"),
}

FORMS: Mapping[str, Any] = {
    "zip": _l("Evidence (zip): can be verified by anybody, offline, without us"),
    "pdf": _l("Report (PDF): to read and to print"),
    "csv": _l("Table (CSV): to open in a spreadsheet"),
    "jsonl": _l("Lines (JSONL): evidence of the whole log in one stream"),
}


FIELDS = {"from": "start", "to": "stop"}
"""What the fields of a form are called below."""

SENTENCES: Iterable[object] = (
    _l("Give a reason of 1 to 200 plain characters (ASCII). Everybody can read it in the log: name no person."),
    _l("The records of this visitor are not those that you were shown: look at them again."),
    _l("A code is 32 digits and letters (a to f) in five groups; for a receipt its first four are enough."),
    _l("There is no such place in the list."),
    _l("This site has no record of that consent id."),
    _l("The period ends before it begins."),
    _l("JSONL is always of the whole log: choose zip for a part of it."),
    _l("Nothing is published yet, so there is nothing to prove."),
)
"""What the services under these pages say, so that it is translated."""


class ExportForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """What an export is to have."""

    format = RadioField(
        _l("Format"), choices=[SelectChoice(name, label) for name, label in FORMS.items()], default="zip"
    )
    start = DateField(_l("From"), validators=[Optional()])
    stop = DateField(_l("To"), validators=[Optional()])
    action = SelectField(_l("Answer"), default="")
    purpose = SelectField(_l("Purpose that was agreed to"), default="")
    service = StringField(_l("Service that was agreed to"), validators=[Length(max=63)])
    consent_id = StringField(_l("Consent id of one visitor"), validators=[Length(max=36)])


class EraseForm(FlaskForm):  # type: ignore[misc]
    """Why a visitor is erased, and that it is meant."""

    why = StringField(_l("Reason"), validators=[InputRequired(), Length(max=LONGEST_PUBLIC_REASON)])
    sure = BooleanField(_l("I have read what goes, and that it cannot be brought back"), validators=[InputRequired()])


class HoldForm(FlaskForm):  # type: ignore[misc]
    """Why everything is to be kept, or need not be any more."""

    why = StringField(_l("Reason"), validators=[InputRequired(), Length(max=LONGEST_REASON)])


SIGNS = {
    NO_ORIGIN: _l("No page was named as its sender"),
    NO_PAGE: _l("The browser said that no page sent it"),
    FLOOD: _l("It came in a flood of others"),
}
"""What speaks for a forged answer."""


@blueprint.get("/")
@needs(Permission.PROVE)
def index(site_key: str) -> str:
    """Show the records that are looked for, the newest first."""
    wanted, wrong = _wanted(), None
    found = Page((), None, None)
    try:
        found = searching.search(db.session(), site_key, wanted, request.args.get("after") or None)
    except Invalid as mistake:
        wrong = in_words(mistake)
    return render_template(
        "admin/proofs.html",
        found=found,
        wrong=wrong,
        query={name: value for name, value in request.args.items() if value},
        later={name: value for name, value in request.args.items() if value and name != "after"},
        **_names(),
    )


@blueprint.get("/<uuid:record_id>")
@needs(Permission.PROVE)
def record(site_key: str, record_id: UUID) -> str:
    """Show one record in full, its proofs checked now."""
    found = examining.examine(db.session(), site_key, str(record_id), current_app.extensions["keyring"])
    return render_template(
        "admin/record.html", found=found, checks=CHECKS, said=banner_texts, moment=parse_rfc3339, **_names()
    )


@blueprint.get("/<uuid:record_id>/erase")
@needs(Permission.ERASE)
def ask_to_erase(site_key: str, record_id: UUID) -> str:
    """Show what goes with a visitor, and what stays."""
    return _erase_page(site_key, record_id, EraseForm())


@blueprint.post("/<uuid:record_id>/erase")
@needs(Permission.ERASE)
def erase(site_key: str, record_id: UUID) -> AnyResponse | tuple[str, int]:
    """Erase a visitor as it was shown."""
    form = EraseForm()
    if form.validate():
        try:
            count = erasing.erase_visitor(
                db.session(),
                site_key,
                str(record_id),
                request.form.getlist("seen"),
                form.why.data or "",
                actor(),
                clock.now(),
            )
        except ConsentServerError as error:
            db.session.rollback()
            tell(form, error, FIELDS)
        else:
            current_app.extensions["sweeper"].wake()
            flash(ngettext("%(num)d record was erased.", "%(num)d records were erased.", count), "success")
            return redirect(url_for(".index", site_key=site_key), 303)
    return _erase_page(site_key, record_id, form), 422


@blueprint.get("/export")
@needs(Permission.PROVE)
def ask_for_export(site_key: str) -> str:
    """Ask what an export is to have; a search brings its own conditions."""
    form = _export_form()
    for name, field in (("from", form.start), ("to", form.stop)):
        field.data = _day(request.args.get(name, ""))
    for name in ("action", "purpose"):
        form[name].data = request.args.get(name, "")
    return render_template("admin/export.html", site=this_site(), form=form)


@blueprint.post("/export")
@needs(Permission.PROVE)
def export(site_key: str) -> AnyResponse | tuple[str, int]:
    """Keep what is asked for, and show where it is fetched."""
    form = _export_form()
    if form.validate():
        try:
            asked = handing_over.ask(db.session(), site_key, form.format.data, _filters(form), actor(), clock.now())
            return redirect(url_for(".handover", site_key=site_key, handover_id=asked), 303)
        except ConsentServerError as error:
            db.session.rollback()
            tell(form, error, FIELDS)
    return render_template("admin/export.html", site=this_site(), form=form), 422


@blueprint.get("/exports/<handover_id>")
@needs(Permission.PROVE)
def handover(site_key: str, handover_id: str) -> Response:
    """Show where an export is fetched, and how far it is; the page loads itself again until it is through."""
    found = handing_over.follow(db.session(), site_key, handover_id)
    response = Response(render_template("admin/handover.html", site=this_site(), found=found, forms=FORMS))
    if found.state in (READY, RUNNING):
        response.headers["Refresh"] = str(FOLLOW_EVERY_S)
    return response


@blueprint.get("/exports/<handover_id>/file")
@needs(Permission.PROVE)
def file(site_key: str, handover_id: str) -> Response:
    """Stream an export."""
    extensions = current_app.extensions
    db.session.remove()  # an export takes minutes: it has a connection of its own
    asked, chunks = handing_over.stream(
        extensions["sessions"],
        site_key,
        handover_id,
        extensions["keyring"],
        extensions["settings"].high_water_mark,
        extensions["anchoring"],
    )
    name = f"evidence-{site_key}-{asked.made_at:%Y-%m-%d}.{asked.format}"
    response = Response(chunks, mimetype=FORMATS[asked.format].media_type)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.get("/log")
@needs(Permission.PROVE)
def log(site_key: str) -> str:
    """Show how the log stands."""
    return _log_page(HoldForm())


@blueprint.post("/hold")
@needs(Permission.ERASE)
def hold(site_key: str) -> AnyResponse | tuple[str, int]:
    """Put the proofs under legal hold, or lift it: whatever the page did not show as standing."""
    form = HoldForm()
    if form.validate():
        deed = holding.release if request.form.get("lift") else holding.hold
        try:
            deed(db.session(), site_key, form.why.data or "", clock.now(), actor())
            return redirect(url_for(".log", site_key=site_key), 303)
        except ConsentServerError as error:
            db.session.rollback()
            tell(form, error, FIELDS)
    return _log_page(form), 422


def _log_page(form: HoldForm) -> str:
    site = this_site()
    found = explaining.health(db.session(), site.id)
    stamped = anchors.last_token(db.session())
    advice = explaining.what_to_do(found.frozen_reason) if found and found.frozen_reason else ""
    return render_template("admin/log.html", site=site, found=found, stamped=stamped, advice=advice, form=form)


def _erase_page(site_key: str, record_id: UUID, form: EraseForm) -> str:
    found = erasing.would_erase(db.session(), site_key, str(record_id))
    return render_template("admin/erase.html", found=found, record_id=str(record_id), form=form, **_names())


def _names() -> dict[str, Any]:
    site = this_site()
    return {
        "site": site,
        "titles": reporting.purpose_titles(db.session(), site.id, words.language()),
        "actions": answers.ACTIONS,
        "devices": answers.DEVICES,
        "signs": SIGNS,
    }


def _wanted() -> Wanted:
    """Read what is looked for; a day or an action that is none does not matter."""
    given = request.args.get
    stop = _midnight(given("to", ""))
    purpose, _, answer = given("purpose", "").partition(":")
    return Wanted(
        code=given("code", "")[:80] or None,
        start=_midnight(given("from", "")),
        stop=stop and stop + DAY,
        action=given("action") if given("action") in ACTIONS else None,
        purpose=purpose or None,
        granted=answer != "no",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(text: str | date | None) -> datetime | None:
    day = _day(text) if isinstance(text, str) else text
    return datetime.combine(day, time(), UTC) if day is not None and day.year < 9999 else None


def _export_form() -> ExportForm:
    form, titles = ExportForm(), _names()["titles"]
    every = SelectChoice("", _("All"))
    form.action.choices = [every, *(SelectChoice(action, name) for action, name in answers.ACTIONS.items())]
    form.purpose.choices = [every, *(SelectChoice(purpose, title) for purpose, title in titles.items())]
    return form


def _filters(form: ExportForm) -> Filters:
    stop = _midnight(form.stop.data)
    return Filters(
        _midnight(form.start.data),
        stop and stop + DAY,
        form.purpose.data or None,
        (form.service.data or "").strip() or None,
        form.action.data or None,
        (form.consent_id.data or "").strip().lower() or None,
    )
