"""The shapes of people, tokens and activity at the API's door. Meaning is checked by the domain."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import LONGEST_EMAIL, LONGEST_NAME, Role
from consent_server.domain.times import rfc3339
from consent_server.services.issuing import DAYS, MOST_DAYS
from consent_server.services.managing_people import LANGUAGES
from consent_server.web.api.access import PageQuery
from consent_server.web.visitor.schemas import StrictBoolean


class Moment(fields.Field[object]):
    """A time as CONTRACT writes it."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)


def _moment(description: str, *, nullable: bool = False) -> Moment:
    described = {"type": "string", "format": "date-time", "description": description}
    return Moment(required=True, allow_none=nullable, metadata=described)


def _role(**options: object) -> fields.String:
    return fields.String(validate=validate.OneOf([role.value for role in Role]), **options)  # type: ignore[arg-type]


class UserSchema(Schema):
    """A person who signs in."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = _role(required=True)
    language = fields.String(required=True)
    invited = fields.Boolean(required=True, metadata={"description": "has not chosen a password yet"})
    second_factor = fields.Boolean(required=True)
    created_at = _moment("when they were added")
    disabled_at = _moment("since when they are let in no more", nullable=True)


class NewUserSchema(Schema):
    """Whom to invite, as what."""

    email = fields.String(required=True, validate=validate.Length(1, LONGEST_EMAIL))
    role = _role(required=True)
    language = fields.String(load_default="fr", validate=validate.OneOf(LANGUAGES))


class InvitedSchema(Schema):
    """Who was invited, and the link to hand to them: it works once, and is told this once."""

    user = fields.Nested(UserSchema, required=True)
    link = fields.String(required=True)


class UserChangeSchema(Schema):
    """What is to be different; what is left out stays."""

    role = _role()
    disabled = StrictBoolean(metadata={"type": "boolean"})


class TokenSchema(Schema):
    """A token without its secret."""

    id = fields.Integer(required=True)
    label = fields.String(required=True)
    role = _role(required=True)
    site_key = fields.String(required=True, allow_none=True)
    created_at = _moment("when it was made")
    expires_at = _moment("when it stops to count")
    last_used_on = fields.Date(required=True, allow_none=True)
    revoked_at = _moment("since when it counts no more", nullable=True)


class NewTokenSchema(Schema):
    """What a token is for."""

    label = fields.String(required=True, validate=validate.Length(1, LONGEST_NAME))
    role = _role(required=True)
    site_key = fields.String(load_default=None, allow_none=True)
    days = fields.Integer(load_default=DAYS, strict=True, validate=validate.Range(1, MOST_DAYS))


class IssuedSchema(Schema):
    """A new token with its secret, which is told this once."""

    token = fields.Nested(TokenSchema, required=True)
    secret = fields.String(required=True)


class ActivitySchema(Schema):
    """One deed: who, when, what, on what, and what is different."""

    id = fields.Integer(required=True)
    at = _moment("when it was done")
    actor_kind = fields.String(required=True)
    actor_id = fields.Integer(required=True)
    actor_name = fields.String(required=True)
    action = fields.String(required=True)
    site_key = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True)
    changes = fields.Dict(required=True)


class ActivityQuery(PageQuery):
    """Which deeds, the latest first."""

    action = fields.String(validate=validate.Regexp(r"^[a-z_.]{1,60}\Z"))
    site = fields.String(validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,62}\Z"))
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")
