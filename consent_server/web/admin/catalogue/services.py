"""The services of the catalogue: what loads on the pages, and from where."""

from __future__ import annotations

import re
import unicodedata

from flask import request
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from consent_server.domain.account import Permission
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken, problems_at
from consent_server.domain.catalogue_rows import service_revision
from consent_server.domain.errors import Invalid
from consent_server.domain.tracker import Service
from consent_server.services import cataloguing
from consent_server.services.editing import free_id
from consent_server.web.admin.access import needs
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.catalogue.forms import ServiceForm
from consent_server.web.admin.catalogue.page import blueprint, draft, editor, overtaken, shown, to_table


@blueprint.get("/services")
@needs(Permission.SEE)
def services(site_key: str) -> str:
    """Show every service."""
    catalogue = draft()
    return shown("services.html", services=catalogue.services, purposes=words.purposes(catalogue))


@blueprint.get("/services/<service_id>")
@needs(Permission.SEE)
def service(site_key: str, service_id: str) -> str:
    """Show a service."""
    catalogue = draft()
    found = _find(catalogue, service_id)
    if found is None:
        raise NotFound
    form = ServiceForm(catalogue, formdata=None)
    form.show(found)
    return shown("service.html", form=form, service=found, told=False, purposes=words.purposes(catalogue))


@blueprint.post("/services/<service_id>")
@needs(Permission.EDIT)
def change_service(site_key: str, service_id: str) -> str | Response:
    """Change a service, or remove it."""
    catalogue = draft()
    form = ServiceForm(catalogue)
    found = _find(catalogue, service_id)
    told = found is None
    removing = request.form.get("deed") == "remove"
    if found and (removing or form.validate()):
        try:
            if removing:
                cataloguing.remove_service(editor(), service_id, form.revision.data)
                return to_table(_("%(name)s is removed.", name=found.name))
            cataloguing.change_service(editor(), service_id, form.revision.data, form.changes(found))
            return to_table(_("%(name)s is kept.", name=form.name.data))
        except Overtaken:
            told = True
        except Invalid as invalid:
            form.tell(problems_at(invalid, (_at(catalogue, service_id),)))
    if told:
        overtaken()
        form.revision.data = _revision(catalogue, found)
    return shown("service.html", form=form, service=found, told=told, purposes=words.purposes(catalogue))


@blueprint.get("/services/new")
@needs(Permission.EDIT)
def new_service(site_key: str) -> str:
    """Ask for a service that the library does not know."""
    catalogue = draft()
    form = ServiceForm(catalogue, formdata=None)
    return shown("service.html", form=form, service=None, told=False, purposes=words.purposes(catalogue))


@blueprint.post("/services/new")
@needs(Permission.EDIT)
def add_service(site_key: str) -> str | Response:
    """Add a service that the library does not know."""
    catalogue = draft()
    form = ServiceForm(catalogue)
    if form.validate():
        said = form.changes()
        service_id = free_id(_id_of(said["name"]), {each.id for each in catalogue.services})
        try:
            cataloguing.add_service(editor(), {"id": service_id, **said, "trackers": []})
            return to_table(_("%(name)s is kept.", name=form.name.data))
        except Invalid as invalid:
            form.tell(problems_at(invalid, (len(catalogue.services),)))
    return shown("service.html", form=form, service=None, told=False, purposes=words.purposes(catalogue))


def _find(catalogue: Catalogue, service_id: str) -> Service | None:
    return next((each for each in catalogue.services if each.id == service_id), None)


def _at(catalogue: Catalogue, service_id: str) -> int:
    return [each.id for each in catalogue.services].index(service_id)


def _revision(catalogue: Catalogue, found: Service | None) -> str:
    return service_revision(found) if found else ""


def _id_of(name: str) -> str:
    """Return an id that reads like the name."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "service"
