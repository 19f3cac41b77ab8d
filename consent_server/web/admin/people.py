"""The organisation and its people: list, invite, change what somebody may do, let in no more."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from consent_server.domain.account import Permission, Role, parse_role
from consent_server.domain.errors import Conflict, Invalid
from consent_server.services import clock, managing_people, writing
from consent_server.services.linking import read_linker
from consent_server.services.mailing import NotSent, read_post
from consent_server.storage import organisations, users
from consent_server.storage.database import db
from consent_server.storage.users import User
from consent_server.web.admin import deeds, words
from consent_server.web.admin.access import actor, needs
from consent_server.web.admin.asking import choices, in_words, tell

blueprint = Blueprint("admin_people", __name__, url_prefix="/admin/people")

ROLES = {
    Role.OWNER: _l("Owner: everything, also people and tokens"),
    Role.EDITOR: _l("Editor: sites, catalogues, publishing"),
    Role.AUDITOR: _l("Auditor: reads everything, also proofs and activity"),
    Role.VIEWER: _l("Viewer: reads sites and statistics"),
}
"""What each role may do: said beside a list of them, which has no room for it on a phone."""


class InvitationForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Whom, as what."""

    email = StringField(_l("E-mail address"), render_kw={"type": "email", "autocomplete": "off", "required": True})
    role = SelectField(_l("Role"), choices=choices(deeds.ROLES), default="editor")
    language = SelectField(_l("Language"), choices=choices(words.LANGUAGES))


class RoleForm(FlaskForm):  # type: ignore[misc]
    """As what."""

    role = SelectField(_l("Role"), choices=choices(deeds.ROLES))


class OrganisationForm(FlaskForm):  # type: ignore[misc]
    """What the organisation is called."""

    name = StringField(_l("Name of the organisation"), render_kw={"maxlength": 200, "required": True})


@blueprint.get("/")
@needs(Permission.MANAGE)
def index() -> str:
    """Show everybody."""
    return _index(InvitationForm(formdata=None, language=words.language()))


@blueprint.post("/")
@needs(Permission.MANAGE)
def invite() -> Response | str | tuple[str, int]:
    """Invite somebody: by mail, or by the link that is shown."""
    form = InvitationForm()
    linker = read_linker(current_app.extensions["settings"])
    try:
        given = form.email.data or "", parse_role(form.role.data or ""), form.language.data or "", clock.now()
        user, link = managing_people.invite(db.session(), actor(), linker, *given)
    except (Invalid, Conflict) as error:
        tell(form, error)
        return _index(form), 422
    return _handed_over(user, link)


@blueprint.post("/organisation")
@needs(Permission.MANAGE)
def rename() -> Response | tuple[str, int]:
    """Give the organisation another name."""
    form = OrganisationForm()
    try:
        managing_people.rename_organisation(db.session(), actor(), form.name.data or "", clock.now())
    except Invalid as error:
        tell(form, error)
        return _index(InvitationForm(formdata=None), form), 422
    flash(_("Kept."), "success")
    return redirect(url_for("admin_people.index"), 303)


@blueprint.get("/<int:user_id>")
@needs(Permission.MANAGE)
def person(user_id: int) -> str:
    """Show one of them, and what can be done."""
    user = users.find_user_of(db.session(), actor().organisation_id, user_id)
    return render_template("admin/person.html", user=user, form=RoleForm(formdata=None, role=user.role), roles=ROLES)


@blueprint.post("/<int:user_id>/role")
@needs(Permission.MANAGE)
def change_role(user_id: int) -> Response:
    """Give them another role."""
    users.find_user_of(db.session(), actor().organisation_id, user_id)
    try:
        role = parse_role(request.form.get("role", ""))
        managing_people.set_role(db.session(), actor(), user_id, role, clock.now())
    except (Invalid, Conflict) as error:
        return _back(user_id, in_words(error), "error")
    return _back(user_id, _("Kept."))


@blueprint.post("/<int:user_id>/disable")
@needs(Permission.MANAGE)
def disable(user_id: int) -> Response:
    """Let them in no more."""
    try:
        managing_people.disable(db.session(), actor(), user_id, clock.now())
    except Conflict as error:
        return _back(user_id, in_words(error), "error")
    return _back(user_id, _("They are signed out everywhere, and let in no more."))


@blueprint.post("/<int:user_id>/enable")
@needs(Permission.MANAGE)
def enable(user_id: int) -> Response:
    """Let them in again."""
    managing_people.enable(db.session(), actor(), user_id, clock.now())
    return _back(user_id, _("They may sign in again."))


@blueprint.post("/<int:user_id>/link")
@needs(Permission.MANAGE)
def make_link(user_id: int) -> Response | str:
    """Make a link by which they choose a password."""
    user = users.find_user_of(db.session(), actor().organisation_id, user_id)
    linker = read_linker(current_app.extensions["settings"])
    try:
        link = managing_people.make_link(db.session(), actor(), linker, user, clock.now())
    except Conflict as error:
        return _back(user_id, in_words(error), "error")
    return _handed_over(user, link)


@blueprint.post("/<int:user_id>/second-factor/remove")
@needs(Permission.MANAGE)
def remove_second_factor(user_id: int) -> Response:
    """Let their password alone be enough: they lost what makes their codes."""
    managing_people.remove_second_factor(db.session(), actor(), user_id, clock.now())
    return _back(user_id, _("The second factor is removed."))


def _index(form: InvitationForm, organisation: OrganisationForm | None = None) -> str:
    session = db.session()
    named = organisations.find_organisation(session, actor().organisation_id)
    return render_template(
        "admin/people.html",
        form=form,
        organisation=organisation or OrganisationForm(formdata=None, obj=named),
        found=users.list_users_of(session, actor().organisation_id),
        in_a_word=deeds.ROLES,
        roles=ROLES,
    )


def _handed_over(user: User, link: str) -> Response | str:
    """Send a link; show it to whoever made it when there is no server to send it by, or it does not."""
    post = read_post(current_app.extensions["settings"])
    failed = False
    if post:
        try:
            writing.send_link(post, user, link, actor().name)
            flash(_("A mail is on its way to %(email)s.", email=user.email), "success")
            return redirect(url_for("admin_people.index"), 303)
        except NotSent:
            failed = True
    return render_template("admin/link-made.html", user=user, link=link, failed=failed)


def _back(user_id: int, message: str, kind: str = "success") -> Response:
    flash(message, kind)
    return redirect(url_for("admin_people.person", user_id=user_id), 303)
