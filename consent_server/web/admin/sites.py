"""The sites of the organisation: the list, and adding one."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from consent_server.domain.account import Permission
from consent_server.domain.errors import Invalid
from consent_server.services import clock, founding, overseeing
from consent_server.storage import scans, sites
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.admin import words
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.told import told

blueprint = Blueprint("admin_sites", __name__, url_prefix="/admin/sites")


@blueprint.get("/")
@needs(Permission.SEE)
def index() -> str:
    """Show every site of the organisation."""
    session, organisation_id = db.session(), actor().organisation_id
    ids = {site.id: site.key for site in sites.list_sites_of(session, organisation_id)}
    scanned = {ids[site_id]: scan for site_id, scan in scans.newest_of_each(session, list(ids)).items()}
    return render_template("admin/sites.html", found=overseeing.sites_of(session, organisation_id), scanned=scanned)


class SiteForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """A new site: where it is, which languages it speaks, and who asks."""

    name = StringField(_l("Name of the site"), [DataRequired(_l("This is required.")), Length(max=200)])
    addresses = TextAreaField(
        _l("Address"),
        [DataRequired(_l("This is required.")), Length(max=4_000)],
        description=_l("As in the browser, such as www.example.fr. One per line if it has several."),
    )
    languages = SelectMultipleField(
        _l("Languages of the banner"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    controller = StringField(
        _l("Who is responsible"),
        [DataRequired(_l("This is required.")), Length(max=300)],
        description=_l("The legal identity that visitors read: company, legal form, or person."),
    )
    privacy_url = StringField(
        _l("Address of your privacy policy"),
        [Length(max=2_000)],
        description=_l("Such as /privacy. Leave it empty if there is none yet."),
    )

    def validate_languages(self, field: Field) -> None:
        """A banner speaks at least one language."""
        if not field.data:
            raise ValidationError(_l("Choose one at least."))


@blueprint.route("/new", methods=["GET", "POST"])
@needs(Permission.EDIT)
def new() -> str | Response:
    """Add a site, then go on to its catalogue."""
    form = SiteForm()
    form.languages.choices = [(code, language.name) for code, language in load_languages().items()]
    if form.is_submitted() and form.validate():
        try:
            key = _found(form)
        except Invalid as invalid:
            for path, messages in invalid.problems.items():
                where = {"banner.privacy_url": form.privacy_url, "name": form.name}.get(path, form.addresses)
                where.errors = [*where.errors, *map(told, messages)]
        else:
            flash(_("The site is there. Now say which services its pages use."), "success")
            return redirect(url_for("admin_catalogue.library", site_key=key), 303)
    elif not form.is_submitted():
        form.languages.data = [words.language()]
    return render_template("admin/new_site.html", form=form)


def _found(form: SiteForm) -> str:
    return founding.found_site(
        db.session(),
        actor(),
        form.name.data.strip(),
        form.addresses.data,
        form.languages.data,
        form.controller.data.strip(),
        (form.privacy_url.data or "").strip() or None,
        clock.now(),
    )
