"""What visitors answered: rates with a table beside each chart, and the same as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from babel import Locale
from babel.localedata import locale_identifiers
from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from consent_server.domain.account import Permission
from consent_server.domain.client import FORM_FACTORS
from consent_server.domain.statistics import DAY, FEWEST, IN_THE_NOTICE, Breakdown, Tally
from consent_server.domain.table_row import table_rows
from consent_server.services import clock, reporting
from consent_server.services.editing import Deed, change_draft
from consent_server.services.reporting import UNITS, Answers, Chosen
from consent_server.storage import configurations
from consent_server.storage.database import db
from consent_server.web.admin import charts, words
from consent_server.web.admin.access import actor, needs, this_site

blueprint = Blueprint("admin_answers", __name__, url_prefix="/admin/sites/<site_key>/answers")

USUAL = timedelta(days=90)
MOST_PAGES = 50
LOCALES = frozenset(locale_identifiers())

ACTIONS: Mapping[str, Any] = {
    "accept_all": _l("Accept all"),
    "refuse_all": _l("Refuse all"),
    "custom": _l("Own choice"),
    "withdraw": _l("Withdrawal"),
    "gpc": _l("Refused by the browser’s signal (GPC)"),
    "expire": _l("Choice run out"),
    "import": _l("Taken over from another platform"),
}
DEVICES: Mapping[str, Any] = {
    "desktop": _l("Computer"),
    "mobile": _l("Phone"),
    "tablet": _l("Tablet"),
    "bot": _l("Robot"),
    "other": _l("Other device"),
    "": _l("Unknown"),
}
PERIODS: Mapping[str, Any] = {"day": _l("Days"), "week": _l("Weeks"), "month": _l("Months")}


@blueprint.get("/")
@needs(Permission.SEE)
def page(site_key: str) -> str:
    """Show what was answered."""
    told, asked = _told(), _asked()
    return render_template(
        "admin/answers.html",
        site=this_site(),
        told=told,
        asked=asked,
        query={name: value for name, value in request.args.items() if value},
        titles=_titles(),
        actions=ACTIONS,
        in_the_notice=IN_THE_NOTICE,
        devices=DEVICES,
        periods=PERIODS,
        form_factors=FORM_FACTORS,
        counting=bool(this_site().draft.get("count_notices")),
        tongues=_tongues(told),
        spoken=this_site().draft.get("languages", ()),
        versions=[version for version, _at in configurations.publications(db.session(), this_site().id)],
        few=FEWEST,
        most_pages=MOST_PAGES,
        day=DAY,
        by_count=by_count,
    )


@blueprint.get("/purposes.svg")
@needs(Permission.SEE)
def purposes_chart(site_key: str) -> Response:
    """Draw how many said yes to each purpose."""
    whole = _told().whole or Tally()
    titles = _titles()
    rates = [(titles.get(purpose, purpose), whole.consent_rate(purpose)) for purpose in whole.asked]
    return charts.shares(rates)


@blueprint.get("/time.svg")
@needs(Permission.SEE)
def time_chart(site_key: str) -> Response:
    """Draw how answers changed with time."""
    moments = _told().moments
    lines = {str(ACTIONS[action]): [moment.tally.rate(action) for moment in moments] for action in IN_THE_NOTICE}
    return charts.course([format_date(moment.start, "short") for moment in moments], lines)


@blueprint.get("/answers.csv")
@needs(Permission.SEE)
def table(site_key: str) -> Response:
    """Give every group that is told as a line."""
    headers = {"Content-Disposition": f"attachment; filename=answers-{site_key}.csv"}
    return Response(table_rows(_rows(_told())), mimetype="text/csv", headers=headers)


@blueprint.post("/notices")
@needs(Permission.EDIT)
def count_notices(site_key: str) -> AnyResponse:
    """Have notices counted from the next publication on, or not any more."""
    wanted = request.form.get("count") == "yes"
    deed = Deed("notices.counted" if wanted else "notices.not_counted")
    change_draft(
        db.session(), site_key, actor(), deed, lambda draft, _: {**draft, "count_notices": wanted}, clock.now()
    )
    flash(_("Kept in the draft. Visitors see it once it is published."), "success")
    return redirect(url_for(".page", site_key=site_key), 303)


def by_count(breakdown: Breakdown) -> list[tuple[Any, Tally]]:
    """Return groups by their size, the largest first."""
    return sorted(breakdown.groups.items(), key=lambda group: -group[1].count)


def _told() -> Answers:
    asked = _asked()
    return reporting.answers(current_app.extensions["sessions"], this_site().key, **asked)


def _asked() -> dict[str, Any]:
    """Read what is chosen; what makes no sense does not matter."""
    given = request.args.get
    stop = _day(given("to", "")) or date.max - DAY
    start = _day(given("from", ""))
    if not request.args and start is None:
        start = clock.now().date() - USUAL
    unit = given("unit", "")
    return {
        "start": start,
        "stop": stop + DAY,
        "unit": unit if unit in UNITS else "week",
        "chosen": Chosen(
            given("version", type=int),
            (given("language", "") or None),
            (given("device", "") or None),
        ),
    }


def _day(text: str) -> date | None:
    try:
        return min(date.fromisoformat(text), date.max - DAY)
    except ValueError:
        return None


def _tongues(told: Answers) -> dict[Any, str]:
    """Return what languages are called, in that of the page."""
    codes = {*told.languages.groups, *this_site().draft.get("languages", ())} - {""}
    return {
        code: Locale.parse(code).get_display_name(words.language()) or code for code in codes if _is_known(code)
    } | {"": str(DEVICES[""])}


def _is_known(code: Any) -> bool:
    return str(code) in LOCALES


def _titles() -> Mapping[str, str]:
    return reporting.purpose_titles(db.session(), this_site().id, words.language())


def _rows(told: Answers) -> Iterator[tuple[str, ...]]:
    purposes = list((told.whole or Tally()).asked)
    yes = [f"{part}.{purpose}" for purpose in purposes for part in ("asked", "yes")]
    yield "group", "of", "from", "to", "answers", *ACTIONS, *yes
    for group, of, start, stop, tally in _groups(told):
        counts = (str(tally.actions[action]) for action in ACTIONS)
        said = (str(number) for purpose in purposes for number in (tally.asked[purpose], tally.granted[purpose]))
        yield group, of, start.isoformat(), stop.isoformat(), str(tally.count), *counts, *said


def _groups(told: Answers) -> Iterator[tuple[str, str, date, date, Tally]]:
    """Give each group with its days, the last one included."""
    if told.whole is None or told.start is None or told.stop is None:
        return
    period = (told.start, told.stop - DAY)
    yield "all", "", *period, told.whole
    for moment in told.moments:
        yield "time", "", moment.start, moment.stop - DAY, moment.tally
    for release in told.releases:
        if release.tally is not None:
            yield "configuration", str(release.version), *period, release.tally
    months = told.page_months
    broken_down = (
        ("language", told.languages, period),
        ("device", told.form_factors, period),
        ("page", told.pages, (months[0], months[1] - DAY) if months else period),
    )
    for group, breakdown, days in broken_down:
        for key, tally in by_count(breakdown):
            yield group, str(key), *days, tally
        if breakdown.others is not None:
            yield group, "(others)", *days, breakdown.others
