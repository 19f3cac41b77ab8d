"""The logo of a banner: a picture, and what it says to those who do not see it."""

from __future__ import annotations

import base64
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import Length, Optional

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.errors import Invalid
from consent_server.domain.logo import LONGEST_ALT, Logo
from consent_server.services import branding, clock
from consent_server.services.editing import check_draft
from consent_server.services.redrawing import LARGEST_UPLOAD
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.design.page import blueprint, history
from consent_server.web.admin.told import told

LARGEST_FORM = LARGEST_UPLOAD + 64 * 1024
"""Bytes of the form that carries a picture, with what it says; every other form has the application's limit."""


@blueprint.before_request
def take_a_picture() -> None:
    """Let pictures in; this runs before anything reads the form."""
    if request.endpoint == "admin_design.keep_logo":
        request.max_content_length = LARGEST_FORM


@blueprint.get("/logo")
@needs(Permission.EDIT)
def logo(site_key: str) -> str:
    """Show the logo, and ask for another one."""
    catalogue = check_draft(this_site().draft)
    return _shown(catalogue, _form(catalogue, formdata=None))


@blueprint.post("/logo")
@needs(Permission.EDIT)
def keep_logo(site_key: str) -> str | Response | tuple[str, int]:
    """Keep a picture, or what it says, in the draft."""
    catalogue = check_draft(this_site().draft)
    form = _form(catalogue)
    if not form.validate():
        return _shown(catalogue, form), 422
    try:
        _keep(form, catalogue)
    except Invalid as invalid:
        _tell(form, invalid)
        return _shown(catalogue, form), 422
    flash(_("Kept in the draft. Visitors see it once it is published."), "success")
    return redirect(url_for("admin_design.page", site_key=site_key), 303)


@blueprint.post("/logo/remove")
@needs(Permission.EDIT)
def remove_logo(site_key: str) -> Response:
    """Take the logo out of the draft."""
    if branding.remove_logo(db.session(), this_site(), actor(), clock.now()):
        flash(_("The logo was removed from the draft."), "success")
    return redirect(url_for("admin_design.logo", site_key=site_key), 303)


def address_of(found: Logo | None) -> str:
    """Return the picture of the draft's logo as an address of its own, for pages of the admin."""
    if found is None:
        return ""
    webp = branding.logo_of_draft(db.session(), this_site(), found.digest)
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def _form(catalogue: Catalogue, **given: Any) -> Any:
    found = catalogue.banner.logo
    members: dict[str, Any] = {
        "image": FileField(
            _l("Picture"),
            description=_l("PNG, JPEG or WebP, at most 2 MB. It is made as small as the banner shows it."),
        ),
        "decorates": BooleanField(_l("It only decorates: the title of the banner names the site already")),
    }
    for language in catalogue.languages:
        label = _l("What it says (%(language)s)", language=load_languages()[language].name)
        members[f"alt_{language}"] = StringField(label, [Optional(), Length(max=LONGEST_ALT)])
    alt = found.alt if found else dict.fromkeys(catalogue.languages, catalogue.name)
    said = {f"alt_{language}": text for language, text in alt.items()}
    return type("LogoForm", (FlaskForm,), members)(data={"decorates": bool(found and not found.alt), **said}, **given)


def _keep(form: Any, catalogue: Catalogue) -> None:
    said = {language: (form[f"alt_{language}"].data or "").strip() for language in catalogue.languages}
    alt = {} if form.decorates.data else {language: text for language, text in said.items() if text} or said
    image = form.image.data.read(LARGEST_UPLOAD + 1) if form.image.data else b""
    if image:
        branding.keep_logo(db.session(), this_site(), image, alt, actor(), clock.now())
    else:
        branding.reword_logo(db.session(), this_site(), alt, actor(), clock.now())


def _tell(form: Any, invalid: Invalid) -> None:
    """Put what is wrong beside its field, else on top."""
    for place, messages in invalid.problems.items():
        name = place.removeprefix("banner.logo.").replace("alt.", "alt_")
        said = [told(message) for message in messages]
        if name in form:
            form[name].errors = [*form[name].errors, *said]
        else:
            form.form_errors = [*form.form_errors, *said]


def _shown(catalogue: Catalogue, form: Any) -> str:
    found = catalogue.banner.logo
    return render_template(
        "admin/logo.html",
        site=this_site(),
        form=form,
        logo=found,
        address=address_of(found),
        site_languages=catalogue.languages,
        **history(),
    )
