"""People of the token's organisation."""

from __future__ import annotations

from typing import Any

from flask import current_app

from consent_server.domain.account import Permission, Role
from consent_server.services import clock, managing_people
from consent_server.services.linking import read_linker
from consent_server.storage import users
from consent_server.storage.database import db
from consent_server.storage.users import User
from consent_server.web.api.access import Operations, PageQuery, actor, list_of, part
from consent_server.web.api.schemas import InvitedSchema, NewUserSchema, UserChangeSchema, UserSchema

blueprint = Operations("users", "/users", "People who sign in")


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(UserSchema, "User"))
@blueprint.needs(Permission.MANAGE, 422)
def list_users(query: dict[str, Any]) -> dict[str, Any]:
    """Give the organisation's people, in the order they came."""
    after, limit = int(query.get("cursor", 0)), query["limit"]
    return part(users.list_users_of(db.session(), actor().organisation_id, after, limit + 1), limit)


@blueprint.post("")
@blueprint.response(201, InvitedSchema)
@blueprint.needs(Permission.MANAGE, 409)
@blueprint.takes(NewUserSchema)
def invite(given: dict[str, Any]) -> dict[str, Any]:
    """Invite somebody: they choose a password by the link. It is sent to nobody."""
    linker = read_linker(current_app.extensions["settings"])
    whom = given["email"], Role(given["role"]), given["language"]
    user, link = managing_people.invite(db.session(), actor(), linker, *whom, clock.now())
    return {"user": user, "link": link}


@blueprint.get("/<int:user_id>")
@blueprint.response(200, UserSchema)
@blueprint.needs(Permission.MANAGE, 404)
def show(user_id: int) -> User:
    """Give one of them."""
    return users.find_user_of(db.session(), actor().organisation_id, user_id)


@blueprint.patch("/<int:user_id>")
@blueprint.response(200, UserSchema)
@blueprint.needs(Permission.MANAGE, 404, 409)
@blueprint.takes(UserChangeSchema)
def change(given: dict[str, Any], user_id: int) -> User:
    """Give them another role, let them in no more, or again. The last owner stays."""
    role = Role(given["role"]) if "role" in given else None
    return managing_people.change(db.session(), actor(), user_id, role, given.get("disabled"), clock.now())
