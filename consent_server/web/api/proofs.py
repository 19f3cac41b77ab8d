"""Consent records of a site, one by one, and evidence to take along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, current_app
from marshmallow import Schema, ValidationError, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.choice import ACTIONS
from consent_server.services import clock, examining, handing_over, searching
from consent_server.services.exporting import FORMATS, Filters
from consent_server.services.searching import Wanted
from consent_server.storage.database import db
from consent_server.web.api.access import Operations, actor, list_of, this_site
from consent_server.web.api.schemas import Moment

blueprint = Operations("proofs", "/sites/<site_key>/proofs", "Consent records and evidence")

_PURPOSE = validate.Regexp(r"^[a-z][a-z0-9_]{0,39}\Z")
_TIME = {"type": "string", "format": "date-time"}
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def _possible(moment: datetime) -> None:
    """Refuse times that have no equal in UTC."""
    if not 1900 < moment.year < 9999:
        raise ValidationError("There is no record of such a time.")


class ProofsQuery(Schema):
    """Which records, the newest first."""

    cursor = fields.String(
        validate=validate.Length(1, 80), metadata={"description": "`next_cursor` of the part before"}
    )
    code = fields.String(
        validate=validate.Regexp(r"^[0-9a-f-]{4,36}\Z"),
        metadata={"description": "a receipt's record_id or its beginning, or a visitor's consent_id"},
    )
    start = fields.AwareDateTime(data_key="from", validate=_possible)
    stop = fields.AwareDateTime(data_key="to", validate=_possible)
    action = fields.String(validate=validate.OneOf(ACTIONS))
    purpose = fields.String(validate=_PURPOSE)
    granted = fields.Boolean(load_default=True, truthy={"true"}, falsy={"false"})


class ExportQuery(Schema):
    """What an export has: all of the log, or a part."""

    format = fields.String(required=True, validate=validate.OneOf(list(FORMATS)))
    start = fields.AwareDateTime(data_key="from", validate=_possible)
    stop = fields.AwareDateTime(data_key="to", validate=_possible)
    action = fields.String(validate=validate.OneOf(ACTIONS))
    purpose = fields.String(validate=_PURPOSE)
    service = fields.String(validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,62}\Z"))
    consent_id = fields.UUID()


class FoundSchema(Schema):
    """A record in a list; ``consent_id`` is null when its personal part is gone."""

    record_id = fields.UUID(required=True)
    recorded_at = Moment(required=True, metadata=_TIME)
    action = fields.String(required=True)
    decisions = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)
    config_version = fields.Integer(required=True)
    language = fields.String(required=True, allow_none=True)
    consent_id = fields.UUID(required=True, allow_none=True)


class CheckSchema(Schema):
    """What was checked now; ``good`` is null when there is nothing to check, or not yet."""

    name = fields.String(required=True)
    good = fields.Boolean(required=True, allow_none=True)
    why = fields.String(required=True)


class ExaminedSchema(Schema):
    """A record in full, its place in the log, and every proof of it checked now."""

    record = fields.Dict(required=True)
    personal = fields.Dict(required=True, metadata={"description": "empty when it was deleted"})
    index = fields.Integer(required=True, allow_none=True)
    size = fields.Integer(required=True, allow_none=True, metadata={"description": "of the newest checkpoint"})
    proof = fields.String(required=True, allow_none=True, metadata={"description": "C2SP tlog-proof"})
    stamped_at = Moment(required=True, allow_none=True, metadata={"type": ["string", "null"], "format": "date-time"})
    checks = fields.List(fields.Nested(CheckSchema), required=True)


@blueprint.get("")
@blueprint.arguments(ProofsQuery, location="query")
@blueprint.response(200, list_of(FoundSchema, "Found"))
@blueprint.needs(Permission.PROVE, 404, 422)
def search(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Find records. A part may have few or none and still be followed by more: a rare answer takes some reading."""
    after = query.pop("cursor", None)
    page = searching.search(db.session(), this_site().key, Wanted(**query), after)
    return {"items": page.records, "next_cursor": page.next}


@blueprint.get("/<uuid:record_id>")
@blueprint.response(200, ExaminedSchema)
@blueprint.needs(Permission.PROVE, 404)
def examine(site_key: str, record_id: object) -> examining.Examined:
    """Give a record in full, its proofs checked now."""
    return examining.examine(db.session(), this_site().key, str(record_id), current_app.extensions["keyring"])


@blueprint.get("/export")
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=FORMATS["zip"].media_type)
@blueprint.doc(responses={200: {"content": {form.media_type: _BYTES for form in FORMATS.values()}}})
@blueprint.needs(Permission.PROVE, 404, 422)
def export(query: dict[str, Any], site_key: str) -> Response:
    """Stream evidence (zip, jsonl), a table (csv) or a report (pdf), of the whole log or of a part."""
    extensions, key, bearer = current_app.extensions, this_site().key, actor()
    form = query.pop("format")
    if "consent_id" in query:
        query["consent_id"] = str(query["consent_id"])
    asked = handing_over.ask(db.session(), key, form, Filters(**query), bearer, clock.now())
    db.session.remove()  # an export takes minutes: it has a connection of its own
    _, chunks = handing_over.stream(
        extensions["sessions"],
        key,
        asked,
        extensions["keyring"],
        extensions["settings"].high_water_mark,
        extensions["anchoring"],
    )
    response = Response(chunks, mimetype=FORMATS[form].media_type)
    response.headers["Content-Disposition"] = f"attachment; filename=evidence-{key}.{form}"
    response.headers["Cache-Control"] = "no-store"
    return response
