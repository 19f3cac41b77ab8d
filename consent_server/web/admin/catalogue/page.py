"""What every page of the catalogue has: its blueprint, the draft as it is now, and who works on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.errors import Invalid
from consent_server.services import clock
from consent_server.services.cataloguing import Editor
from consent_server.services.editing import check_draft, last_change
from consent_server.services.reading_pdf import LARGEST_PDF
from consent_server.storage import configurations
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.admin.access import actor, this_site
from consent_server.web.admin.catalogue import words

blueprint = Blueprint("admin_catalogue", __name__, url_prefix="/admin/sites/<site_key>/catalogue")


LARGEST_FORM = 4 * 1024 * 1024
"""Bytes of a form that carries a file or a policy; every other form has the limit of the whole application."""

TAKES_PDF = "admin_catalogue.read"
CARRY_TEXTS = frozenset({"admin_catalogue.read_file", TAKES_PDF})


@blueprint.before_request
def take_long_texts() -> None:
    """Let files and policies in; this runs before anything reads the form."""
    if request.endpoint in CARRY_TEXTS:
        request.max_form_memory_size = LARGEST_FORM
        request.max_content_length = LARGEST_FORM + (LARGEST_PDF if request.endpoint == TAKES_PDF else 0)


def draft() -> Catalogue:
    """Return what the site's draft means; raise ``Invalid`` when it does not hold together any more."""
    return check_draft(this_site().draft)


def editor() -> Editor:
    """Return who works on which site."""
    return Editor(db.session(), this_site().key, actor(), clock.now())


def shown(template: str, **values: Any) -> str:
    """Return a page of the catalogue."""
    return render_template(
        f"admin/catalogue/{template}",
        site=this_site(),
        words=words,
        language_names={code: language.name for code, language in load_languages().items()},
        last=last_change(db.session(), this_site().id),
        live=configurations.latest_version(db.session(), this_site().id),
        **values,
    )


@blueprint.errorhandler(Invalid)
def broken(invalid: Invalid) -> tuple[str, int]:
    """Say what keeps the draft from being read, and the ways out: undo, or a file that takes its place."""
    return shown("broken.html", problems=invalid.problems), 422


def to_table(message: str = "", **query: Any) -> Response:
    """Say that something was done, and go back to the table."""
    if message:
        flash(message, "success")
    return redirect(url_for("admin_catalogue.index", site_key=this_site().key, **query), 303)


def overtaken() -> None:
    """Say that somebody else was faster."""
    flash(
        _("Somebody else changed this meanwhile. Nothing of yours is lost: it stands below, next to what they wrote."),
        "error",
    )
