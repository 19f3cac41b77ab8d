"""One scan: how far it is; then what fails and what to do, what was seen, what is different, and files of it."""

from __future__ import annotations

from flask import Response
from werkzeug.exceptions import NotFound

from consent_server.domain.account import Permission
from consent_server.domain.audit_reports import FORMATS, MEDIA_TYPES
from consent_server.services import auditing
from consent_server.services.auditing import Audited
from consent_server.storage.database import db
from consent_server.storage.scans import KeptScan
from consent_server.web.admin.access import needs, this_site
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
    page = shown(
        "one.html",
        kept=kept,
        found=found,
        seen=auditing.sightings(found) if found else (),
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
    if form not in FORMATS:
        raise NotFound
    found = auditing.audit_scan(db.session(), this_site(), this_scan(scan_id))
    media_type, ending = MEDIA_TYPES[form]
    response = Response(auditing.write_audit(found, form, language()), mimetype=media_type)
    name = f"audit-{site_key}-{scan_id}.{ending}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _audited(kept: KeptScan) -> Audited | None:
    return auditing.audit_scan(db.session(), this_site(), kept) if kept.whole else None
