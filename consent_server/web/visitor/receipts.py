"""The visitor's own receipts."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema

from consent_server.services import erasing, receiving
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema
from consent_server.web.visitor.schemas import CanonicalUuid, FullReceiptSchema, ReceiptSchema

blueprint = Blueprint("receipts", __name__, url_prefix="/v1/sites/<site_key>", description="A visitor's own receipts")

PROBLEM = "application/problem+json"


class ConsentIdSchema(Schema):
    """The id that only the visitor's browser knows."""

    consent_id = CanonicalUuid(required=True, metadata={"type": "string", "format": "uuid"})


@blueprint.get("/consents/<uuid:consent_id>")
@blueprint.response(200, ReceiptSchema(many=True))
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def of_visitor(site_key: str, consent_id: object) -> Response:
    """Give every receipt of one consent id, oldest first."""
    found = receiving.receipts_of_visitor(db.session(), site_key, str(consent_id), current_app.extensions["addresses"])
    return _private(jsonify(found))


@blueprint.delete("/consents/<uuid:consent_id>")
@blueprint.response(204, description="the personal part of every record is gone; the records and the log stay")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(503, schema=ProblemSchema, content_type=PROBLEM)
def forget(site_key: str, consent_id: object) -> Response:
    """Delete what singles the visitor out in their records; each removal is itself an entry of the log."""
    erasing.scrub_visitor(db.session(), site_key, str(consent_id))
    current_app.extensions["sweeper"].wake()
    return Response(status=204)


@blueprint.get("/receipts/<uuid:record_id>")
@blueprint.arguments(ConsentIdSchema, location="query")
@blueprint.response(200, FullReceiptSchema)
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def of_record(query: dict[str, Any], site_key: str, record_id: object) -> Response:
    """Give one receipt with the exact text and salts that open its commitment."""
    found = receiving.full_receipt(
        db.session(), site_key, str(record_id), query["consent_id"], current_app.extensions["addresses"]
    )
    return _private(jsonify(found))


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
