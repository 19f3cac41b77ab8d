"""Signing in and out, with the second factor where there is one, and asking for another password.

Every sign-in begins with an empty cookie: nothing that was in the browser before is carried over.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField

from consent_server.domain.errors import CodeNeeded, ConsentServerError, NotSignedIn, TooManyTries
from consent_server.services import clock, signing_in, writing
from consent_server.services.linking import read_linker
from consent_server.services.mailing import read_post
from consent_server.services.signing_in import Try
from consent_server.storage.database import db
from consent_server.web.admin import words
from consent_server.web.admin.access import SignedIn, everybody, is_ours, signed_in
from consent_server.web.admin.asking import device, network, sealer, tell

blueprint = Blueprint("admin_sign_in", __name__, url_prefix="/admin")

HALFWAY = "halfway"
CODE_WITHIN = timedelta(minutes=5)


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Who, and the password."""

    email = StringField(_l("E-mail address"), render_kw={"type": "email", "autocomplete": "username", "required": True})
    password = PasswordField(_l("Password"), render_kw={"autocomplete": "current-password", "required": True})


class CodeForm(FlaskForm):  # type: ignore[misc]
    """The second factor."""

    code = StringField(
        _l("Code"),
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", "required": True},
    )


class ForgottenForm(FlaskForm):  # type: ignore[misc]
    """Who."""

    email = StringField(_l("E-mail address"), render_kw={"type": "email", "autocomplete": "username", "required": True})


@blueprint.route("/sign-in", methods=["GET", "POST"])
@everybody
def sign_in() -> Response | tuple[str, int]:
    """Let somebody in."""
    form = SignInForm()
    if form.is_submitted():
        given = Try(form.email.data or "", form.password.data or "", "", network())
        try:
            return enter(signing_in.sign_in(db.session(), sealer(), given, device(), clock.now()))
        except CodeNeeded as needed:
            session[HALFWAY] = [needed.user_id, clock.now().isoformat()]
            return redirect(url_for("admin_sign_in.second", next=_wanted()), 303)
        except (NotSignedIn, TooManyTries) as error:
            return _again("admin/sign-in.html", form, error)
    return render_template("admin/sign-in.html", form=form, wanted=_wanted()), 200


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@everybody
def second() -> Response | tuple[str, int]:
    """Ask for the code of the second factor, for a few minutes after the password was right."""
    user_id = _halfway()
    if user_id is None:
        return redirect(url_for("admin_sign_in.sign_in", next=_wanted()), 303)
    form = CodeForm()
    if form.is_submitted():
        given = user_id, form.code.data or "", network(), device(), clock.now()
        try:
            return enter(signing_in.finish_sign_in(db.session(), sealer(), *given))
        except (NotSignedIn, TooManyTries) as error:
            return _again("admin/sign-in-code.html", form, error)
    return render_template("admin/sign-in-code.html", form=form, wanted=_wanted()), 200


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> Response:
    """Let nobody in with this browser any more."""
    signing_in.sign_out(db.session(), current_user.token, clock.now())
    logout_user()
    session.clear()
    return redirect(url_for("admin_sign_in.sign_in"), 303)


@blueprint.route("/forgotten", methods=["GET", "POST"])
@everybody
def forgotten() -> tuple[str, int]:
    """Send a link to whoever asks for another password; the answer is the same for every address."""
    post = read_post(current_app.extensions["settings"])
    form = ForgottenForm()
    asked = False
    if form.is_submitted() and post:
        email, now = form.email.data or "", clock.now()
        try:
            writing.count_request(db.session(), email, network(), now)
        except TooManyTries as error:
            return _again("admin/forgotten.html", form, error, can_write=True)
        linker = read_linker(current_app.extensions["settings"])
        given = current_app.extensions["sessions"], linker, post, email, now
        threading.Thread(target=writing.answer_request, args=given, name="another password").start()
        asked = True
    return render_template("admin/forgotten.html", form=form, asked=asked, can_write=post is not None), 200


def enter(token: str) -> Response:
    """Give the browser its token, and go where it wanted to."""
    found = signing_in.signed_in(db.session(), token, clock.now())
    if found is None:
        raise NotSignedIn(signing_in.REFUSED)
    wanted = _wanted()
    session.clear()
    login_user(SignedIn(token, found.actor))
    words.speak(found.user.language)
    return redirect(wanted or url_for("admin.home"), 303)


def _halfway() -> int | None:
    if HALFWAY not in session:
        return None
    user_id, since = session[HALFWAY]
    return None if clock.now() >= datetime.fromisoformat(since) + CODE_WITHIN else int(user_id)


def _wanted() -> str | None:
    wanted = request.values.get("next", "")
    return wanted if is_ours(wanted) else None


def _again(page: str, form: FlaskForm, error: ConsentServerError, **more: object) -> tuple[str, int]:
    tell(form, error)
    status = 429 if isinstance(error, TooManyTries) else 401
    return render_template(page, form=form, wanted=_wanted(), **more), status
