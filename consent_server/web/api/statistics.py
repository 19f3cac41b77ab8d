"""What was answered on a site, in numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any

from flask import current_app
from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.client import FORM_FACTORS
from consent_server.domain.statistics import DAY, FEWEST, Breakdown, Tally
from consent_server.services import reporting
from consent_server.services.reporting import UNITS, Chosen
from consent_server.web.api.access import Operations, this_site
from consent_server.web.api.schemas import Moment

blueprint = Operations("statistics", "/sites/<site_key>/statistics", "Answers in numbers")


class StatisticsQuery(Schema):
    """Which answers: on which days (UTC, both included), of which configuration, language, device."""

    start = fields.Date(data_key="from")
    stop = fields.Date(data_key="to")
    by = fields.String(load_default="day", validate=validate.OneOf(list(UNITS)))
    version = fields.Integer(validate=validate.Range(1, 2**31 - 1))
    language = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))
    device = fields.String(validate=validate.OneOf(FORM_FACTORS))


class PurposeCountSchema(Schema):
    """Those who were asked for a purpose in the notice, and those of them who said yes."""

    asked = fields.Integer(required=True)
    yes = fields.Integer(required=True)


class TallySchema(Schema):
    """Answers of one group; rates are of those in the notice."""

    answers = fields.Integer(required=True)
    in_the_notice = fields.Integer(required=True)
    actions = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    purposes = fields.Dict(keys=fields.String(), values=fields.Nested(PurposeCountSchema), required=True)


class PeriodTallySchema(TallySchema):
    """Answers of some days, both ends included."""

    start = fields.Date(required=True, data_key="from")
    stop = fields.Date(required=True, data_key="to")


class ReleaseSchema(Schema):
    """A configuration and the answers to it; null when they are too few, or told with others."""

    version = fields.Integer(required=True)
    published_at = Moment(required=True, metadata={"type": "string", "format": "date-time"})
    answers = fields.Nested(TallySchema, required=True, allow_none=True)


class BreakdownSchema(Schema):
    """Groups that are large enough, by name, and all the others together."""

    groups = fields.Dict(keys=fields.String(), values=fields.Nested(TallySchema), required=True)
    others = fields.Nested(TallySchema, required=True, allow_none=True)


class SeenSchema(Schema):
    """Pages that showed the notice to somebody who had not answered, and answers in the notice, since a day."""

    since = fields.Date(required=True)
    pages = fields.Integer(required=True)
    answers = fields.Integer(required=True)
    unanswered = fields.Integer(required=True)


class StatisticsSchema(Schema):
    """What was answered. Groups of fewer than ``fewest`` answers are told only with others."""

    ever = fields.Integer(required=True, metadata={"description": "answers of the site, of all time"})
    fewest = fields.Integer(required=True)
    current = fields.Boolean(required=True, metadata={"description": "whether everything that was recorded is counted"})
    whole = fields.Nested(PeriodTallySchema, required=True, allow_none=True)
    shown = fields.Nested(
        SeenSchema, required=True, allow_none=True, metadata={"description": "null where notices are not counted"}
    )
    moments = fields.List(fields.Nested(PeriodTallySchema), required=True)
    configurations = fields.List(fields.Nested(ReleaseSchema), required=True)
    languages = fields.Nested(BreakdownSchema, required=True)
    devices = fields.Nested(BreakdownSchema, required=True)
    pages = fields.Nested(BreakdownSchema, required=True, metadata={"description": "of whole months"})


@blueprint.get("")
@blueprint.arguments(StatisticsQuery, location="query")
@blueprint.response(200, StatisticsSchema)
@blueprint.needs(Permission.SEE, 404, 422)
def statistics(query: dict[str, Any], site_key: str) -> dict[str, Any]:
    """Give rates by time, configuration, language, device and page, as far as the groups are large enough."""
    chosen = Chosen(query.get("version"), query.get("language"), query.get("device"))
    stop = query.get("stop")
    told = reporting.answers(
        current_app.extensions["sessions"],
        this_site().key,
        start=query.get("start"),
        stop=stop + DAY if stop and stop < date.max else None,
        unit=query["by"],
        chosen=chosen,
    )
    whole = None
    if told.whole is not None and told.start is not None and told.stop is not None:
        whole = _days(told.whole, told.start, told.stop)
    return {
        "ever": told.ever,
        "fewest": FEWEST,
        "current": told.current,
        "whole": whole,
        "shown": told.seen,
        "moments": [_days(each.tally, each.start, each.stop) for each in told.moments],
        "configurations": [
            {"version": each.version, "published_at": each.published_at, "answers": _said(each.tally)}
            for each in told.releases
        ],
        "languages": _groups(told.languages),
        "devices": _groups(told.form_factors),
        "pages": _groups(told.pages),
    }


def _days(tally: Tally, start: date, stop: date) -> Mapping[str, Any]:
    return {**(_said(tally) or {}), "start": start, "stop": stop - DAY}


def _groups(breakdown: Breakdown) -> Mapping[str, Any]:
    groups: Mapping[Hashable, Tally] = breakdown.groups
    return {
        "groups": {str(key): _said(tally) for key, tally in groups.items()},
        "others": _said(breakdown.others),
    }


def _said(tally: Tally | None) -> dict[str, Any] | None:
    if tally is None:
        return None
    return {
        "answers": tally.count,
        "in_the_notice": tally.noticed,
        "actions": dict(tally.actions),
        "purposes": {
            purpose: {"asked": asked, "yes": tally.granted[purpose]} for purpose, asked in tally.asked.items()
        },
    }
