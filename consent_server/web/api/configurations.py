"""What a site has published, and publishing."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import Schema, fields, validate

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.domain.configuration import Configuration
from consent_server.domain.difference import KINDS, asked_again, differences
from consent_server.services import clock, comparing, publishing
from consent_server.storage import configurations
from consent_server.storage.database import db
from consent_server.storage.publications import PublicationNote
from consent_server.web.api.access import PROBLEM, Operations, PageQuery, actor, list_of, this_site
from consent_server.web.errors import UnfairSchema
from consent_server.web.visitor.schemas import ConfigurationSchema, StrictBoolean

blueprint = Operations("configurations", "/sites/<site_key>", "Published configurations")

LONGEST_WHY = 500
_VERSION = validate.Range(1, 2**31 - 1)
_WHO = {"description": "null for what was published before this was kept"}


class PublishSchema(Schema):
    """Why, for whoever reads the history; and whether pictures are taken, if the server takes any."""

    why = fields.String(load_default="", validate=validate.Length(max=LONGEST_WHY))
    screenshots = StrictBoolean(load_default=True, metadata={"type": "boolean"})


class ReleaseLineSchema(Schema):
    """A configuration in the list."""

    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    published_at = fields.String(required=True, metadata={"format": "date-time"})
    published_by = fields.String(required=True, allow_none=True, metadata=_WHO)
    why = fields.String(required=True, allow_none=True, metadata=_WHO)
    asked_again = fields.List(
        fields.String(), required=True, metadata={"description": "purposes about which those who answered are asked"}
    )


class PublishedSchema(ConfigurationSchema):
    """A configuration in full, and what is remembered of its publication."""

    published_by = fields.String(required=True, allow_none=True, metadata=_WHO)
    why = fields.String(required=True, allow_none=True, metadata=_WHO)
    asked_again = fields.List(fields.String(), required=True)


class CompareQuery(Schema):
    """Which two, in any order."""

    one = fields.Integer(required=True, validate=_VERSION)
    other = fields.Integer(required=True, validate=_VERSION)


class DifferenceSchema(Schema):
    """One change; ``before`` and ``after`` are null where there is nothing."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    subject = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)


class ComparisonSchema(Schema):
    """What is different, the weightiest first; ``asked_again`` when the two follow each other."""

    older = fields.Integer(required=True)
    newer = fields.Integer(required=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)
    asked_again = fields.List(fields.String(), required=True)


@blueprint.post("/publish")
@blueprint.response(201, PublishedSchema, description="it is live")
@blueprint.alt_response(200, schema=PublishedSchema, description="nothing is different from what is live", success=True)
@blueprint.alt_response(409, schema=UnfairSchema, content_type=PROBLEM, description="it does not ask fairly")
@blueprint.needs(Permission.PUBLISH, 404)
@blueprint.takes(PublishSchema, optional=True)
def publish(given: dict[str, Any], site_key: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Make the draft live."""
    settings: Settings = current_app.extensions["settings"]
    what = db.session(), this_site().key, settings.public_url, clock.now()
    how = {"by": actor(), "why": given["why"].strip()}
    if given["screenshots"] and settings.screenshots:
        made, _why_not = publishing.publish_photographed(*what, **how)
    else:
        made = publishing.publish(*what, **how)
    found = made.configuration
    note = comparing.note_of(db.session(), this_site(), found.version)
    address = f"/api/v1/sites/{site_key}/configurations/{found.version}"
    return _full(found, note), 201 if made.new else 200, {"Location": address}


@blueprint.get("/configurations")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(ReleaseLineSchema, "Configuration"))
@blueprint.needs(Permission.SEE, 404, 422)
def list_configurations(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Give what was published, the newest first."""
    before, limit = int(query["cursor"]) if "cursor" in query else None, query["limit"]
    found = comparing.recent(db.session(), this_site(), before, limit + 1)
    more = len(found) > limit
    items = [_line(each, note) for each, note in found[:limit]]
    return {"items": items, "next_cursor": str(items[-1]["version"]) if more else None}


@blueprint.get("/configurations/<int(max=2147483647):version>")
@blueprint.response(200, PublishedSchema)
@blueprint.needs(Permission.SEE, 404)
def show(site_key: str, version: int) -> dict[str, Any]:
    """Give one configuration in full."""
    found = configurations.find_configuration(db.session(), this_site().id, version)
    return _full(found, comparing.note_of(db.session(), this_site(), version))


@blueprint.get("/configurations/compare")
@blueprint.arguments(CompareQuery, location="query")
@blueprint.response(200, ComparisonSchema)
@blueprint.needs(Permission.SEE, 404, 422)
def compare(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Say what is different between two."""
    older, newer = comparing.compare(db.session(), this_site(), query["one"], query["other"])
    return {
        "older": older.version,
        "newer": newer.version,
        "differences": differences(older, newer),
        "asked_again": asked_again(newer) if newer.version == older.version + 1 else (),
    }


def _line(configuration: Configuration, note: PublicationNote | None) -> dict[str, Any]:
    return {
        "version": configuration.version,
        "digest": configuration.digest,
        "published_at": configuration.document["published_at"],
        "published_by": note.published_by if note else None,
        "why": note.why if note else None,
        "asked_again": asked_again(configuration),
    }


def _full(configuration: Configuration, note: PublicationNote | None) -> dict[str, Any]:
    return {**configuration.served(), **_line(configuration, note)}
