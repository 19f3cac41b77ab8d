"""Where links that work once lead to. Nothing is used up by looking: programs that scan mails look, too."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField

from consent_server.domain.errors import Conflict, Invalid, NotFound
from consent_server.services import clock, redeeming
from consent_server.services.linking import read_linker
from consent_server.storage.database import db
from consent_server.storage.users import User
from consent_server.web.admin import words
from consent_server.web.admin.access import everybody
from consent_server.web.admin.asking import device, in_words, tell
from consent_server.web.admin.sign_in import enter

blueprint = Blueprint("admin_links", __name__, url_prefix="/admin/link")

NEW_PASSWORD = {"autocomplete": "new-password", "minlength": 12, "maxlength": 128, "required": True}
CHOICE = _l("At least 12 characters: several words that have nothing to do with each other are good.")


class PasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Another password."""

    password = PasswordField(_l("New password"), description=CHOICE, render_kw=NEW_PASSWORD)


class InvitationForm(PasswordForm):
    """A name and a password."""

    name = StringField(_l("Your name"), render_kw={"autocomplete": "name", "maxlength": 200})


class FirstForm(InvitationForm):
    """The first owner."""

    organisation = StringField(_l("Your organisation"), render_kw={"autocomplete": "organization", "maxlength": 200})
    email = StringField(_l("E-mail address"), render_kw={"type": "email", "autocomplete": "username", "required": True})


@blueprint.route("/<link>", methods=["GET", "POST"])
@everybody
def follow(link: str) -> Response | tuple[str, int]:
    """Ask what the link is for, and do it."""
    linker = read_linker(current_app.extensions["settings"])
    try:
        user = redeeming.user_of(db.session(), linker, link, clock.now())
    except NotFound as error:
        return render_template("admin/error.html", title=in_words(error), said=""), 404
    form = FirstForm() if user is None else InvitationForm() if user.invited else PasswordForm()
    if form.is_submitted():
        try:
            return _redeem(link, user, form)
        except (Invalid, Conflict) as error:
            tell(form, error)
    return render_template("admin/link.html", form=form, user=user), 422 if form.errors else 200


def _redeem(link: str, user: User | None, form: FlaskForm) -> Response:
    linker = read_linker(current_app.extensions["settings"])
    session, password = db.session(), form.password.data or ""
    if user is None:
        given = form.organisation.data or "", form.email.data or "", form.name.data or "", password, words.language()
        return enter(redeeming.become_first_owner(session, linker, link, *given, device(), clock.now()))
    name = form.name.data or "" if user.invited else ""
    token = redeeming.accept(session, linker, link, name, password, device(), clock.now())
    if token is not None:
        return enter(token)
    flash(_("Your password is changed. Sign in with it."), "success")
    return redirect(url_for("admin_sign_in.sign_in"), 303)
