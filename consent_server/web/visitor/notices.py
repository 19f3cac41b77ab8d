"""Counting notices that are shown, on sites that ask for it: a number goes up, and nothing is kept of who saw it."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from consent_server.domain.catalogue import parse_origin
from consent_server.domain.errors import Invalid, NotFound, OriginNotAllowed
from consent_server.services.noticing import Noticing
from consent_server.services.reducing import reduce_user_agent
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema

blueprint = Blueprint(
    "notices", __name__, url_prefix="/v1/sites/<site_key>", description="Counting notices, without anybody's data"
)

PROBLEM = "application/problem+json"


class ShownQuery(Schema):
    """Which configuration was shown, in which language."""

    version = fields.Integer(required=True, validate=validate.Range(1, 2**31 - 1))
    lang = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{2,3}\Z"))


@blueprint.post("/shown")
@blueprint.arguments(ShownQuery, location="query")
@blueprint.response(204, description="counted")
@blueprint.alt_response(403, schema=ProblemSchema, content_type=PROBLEM, description="not one of the site's pages")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM, description="not counted on this site")
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def shown(query: dict[str, Any], site_key: str) -> Response:
    """Count a page on which the notice was shown to somebody who had not answered."""
    site = sites.find_site(db.session(), site_key)
    configuration = current_app.extensions["shelf"].by_version(db.session(), site_key, query["version"]).configuration
    if not configuration.document.get("count_notices") or query["lang"] not in configuration.document["languages"]:
        raise NotFound("Notices are not counted on this site, or not in this language.")
    _refuse_strangers(site.origins)
    client = reduce_user_agent(request.headers.get("User-Agent"))
    noticing: Noticing = current_app.extensions["noticing"]
    noticing.count(site.id, query["version"], query["lang"], client.form_factor or "")
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refuse_strangers(origins: tuple[str, ...]) -> None:
    header = request.headers.get("Origin")
    try:
        if header is not None and parse_origin(header) not in origins:
            raise OriginNotAllowed("The page that sent this is not one of the site's.")
    except Invalid:
        raise OriginNotAllowed("The page that sent this is not one of the site's.") from None
