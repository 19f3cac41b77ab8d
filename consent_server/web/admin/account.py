"""What is one's own: name, language, password, second factor, and where one is signed in."""

from __future__ import annotations

import io

import segno
from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, SelectField, StringField

from consent_server.domain.errors import Conflict, Invalid, TooManyTries
from consent_server.services import clock, own_account, second_factor, signing_in
from consent_server.storage import users
from consent_server.storage.database import db
from consent_server.web.admin import words
from consent_server.web.admin.access import actor, signed_in
from consent_server.web.admin.asking import choices, network, sealer, tell
from consent_server.web.admin.links import CHOICE, NEW_PASSWORD

blueprint = Blueprint("admin_account", __name__, url_prefix="/admin/account")

CURRENT = {"autocomplete": "current-password", "required": True}


class ProfileForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """What one is called, and spoken to."""

    name = StringField(_l("Your name"), render_kw={"autocomplete": "name", "maxlength": 200})
    language = SelectField(_l("Language"), choices=choices(words.LANGUAGES))


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The password, and another one."""

    current = PasswordField(_l("Current password"), render_kw=CURRENT)
    password = PasswordField(_l("New password"), description=CHOICE, render_kw=NEW_PASSWORD)


class ProofForm(FlaskForm):  # type: ignore[misc]
    """The password again."""

    current = PasswordField(_l("Your password"), render_kw={**CURRENT, "id": "proof"})


class SecondFactorForm(FlaskForm):  # type: ignore[misc]
    """A code of the application that was just set up."""

    code = StringField(
        _l("Code that the application shows"), render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"}
    )
    current = PasswordField(_l("Your password"), render_kw=CURRENT)


@blueprint.get("/")
@signed_in
def page() -> str:
    """Show one's account."""
    return _page(_profile(), PasswordForm())


@blueprint.post("/")
@signed_in
def change_profile() -> AnyResponse | tuple[str, int]:
    """Keep another name and language."""
    form = ProfileForm()
    try:
        own_account.change_profile(db.session(), actor(), form.name.data or "", form.language.data or "", clock.now())
    except Invalid as error:
        tell(form, error)
        return _page(form, PasswordForm()), 422
    words.speak(form.language.data)
    return _back(_("Kept."))


@blueprint.post("/password")
@signed_in
def change_password() -> AnyResponse | tuple[str, int]:
    """Keep another password."""
    form = PasswordForm()
    given = form.current.data or "", form.password.data or "", network(), clock.now()
    try:
        own_account.change_password(db.session(), actor(), current_user.token, *given)
    except (Invalid, TooManyTries) as error:
        tell(form, error)
        return _page(_profile(), form), 422
    return _back(_("Your password is changed. Every other browser is signed out."))


@blueprint.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> AnyResponse:
    """Sign out every browser but this one."""
    session = db.session()
    user = users.find_user(session, actor().id)
    signing_in.sign_out_everywhere(session, actor(), user, clock.now(), but=current_user.token)
    return _back(_("Every other browser is signed out."))


@blueprint.route("/second-factor", methods=["GET", "POST"])
@signed_in
def add_second_factor() -> AnyResponse | tuple[str, int]:
    """Show what to put into an application, and take its first code."""
    try:
        enrolment = second_factor.begin(db.session(), sealer(), actor().id)
    except Conflict:
        return redirect(url_for("admin_account.page"), 303)
    form = SecondFactorForm()
    if form.is_submitted():
        try:
            signing_in.prove(db.session(), actor(), form.current.data or "", network(), clock.now())
            codes = second_factor.confirm(db.session(), sealer(), actor(), form.code.data or "", clock.now())
            return render_template("admin/recovery-codes.html", codes=codes), 200
        except (Invalid, TooManyTries) as error:
            tell(form, error)
    status = 422 if form.errors else 200
    return render_template("admin/second-factor.html", form=form, secret=_in_fours(enrolment.secret)), status


@blueprint.get("/second-factor.svg")
@signed_in
def code_to_scan() -> Response:
    """Show the same as a QR code."""
    picture = io.BytesIO()
    code = segno.make(second_factor.begin(db.session(), sealer(), actor().id).address, error="m", micro=False)
    code.save(picture, kind="svg", scale=5, light="#fff")
    return Response(picture.getvalue(), mimetype="image/svg+xml")


@blueprint.post("/second-factor/remove")
@signed_in
def remove_second_factor() -> AnyResponse | tuple[str, int]:
    """Let the password alone be enough again."""
    proved = _proved()
    if proved:
        return proved
    second_factor.remove(db.session(), actor(), users.find_user(db.session(), actor().id), clock.now())
    return _back(_("The second factor is removed."))


@blueprint.post("/recovery-codes")
@signed_in
def renew_codes() -> AnyResponse | tuple[str, int]:
    """Make other recovery codes."""
    proved = _proved()
    if proved:
        return proved
    codes = second_factor.renew_codes(db.session(), actor(), clock.now())
    return render_template("admin/recovery-codes.html", codes=codes), 200


def _proved() -> tuple[str, int] | None:
    """Ask for the password again; return the page that says it was wrong."""
    form = ProofForm()
    try:
        signing_in.prove(db.session(), actor(), form.current.data or "", network(), clock.now())
    except (Invalid, TooManyTries) as error:
        tell(form, error)
        return _page(_profile(), PasswordForm(formdata=None), form), 422
    return None


def _profile() -> ProfileForm:
    return ProfileForm(formdata=None, obj=users.find_user(db.session(), actor().id))


def _page(profile: ProfileForm, password: PasswordForm, proof: ProofForm | None = None) -> str:
    session = db.session()
    return render_template(
        "admin/account.html",
        user=users.find_user(session, actor().id),
        profile=profile,
        password=password,
        proof=proof or ProofForm(formdata=None),
        sessions=signing_in.list_sessions(session, actor().id, clock.now()),
        this_one=signing_in.id_of(current_user.token),
        codes_left=users.count_recovery_codes(session, actor().id),
    )


def _back(message: str) -> AnyResponse:
    flash(message, "success")
    return redirect(url_for("admin_account.page"), 303)


def _in_fours(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
