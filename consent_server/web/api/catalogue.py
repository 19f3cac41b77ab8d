"""The draft of a site whole, as a site file: read, and replaced unless somebody else was faster."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from marshmallow import Schema, fields

from consent_server.domain.account import Permission
from consent_server.services import clock, editing
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.web.api.access import TAGGED, WHEN_SEEN, Operations, actor, draft_tag, seen_revision, this_site

blueprint = Operations("catalogue", "/sites/<site_key>/catalogue", "Drafts as site files")


def _optional(kind: type[fields.Field[Any]], *args: Any, description: str = "") -> Any:
    return kind(*args, allow_none=True, metadata={"description": description} if description else {})


class SiteFileSchema(Schema):
    """A site file; what each part may say is in the reference, section “A site file”."""

    site_key = fields.String(required=True)
    name = fields.String(required=True)
    origins = fields.List(fields.String(), required=True)
    default_language = _optional(fields.String)
    languages = _optional(fields.List, fields.String())
    choice_lifetime = _optional(fields.String, description="ISO 8601; P6M when left out")
    proof_ttl = _optional(fields.String, description="ISO 8601; P5Y when left out")
    unknown_third_parties = _optional(fields.String, description="allow or block")
    unknown_cookies = _optional(fields.String, description="allow or block")
    reload_on_withdrawal = _optional(fields.Boolean)
    purposes = _optional(fields.List, fields.Dict())
    services = _optional(fields.List, fields.Dict(), description='{"library": "google-analytics"}, or written out')
    banner = _optional(fields.Dict, description="controller, layout, theme, close, privacy_url, texts")
    signals = _optional(fields.Dict)


@blueprint.get("")
@blueprint.response(200, SiteFileSchema, headers=TAGGED)
@blueprint.alt_response(304, description="it is what If-None-Match names")
@blueprint.needs(Permission.SEE, 404)
def show(site_key: str) -> Response:
    """Give the draft as it was written."""
    return _answer(this_site())


@blueprint.put("")
@blueprint.doc(parameters=WHEN_SEEN)
@blueprint.response(200, SiteFileSchema, headers=TAGGED)
@blueprint.needs(Permission.EDIT, 404, 412)
@blueprint.takes(SiteFileSchema, whole=True)
def replace(given: dict[str, Any], site_key: str) -> Response:
    """Make a site file the draft. Refused with every mistake at once, or when it is not what ``If-Match`` names."""
    editing.check_draft(given)  # what is no site file is that, whoever was faster
    editing.replace_draft(db.session(), this_site().key, actor(), given, clock.now(), seen_revision())
    return _answer(sites.find_site(db.session(), this_site().key))


def _answer(site: sites.Site) -> Response:
    response = jsonify(site.draft)
    response.set_etag(draft_tag(site))
    if request.method != "PUT":
        response.make_conditional(request)
    return response
