"""Tokens of the token's organisation."""

from __future__ import annotations

from typing import Any

from consent_server.domain.account import Permission, Role
from consent_server.services import clock, issuing
from consent_server.storage import tokens
from consent_server.storage.database import db
from consent_server.web.api.access import Operations, PageQuery, actor, list_of, part
from consent_server.web.api.schemas import IssuedSchema, NewTokenSchema, TokenSchema

blueprint = Operations("tokens", "/tokens", "Tokens of this API")


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(TokenSchema, "Token"))
@blueprint.needs(Permission.MANAGE, 422)
def list_tokens(query: dict[str, Any]) -> dict[str, Any]:
    """Give the organisation's tokens without their secrets, in the order they were made."""
    after, limit = int(query.get("cursor", 0)), query["limit"]
    return part(tokens.list_tokens_of(db.session(), actor().organisation_id, after, limit + 1), limit)


@blueprint.post("")
@blueprint.response(201, IssuedSchema)
@blueprint.needs(Permission.MANAGE, 404)
@blueprint.takes(NewTokenSchema)
def make(given: dict[str, Any]) -> dict[str, Any]:
    """Make a token; its secret is told this once."""
    what = given["label"], Role(given["role"]), given["site_key"], given["days"]
    token, secret = issuing.issue(db.session(), actor(), *what, clock.now())
    return {"token": token, "secret": secret}


@blueprint.delete("/<int:token_id>")
@blueprint.response(204, description="the token counts no more")
@blueprint.needs(Permission.MANAGE, 404)
def revoke(token_id: int) -> None:
    """Let a token count no more; it stays in the list."""
    issuing.revoke(db.session(), actor(), token_id, clock.now())
