"""Whoever wants to check the log: checkpoints, keys, tiles and proofs, byte for byte as C2SP writes them (CONTRACT 1).

Everything but the newest checkpoint never changes, so caches may keep it for ever. Parameters stand in the path, where
no cache can mix them up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response, abort, current_app, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from consent_server.config import Settings
from consent_server.domain.errors import Invalid
from consent_server.domain.proof_log.checkpoint import parse_decimal
from consent_server.domain.proof_log.signed_note import encode_base64
from consent_server.domain.proof_log.tiles import parse_path
from consent_server.domain.times import rfc3339
from consent_server.services import proving
from consent_server.storage.database import db
from consent_server.web.errors import ProblemSchema

blueprint = Blueprint("proof_log", __name__, url_prefix="/v1/sites/<site_key>", description="The proof log")

BLUEPRINTS = (blueprint,)

NEWEST = "max-age=5"
FOR_EVER = "immutable, max-age=31536000"

PROBLEM = "application/problem+json"
OCTETS = {"type": "string", "format": "binary"}

Value = TypeVar("Value")
View = TypeVar("View", bound=Callable[..., Response])


def _problems(*statuses: int) -> Callable[[View], View]:
    """Document the problems that a view answers."""

    def document(view: View) -> View:
        for status in statuses:
            view = blueprint.alt_response(status, schema=ProblemSchema, content_type=PROBLEM)(view)
        return view

    return document


@blueprint.get("/log/checkpoint")
@blueprint.response(
    200, {"type": "string"}, description="newest checkpoint: C2SP signed note", content_type="text/plain"
)
@_problems(404)
def checkpoint(site_key: str) -> Response:
    """Give the newest published checkpoint."""
    return _text(proving.latest_checkpoint(db.session(), site_key), NEWEST)


@blueprint.get("/log/key")
@blueprint.response(
    200, {"type": "string"}, description="vkeys, one per line: log, promises, anchor log", content_type="text/plain"
)
@_problems(404)
def key(site_key: str) -> Response:
    """Give the keys that verify checkpoints, promises and anchors; compare them with those you got elsewhere."""
    vkeys = proving.log_keys(db.session(), site_key, current_app.extensions["keyring"])
    return _text("".join(f"{vkey}\n" for vkey in vkeys), NEWEST)


@blueprint.get("/log/tile/entries/<path:bundle>")
@blueprint.response(200, OCTETS, description="C2SP entry bundle", content_type="application/octet-stream")
@_problems(400, 403, 404)
def entries(site_key: str, bundle: str) -> Response:
    """Give up to 256 entries, each after its length as big-endian uint16: ``<N>`` or ``<N>.p/<W>``."""
    return _tile(site_key, f"tile/entries/{bundle}")


@blueprint.get("/log/tile/<level>/<path:tile>")
@blueprint.response(200, OCTETS, description="C2SP tile: hashes of 32 bytes", content_type="application/octet-stream")
@_problems(400, 403, 404)
def tile(site_key: str, level: str, tile: str) -> Response:
    """Give up to 256 hashes of a level of the tree: ``<L>/<N>`` or ``<L>/<N>.p/<W>``."""
    return _tile(site_key, f"tile/{level}/{tile}")


@blueprint.get("/log/proof/inclusion/<index>/<size>")
@blueprint.response(200, {"type": "string"}, description="C2SP tlog-proof", content_type="text/plain")
@_problems(400, 403, 404)
def inclusion(site_key: str, index: str, size: str) -> Response:
    """Prove that an entry is in the log of a published size."""
    _require_public()
    wanted = _read(parse_decimal, index), _read(parse_decimal, size)
    return _text(proving.inclusion_proof(db.session(), site_key, *wanted), FOR_EVER)


@blueprint.get("/log/proof/consistency/<old>/<new>")
@blueprint.response(200, {"type": "string"}, description="hashes in base64, one per line", content_type="text/plain")
@_problems(400, 403, 404)
def consistency(site_key: str, old: str, new: str) -> Response:
    """Prove that the log of one published size begins with that of another."""
    _require_public()
    wanted = _read(parse_decimal, old), _read(parse_decimal, new)
    return _text(proving.consistency_proof(db.session(), site_key, *wanted), FOR_EVER)


class AnchorSchema(Schema):
    """An anchor: what the anchor log and the time-stamping authority say of a checkpoint of this log."""

    size = fields.Integer(required=True, metadata={"description": "how many entries of this log are anchored"})
    anchor_size = fields.Integer(required=True)
    checkpoint = fields.String(required=True, metadata={"description": "of the anchor log: C2SP signed note"})
    proof = fields.String(required=True, metadata={"description": "C2SP tlog-proof of this log's checkpoint in it"})
    token = fields.String(required=True, allow_none=True, metadata={"description": "RFC 3161 answer, base64"})
    authority = fields.String(required=True, allow_none=True)
    time = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


@blueprint.get("/log/anchor/<size>")
@blueprint.response(200, AnchorSchema)
@_problems(400, 404)
def anchor(site_key: str, size: str) -> Response:
    """Show the first anchor that covers a published size: of that checkpoint, or of the next one that is anchored."""
    found = proving.anchor_proof(db.session(), site_key, _read(parse_decimal, size))
    token, said = found.anchor.token, found.said
    response = jsonify(
        {
            "size": found.size,
            "anchor_size": found.anchor.size,
            "checkpoint": found.anchor.checkpoint,
            "proof": found.anchor.proof,
            "token": None if token is None else encode_base64(token),
            "authority": None if said is None else said.name,
            "time": None if said is None else rfc3339(said.said_at),
        }
    )
    return _cached(response, NEWEST if token is None else FOR_EVER)


@blueprint.get("/records/<uuid:record_id>/proof")
@blueprint.response(200, {"type": "string"}, description="C2SP tlog-proof", content_type="text/plain")
@_problems(202, 404)
def record(site_key: str, record_id: object) -> Response:
    """Prove that a record is in the log: 202 until it is, the same proof ever after."""
    return _text(proving.record_proof(db.session(), site_key, str(record_id)), FOR_EVER)


def _tile(site_key: str, path: str) -> Response:
    _require_public()
    data = proving.tile_bytes(db.session(), site_key, _read(parse_path, path))
    return _cached(Response(data, mimetype="application/octet-stream"), FOR_EVER)


def _text(body: str, cache: str) -> Response:
    return _cached(Response(body, content_type="text/plain; charset=utf-8"), cache)


def _cached(response: Response, cache: str) -> Response:
    response.headers["Cache-Control"] = cache
    return response


def _read(parse: Callable[[str], Value], text: str) -> Value:
    """Read a part of the path; another spelling than the one is 400."""
    try:
        return parse(text)
    except Invalid as error:
        abort(400, str(error))


def _require_public() -> None:
    """Refuse what reveals volume, where the operator shows that to auditors only."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.public_tiles:
        abort(403, "This installation shows tiles and numeric proofs to its auditors only.")
