"""Making a draft live: what would be different, whom it asks again, what forbids it; then the history."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Length

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.domain.difference import asked_again, differences
from consent_server.domain.errors import Invalid
from consent_server.services import clock, comparing, publishing
from consent_server.services.publishing import Unfair
from consent_server.storage import configurations
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.catalogue.words import duration
from consent_server.web.admin.difference_words import purpose_titles, sentence

blueprint = Blueprint("admin_publishing", __name__, url_prefix="/admin/sites/<site_key>/configurations")
blueprint.add_app_template_filter(sentence, "sentence")
blueprint.add_app_template_filter(purpose_titles, "purpose_titles")
blueprint.add_app_template_filter(duration, "duration")

MOST = 2**31 - 1
"""The largest number that a database keeps of one."""


class PublishForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Why, for whoever reads the history in two years."""

    why = TextAreaField(
        _l("Why"), [Length(max=500)], description=_l("For the history: auditors read it. 500 characters at most.")
    )
    pictures = BooleanField(
        _l("Take screenshots, and measure what a browser shows"),
        default=True,
        description=_l("Takes some seconds for each language. The pictures are part of the evidence."),
    )


class TakeBackForm(FlaskForm):  # type: ignore[misc]
    """Nothing to fill in: the page says what will happen."""


@blueprint.get("/")
@needs(Permission.SEE)
def history(site_key: str) -> str:
    """Show everything that was published."""
    return render_template("admin/history.html", site=this_site(), found=comparing.history(db.session(), this_site()))


@blueprint.route("/next", methods=["GET", "POST"])
@needs(Permission.PUBLISH)
def publish(site_key: str) -> str | Response | tuple[str, int]:
    """Show what publishing would do, and do it."""
    form, site = PublishForm(), this_site()
    try:
        if form.validate_on_submit():
            return _published(form)
        return render_template(
            "admin/publish.html", site=site, form=form, found=comparing.prospect(db.session(), site, clock.now())
        )
    except Invalid as invalid:
        return render_template("admin/publish.html", site=site, form=form, problems=invalid.problems), 422
    except Unfair as unfair:
        found = comparing.prospect(db.session(), site, clock.now())
        return render_template("admin/publish.html", site=site, form=form, found=found, findings=unfair.findings), 409


@blueprint.get("/<int(max=2147483647):version>")
@needs(Permission.SEE)
def one(site_key: str, version: int) -> str:
    """Show one configuration in full."""
    site = this_site()
    found = configurations.find_configuration(db.session(), site.id, version)
    note = comparing.note_of(db.session(), site, version)
    return render_template("admin/configuration.html", site=site, found=found, note=note)


@blueprint.get("/compare")
@needs(Permission.SEE)
def compare(site_key: str) -> str:
    """Show what is different between two."""
    numbers = [request.args.get(name, 0, type=int) for name in ("one", "other")]
    if not all(0 < number <= MOST for number in numbers):
        raise NotFound
    before, after = comparing.compare(db.session(), this_site(), *numbers)
    return render_template(
        "admin/compare.html",
        site=this_site(),
        before=before,
        after=after,
        differences=differences(before, after),
        again=asked_again(after) if after.version == before.version + 1 else (),
    )


@blueprint.route("/<int(max=2147483647):version>/take-back", methods=["GET", "POST"])
@needs(Permission.EDIT)
def take_back(site_key: str, version: int) -> str | Response:
    """Make the draft what a configuration was made from."""
    site, form = this_site(), TakeBackForm()
    found = configurations.find_configuration(db.session(), site.id, version)
    if form.validate_on_submit():
        if comparing.take_back(db.session(), site, version, actor(), clock.now()):
            flash(_("The draft is what configuration %(number)s was made from. Publish it now.", number=version))
        else:
            flash(_("The draft was that already."))
        return redirect(url_for("admin_publishing.publish", site_key=site_key), 303)
    kept = comparing.note_of(db.session(), site, version) is not None
    return render_template("admin/take_back.html", site=site, form=form, found=found, kept=kept)


def _published(form: PublishForm) -> Response:
    settings: Settings = current_app.extensions["settings"]
    wanted = bool(form.pictures.data) and settings.screenshots
    given = db.session(), this_site().key, settings.public_url, clock.now()
    why = (form.why.data or "").strip()
    if wanted:
        publication, why_not = publishing.publish_photographed(*given, by=actor(), why=why)
    else:
        publication, why_not = publishing.publish(*given, by=actor(), why=why), _("They were not wanted.")
    if why_not:
        flash(_("No screenshots were taken: %(reason)s", reason=why_not), "warning")
    number = publication.configuration.version
    if publication.new:
        flash(_("Configuration %(number)s is live.", number=number), "success")
    else:
        flash(_("Nothing is different from configuration %(number)s, which is live.", number=number))
    return redirect(url_for("admin_overview.page", site_key=this_site().key), 303)
