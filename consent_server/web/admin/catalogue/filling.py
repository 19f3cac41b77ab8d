"""Filling the catalogue: services that the library knows, by search, or as a privacy policy names them."""

from __future__ import annotations

from flask import Response as Answer
from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from consent_server.domain.account import Permission
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.library_search import search_library
from consent_server.domain.policy_text import LONGEST_POLICY, read_policy
from consent_server.services import cataloguing, clock
from consent_server.services.keeping_policies import keep_policy, remove_policy
from consent_server.services.reading_policies import policy_text
from consent_server.storage import policy_texts
from consent_server.storage.database import db
from consent_server.storage.library import load_library
from consent_server.storage.policy_texts import PolicyText
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.catalogue.forms import ImportForm, PolicyForm
from consent_server.web.admin.catalogue.page import blueprint, draft, editor, shown, to_table
from consent_server.web.admin.told import told


@blueprint.get("/library")
@needs(Permission.EDIT)
def library(site_key: str) -> str:
    """Show what the library has."""
    catalogue = draft()
    search = request.args.get("search", "")[:200]
    return shown(
        "library.html",
        search=search,
        found=search_library(load_library(), search),
        present={service.id for service in catalogue.services},
        purposes=words.purposes(catalogue),
    )


@blueprint.post("/library")
@needs(Permission.EDIT)
def add_from_library(site_key: str) -> Response:
    """Add the services that were marked."""
    known = load_library()
    wanted = [each for each in request.form.getlist("service") if known.entry(each)]
    if wanted:
        cataloguing.add_from_library(editor(), wanted)
    return to_table(_added(len(wanted)))


@blueprint.get("/policy")
@needs(Permission.EDIT)
def policy(site_key: str) -> str:
    """Ask for the text of a policy."""
    return _asked(ImportForm(formdata=None))


@blueprint.post("/policy")
@needs(Permission.EDIT)
def read(site_key: str) -> str | Response:
    """Show what a policy says, each with the passage that says so; then add what was accepted of it.

    Its text is kept when that is wanted.
    """
    catalogue = draft()
    form = ImportForm()
    if not (form.validate() and take_text(form)):
        return _asked(form)
    findings = read_policy(form.text.data, load_library())
    if request.form.get("deed") == "accept":
        services, cookies = request.form.getlist("service"), request.form.getlist("cookie")
        cataloguing.add_proposals(editor(), findings, [s for s in services if load_library().entry(s)], cookies)
        return to_table(_added(len(services) + len(cookies)))
    if form.keep.data:
        keep_policy(db.session(), this_site(), actor(), clock.now(), form.text.data, form.source)
        flash(_("The text is kept: scans are compared with it from now on."), "success")
    named = {service.id for service in findings.services}
    brought = {c.service_id: c for c in findings.cookies if c.service_id and c.service_id not in named}
    declared = {tracker.name for tracker in catalogue.trackers()}
    return shown(
        "policy.html",
        form=form,
        findings=findings,
        kept=_kept(),
        brought=brought,
        own=[c for c in findings.cookies if not c.service_id and c.name not in declared],
        present={service.id for service in catalogue.services},
        purposes=words.purposes(catalogue),
    )


@blueprint.get("/policy/text")
@needs(Permission.SEE)
def kept_policy(site_key: str) -> Answer:
    """Give the text that is kept."""
    kept = _kept()
    if kept is None:
        raise NotFound("This site keeps no text of its policy.")
    response = Answer(kept.text, mimetype="text/plain")
    response.headers["Content-Disposition"] = f"attachment; filename=policy-{site_key}.txt"
    return response


@blueprint.post("/policy/forget")
@needs(Permission.EDIT)
def forget_policy(site_key: str) -> Response:
    """Keep the text no more."""
    try:
        remove_policy(db.session(), this_site(), actor(), clock.now())
    except NotFound:
        flash(_("No text is kept."))
    else:
        flash(_("The text is not kept any more."), "success")
    return redirect(url_for(".policy", site_key=site_key), 303)


def take_text(form: PolicyForm) -> bool:
    """Put the text of the file that was chosen where the pasted one would be; return whether there is a text."""
    chosen = request.files.get("file")
    data = chosen.read() if chosen else b""
    try:
        text = policy_text(data) if data else form.text.data or ""
        if len(text) > LONGEST_POLICY:
            raise Invalid.because(_("This text is longer than any policy: choose the page about cookies alone."))
        if not text.strip():
            raise Invalid.because(_("Paste a text, or choose a file."))
    except Invalid as invalid:
        said = [told(message) for messages in invalid.problems.values() for message in messages]
        (form.file if data else form.text).errors = said
        return False
    form.text.data = text
    form.source = str(chosen.filename or "") if chosen and data else ""
    return True


def _asked(form: ImportForm) -> str:
    return shown("policy.html", form=form, findings=None, kept=_kept())


def _kept() -> PolicyText | None:
    return policy_texts.find_policy_text(db.session(), this_site().id)


def _added(number: int) -> str:
    if not number:
        return str(_("Nothing was marked, and nothing was added."))
    return str(ngettext("%(num)d entry was added.", "%(num)d entries were added.", number))
