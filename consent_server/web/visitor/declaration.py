"""The cookie declaration of a site, as a page that needs no script, and as data (UI-09, EXM-09)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, current_app, jsonify, render_template
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.domain.notice import Declaration, declare, fill
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.errors import ProblemSchema
from consent_server.web.reading import chosen_language
from consent_server.web.visitor.page_style import POLICY, STYLE

blueprint = Blueprint(
    "declaration",
    __name__,
    url_prefix="/v1/sites/<site_key>",
    template_folder="templates",
    description="The generated cookie declaration",
)

PROBLEM = "application/problem+json"
CACHE = "public, max-age=300"


class DeclarationQuery(Schema):
    """Which language: without it, the browser's if the site has it, else the site's own.

    Which configuration: the current one without it; the banner asks for its own.
    """

    lang = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))
    version = fields.Integer(validate=validate.Range(1, 2**31 - 1))


class DeclarationSchema(Schema):
    """The declaration as data."""

    language = fields.String(required=True)
    controller = fields.String(required=True)
    privacy_url = fields.String(required=True, allow_none=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    published_at = fields.String(required=True, metadata={"format": "date-time"})
    purposes = fields.List(fields.Dict(), required=True)
    partners = fields.List(fields.Dict(), required=True)
    withdraw = fields.String(required=True)
    intro = fields.String(required=True)
    updated = fields.String(required=True)


@blueprint.get("/policy")
@blueprint.arguments(DeclarationQuery, location="query")
@blueprint.response(200, {"type": "string"}, description="an accessible page", content_type="text/html")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def page(query: dict[str, Any], site_key: str) -> Response:
    """Give the declaration as a page."""
    declaration = _declaration(site_key, query)
    language = load_languages()[declaration.language]
    response = Response(
        render_template(
            "visitor/policy.html",
            declaration=declaration,
            words=language.declaration,
            **_around(declaration, language.declaration),
            banner=language.banner,
            direction=language.direction,
            style=STYLE,
        ),
        mimetype="text/html",
    )
    response.headers["Content-Security-Policy"] = POLICY
    return _cached(response)


@blueprint.get("/policy.json")
@blueprint.arguments(DeclarationQuery, location="query")
@blueprint.response(200, DeclarationSchema)
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def data(query: dict[str, Any], site_key: str) -> Response:
    """Give the declaration as data."""
    declaration = _declaration(site_key, query)
    words = load_languages()[declaration.language].declaration
    told = asdict(declaration)
    for tracker in (t for purpose in told["purposes"] for service in purpose["services"] for t in service["trackers"]):
        if tracker["exempt_because"]:
            tracker["exempt_because"] = fill(words["exempt"], why=tracker["exempt_because"])
    return _cached(jsonify({**told, **_around(declaration, words)}))


def _declaration(site_key: str, query: dict[str, Any]) -> Declaration:
    shelf: Shelf = current_app.extensions["shelf"]
    version = query.get("version")
    published = shelf.by_version(db.session(), site_key, version) if version else shelf.live(db.session(), site_key)
    configuration = published.configuration
    return declare(configuration, chosen_language(configuration, query.get("lang")))


def _around(declaration: Declaration, words: Mapping[str, str]) -> dict[str, str]:
    """Return what stands above and below the lists: what they are, and of which day."""
    version, day = str(declaration.version), declaration.published_at[:10]
    return {
        "intro": fill(words["intro"], site=declaration.controller),
        "updated": fill(words["updated"], version=version, date=day),
    }


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept-Language"
    return response
