"""Recording a choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Flask, Request, Response, current_app, jsonify, request
from flask_smorest import Blueprint
from marshmallow import ValidationError

from consent_server.domain.assurance import Assurance, assure
from consent_server.domain.catalogue import parse_origin
from consent_server.domain.choice import Choice
from consent_server.domain.errors import Invalid, OriginNotAllowed
from consent_server.services import receiving
from consent_server.services.measuring import RECORDED, REPLAYED
from consent_server.services.receiving import Addresses
from consent_server.services.recording import Answer, Recorded, Recorder
from consent_server.services.reducing import reduce_user_agent
from consent_server.web.errors import ProblemSchema
from consent_server.web.limits import count_answer
from consent_server.web.reading import json_body
from consent_server.web.visitor.schemas import ConsentSchema, ReceiptSchema

blueprint = Blueprint("consents", __name__, url_prefix="/v1/sites/<site_key>/consents", description="Recording choices")

LARGEST_BODY = 16 * 1024

PROBLEM = "application/problem+json"

_schema = ConsentSchema()


@blueprint.post("")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "application/json": {"schema": ConsentSchema},
            "text/plain": {"schema": {"type": "string", "description": "the same JSON, sent without a preflight"}},
        },
    }
)
@blueprint.response(201, ReceiptSchema, description="kept, durably")
@blueprint.alt_response(200, schema=ReceiptSchema, description="was kept before; the same receipt")
@blueprint.alt_response(400, schema=ProblemSchema, content_type=PROBLEM, description="not JSON")
@blueprint.alt_response(403, schema=ProblemSchema, content_type=PROBLEM, description="not one of the site's pages")
@blueprint.alt_response(404, schema=ProblemSchema, content_type=PROBLEM, description="no such site")
@blueprint.alt_response(409, schema=ProblemSchema, content_type=PROBLEM, description="same id, other answer")
@blueprint.alt_response(413, schema=ProblemSchema, content_type=PROBLEM, description="too large")
@blueprint.alt_response(415, schema=ProblemSchema, content_type=PROBLEM, description="not JSON by its type")
@blueprint.alt_response(422, schema=ProblemSchema, content_type=PROBLEM, description="not a possible answer")
@blueprint.alt_response(429, schema=ProblemSchema, content_type=PROBLEM, description="too many from one network")
@blueprint.alt_response(
    503, schema=ProblemSchema, content_type=PROBLEM, description="nothing was acknowledged; try again"
)
def record(site_key: str) -> Response:
    """Record a choice; answered only once it is durable."""
    recorder: Recorder = current_app.extensions["recorder"]
    answer = read_post(request)
    assurance = look_at(current_app, request, site_key, answer)
    recorded = recorder.record(
        site_key,
        answer,
        page_origin=page_origin(request),
        client=reduce_user_agent(request.headers.get("User-Agent")),
        assurance=assurance,
    )
    status, receipt = acknowledge(current_app, recorded)
    response = jsonify(receipt)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def read_post(asked: Request) -> Answer:
    """Return the answer that was posted, with what the browser signalled beside it; raises what reading does."""
    answer = read_answer(json_body(LARGEST_BODY, asked))
    return replace(answer, signals=_signals(answer, asked))


def look_at(app: Flask, asked: Request, site_key: str, answer: Answer) -> Assurance:
    """Count an answer, and return what its arrival says; raises ``TooManyTries``, ``OriginNotAllowed``."""
    rate_normal = count_answer(app, asked.remote_addr, site_key, answer.choice.action, answer.consent_id)
    return assure(
        origin_listed=page_origin(asked) is not None,
        fetch_site=asked.headers.get("Sec-Fetch-Site"),
        rate_normal=rate_normal,
    )


def acknowledge(app: Flask, recorded: Recorded) -> tuple[int, dict[str, Any]]:
    """Count a record that is committed, and return status and receipt; raises ``RecordNotFound`` when it was erased."""
    addresses: Addresses = app.extensions["addresses"]
    receipt = receiving.receipt(recorded.kept, recorded.origin, addresses)
    (RECORDED if recorded.new else REPLAYED).labels(receipt["action"]).inc()
    return (201 if recorded.new else 200), receipt


def read_answer(document: Any) -> Answer:
    """Return the posted answer, its shape checked; raises marshmallow's ``ValidationError``."""
    if not isinstance(document, dict):
        raise ValidationError("The body must be an object.")
    known: dict[str, Any] = _schema.load(document)
    choice = Choice(known["action"], known["decisions"], known.get("services", {}))
    passed_on = {k: v for k, v in known.items() if k not in ("action", "decisions", "services")}
    return Answer(choice=choice, body=known, **passed_on)


def _signals(answer: Answer, asked: Request) -> Mapping[str, bool] | None:
    """Add the privacy control that came as a header (GPC-01); only the exact value ``1`` says anything."""
    if "1" not in (part.strip() for part in asked.headers.get("Sec-GPC", "").split(",")):
        return answer.signals
    return {**(answer.signals or {}), "gpc_header": True}


def page_origin(asked: Request) -> str | None:
    """Return the origin that the browser named; a page without one (``null``) is nobody's page."""
    header = asked.headers.get("Origin")
    if header is None:
        return None
    try:
        return parse_origin(header)
    except Invalid:
        raise OriginNotAllowed("The page that sent this is not one of the site's.") from None
