"""Scans of a site: asking for one, how far it is, what it saw, and its audit."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.audit_reports import LANGUAGES, MEDIA_TYPES, PDF
from consent_server.domain.audit_reports.captions import caption_of, pass_of_picture
from consent_server.domain.audit_reports.words import Words
from consent_server.domain.errors import Conflict, NotFound
from consent_server.domain.scan import PICTURE_ENDING, PICTURE_TYPE
from consent_server.domain.scan_difference import SORTS
from consent_server.services import auditing, clock, illustrating, surveying
from consent_server.services.scanning import MOST_PAGES
from consent_server.services.surveying import TROUBLES
from consent_server.storage import scan_files, scans
from consent_server.storage.database import db
from consent_server.storage.scan_files import ScanFile
from consent_server.storage.scans import STATES, KeptScan
from consent_server.web.api.access import Operations, PageQuery, actor, list_of, part, this_site
from consent_server.web.api.policy_text import ComparedSchema
from consent_server.web.api.schemas import Moment

blueprint = Operations("scans", "/sites/<site_key>/scans", "Scans and audits")

_TIME = {"type": "string", "format": "date-time"}


class NewScanSchema(Schema):
    """What to visit. Without an address it is the first page of the site's first origin."""

    address = fields.String(load_default="", validate=validate.Length(max=2_000))
    pages = fields.Integer(load_default=surveying.PAGES, strict=True, validate=validate.Range(1, MOST_PAGES))
    seconds = fields.Integer(
        load_default=surveying.SECONDS, strict=True, validate=validate.Range(10, surveying.MOST_SECONDS)
    )


class AuditQuery(Schema):
    """In which form."""

    format = fields.String(load_default="json", validate=validate.OneOf(list(MEDIA_TYPES)))
    language = fields.String(load_default="en", validate=validate.OneOf(list(LANGUAGES)))


class PassMadeSchema(Schema):
    """A visit that is made."""

    name = fields.String(required=True)
    pages = fields.Integer(required=True)
    requests = fields.Integer(required=True)


class CountsSchema(Schema):
    """What it came to when it ended: verdicts, then differences from the scan before."""

    fails = fields.Integer(required=True)
    undecided = fields.Integer(required=True)
    holds = fields.Integer(required=True)
    appeared = fields.Integer(required=True)
    gone = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    early = fields.Integer(
        required=True,
        metadata={"description": "new, and needs the consent that it comes before; all such of a first scan"},
    )


class ScanLineSchema(Schema):
    """A scan in the list."""

    id = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    address = fields.String(required=True)
    pages = fields.Integer(required=True)
    seconds = fields.Integer(required=True)
    asked_at = Moment(required=True, metadata=_TIME)
    asked_by = fields.String(required=True, metadata={"description": "empty: the schedule"})
    started_at = Moment(required=True, allow_none=True, metadata=_TIME)
    finished_at = Moment(required=True, allow_none=True, metadata=_TIME)
    expected = fields.Integer(required=True, metadata={"description": "how many visits it makes; 0 until it runs"})
    progress = fields.List(fields.Nested(PassMadeSchema), required=True)
    counts = fields.Nested(CountsSchema, required=True, allow_none=True)
    why_failed = fields.String(required=True, metadata={"description": "empty unless it failed"})
    ended_early = fields.String(required=True, metadata={"description": "why it ended before its time, or empty"})
    whole = fields.Boolean(required=True, metadata={"description": "whether what it saw is kept"})


class ChangeSchema(Schema):
    """One difference from the scan before; lifetimes are seconds, null for a session's."""

    sort = fields.String(required=True, validate=validate.OneOf(SORTS))
    kind = fields.String(required=True)
    name = fields.String(required=True)
    domain = fields.String(required=True)
    seen_in = fields.String(required=True)
    page = fields.String(required=True)
    set_by = fields.List(fields.String(), required=True)
    before = fields.Integer(required=True, allow_none=True)
    after = fields.Integer(required=True, allow_none=True)


class PictureSchema(Schema):
    """What a visitor saw, as a picture. The verdicts of an audit name its file under ``pictures``."""

    file = fields.String(required=True)
    address = fields.String(required=True, metadata={"description": "where it is, on this server"})
    what = fields.String(required=True, metadata={"description": "what it shows, in English"})
    seen_in = fields.String(required=True, metadata={"description": "the visit that it was taken in"})
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    size = fields.Integer(required=True, metadata={"description": "in bytes"})


class ScanSchema(ScanLineSchema):
    """A scan in full: ``scan`` is what ``consent-server scan --format json`` prints."""

    compared_with = fields.Integer(required=True, allow_none=True, metadata={"description": "the scan before"})
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    policy_text = fields.Nested(
        ComparedSchema,
        required=True,
        allow_none=True,
        metadata={"description": "which text its audit is compared with: the one that is kept now"},
    )
    scan = fields.Dict(required=True, allow_none=True)
    pictures = fields.List(
        fields.Nested(PictureSchema),
        required=True,
        metadata={"description": f"of the newest {scan_files.ILLUSTRATED} scans of a site alone"},
    )


