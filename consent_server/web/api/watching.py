"""How often a site is scanned by itself, who is warned of what is new before consent, and what became of warnings."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import Schema, fields, validate

from consent_server.config import Settings
from consent_server.domain.account import LONGEST_EMAIL, Permission
from consent_server.services import clock, watching
from consent_server.services.sealing import read_sealer
from consent_server.services.surveying import may_be_private
from consent_server.storage import watches
from consent_server.storage.database import db
from consent_server.storage.watches import GIVEN_UP, MAIL, SCHEDULES, SENT, WAITING, WEBHOOK, Watch
from consent_server.web.api.access import Operations, PageQuery, actor, list_of, part_of, this_site
from consent_server.web.api.schemas import Moment
from consent_server.web.visitor.schemas import StrictBoolean

blueprint = Operations("watching", "/sites/<site_key>/scans", "Schedule and warnings of scans")

LONGEST_ADDRESS = 2_000
MOST_WARNINGS = 1_000

_TIME = {"type": "string", "format": "date-time"}

_MAIL = fields.String(validate=[validate.Length(3, LONGEST_EMAIL), validate.Regexp(r"^[^\s,;]+\Z")])


class NewWatchSchema(Schema):
    """How a site is to be watched; what is left out is nothing."""

    schedule = fields.String(required=True, validate=validate.OneOf(SCHEDULES))
    mail_to = fields.List(_MAIL, load_default=list, validate=validate.Length(max=watching.MOST_RECIPIENTS))
    webhook_url = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_ADDRESS),
        metadata={"description": "https, without name and password; empty: none"},
    )
    renew_secret = StrictBoolean(
        load_default=False, metadata={"type": "boolean", "description": "make a new secret for the webhook"}
    )


class WatchSchema(Schema):
    """How a site is watched."""

    schedule = fields.String(required=True, validate=validate.OneOf(SCHEDULES))
    next_at = Moment(required=True, allow_none=True, metadata=_TIME)
    mail_to = fields.List(fields.String(), required=True)
    webhook_url = fields.String(required=True, metadata={"description": "empty: none"})


class KeptWatchSchema(WatchSchema):
    """How a site is watched from now on."""

    secret = fields.String(
        required=True, allow_none=True, metadata={"description": "a new secret of the webhook, told this once"}
    )


class WarningSchema(Schema):
    """A warning: of which scan, by which way, and what became of it."""

    id = fields.String(required=True, metadata={"description": "`webhook-id`"})
    scan_id = fields.Integer(required=True)
    channel = fields.String(required=True, validate=validate.OneOf((MAIL, WEBHOOK)))
    made_at = Moment(required=True, metadata=_TIME)
    state = fields.String(required=True, validate=validate.OneOf((WAITING, SENT, GIVEN_UP)))
    tries = fields.Integer(required=True)
    next_at = Moment(
        required=True, allow_none=True, metadata={**_TIME, "description": "when it is tried again, if it is"}
    )
    trouble = fields.String(required=True, metadata={"description": "why it was not taken the last time, or empty"})


@blueprint.get("/watch")
@blueprint.response(200, WatchSchema)
@blueprint.needs(Permission.EDIT, 404)
def show(site_key: str) -> dict[str, Any]:
    """Give how the site is watched; the secret of its webhook is told to nobody again."""
    return _told(watches.find_watch(db.session(), this_site().id))


@blueprint.put("/watch")
@blueprint.response(200, KeptWatchSchema)
@blueprint.needs(Permission.EDIT, 404)
@blueprint.takes(NewWatchSchema)
def change(given: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Watch the site this way. A webhook gets a secret when its address is another, or when one is asked for."""
    settings: Settings = current_app.extensions["settings"]
    secret = watching.watch(
        db.session(),
        this_site(),
        actor(),
        clock.now(),
        read_sealer(settings),
        schedule=given["schedule"],
        mail_to=",".join(given["mail_to"]),
        webhook_url=given["webhook_url"],
        renew=given["renew_secret"],
        private=may_be_private(settings),
    )
    return {**_told(watches.find_watch(db.session(), this_site().id)), "secret": secret or None}


@blueprint.get("/warnings")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, list_of(WarningSchema, "Warning"))
@blueprint.needs(Permission.EDIT, 404, 422)
def warnings(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Give the warnings of the last 90 days, the newest first."""
    found = watches.list_warnings(db.session(), this_site().id, MOST_WARNINGS)
    lines = [{**vars(each), "next_at": each.next_at if each.state == WAITING else None} for each in found]
    return part_of(lines, query)


def _told(watch: Watch) -> dict[str, Any]:
    return {**vars(watch), "mail_to": watch.recipients}
