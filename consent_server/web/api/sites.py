"""The sites of the token's organisation, and a new one."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import Schema, fields, validate

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.services import clock, founding, overseeing
from consent_server.services.overseeing import SiteLine
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.api.access import Operations, PageQuery, actor, list_of, part, this_site
from consent_server.web.api.schemas import Moment

blueprint = Operations("sites", "/sites", "Sites")

SITE_KEY = validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,62}\Z")


class SitesQuery(PageQuery):
    """Which part of the list, by key."""

    cursor = fields.String(validate=SITE_KEY, metadata={"description": "`next_cursor` of the part before"})


class SiteSchema(Schema):
    """A site, and what is live on it."""

    site_key = fields.String(required=True, attribute="key")
    name = fields.String(required=True)
    origins = fields.List(fields.String(), required=True)
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "of what is live"})
    published_at = Moment(required=True, allow_none=True, metadata={"type": ["string", "null"], "format": "date-time"})
    unclassified = fields.Integer(required=True, metadata={"description": "trackers of the draft without a purpose"})
    broken = fields.Boolean(required=True, metadata={"description": "the draft does not hold together any more"})


class TagsSchema(Schema):
    """What to paste first in ``<head>``, and what a policy of the site must allow."""

    following = fields.String(required=True, metadata={"description": "follows every publication"})
    pinned = fields.String(required=True, metadata={"description": "this configuration alone, with `integrity`"})
    policy = fields.String(required=True, metadata={"description": "for a Content-Security-Policy"})


class OverviewSchema(SiteSchema):
    """A site with the lines to paste; null as long as nothing is live."""

    tags = fields.Nested(TagsSchema, required=True, allow_none=True)
    pending = fields.Boolean(required=True, metadata={"description": "publishing the draft would change something"})
    services = fields.Integer(required=True, metadata={"description": "in the draft"})


class NewSiteSchema(Schema):
    """A site to be added; its key is made of its first address unless one is given."""

    site_key = fields.String(validate=SITE_KEY)
    name = fields.String(required=True, validate=validate.Length(1, 200))
    origins = fields.List(
        fields.String(validate=validate.Length(1, 300)),
        required=True,
        validate=validate.Length(1, 20),
        metadata={"description": "addresses of its pages; each counts with and without www."},
    )
    languages = fields.List(
        fields.String(validate=lambda code: validate.OneOf(list(load_languages()))(code)),
        load_default=["fr", "en"],
        validate=validate.Length(1, 50),
        metadata={"description": "the first is the site's own"},
    )
    controller = fields.String(
        required=True, validate=validate.Length(1, 300), metadata={"description": "who is responsible"}
    )
    privacy_url = fields.String(allow_none=True, load_default=None, validate=validate.Length(1, 2000))


@blueprint.get("")
@blueprint.arguments(SitesQuery, location="query")
@blueprint.response(200, list_of(SiteSchema, "Site"))
@blueprint.needs(Permission.SEE, 422, of_site=True)
def list_sites(query: dict[str, Any]) -> dict[str, Any]:
    """Give the organisation's sites by key; a token of one site sees that one."""
    session, bearer, limit = db.session(), actor(), query["limit"]
    if bearer.site_key is not None:
        only = sites.find_site_of(session, bearer.organisation_id, bearer.site_key)
        return {"items": [_line(only)], "next_cursor": None}
    found = overseeing.sites_of(session, bearer.organisation_id, query.get("cursor", ""), limit + 1)
    return part(found, limit, "key")


@blueprint.post("")
@blueprint.response(201, OverviewSchema)
@blueprint.needs(Permission.EDIT, 409)
@blueprint.takes(NewSiteSchema)
def add(given: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Add a site with an empty catalogue."""
    session, bearer = db.session(), actor()
    key = founding.found_site(
        session,
        bearer,
        given["name"],
        "\n".join(given["origins"]),
        given["languages"],
        given["controller"],
        given["privacy_url"],
        clock.now(),
        given.get("site_key", ""),
    )
    made = sites.find_site_of(session, bearer.organisation_id, key)
    return _overview(made), 201, {"Location": f"/api/v1/sites/{key}"}


@blueprint.get("/<site_key>")
@blueprint.response(200, OverviewSchema)
@blueprint.needs(Permission.SEE, 404)
def show(site_key: str) -> dict[str, Any]:
    """Give a site at a glance, with the lines to paste."""
    return _overview(this_site())


def _overview(site: sites.Site) -> dict[str, Any]:
    settings: Settings = current_app.extensions["settings"]
    found = overseeing.overview(db.session(), site, settings.public_url, clock.now())
    return {**vars(found), **vars(found.line)}


def _line(site: sites.Site) -> SiteLine:
    return overseeing.line_of(db.session(), site)
