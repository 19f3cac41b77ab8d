"""Everything that a site has published, with digests and times: a list that only grows (PRF-01, PRF-04)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, jsonify, render_template
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.services import showing
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.errors import ProblemSchema
from consent_server.web.reading import chosen_language
from consent_server.web.visitor.page_style import POLICY, STYLE

blueprint = Blueprint(
    "versions",
    __name__,
    url_prefix="/v1/sites/<site_key>",
    template_folder="templates",
    description="What a site has published, and when",
)

PROBLEM = "application/problem+json"
CACHE = "public, max-age=60"
FOR_EVER = "public, max-age=31536000, immutable"


class LanguageQuery(Schema):
    """Which language: without it, the browser's if the site has it, else the site's own."""

    lang = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))


class ScreenshotSchema(Schema):
    """A picture of one layer."""

    language = fields.String(required=True)
    layer = fields.Integer(required=True)
    device = fields.String(required=True)
    digest = fields.String(required=True)


class VersionSchema(Schema):
    """A published configuration; ``index`` is that of its log entry, null before it has one."""

    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    runtime_digest = fields.String(required=True)
    published_at = fields.String(required=True, metadata={"format": "date-time"})
    index = fields.Integer(required=True, allow_none=True)
    screenshots = fields.List(fields.Nested(ScreenshotSchema), required=True)


class VersionsSchema(Schema):
    """All of them, the newest first."""

    site_key = fields.String(required=True)
    controller = fields.String(required=True)
    origin = fields.String(required=True)
    versions = fields.List(fields.Nested(VersionSchema), required=True)


@blueprint.get("/versions")
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.response(200, {"type": "string"}, description="an accessible page", content_type="text/html")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def page(query: dict[str, Any], site_key: str) -> Response:
    """Give everything that was published, as a page."""
    shelf: Shelf = current_app.extensions["shelf"]
    live = shelf.live(db.session(), site_key).configuration
    language = load_languages()[chosen_language(live, query.get("lang"))]
    response = Response(
        render_template(
            "visitor/versions.html",
            language=language,
            words=language.versions,
            found=showing.versions(db.session(), site_key),
            style=STYLE,
        ),
        mimetype="text/html",
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept-Language"
    return response


@blueprint.get("/versions.json")
@blueprint.response(200, VersionsSchema)
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def data(site_key: str) -> Response:
    """Give everything that was published, as data."""
    response = jsonify(asdict(showing.versions(db.session(), site_key)))
    response.headers["Cache-Control"] = CACHE
    return response


@blueprint.get("/screenshots/<digest>.png")
@blueprint.response(200, {"type": "string", "format": "binary"}, description="a picture", content_type="image/png")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def screenshot(site_key: str, digest: str) -> Response:
    """Give a picture of a layer."""
    response = Response(showing.screenshot(db.session(), site_key, f"sha256:{digest}"), mimetype="image/png")
    response.headers["Cache-Control"] = FOR_EVER
    return response
