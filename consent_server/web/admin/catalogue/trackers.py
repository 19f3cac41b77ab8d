"""One tracker: everything about it, and the dossier that says why it needs no consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken, problems_at
from consent_server.domain.catalogue_rows import Row, find_row, rows_of, write_exemption
from consent_server.domain.errors import Invalid
from consent_server.domain.times import rfc3339
from consent_server.services.cataloguing import Editor, add_tracker, change_trackers
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.catalogue.forms import TrackerForm, with_texts
from consent_server.web.admin.catalogue.page import blueprint, draft, editor, overtaken, shown, to_table


@blueprint.get("/trackers/<row_id>")
@needs(Permission.SEE)
def tracker(site_key: str, row_id: str) -> str:
    """Show a tracker."""
    catalogue = draft()
    row = find_row(catalogue, row_id)
    if row is None:
        raise NotFound
    form = _form(catalogue, formdata=None)
    form.show(row)
    return _page(catalogue, form, row)


@blueprint.post("/trackers/<row_id>")
@needs(Permission.EDIT)
def change(site_key: str, row_id: str) -> str | Response:
    """Change a tracker; what somebody else changed meanwhile stands next to what was filled in."""
    catalogue = draft()
    form = _form(catalogue)
    row = find_row(catalogue, row_id)
    form.before = row.tracker.exemption if row else None
    if row is None:
        overtaken()
    elif form.validate():
        work = editor()
        try:
            change_trackers(work, {row_id: form.revision.data}, _changes(form, catalogue, row, work), row.tracker.name)
            return to_table(_("%(name)s is kept.", name=form.name.data or row.tracker.name))
        except Overtaken:
            overtaken()
            form.revision.data = row.revision
            return _page(catalogue, form, row, told=True)
        except Invalid as invalid:
            form.tell(problems_at(invalid, row.at))
    return _page(catalogue, form, row)


@blueprint.get("/trackers/new")
@needs(Permission.EDIT)
def new(site_key: str) -> str:
    """Ask for a new tracker."""
    catalogue = draft()
    return _new_page(catalogue, _form(catalogue, formdata=None))


@blueprint.post("/trackers/new")
@needs(Permission.EDIT)
def add(site_key: str) -> str | Response:
    """Add a tracker."""
    catalogue = draft()
    form = _form(catalogue)
    service_id = request.form.get("service", "")
    if form.validate():
        work = editor()
        try:
            add_tracker(work, service_id, _changes(form, catalogue, None, work))
            return to_table(_("%(name)s is kept.", name=form.changes()["name"]))
        except Invalid as invalid:
            form.tell(problems_at(invalid, _next(catalogue, service_id)))
    return _new_page(catalogue, form)


def _form(catalogue: Catalogue, **kwargs: Any) -> TrackerForm:
    made = with_texts(TrackerForm, catalogue, "description", "justification")(catalogue, **kwargs)
    assert isinstance(made, TrackerForm)
    return made


def _changes(form: TrackerForm, catalogue: Catalogue, row: Row | None, work: Editor) -> dict[str, Any]:
    """Return what the tracker is to say; a dossier that says what it said keeps its author and its time."""
    exemption = form.exemption(catalogue.languages, actor().name, rfc3339(work.now))
    before = write_exemption(row.tracker.exemption) if row else None
    if before and exemption and _decision(exemption) == _decision(before):
        exemption = before
    return {**form.changes(), "exemption": exemption}


def _decision(exemption: Mapping[str, Any]) -> tuple[str, Any, set[str]]:
    """Return what was decided, whoever decided it and whenever."""
    confirmed = {key for key, holds in exemption.get("conditions", {}).items() if holds}
    return exemption["ground"], exemption["justification"], confirmed


def _next(catalogue: Catalogue, service_id: str) -> tuple[int, ...]:
    """Return where a new tracker of a service stands."""
    for at, service in enumerate(catalogue.services):
        if service.id == service_id:
            return at, len(service.trackers)
    return 0, len(rows_of(catalogue))


def _page(catalogue: Catalogue, form: TrackerForm, row: Row | None, told: bool = False) -> str:
    return shown(
        "tracker.html",
        form=form,
        row=row,
        told=told,
        purposes=words.purposes(catalogue),
        languages_of_site=catalogue.languages,
    )


def _new_page(catalogue: Catalogue, form: TrackerForm) -> str:
    return shown(
        "tracker.html",
        form=form,
        row=None,
        told=False,
        services=catalogue.services,
        service_id=request.values.get("service", ""),
        purposes=words.purposes(catalogue),
        languages_of_site=catalogue.languages,
    )
