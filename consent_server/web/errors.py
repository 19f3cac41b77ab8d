"""One table from what went wrong to an RFC 9457 problem answer. No view builds an error body of its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, jsonify
from marshmallow import Schema, ValidationError, fields
from werkzeug.exceptions import HTTPException, InternalServerError

from consent_server.domain import errors
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.compliance import Finding
from consent_server.domain.strict_json import MalformedJson
from consent_server.services.publishing import Unfair
from consent_server.storage.database import AWAY

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.ConsentServerError], int, str], ...] = (
    (MalformedJson, 400, "The body cannot be read"),
    (errors.Invalid, 422, "The request has the wrong shape or meaning"),
    (errors.NotFound, 404, "There is no such thing"),
    (Overtaken, 412, "Somebody else changed it meanwhile"),
    (Unfair, 409, "The banner does not ask fairly"),
    (errors.Conflict, 409, "It contradicts what is already kept"),
    (errors.OriginNotAllowed, 403, "This page may not do that"),
    (errors.NotSignedIn, 401, "Who asks is not known"),
    (errors.NotAllowed, 403, "This role may not do that"),
    (errors.TooManyTries, 429, "Too many tries"),
    (errors.NotYet, 202, "Not yet"),
    (errors.Unavailable, 503, "Try again later"),
    (errors.LogFrozen, 503, "Try again later"),
)


class ProblemSchema(Schema):
    """An RFC 9457 problem."""

    type = fields.String(required=True, metadata={"description": "identifies the kind of problem"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "field → messages, for a body of the wrong shape or meaning"},
    )


class FindingSchema(Schema):
    """One requirement that does not hold: its id, where, what to do, and the text that it rests on."""

    requirement = fields.String(required=True)
    where = fields.String(required=True)
    message = fields.String(required=True)
    source = fields.String(required=True)


class UnfairSchema(ProblemSchema):
    """What forbids to publish."""

    findings = fields.List(fields.Nested(FindingSchema))


def problem(
    status: int,
    title: str,
    detail: str = "",
    *,
    problems: Mapping[str, Sequence[str]] | None = None,
    findings: Sequence[Finding] = (),
    retry_after: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem answer."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if problems:
        body["errors"] = {field: list(messages) for field, messages in problems.items()}
    if findings:
        body["findings"] = FindingSchema(many=True).dump(findings)
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    response.cache_control.no_store = True
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    response.headers.update(headers or {})
    return response


def flatten(messages: object, path: str = "") -> dict[str, list[str]]:
    """Return marshmallow's nested messages as field path → messages."""
    if isinstance(messages, Mapping):
        found: dict[str, list[str]] = {}
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)[:80]
            found.update(flatten(inner, f"{path}.{step}".strip(".")))
        return found
    if isinstance(messages, list):
        return {path: [str(message) for message in messages]}
    return {path: [str(messages)]}


def register(app: Flask) -> None:
    """Answer every error with a problem."""
    app.register_error_handler(errors.ConsentServerError, _ours)
    app.register_error_handler(ValidationError, _wrong_shape)
    app.register_error_handler(HTTPException, _http)
    for away in AWAY:
        app.register_error_handler(away, _database_away)


def status_of(error: errors.ConsentServerError) -> int:
    """Return the status that an error of ours is answered with."""
    return next((status for kind, status, _ in STATUS if isinstance(error, kind)), 500)


def _ours(error: errors.ConsentServerError) -> Response:
    for kind, status, title in STATUS:
        if isinstance(error, kind):
            problems = error.problems if isinstance(error, errors.Invalid) else None
            retry_after = getattr(error, "retry_after", 60 if status == 503 else None)
            findings = error.findings if isinstance(error, Unfair) else ()
            detail = "" if problems or findings else str(error)
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            return problem(
                status,
                title,
                detail,
                problems=problems,
                findings=findings,
                retry_after=retry_after,
                headers=headers,
            )
    log.error("an error without a status: %s", type(error).__name__)
    return _http(InternalServerError())


def _wrong_shape(error: ValidationError) -> Response:
    return problem(422, "The request has the wrong shape or meaning", problems=flatten(error.messages))


def _http(error: HTTPException) -> Response:
    """Werkzeug's own errors; its ``Allow`` and ``Retry-After`` headers are kept, its HTML is not."""
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")}
    status = error.code or 500
    if 300 <= status < 400:
        return Response(error.get_response().response, status, headers=dict(error.get_headers()))
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages:  # webargs: a query of the wrong shape
        return problem(status, "The request has the wrong shape or meaning", problems=flatten(messages))
    title = HTTPStatus(status).phrase
    detail = "" if status >= 500 else (error.description or "")
    return problem(status, title, detail, headers=kept)


def _database_away(error: Exception) -> Response:
    current_app.logger.error("the database is away: %s", type(getattr(error, "orig", error)).__name__)
    return problem(503, "Try again later", "The database is away; nothing was acknowledged.", retry_after=5)
