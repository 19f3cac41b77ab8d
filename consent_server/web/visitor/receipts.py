"""The visitor's own receipts."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, jsonify, render_template, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.domain.notice import duration_in_words
from consent_server.services import erasing, receiving
from consent_server.services.receiving import ReadableReceipt
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.errors import ProblemSchema
from consent_server.web.reading import chosen_language
from consent_server.web.visitor.page_style import FORM_POLICY, STYLE
from consent_server.web.visitor.schemas import CanonicalUuid, FullReceiptSchema, ReceiptSchema

blueprint = Blueprint(
    "receipts",
    __name__,
    url_prefix="/v1/sites/<site_key>",
    template_folder="templates",
    description="A visitor's own receipts",
)

PROBLEM = "application/problem+json"
JSON, PAGE = "application/json", "text/html"


class ReceiptQuery(Schema):
    """The id that only the visitor's browser knows, and the language of the page: that of the answer without it."""

    consent_id = CanonicalUuid(required=True, metadata={"type": "string", "format": "uuid"})
    lang = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))


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
@blueprint.arguments(ReceiptQuery, location="query")
@blueprint.response(200, FullReceiptSchema)
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.doc(responses={200: {"content": {PAGE: {"schema": {"type": "string"}}}}})
def of_record(query: dict[str, Any], site_key: str, record_id: object) -> Response:
    """Give one receipt with the exact text and salts that open its commitment; as a page to browsers (``Accept``)."""
    session, addresses = db.session(), current_app.extensions["addresses"]
    found = receiving.readable_receipt(session, site_key, str(record_id), query["consent_id"], addresses)
    if request.accept_mimetypes.best_match((JSON, PAGE), JSON) == JSON:
        response = jsonify(found.receipt)
    else:
        response = receipt_page(found, query.get("lang"))
    response.headers["Vary"] = "Accept, Accept-Language"
    return _private(response)


def receipt_page(found: ReadableReceipt, wanted: str | None) -> Response:
    """Return a receipt to read, in the language that was asked for or that of the answer."""
    configuration, receipt = found.configuration, found.receipt
    code = chosen_language(configuration, wanted or receipt["language"])
    language = load_languages()[code]
    response = Response(
        render_template(
            "visitor/receipt.html",
            language=language,
            words=language.receipt,
            receipt=receipt,
            action=language.summary[f"action_{receipt['action']}"],
            titles={purpose["id"]: purpose["title"][code] for purpose in configuration.document["purposes"]},
            services={service["id"]: service["name"] for service in configuration.document["services"]},
            controller=configuration.document["banner"]["controller"],
            reopen=configuration.document["banner"]["texts"][code]["reopen"],
            kept_for=duration_in_words(found.kept_for, language.banner),
            style=STYLE,
        ),
        mimetype=PAGE,
    )
    response.headers["Content-Security-Policy"] = FORM_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"  # the address has the visitor's identifier
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
