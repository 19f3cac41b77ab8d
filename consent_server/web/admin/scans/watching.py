"""How often a site is scanned by itself, and who is warned."""

from __future__ import annotations

from flask import current_app, flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.domain.errors import ConsentServerError
from consent_server.services import clock, watching
from consent_server.services.surveying import may_be_private
from consent_server.storage import watches
from consent_server.storage.database import db
from consent_server.web.admin.access import actor, needs, this_site
from consent_server.web.admin.asking import choices, sealer, tell
from consent_server.web.admin.scans import words
from consent_server.web.admin.scans.page import blueprint, shown

SHOWN = 10


class WatchForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """When, and whom."""

    schedule = SelectField(_l("Scan the site"), choices=choices(words.SCHEDULES))
    mail_to = TextAreaField(
        _l("Write to"),
        [Length(max=2_000)],
        description=_l("Mail addresses, one per line, %(number)s at most.", number=watching.MOST_RECIPIENTS),
    )
    webhook_url = StringField(
        _l("Webhook"),
        [Length(max=2_000)],
        description=_l("An https address of yours that is told, too. What it gets is signed (Standard Webhooks)."),
    )
    renew = BooleanField(_l("Make a new secret for the webhook"))


@blueprint.get("/watch")
@needs(Permission.EDIT)
def watch(site_key: str) -> str:
    """Show how the site is watched."""
    found = watches.find_watch(db.session(), this_site().id)
    given = {"schedule": found.schedule, "mail_to": "\n".join(found.recipients), "webhook_url": found.webhook_url}
    return _shown(WatchForm(formdata=None, **given))


@blueprint.post("/watch")
@needs(Permission.EDIT)
def change_watch(site_key: str) -> str | Response | tuple[str, int]:
    """Watch it otherwise; a new secret is shown once."""
    form = WatchForm()
    if form.validate():
        try:
            secret = watching.watch(
                db.session(),
                this_site(),
                actor(),
                clock.now(),
                sealer(),
                schedule=form.schedule.data,
                mail_to=form.mail_to.data or "",
                webhook_url=form.webhook_url.data or "",
                renew=bool(form.renew.data),
                private=may_be_private(_settings()),
            )
        except ConsentServerError as error:
            db.session.rollback()
            tell(form, error)
        else:
            if secret:
                return shown("secret.html", secret=secret)
            flash(_("Schedule and warnings are kept."), "success")
            return redirect(url_for(".index", site_key=site_key), 303)
    return _shown(form), 422


def _shown(form: WatchForm) -> str:
    found = watches.list_warnings(db.session(), this_site().id, SHOWN)
    return shown("watch.html", form=form, found=found, mails=bool(_settings().mail_from))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
