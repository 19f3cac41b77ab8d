"""The shipped knowledge of services: what a catalogue is filled from."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.catalogue_rows import write_exemption, write_tracker
from consent_server.domain.library import LibraryService
from consent_server.domain.library_search import search_library
from consent_server.storage.library import load_library
from consent_server.web.api.access import Operations, PageQuery, list_of, part_of
from consent_server.web.api.parts import DossierSchema, DraftTrackerSchema

blueprint = Operations("library", "/library", "Services that we know")


class LibraryQuery(PageQuery):
    """Which services: those with every word in a name, vendor, alias or tracker."""

    search = fields.String(load_default="", validate=validate.Length(max=200))


class LibraryServiceSchema(Schema):
    """A service as a catalogue takes it, and where that is known from."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    vendor = fields.String(required=True)
    country = fields.String(required=True)
    purpose = fields.String(required=True)
    policy_url = fields.String(required=True)
    description = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    url_patterns = fields.List(fields.String(), required=True)
    exemption = fields.Nested(DossierSchema, required=True, allow_none=True)
    never_exempt = fields.String(required=True, allow_none=True, metadata={"description": "why it can never be"})
    trackers = fields.List(fields.Nested(DraftTrackerSchema), required=True)
    source = fields.String(required=True)
    verified_at = fields.Date(required=True)


@blueprint.get("/services")
@blueprint.arguments(LibraryQuery, location="query")
@blueprint.response(200, list_of(LibraryServiceSchema, "LibraryService"))
@blueprint.needs(Permission.SEE, 422, of_site=True)
def find(query: dict[str, Any]) -> dict[str, Any]:
    """Find services, best names first. ``{"library": id}`` in a site file takes one."""
    return part_of([_service(each) for each in search_library(load_library(), query["search"])], query)


def _service(service: LibraryService) -> dict[str, Any]:
    return {
        **vars(service),
        "never_exempt": service.never_exempt,
        "exemption": write_exemption(service.exemption),
        "trackers": [write_tracker(each.tracker) for each in service.trackers],
    }