@blueprint.post("")
@blueprint.response(202, ScanLineSchema, description="it is asked for")
@blueprint.needs(Permission.EDIT, 404, 409)
@blueprint.takes(NewScanSchema, optional=True)
def ask(given: dict[str, Any], site_key: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Ask for a scan, which a worker makes. 409 while one of the site is under way."""
    kept = surveying.ask(db.session(), this_site(), actor(), clock.now(), **given)
    return _line(kept), 202, {"Location": f"/api/v1/sites/{site_key}/scans/{kept.id}"}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(ScanLineSchema, "Scan"))
@blueprint.needs(Permission.SEE, 404, 422)
def list_scans(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Give the scans of the site, the newest first."""
    before, limit = int(query["cursor"]) if "cursor" in query else None, query["limit"]
    found = part(scans.list_scans(db.session(), this_site().id, before, limit + 1), limit)
    return {**found, "items": [_line(each) for each in found["items"]]}


@blueprint.get("/<int(max=2147483647):scan_id>")
@blueprint.response(200, ScanSchema)
@blueprint.needs(Permission.SEE, 404)
def show(site_key: str, scan_id: int) -> dict[str, Any]:
    """Give a scan: how far it is, then what it saw and what is different."""
    kept = scans.find_scan(db.session(), this_site().id, scan_id)
    nothing = {**_line(kept), "compared_with": None, "changes": [], "policy_text": None, "scan": None, "pictures": []}
    if not kept.whole:
        return nothing
    found = auditing.audit_scan(db.session(), this_site(), kept)
    compared_with = found.previous.id if found.previous else None
    told: dict[str, Any] = {"compared_with": compared_with, "changes": found.changes, "scan": found.seen.to_json()}
    files = scan_files.list_files(db.session(), kept.site_id, kept.id)
    told["policy_text"] = found.policy
    return {**nothing, **told, "pictures": [_picture(each, site_key, scan_id) for each in files if each.shows]}


@blueprint.get("/<int(max=2147483647):scan_id>/pictures/<file>")
@blueprint.response(200, {"type": "string", "format": "binary"}, description="a picture", content_type=PICTURE_TYPE)
@blueprint.needs(Permission.SEE, 404)
def picture(site_key: str, scan_id: int, file: str) -> Response:
    """Give a picture of what a visitor saw, by the name of its file."""
    kept = scans.find_scan(db.session(), this_site().id, scan_id)
    if not file.endswith(PICTURE_ENDING):
        raise NotFound("This is not the name of a picture.")
    response = Response(scan_files.find_file(db.session(), kept.site_id, kept.id, file), mimetype=PICTURE_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<int(max=2147483647):scan_id>/cancel")
@blueprint.response(200, ScanLineSchema, description="it is cancelled")
@blueprint.needs(Permission.EDIT, 404, 409)
def cancel(site_key: str, scan_id: int) -> dict[str, Any]:
    """End a scan that is under way. 409 when it is over."""
    if not surveying.cancel(db.session(), this_site(), scan_id, actor(), clock.now()):
        raise Conflict("This scan is over.")
    return _line(scans.find_scan(db.session(), this_site().id, scan_id))


@blueprint.get("/<int(max=2147483647):scan_id>/audit")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type=MEDIA_TYPES["text"][0])
@blueprint.doc(responses={200: {"content": {kind: {"schema": {}} for kind, _ in MEDIA_TYPES.values()}}})
@blueprint.needs(Permission.SEE, 404, 409, 422)
def audit(query: dict[str, Any], site_key: str, scan_id: int) -> Response:
    """Give the audit of a scan that ended, judged by the catalogue's draft as it is now; the PDF is as it was then."""
    kept = scans.find_scan(db.session(), this_site().id, scan_id)
    if not kept.whole:
        raise Conflict("This scan has not ended, or what it saw is not kept.")
    report = _audit(kept, **query)
    response = Response(report, mimetype=MEDIA_TYPES[query["format"]][0])
    response.headers["Cache-Control"] = "no-store"
    if query["format"] in {"html", PDF}:
        response.headers["Content-Disposition"] = f"attachment; filename=audit-{site_key}-{scan_id}.{query['format']}"
    return response


def _audit(kept: KeptScan, format: str, language: str) -> bytes:
    if format == PDF:
        try:
            return scan_files.find_file(db.session(), kept.site_id, kept.id, illustrating.print_file(language))
        except NotFound:
            raise Conflict("No PDF is kept of this scan: print the audit with format=html.") from None
    found = auditing.audit_scan(db.session(), this_site(), kept)
    return auditing.write_audit(db.session(), found, format, language)


def _picture(file: ScanFile, site_key: str, scan_id: int) -> dict[str, Any]:
    return {
        **vars(file),
        "file": file.name,
        "address": f"/api/v1/sites/{site_key}/scans/{scan_id}/pictures/{file.name}",
        "what": caption_of(file.shows, Words("en")),
        "seen_in": pass_of_picture(file.shows),
    }


def _line(kept: KeptScan) -> dict[str, Any]:
    why = " ".join(filter(None, (TROUBLES.get(kept.trouble, ""), kept.detail))) if kept.trouble else ""
    return {**vars(kept), "why_failed": why, "ended_early": "" if kept.trouble else kept.detail}
