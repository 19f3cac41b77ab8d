"""The admin, under ``/admin/``: pages made on the server, which work without JavaScript.

One module per kind of page, one line in ``BLUEPRINTS``. Its templates extend ``admin/base.html``; its forms are
``FlaskForm``; its views say what permission they need (``access.needs``) and call one deed of ``services``.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, render_template, request, send_from_directory, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from consent_server.config import Settings
from consent_server.domain.errors import ConsentServerError
from consent_server.web.admin import (
    access,
    account,
    activity,
    answers,
    catalogue,
    design,
    links,
    menu,
    overview,
    people,
    proofs,
    publishing,
    scans,
    sign_in,
    sites,
    tokens,
    words,
)
from consent_server.web.admin.asking import in_words
from consent_server.web.admin.deeds import doer
from consent_server.web.admin.told import told
from consent_server.web.errors import status_of

BLUEPRINTS = (
    sites.blueprint,
    overview.blueprint,
    catalogue.blueprint,
    design.blueprint,
    publishing.blueprint,
    answers.blueprint,
    scans.blueprint,
    proofs.blueprint,
    sign_in.blueprint,
    links.blueprint,
    account.blueprint,
    people.blueprint,
    tokens.blueprint,
    activity.blueprint,
)

HOUR_S = 3600
STATIC = Path(__file__).parent / "static"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

shell = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")


def register(app: Flask) -> None:
    """Put the admin on the application."""
    settings: Settings = app.extensions["settings"]
    secure = urlsplit(settings.public_url).scheme == "https"
    app.config.update(
        SESSION_COOKIE_NAME="__Host-admin" if secure else "admin",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=1),
    )
    access.register(app)
    words.register(app)
    app.add_url_rule("/", "start", lambda: redirect("/admin/"))  # who types the bare address looks for this
    for blueprint in (shell, *BLUEPRINTS):
        app.register_blueprint(blueprint)


@shell.get("/")
@access.signed_in
def home() -> AnyResponse:
    """Go to where work begins."""
    return redirect(url_for("admin_sites.index"))


@shell.get("/static/<path:filename>")
@access.everybody
def static(filename: str) -> Response:
    """Give a style sheet or a script of ours."""
    return send_from_directory(STATIC, filename, max_age=HOUR_S)


@shell.post("/language")
@access.everybody
def language() -> AnyResponse:
    """Speak another language from now on, and show the same page again."""
    words.speak(request.form.get("language", ""))
    back = urlsplit(request.referrer or "").path
    return redirect(back if access.is_ours(back) else "/admin/", 303)


@shell.get("/<path:rest>")
@access.everybody
def nothing(rest: str) -> Response:
    """Say that there is no such page."""
    raise NotFound


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    if request.endpoint != "admin.static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _context() -> dict[str, Any]:
    return {
        "main_menu": menu.MAIN,
        "site_menu": menu.OF_A_SITE,
        "may": access.may,
        "current_user": current_user,
        "languages": words.LANGUAGES,
        "here": request.blueprint,
        "in_words": told,
        "doer": doer,
    }


def _error(error: ConsentServerError | HTTPException) -> AnyResponse | tuple[str, int]:
    status = error.code or 500 if isinstance(error, HTTPException) else status_of(error)
    if 300 <= status < 400 and isinstance(error, HTTPException):
        return error.get_response()
    said = "" if isinstance(error, HTTPException) else in_words(error)
    titles = {
        400: _("This form is too old, or not ours: go back, load the page again, and try once more."),
        403: _("Your role does not permit this."),
        404: _("There is no such page."),
        413: _("This is too large."),
        503: _("Something that is needed is away. Nothing was changed; try again in a minute."),
    }
    title = titles.get(status) or _("This could not be done.")
    return render_template("admin/error.html", title=title, said=said), status


for _each in (shell, *BLUEPRINTS):
    _each.before_request(access.check_access)
    _each.after_request(_headers)
    _each.register_error_handler(ConsentServerError, _error)
    _each.register_error_handler(HTTPException, _error)
    _each.context_processor(_context)
