"""The catalogue as files: written as CSV or as a site file, read back after a preview of what would change."""

from __future__ import annotations

import json

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from consent_server.domain.account import Permission
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.catalogue_files import write_rows
from consent_server.domain.errors import Invalid
from consent_server.services import cataloguing
from consent_server.storage.database import db
from consent_server.web.admin.access import needs, this_site
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.catalogue.forms import FileForm
from consent_server.web.admin.catalogue.page import blueprint, draft, editor, shown, to_table


@blueprint.get("/catalogue.csv")
@needs(Permission.SEE)
def as_csv(site_key: str) -> Response:
    """Give every row as a CSV file."""
    return _file(write_rows(draft()), "text/csv", "csv")


@blueprint.get("/catalogue.json")
@needs(Permission.SEE)
def as_json(site_key: str) -> Response:
    """Give the whole draft as a site file."""
    return _file(json.dumps(this_site().draft, ensure_ascii=False, indent=2) + "\n", "application/json", "json")


@blueprint.get("/import")
@needs(Permission.EDIT)
def file(site_key: str) -> str:
    """Ask for a file."""
    return shown("import.html", form=FileForm(formdata=None), preview=None, problems={})


@blueprint.post("/import")
@needs(Permission.EDIT)
def read_file(site_key: str) -> str | AnyResponse:
    """Show what a file would change; once that was seen, change it."""
    form = FileForm()
    text = _text(form)
    try:
        if form.revision.data:
            cataloguing.import_file(editor(), text, int(form.revision.data))
            return to_table(_("The file was read."))
    except (Overtaken, ValueError):
        form.revision.data = ""
        told = _("Somebody else changed the catalogue meanwhile: look at what the file would change now.")
        return _preview(form, text, told)
    except Invalid as invalid:
        return shown("import.html", form=form, preview=None, problems=invalid.problems)
    return _preview(form, text)


def _preview(form: FileForm, text: str, told: str = "") -> str:
    form.text.data = text
    try:
        preview = cataloguing.preview_file(db.session(), this_site().key, text)
    except Invalid as invalid:
        return shown("import.html", form=form, preview=None, problems=invalid.problems)
    form.revision.data = str(preview.revision)
    return shown(
        "import.html", form=form, preview=preview, problems={}, told=told, purposes=words.purposes(preview.then)
    )


def _text(form: FileForm) -> str:
    """Return the file that was chosen, else what was pasted. Spreadsheets also write Windows-1252."""
    given = request.files.get("file")
    data = given.read(cataloguing.LONGEST_FILE * 4) if given else b""
    if not data:
        return str(form.text.data or "")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _file(text: str, mimetype: str, ending: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{this_site().key}.{ending}"'
    return response
