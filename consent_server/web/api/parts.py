"""The draft of a site in parts, resolved against the library and the shipped texts: purposes, services, trackers.

A cursor is a place in a draft of one revision: while the ``ETag`` stays, parts neither miss nor repeat anything.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_rows import (
    FLAGS,
    SORTS,
    Query,
    Row,
    chosen,
    rows_of,
    write_exemption,
    write_tracker,
)
from consent_server.domain.tracker import KINDS, SETTERS, Service
from consent_server.services.editing import check_draft
from consent_server.web.api.access import TAGGED, Operations, PageQuery, draft_tag, list_of, part_of, this_site

blueprint = Operations("parts", "/sites/<site_key>", "Drafts in parts")

Answer = tuple[dict[str, Any], int, dict[str, str]]


def _by_language() -> fields.Dict:
    described = {"description": "language → text"}
    return fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=described)


class DraftPurposeSchema(Schema):
    """A purpose as visitors read it; only those that something active serves are published."""

    id = fields.String(required=True)
    exempt = fields.Boolean(required=True)
    used = fields.Boolean(required=True)
    title = _by_language()
    description = _by_language()
    details = _by_language()


class DossierSchema(Schema):
    """Why something needs no consent, by whom that was decided, and when."""

    ground = fields.String(required=True)
    justification = fields.Dict(keys=fields.String(), values=fields.String())
    author = fields.String()
    decided_at = fields.String()
    conditions = fields.Dict(keys=fields.String(), values=fields.Boolean())


class DraftTrackerSchema(Schema):
    """A tracker as a site file says it, with nothing left to be inherited."""

    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    domain = fields.String(required=True)
    purpose = fields.String(required=True, allow_none=True, metadata={"description": "null: unclassified, blocked"})
    declared_lifetime = fields.String(required=True, allow_none=True)
    exemption = fields.Nested(DossierSchema, required=True, allow_none=True)
    description = _by_language()
    set_by = fields.String(validate=validate.OneOf(SETTERS))
    http_only = fields.Boolean()


class DraftServiceSchema(Schema):
    """A service, resolved."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    vendor = fields.String(required=True)
    purpose = fields.String(required=True, allow_none=True)
    policy_url = fields.String(required=True, allow_none=True)
    url_patterns = fields.List(fields.String(), required=True)
    exempt = fields.Boolean(required=True)
    exemption = fields.Nested(DossierSchema, required=True, allow_none=True)
    signal = fields.String(required=True, allow_none=True)
    trackers = fields.List(fields.Nested(DraftTrackerSchema), required=True)


class EnforcementSchema(Schema):
    """What can hold a lifetime: our script in the page, the guard on the site's own server."""

    browser = fields.Boolean(required=True)
    guard = fields.Boolean(required=True)
    reason = fields.String(required=True)


class RowSchema(DraftTrackerSchema):
    """A tracker with its service, and what is said of it."""

    id = fields.String(required=True)
    service = fields.String(required=True)
    vendor = fields.String(required=True)
    lifetime = fields.String(required=True, allow_none=True, metadata={"description": "what we apply"})
    capped = fields.Boolean(required=True, metadata={"description": "less than what is declared"})
    undescribed = fields.List(
        fields.String(), required=True, metadata={"description": "languages in which nothing says what it does"}
    )
    enforcement = fields.Nested(EnforcementSchema, required=True)


class TrackersQuery(PageQuery):
    """Which trackers, in which order; what is unclassified stands first in every one."""

    search = fields.String(load_default="", validate=validate.Length(max=200))
    purpose = fields.String(load_default="", validate=validate.Length(max=200))
    vendor = fields.String(load_default="", validate=validate.Length(max=200))
    kind = fields.String(load_default="", validate=validate.OneOf(KINDS))
    only = fields.String(  # type: ignore[assignment]  # marshmallow 3 had an attribute of this name
        load_default="", validate=validate.OneOf(FLAGS)
    )
    sort = fields.String(load_default="service", validate=validate.OneOf(SORTS))
    descending = fields.Boolean(load_default=False, truthy={"true"}, falsy={"false"})


@blueprint.get("/purposes")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(DraftPurposeSchema, "DraftPurpose"), headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def purposes(query: dict[str, Any], site_key: str) -> Answer:
    """Give the draft's purposes, in the order in which they are shown."""
    draft = _draft()
    used = frozenset().union(*(service.purposes for service in draft.services))
    found = [{**vars(each), "exempt": each.exempt, "used": each.exempt or each.id in used} for each in draft.purposes]
    return _answer(found, query)


@blueprint.get("/services")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(DraftServiceSchema, "DraftService"), headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def services(query: dict[str, Any], site_key: str) -> Answer:
    """Give the draft's services, in the order of the site file."""
    return _answer([_service(each) for each in _draft().services], query)


@blueprint.get("/trackers")
@blueprint.arguments(TrackersQuery, location="query")
@blueprint.response(200, list_of(RowSchema, "Row"), headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def trackers(query: dict[str, Any], site_key: str) -> Answer:
    """Find trackers of the draft."""
    asked = Query(**{key: value for key, value in query.items() if key not in ("cursor", "limit")})
    return _answer([_row(each) for each in chosen(rows_of(_draft()), asked)], query)


def _draft() -> Catalogue:
    return check_draft(this_site().draft)


def _answer(found: list[dict[str, Any]], query: dict[str, Any]) -> Answer:
    return part_of(found, query), 200, {"ETag": f'"{draft_tag(this_site())}"'}


def _service(service: Service) -> dict[str, Any]:
    return {
        **vars(service),
        "exempt": service.exempt,
        "exemption": write_exemption(service.exemption),
        "trackers": [write_tracker(each) for each in service.trackers],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        **write_tracker(row.tracker),
        "id": row.id,
        "service": row.service.id,
        "vendor": row.service.vendor,
        "lifetime": row.applied,
        "capped": row.over,
        "undescribed": row.untold,
        "enforcement": row.enforcement,
    }
