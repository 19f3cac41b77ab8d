"""The script tag's answer and the configuration: published bytes, sent as they were compressed at publication."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from consent_server.domain.errors import ConfigurationNotFound
from consent_server.services.showing import Shelf
from consent_server.storage.configurations import Encoded
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema
from consent_server.web.visitor.hot import coding_of, etag_of
from consent_server.web.visitor.schemas import ConfigurationSchema

blueprint = Blueprint(
    "banner", __name__, url_prefix="/v1/sites/<site_key>", description="The banner script and its configuration"
)

LIVE = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
PINNED = "public, max-age=31536000, immutable"

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")

PROBLEM = "application/problem+json"


class VersionSchema(Schema):
    """Which configuration; without it, the current one."""

    version = fields.Integer(validate=validate.Range(1, 2**31 - 1))


@blueprint.get("/banner.js")
@blueprint.response(200, {"type": "string"}, description="configuration and runtime", content_type="text/javascript")
@blueprint.alt_response(304, description="not modified")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def live_banner(site_key: str) -> Response:
    """Give the site's current configuration, followed by the runtime."""
    return _answer(_shelf().live(_session(), site_key).banner, "text/javascript", LIVE)


@blueprint.get("/banner.<digest>.js")
@blueprint.response(200, {"type": "string"}, description="one configuration", content_type="text/javascript")
@blueprint.alt_response(304, description="not modified")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def pinned_banner(site_key: str, digest: str) -> Response:
    """Give one configuration's script, the same bytes for ever, for ``integrity=``."""
    if not _DIGEST.match(digest):
        raise ConfigurationNotFound("This site has published no such configuration.")
    published = _shelf().by_digest(_session(), site_key, f"sha256:{digest}")
    return _answer(published.banner, "text/javascript", PINNED)


@blueprint.get("/logo.<digest>.webp")
@blueprint.response(200, {"type": "string", "format": "binary"}, description="a logo", content_type="image/webp")
@blueprint.alt_response(304, description="not modified")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
def logo(site_key: str, digest: str) -> Response:
    """Give a logo that the site has published: its digest is in the configuration, ``banner.logo``."""
    response = Response(_shelf().logo(_session(), site_key, f"sha256:{digest}"), mimetype="image/webp")
    response.headers["Cache-Control"] = PINNED
    response.set_etag(digest[:32])
    response.make_conditional(request)
    return response


@blueprint.get("/config")
@blueprint.arguments(VersionSchema, location="query")
@blueprint.response(200, ConfigurationSchema, description="the configuration")
@blueprint.alt_response(304, description="not modified")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM)
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM)
def config(query: dict[str, Any], site_key: str) -> Response:
    """Give the current configuration, or an older one."""
    if "version" in query:
        published = _shelf().by_version(_session(), site_key, query["version"])
        return _answer(published.config, "application/json", PINNED)
    return _answer(_shelf().live(_session(), site_key).config, "application/json", LIVE)


def _shelf() -> Shelf:
    shelf: Shelf = current_app.extensions["shelf"]
    return shelf


def _session() -> Session:
    return db.session()


def _answer(files: Encoded, mimetype: str, cache: str) -> Response:
    coding = coding_of(request.headers.get("Accept-Encoding", ""))
    response = Response({"br": files.br, "gzip": files.gzip}.get(coding, files.plain), mimetype=mimetype)
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = "Accept-Encoding"
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["ETag"] = etag_of(files.tag, coding)
    response.make_conditional(request)
    return response
