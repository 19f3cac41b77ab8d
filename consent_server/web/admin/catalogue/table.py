"""The table of trackers: found, sorted, changed one by one or many at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken, problems_at
from consent_server.domain.catalogue_rows import FLAGS, SORTS, Query, Row, chosen, find_row, rows_of
from consent_server.domain.errors import Invalid
from consent_server.domain.times import rfc3339
from consent_server.services.cataloguing import change_trackers, remove_trackers
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.catalogue.forms import BulkForm, DossierFields, QuickForm, with_texts
from consent_server.web.admin.catalogue.page import blueprint, draft, editor, overtaken, shown, to_table
from consent_server.web.admin.told import told

ASKED = ("search", "purpose", "vendor", "kind", "only", "sort", "descending")


@blueprint.get("/")
@needs(Permission.SEE)
def index(site_key: str) -> str:
    """Show the rows that were asked for; ``edit`` names one that is a form."""
    catalogue = draft()
    form = None
    editing = find_row(catalogue, request.args.get("edit", ""))
    if editing:
        form = QuickForm(catalogue, formdata=None)
        form.show(editing)
    return _table(catalogue, editing, form)


@blueprint.get("/rows/<row_id>")
@needs(Permission.SEE)
def fragment(site_key: str, row_id: str) -> str:
    """Give one row alone, as a form with ``edit``: what the table's script puts in place."""
    catalogue = draft()
    row = _row(catalogue, row_id)
    form = None
    if request.args.get("edit"):
        form = QuickForm(catalogue, formdata=None)
        form.show(row)
    return shown("fragment.html", row=row, form=form, asked=_asked(), **_names(catalogue))


@blueprint.post("/rows/<row_id>")
@needs(Permission.EDIT)
def quick(site_key: str, row_id: str) -> str | Response:
    """Change purpose and lifetime of one row."""
    catalogue = draft()
    form = QuickForm(catalogue)
    row = find_row(catalogue, row_id)
    name = row.tracker.name if row else row_id
    if row and form.validate():
        try:
            change_trackers(editor(), {row_id: form.revision.data}, form.changes(), name)
            return to_table(_("%(name)s is kept.", name=name), **_asked())
        except Overtaken:
            overtaken()
            form.revision.data = row.revision
        except Invalid as invalid:
            form.tell(problems_at(invalid, row.at))
    elif row is None:
        overtaken()
    return shown("quick.html", row=row, row_id=row_id, form=form, asked=_asked(), **_names(catalogue))


@blueprint.post("/rows")
@needs(Permission.EDIT)
def bulk(site_key: str) -> str | Response:
    """Change many rows at once."""
    catalogue = draft()
    form = BulkForm(catalogue)
    rows = _marked(catalogue, form)
    if not rows:
        return _again(catalogue, form, _("Mark the rows first."))
    deed = request.form.get("deed", "")
    if deed == "exempt":
        return shown("exempt.html", rows=rows, form=_dossier(catalogue)(formdata=None), **_names(catalogue))
    if deed == "remove":
        return shown("remove.html", rows=rows, **_names(catalogue))
    if deed == "purpose":
        return _bulk(catalogue, form, rows, {"purpose": form.purpose.data or None})
    if deed == "lifetime" and form.validate():
        return _bulk(catalogue, form, rows, {"declared_lifetime": form.lifetime()})
    if deed == "lifetime":
        return _again(catalogue, form, " ".join(str(m) for messages in form.errors.values() for m in messages))
    raise BadRequest


@blueprint.post("/exempt")
@needs(Permission.EDIT)
def exempt(site_key: str) -> str | Response:
    """Exempt many rows on one ground, with one justification."""
    catalogue = draft()
    form = _dossier(catalogue)()
    marked = BulkForm(catalogue)
    rows = _marked(catalogue, marked)
    if rows and form.validate():
        work = editor()
        exemption = form.exemption(catalogue.languages, actor().name, rfc3339(work.now))
        try:
            change_trackers(work, marked.seen(), {"exemption": exemption}, _subject(rows))
            return to_table(_counted(rows))
        except Overtaken:
            overtaken()
        except Invalid as invalid:
            form.tell({"ground": sorted({m for messages in invalid.problems.values() for m in messages})})
    return shown("exempt.html", rows=rows, form=form, **_names(catalogue))


