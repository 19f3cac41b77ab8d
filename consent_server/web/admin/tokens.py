"""Tokens of the API: make one, which is shown once, and revoke."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from consent_server.domain.account import Permission, parse_role
from consent_server.domain.errors import Invalid
from consent_server.services import clock, issuing
from consent_server.storage import sites, tokens
from consent_server.storage.database import db
from consent_server.web.admin import deeds
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.asking import NumberField, choices, tell
from consent_server.web.admin.people import ROLES

blueprint = Blueprint("admin_tokens", __name__, url_prefix="/admin/tokens")


class TokenForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """What for, as what, for which site, for how long."""

    label = StringField(_l("What it is for"), render_kw={"maxlength": 200, "required": True, "autocomplete": "off"})
    role = SelectField(_l("Role"), choices=choices(deeds.ROLES), default="auditor")
    site = SelectField(_l("Site"), validate_choice=False)
    days = NumberField(
        _l("Days that it is valid"), default=issuing.DAYS, render_kw={"min": 1, "max": issuing.MOST_DAYS}
    )


@blueprint.get("/")
@needs(Permission.MANAGE)
def index() -> str:
    """Show every token, without its secret."""
    return _index(_form())


@blueprint.post("/")
@needs(Permission.MANAGE)
def make() -> str | tuple[str, int]:
    """Make a token and show it, this once."""
    form = _form()
    try:
        given = form.label.data or "", parse_role(form.role.data or ""), form.site.data or None, form.days.data or 0
        token, secret = issuing.issue(db.session(), actor(), *given, clock.now())
    except Invalid as error:
        tell(form, error)
        return _index(form), 422
    return render_template("admin/token-made.html", token=token, secret=secret)


@blueprint.post("/<int:token_id>/revoke")
@needs(Permission.MANAGE)
def revoke(token_id: int) -> Response:
    """Let a token count no more."""
    issuing.revoke(db.session(), actor(), token_id, clock.now())
    flash(_("The token is revoked."), "success")
    return redirect(url_for("admin_tokens.index"), 303)


def _form() -> TokenForm:
    form = TokenForm()
    own = sites.list_sites_of(db.session(), actor().organisation_id)
    form.site.choices = choices({"": _("Every site"), **{each.key: each.name for each in own}})
    return form


def _index(form: TokenForm) -> str:
    found = tokens.list_tokens_of(db.session(), actor().organisation_id)
    told = {"in_a_word": deeds.ROLES, "roles": ROLES}
    return render_template("admin/tokens.html", form=form, found=found, now=clock.now(), **told)
