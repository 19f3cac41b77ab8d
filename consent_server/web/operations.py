"""For operators: alive, able to record, measured, and whom to write to about a hole (RFC 9116)."""

from __future__ import annotations

import hmac
import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Response, abort, current_app, jsonify, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from prometheus_client import CONTENT_TYPE_LATEST

from consent_server.config import Settings
from consent_server.domain.errors import NotSignedIn
from consent_server.domain.times import rfc3339
from consent_server.services import clock
from consent_server.services.measuring import exposition
from consent_server.services.readiness import Readiness
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema, problem

blueprint = Blueprint("operations", __name__, description="Health, readiness, metrics")

BLUEPRINTS = (blueprint,)

HONOURED_SINCE = "2026-11-22"
"""The day from which Global Privacy Control was heard."""


class PrivacyControlSchema(Schema):
    """The resource by which a site says that it honours Global Privacy Control (its specification, 5)."""

    gpc = fields.Boolean(required=True)
    lastUpdate = fields.String(required=True, metadata={"format": "date"})  # noqa: N815  # the specification's name


@blueprint.get("/healthz")
@blueprint.response(200, {"type": "string"}, description="alive", content_type="text/plain")
def alive() -> Response:
    """Say that the process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@blueprint.response(200, {"type": "string"}, description="able to record", content_type="text/plain")
@blueprint.alt_response(503, schema=ProblemSchema, content_type="application/problem+json")
def ready() -> Response:
    """Say whether a choice could be recorded now, and why not."""
    readiness: Readiness = current_app.extensions["readiness"]
    reason = readiness.trouble(db.session())
    if reason:
        return problem(503, "Not ready", reason, retry_after=5)
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
@blueprint.response(200, {"type": "string"}, description="Prometheus", content_type="text/plain")
@blueprint.alt_response(401, schema=ProblemSchema, content_type="application/problem+json", description="without token")
@blueprint.alt_response(404, schema=ProblemSchema, content_type="application/problem+json")
def metrics() -> Response:
    """Give Prometheus its figures, to whoever carries the token; without one, only to a machine of one's own."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.metrics:
        abort(404)
    if settings.metrics_token:
        _require_token(settings.metrics_token)
    elif not _is_private(settings):
        abort(404)
    response = Response(exposition(current_app.extensions["overview"]), content_type=CONTENT_TYPE_LATEST)
    response.cache_control.no_store = True
    return response


def _require_token(token: str) -> None:
    given = request.headers.get("Authorization", "").partition("Bearer ")[2]
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise NotSignedIn("Send the token of CONSENT_METRICS_TOKEN: Authorization: Bearer …")


def _is_private(settings: Settings) -> bool:
    """Return whether nobody but this machine can have asked: a proxy in front of a public server is on it, too."""
    return _is_loopback(urlsplit(settings.public_url).hostname) and _is_loopback(request.remote_addr)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


@blueprint.get("/.well-known/gpc.json")
@blueprint.response(200, PrivacyControlSchema)
def privacy_control() -> Response:
    """Say that this server honours Global Privacy Control."""
    return jsonify({"gpc": True, "lastUpdate": HONOURED_SINCE})


@blueprint.get("/.well-known/security.txt")
@blueprint.response(200, {"type": "string"}, description="RFC 9116", content_type="text/plain")
def security_txt() -> Response:
    """Say whom to tell about a weakness."""
    expires = rfc3339((clock.now() + timedelta(days=180)).replace(hour=0, minute=0, second=0, microsecond=0))
    settings: Settings = current_app.extensions["settings"]
    contact = settings.security_contact or f"mailto:security@{urlsplit(settings.public_url).hostname}"
    return Response(f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: fr, en\n", mimetype="text/plain")
