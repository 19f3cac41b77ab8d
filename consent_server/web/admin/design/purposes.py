"""What visitors are asked about: the purposes that the product comes with, and the site's own."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.design import PARTS
from consent_server.domain.errors import Invalid
from consent_server.domain.purpose import DEFAULT_PURPOSES
from consent_server.domain.purpose_edits import free_purpose_id, users_of
from consent_server.services import cataloguing
from consent_server.services.editing import check_draft
from consent_server.web.admin.access import needs, this_site
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.design.page import LONGEST, PART_LABELS, blueprint, editor, history
from consent_server.web.admin.told import told


@blueprint.get("/purposes")
@needs(Permission.EDIT)
def purposes(site_key: str) -> str:
    """Show every purpose and what serves it, and ask for another one."""
    catalogue = check_draft(this_site().draft)
    return _shown(catalogue, _form(catalogue, formdata=None))


@blueprint.post("/purposes")
@needs(Permission.EDIT)
def add_purpose(site_key: str) -> str | Response | tuple[str, int]:
    """Keep a purpose of the site's own in the draft."""
    catalogue = check_draft(this_site().draft)
    form = _form(catalogue)
    if not form.validate():
        return _shown(catalogue, form), 422
    try:
        cataloguing.add_purpose(editor(), _written(form, catalogue))
    except Invalid as invalid:
        form.form_errors = [told(message) for messages in invalid.problems.values() for message in messages]
        return _shown(catalogue, form), 422
    flash(_("The purpose is in the draft. Visitors are asked about it once something serves it."), "success")
    return _back()


@blueprint.post("/purposes/<purpose_id>/remove")
@needs(Permission.EDIT)
def remove_purpose(site_key: str, purpose_id: str) -> Response:
    """Take a purpose of the site's own out of the draft, unless something serves it."""
    try:
        cataloguing.remove_purpose(editor(), purpose_id)
        flash(_("The purpose was removed from the draft."), "success")
    except Invalid as invalid:
        for messages in invalid.problems.values():
            flash(" ".join(map(told, messages)), "error")
    return _back()


def _back() -> Response:
    return redirect(url_for("admin_design.purposes", site_key=this_site().key), 303)


def _form(catalogue: Catalogue, **given: Any) -> Any:
    members: dict[str, Any] = {}
    for language in catalogue.languages:
        for part in PARTS:
            kind = StringField if part == "title" else TextAreaField
            needed = [Optional()] if part == "details" else [DataRequired()]
            members[f"{part}_{language}"] = kind(PART_LABELS[part], [*needed, Length(max=LONGEST)])
    members["id"] = StringField(
        _l("Short name in code"),
        [Optional(), Length(max=40)],
        description=_l("Letters, digits and _; made from the title when empty. It stays as it is."),
    )
    return type("PurposeForm", (FlaskForm,), members)(**given)


def _written(form: Any, catalogue: Catalogue) -> dict[str, Any]:
    said = {
        part: {language: (form[f"{part}_{language}"].data or "").strip() for language in catalogue.languages}
        for part in PARTS
    }
    if not any(said["details"].values()):
        del said["details"]
    taken = {each.id for each in catalogue.purposes}
    given = (form.id.data or "").strip()
    return {"id": given or free_purpose_id(said["title"][catalogue.default_language], taken), **said}


def _shown(catalogue: Catalogue, form: Any) -> str:
    return render_template(
        "admin/purposes.html",
        site=this_site(),
        form=form,
        purposes=catalogue.purposes,
        titles=words.purposes(catalogue),
        users={each.id: users_of(catalogue, each.id) for each in catalogue.purposes},
        own=[each.id for each in catalogue.purposes if each.id not in DEFAULT_PURPOSES],
        parts=PARTS,
        site_languages=catalogue.languages,
        **history(),
    )