@blueprint.post("/remove")
@needs(Permission.EDIT)
def remove(site_key: str) -> Response | str:
    """Remove rows, after they were shown once more."""
    catalogue = draft()
    form = BulkForm(catalogue)
    rows = _marked(catalogue, form)
    try:
        if rows:
            remove_trackers(editor(), form.seen(), _subject(rows))
    except Overtaken:
        overtaken()
        return shown("remove.html", rows=rows, **_names(catalogue))
    return to_table(_counted(rows) if rows else "")


def _bulk(catalogue: Catalogue, form: BulkForm, rows: tuple[Row, ...], changes: dict[str, Any]) -> str | Response:
    try:
        change_trackers(editor(), form.seen(), changes, _subject(rows))
    except Overtaken as overtaken_rows:
        names = ", ".join(row.tracker.name for row in rows if row.id in overtaken_rows.rows)
        return _again(
            catalogue,
            form,
            _("Somebody else changed %(names)s meanwhile. Look at what it says now, and do it again.", names=names),
        )
    except Invalid as invalid:
        return _again(catalogue, form, _told(invalid, rows))
    return to_table(_counted(rows), **_asked())


def _told(invalid: Invalid, rows: tuple[Row, ...]) -> str:
    """Return what is wrong, with the names of the rows that it is about."""
    names = {f"services.{row.at[0]}.trackers.{row.at[1]}": row.tracker.name for row in rows}
    found = []
    for path, messages in invalid.problems.items():
        name = names.get(".".join(path.split(".")[:4]))
        said = " ".join(map(told, messages))
        found.append(f"{name}: {said}" if name else said)
    return " ".join(dict.fromkeys(found))


def _again(catalogue: Catalogue, form: BulkForm, message: str) -> str:
    """Show the table again with what was marked and filled in."""
    return _table(catalogue, None, None, bulk=form, wrong=message)


def _table(
    catalogue: Catalogue,
    editing: Row | None,
    form: QuickForm | None,
    bulk: BulkForm | None = None,
    wrong: str = "",
) -> str:
    rows = rows_of(catalogue)
    asked = _asked()
    texts: dict[str, str] = {key: value for key, value in asked.items() if key != "descending"}
    query = replace(Query(**texts), descending="descending" in asked)  # type: ignore[arg-type]  # all but one are texts
    return shown(
        "table.html",
        rows=chosen(rows, query),
        total=len(rows),
        counts={flag: sum(1 for row in rows if getattr(row, flag)) for flag in FLAGS},
        vendors=sorted({row.service.vendor for row in rows}, key=str.casefold),
        query=query,
        asked=asked,
        editing=editing,
        form=form,
        bulk=bulk or BulkForm(catalogue, formdata=None),
        told=wrong,
        **_names(catalogue),
    )


def _names(catalogue: Catalogue) -> dict[str, Any]:
    return {"purposes": words.purposes(catalogue), "languages_of_site": catalogue.languages}


def _asked() -> dict[str, str]:
    """Return the filters and the order, from the address or from a form that goes back to them."""
    given = {key: request.values.get(f"q-{key}", request.args.get(key, ""))[:200] for key in ASKED}
    asked = {key: value for key, value in given.items() if value}
    if asked.get("sort") not in SORTS:
        asked.pop("sort", None)
    return asked


def _row(catalogue: Catalogue, row_id: str) -> Row:
    row = find_row(catalogue, row_id)
    if row is None:
        raise NotFound
    return row


def _marked(catalogue: Catalogue, form: BulkForm) -> tuple[Row, ...]:
    seen = form.seen()
    return tuple(row for row in rows_of(catalogue) if row.id in seen)


def _dossier(catalogue: Catalogue) -> Any:
    return with_texts(DossierFields, catalogue, "justification")


def _subject(rows: tuple[Row, ...]) -> str:
    names = [row.tracker.name for row in rows]
    return ", ".join(names[:5]) + (f" + {len(names) - 5}" if len(names) > 5 else "")


def _counted(rows: tuple[Row, ...]) -> str:
    return str(ngettext("%(num)d tracker was changed.", "%(num)d trackers were changed.", len(rows)))
