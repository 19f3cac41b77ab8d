"""A Content Security Policy made from the current configuration, for whoever sends a site's headers.

Not asked by visitors: a server's configuration, a build or a deployment asks once per publication and per combination
of purposes that it tells apart. What a policy can and cannot say stands in ``domain/content_policy``.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.config import Settings
from consent_server.domain.content_policy import PolicyOptions
from consent_server.services import showing
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema

blueprint = Blueprint(
    "content_policy", __name__, url_prefix="/v1/sites/<site_key>", description="The Content Security Policy helper"
)

PROBLEM = "application/problem+json"
CACHE = "public, max-age=300"
TEXT, JSON = "text/plain", "application/json"
LONGEST = 400
"""Characters: all three, percent-encoded, still fit into a request line as web servers limit it (4 094 bytes)."""


def _listed(item: str) -> list[validate.Validator]:
    return [validate.Length(max=LONGEST), validate.Regexp(rf"^({item}(,{item})*)?\Z")]


class ContentPolicyQuerySchema(Schema):
    """What the pages are that it is for."""

    granted = fields.String(
        load_default="",
        validate=_listed(r"[a-z0-9_-]+"),
        metadata={"description": "purposes that the visitor has granted, comma separated; none: before the choice"},
    )
    mode = fields.String(load_default="report-only", validate=validate.OneOf(("report-only", "enforce")))
    allow = fields.String(
        load_default="",
        validate=_listed(r"[!-+\--~]+"),
        metadata={"description": "further sources, comma separated: host, *.host, https://host/path/"},
    )
    report_uri = fields.String(
        validate=[validate.Length(1, LONGEST), validate.Regexp(r"^[!-~]+\Z")],
        metadata={"description": "where violations are reported"},
    )


class ContentPolicySchema(Schema):
    """A policy and the header that it is to be sent under."""

    site_key = fields.String(required=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    granted = fields.List(fields.String(), required=True)
    header = fields.String(required=True)
    value = fields.String(required=True)


@blueprint.get("/csp")
@blueprint.arguments(ContentPolicyQuerySchema, location="query")
@blueprint.response(200, ContentPolicySchema, description="the policy; as text/plain its value alone")
@blueprint.alt_response(304, description="not modified")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM, description="a list cannot say that")
@blueprint.doc(responses={200: {"content": {TEXT: {"schema": {"type": "string"}}}}})
def content_policy(query: dict[str, Any], site_key: str) -> Response:
    """Give the policy of the site's pages while these purposes, and no others, are granted."""
    shelf: Shelf = current_app.extensions["shelf"]
    session = db.session()
    published = shelf.live(session, site_key)
    granted = _items(query["granted"])
    options = PolicyOptions(
        _origin(), tuple(_items(query["allow"])), query["mode"] == "report-only", query.get("report_uri")
    )
    value = showing.content_policy(session, published, granted, options)
    configuration = published.configuration
    if request.accept_mimetypes.best_match((TEXT, JSON)) == JSON:
        return _cached(
            jsonify(
                site_key=site_key,
                version=configuration.version,
                digest=configuration.digest,
                granted=granted,
                header=options.header,
                value=value,
            )
        )
    return _cached(Response(f"{value}\n", mimetype=TEXT))


def _items(text: str) -> list[str]:
    return list(dict.fromkeys(text.split(","))) if text else []


def _origin() -> str:
    """Return where this server's banner comes from, as a source."""
    settings: Settings = current_app.extensions["settings"]
    address = urlsplit(settings.public_url)
    return f"{address.scheme}://{address.netloc}"


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response
