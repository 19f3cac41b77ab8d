"""One scan: how far it is; then what fails and what to do, what was seen, what is different, and files of it."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from consent_server.domain.account import Permission
from consent_server.domain.audit_reports import FORMATS, MEDIA_TYPES, PDF
from consent_server.domain.errors import Invalid
from consent_server.domain.scan import PICTURE_ENDING, PICTURE_TYPE
from consent_server.services import accepting, auditing, clock, illustrating
from consent_server.services.auditing import Audited, Sighting
from consent_server.services.cataloguing import Editor
from consent_server.storage import scan_files
from consent_server.storage.database import db
from consent_server.storage.library import load_library
from consent_server.storage.scans import KeptScan
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.asking import in_words
from consent_server.web.admin.catalogue.filling import take_text
from consent_server.web.admin.catalogue.forms import PolicyForm
from consent_server.web.admin.scans.page import blueprint, shown, this_scan
from consent_server.web.admin.words import language

FOLLOW_EVERY_S = 3
MOST_PROOFS = 20


@blueprint.get("/<int(max=2147483647):scan_id>")
@needs(Permission.SEE)
def one(site_key: str, scan_id: int) -> Response:
    """Show a scan; the page loads itself again until it is over."""
    kept = this_scan(scan_id)
    found = _audited(kept)
    files = scan_files.list_files(db.session(), kept.site_id, kept.id)
    page = shown(
        "one.html",
        kept=kept,
        found=found,
        seen=[(each, accepting.proposal_of(each, load_library())) for each in auditing.sightings(found)]
        if found
        else (),
        pictures=[each for each in files if each.shows],
        printed=any(each.name == illustrating.print_file(language()) for each in files),
        formats=FORMATS,
        most=MOST_PROOFS,
    )
    response = Response(page)
    if kept.under_way:
        response.headers["Refresh"] = str(FOLLOW_EVERY_S)
    return response


@blueprint.get("/<int(max=2147483647):scan_id>/audit.<form>")
@needs(Permission.SEE)
def file(site_key: str, scan_id: int, form: str) -> Response:
    """Give the audit of a scan as a file."""
    if form == PDF:
        return _printed(this_scan(scan_id))
    if form not in FORMATS:
        raise NotFound
    found = auditing.audit_scan(db.session(), this_site(), this_scan(scan_id))
    return _taken_along(auditing.write_audit(db.session(), found, form, language()), form, scan_id)


@blueprint.get("/<int(max=2147483647):scan_id>/pictures/<name>")
@needs(Permission.SEE)
def picture(site_key: str, scan_id: int, name: str) -> Response:
    """Give a picture of what a visitor saw."""
    kept = this_scan(scan_id)
    if not name.endswith(PICTURE_ENDING):
        raise NotFound
    return Response(scan_files.find_file(db.session(), kept.site_id, kept.id, name), mimetype=PICTURE_TYPE)


@blueprint.post("/<int(max=2147483647):scan_id>/accept")
@needs(Permission.EDIT)
def accept(site_key: str, scan_id: int) -> AnyResponse:
    """Take up into the catalogue's draft what the scan proposes for one thing."""
    found = auditing.audit_scan(db.session(), this_site(), this_scan(scan_id))
    kind, name, domain = (request.form.get(each, "") for each in ("kind", "name", "domain"))
    editor = Editor(db.session(), site_key, actor(), clock.now())
    try:
        changed = accepting.accept(editor, found, kind, name, domain)
    except Invalid as invalid:
        flash(in_words(invalid), "error")
    else:
        if changed:
            flash(_("It is in the catalogue’s draft now. Publish the draft when it is complete."), "success")
        else:
            flash(_("The catalogue has it already."))
    return redirect(url_for(".one", site_key=site_key, scan_id=scan_id, _anchor="seen"), 303)


@blueprint.get("/<int(max=2147483647):scan_id>/drift")
@needs(Permission.SEE)
def drift(site_key: str, scan_id: int) -> str:
    """Show where the catalogue and the browser part."""
    return _drift(scan_id, PolicyForm(formdata=None))


@blueprint.post("/<int(max=2147483647):scan_id>/drift")
@needs(Permission.EDIT)
def compare_policy(site_key: str, scan_id: int) -> str | tuple[str, int]:
    """Show where a policy's text, the catalogue and the browser part; the text is not kept."""
    form = PolicyForm()
    if not (form.validate() and take_text(form)):
        return _drift(scan_id, form), 422
    return _drift(scan_id, form, form.text.data)


def _drift(scan_id: int, form: PolicyForm, policy: str = "") -> str:
    kept = this_scan(scan_id)
    found = auditing.audit_scan(db.session(), this_site(), kept)
    verdicts = auditing.drift_of(this_site(), found, policy)
    given = {"form": form, "policy": policy, "text": found.policy}
    return shown("drift.html", kept=kept, verdicts=verdicts, most=MOST_PROOFS, **given)


def _printed(kept: KeptScan) -> Response:
    """Give the report as it was printed when the scan ended."""
    pdf = scan_files.find_file(db.session(), kept.site_id, kept.id, illustrating.print_file(language()))
    return _taken_along(pdf, PDF, kept.id)


def _taken_along(report: bytes, form: str, scan_id: int) -> Response:
    media_type, ending = MEDIA_TYPES[form]
    response = Response(report, mimetype=media_type)
    name = f"audit-{this_site().key}-{scan_id}.{ending}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _sightings(found: Audited | None) -> tuple[Sighting, ...]:
    return auditing.sightings(found) if found else ()


def _audited(kept: KeptScan) -> Audited | None:
    return auditing.audit_scan(db.session(), this_site(), kept) if kept.whole else None
