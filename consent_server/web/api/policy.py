"""Reading a privacy policy: what it says about cookies, and, when asked, the draft filled from it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.policy_text import LONGEST_POLICY, read_policy
from consent_server.services import cataloguing, clock
from consent_server.services.cataloguing import Editor
from consent_server.services.editing import check_draft, named_services
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.library import load_library
from consent_server.storage.sites import Site
from consent_server.web.api.access import Operations, actor, this_site
from consent_server.web.visitor.schemas import StrictBoolean

blueprint = Operations("policy", "/sites/<site_key>/policy-import", "Privacy policies")

LARGEST_POLICY = 4 * LONGEST_POLICY
"""Bytes: UTF-8 takes at most four for a character."""


class PolicySchema(Schema):
    """The text of a policy, plain or HTML; ``apply`` adds to the draft what it names."""

    text = fields.String(required=True, validate=validate.Length(1))
    apply = StrictBoolean(load_default=False, metadata={"type": "boolean"})


def _maybe() -> fields.String:
    return fields.String(required=True, allow_none=True)


class FoundCookieSchema(Schema):
    """A cookie that the policy names, with the passage that does."""

    name = fields.String(required=True)
    vendor = _maybe()
    service = _maybe()
    service_id = _maybe()
    purpose = _maybe()
    lifetime = _maybe()
    evidence = fields.String(required=True)


class FoundServiceSchema(Schema):
    """A service of the library that the policy names."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    purpose = _maybe()
    evidence = fields.String(required=True)


class PolicyFindingsSchema(Schema):
    """What ``policy import --dry-run --format json`` prints, and the services that came into the draft."""

    language = fields.String(required=True)
    policy_date = _maybe()
    contact_emails = fields.List(fields.String(), required=True)
    max_lifetime_claim = _maybe()
    cookies = fields.List(fields.Nested(FoundCookieSchema), required=True)
    services = fields.List(fields.Nested(FoundServiceSchema), required=True)
    statements = fields.List(fields.Dict(), required=True)
    added = fields.List(fields.String(), required=True, metadata={"description": "ids of services"})


@blueprint.post("")
@blueprint.response(200, PolicyFindingsSchema)
@blueprint.needs(Permission.EDIT, 404)
@blueprint.takes(PolicySchema, largest=LARGEST_POLICY)
def read(given: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Say what a policy says. Nothing is kept unless ``apply`` is true."""
    findings = read_policy(given["text"], load_library())
    added: list[str] = []
    if given["apply"]:
        before = _service_ids(this_site())
        editor = Editor(db.session(), this_site().key, actor(), clock.now())
        unknown = [cookie.name for cookie in findings.cookies if not cookie.service_id]
        cataloguing.add_proposals(editor, findings, named_services(findings), unknown)
        added = [each for each in _service_ids(sites.find_site(db.session(), this_site().key)) if each not in before]
    return {**findings.to_json(), "added": added}


def _service_ids(site: Site) -> list[str]:
    return [service.id for service in check_draft(site.draft).services]
