"""The text of a site's policy that is kept: scans of the site are compared with it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.errors import NotFound
from consent_server.domain.policy_text import LONGEST_POLICY
from consent_server.services import clock
from consent_server.services.keeping_policies import LONGEST_SOURCE, keep_policy, remove_policy
from consent_server.storage import policy_texts
from consent_server.storage.database import db
from consent_server.storage.policy_texts import PolicyText
from consent_server.web.api.access import Operations, actor, this_site
from consent_server.web.api.policy import LARGEST_POLICY
from consent_server.web.api.schemas import Moment

blueprint = Operations("policy_text", "/sites/<site_key>/policy-text", "Policy texts that are kept")


class NewPolicyTextSchema(Schema):
    """The text of a policy, plain or HTML, and the name or address that it has."""

    text = fields.String(required=True, validate=validate.Length(1, LONGEST_POLICY))
    source = fields.String(load_default="", validate=validate.Length(max=LONGEST_SOURCE))


class ComparedSchema(Schema):
    """Which text it is; ``digest`` is that of its UTF-8, with one line feed at the end of each line."""

    digest = fields.String(required=True, metadata={"description": "`sha256:` and 64 hexadecimal digits"})
    source = fields.String(required=True, metadata={"description": "the name or address that it had; empty: pasted"})
    kept_at = Moment(required=True, metadata={"type": "string", "format": "date-time"})
    kept_by = fields.String(required=True)


class PolicyTextSchema(ComparedSchema):
    """A text that is kept."""

    text = fields.String(required=True)


@blueprint.get("")
@blueprint.response(200, PolicyTextSchema)
@blueprint.needs(Permission.SEE, 404)
def show(site_key: str) -> PolicyText:
    """Give the text that is kept; 404 when none is."""
    kept = policy_texts.find_policy_text(db.session(), this_site().id)
    if kept is None:
        raise NotFound("This site keeps no text of its policy.")
    return kept


@blueprint.put("")
@blueprint.response(200, PolicyTextSchema)
@blueprint.needs(Permission.EDIT, 404)
@blueprint.takes(NewPolicyTextSchema, largest=LARGEST_POLICY)
def keep(given: dict[str, Any], site_key: str) -> PolicyText:
    """Keep a text in place of the one before; the catalogue's draft stays as it is."""
    return keep_policy(db.session(), this_site(), actor(), clock.now(), given["text"], given["source"])


@blueprint.delete("")
@blueprint.response(204, description="no text is kept any more")
@blueprint.needs(Permission.EDIT, 404)
def remove(site_key: str) -> None:
    """Keep the text no more; scans are compared with the catalogue alone."""
    remove_policy(db.session(), this_site(), actor(), clock.now())
