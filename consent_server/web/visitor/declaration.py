"""The cookie declaration of a site, as a page that needs no script, and as data (UI-09, EXM-09)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from typing import Any

from flask import Response, current_app, jsonify, render_template, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.domain.errors import Invalid
from consent_server.domain.notice import Declaration, declare
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.errors import ProblemSchema

blueprint = Blueprint(
    "declaration",
    __name__,
    url_prefix="/v1/sites/<site_key>",
    template_folder="templates",
    description="The generated cookie declaration",
)

PROBLEM = "application/problem+json"
CACHE = "public, max-age=300"

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; font: 1rem/1.6 system-ui, sans-serif; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 1.5rem 0 .5rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th:nth-child(1) { width: 26%; } th:nth-child(3) { width: 22%; } th:nth-child(4) { width: 14%; }
th, td { padding: .5rem .75rem .5rem 0; border-top: 1px solid; text-align: start; vertical-align: top; }
td:first-child { overflow-wrap: anywhere; font-family: ui-monospace, monospace; } small { display: block; }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tr { display: block; border-top: 1px solid; padding: .5rem 0; }
  th, td { display: block; border: 0; padding: .1rem 0; }
}
"""

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'"
)
"""The page may be framed: a site may show it inside its own policy page."""


class DeclarationQuery(Schema):
    """Which language: without it, the browser's if the site has it, else the site's own.

    Which configuration: the current one without it; the banner asks for its own.
    """

    lang = fields.String(validate=validate.Regexp(r"[a-z]{2,3}\Z"))
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
    return _cached(jsonify(asdict(_declaration(site_key, query))))


def _declaration(site_key: str, query: dict[str, Any]) -> Declaration:
    shelf: Shelf = current_app.extensions["shelf"]
    version = query.get("version")
    published = shelf.by_version(db.session(), site_key, version) if version else shelf.live(db.session(), site_key)
    configuration = published.configuration
    languages = configuration.document["languages"]
    wanted = query.get("lang")
    if wanted is None:
        wanted = request.accept_languages.best_match(languages, configuration.document["default_language"])
    if wanted not in languages:
        raise Invalid.because(f"This site speaks {', '.join(languages)}.", "lang")
    return declare(configuration, wanted)


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept-Language"
    return response
