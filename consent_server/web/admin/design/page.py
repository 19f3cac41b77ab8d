"""The banner's designer: looks, texts, and a preview that is the banner itself.

The preview is made from the form as it stands, unsaved, in a frame of its own: sandboxed, so that it has no cookies, no
storage and no origin, and its policy lets it ask the server for the cookie declaration and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, ColorField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from consent_server.config import Settings
from consent_server.domain.account import Permission
from consent_server.domain.catalogue import LAYOUTS
from consent_server.domain.design import PARTS, TEXTS, Design, PurposeWords, reordered
from consent_server.domain.errors import Invalid
from consent_server.domain.notice import declare
from consent_server.domain.theme import DARK, POSITIONS, Palette, Theme
from consent_server.services import branding, clock, designing
from consent_server.services.cataloguing import Editor
from consent_server.services.editing import last_change
from consent_server.services.publishing import candidate
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.texts import load_languages
from consent_server.web.admin.access import actor, everybody, needs, this_site
from consent_server.web.admin.asking import NumberField, choices
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.told import told

blueprint = Blueprint("admin_design", __name__, url_prefix="/admin/sites/<site_key>/banner")

COLOURS = tuple(token.name for token in fields(Palette))
PREVIEW_S = 3600
LONGEST = 2_000

_COLOUR_LABELS = {
    "background": _l("Background"),
    "text": _l("Text"),
    "accent": _l("Buttons"),
    "accent_text": _l("Text on buttons"),
    "border": _l("Lines"),
}
_LAYOUT_LABELS = {"bar": _l("Bar across the page"), "box": _l("Box in a corner"), "modal": _l("Window in the middle")}
_POSITION_LABELS = {
    "bottom": _l("Bottom, middle"),
    "bottom-left": _l("Bottom left"),
    "bottom-right": _l("Bottom right"),
    "center": _l("Middle of the page"),
}
_TEXT_LABELS = {
    "title": _l("Title"),
    "intro": _l("Introduction"),
    "consequences": _l("What follows from either answer"),
    "withdraw_how": _l("How to change one's mind"),
    "refuse_all": _l("Button: refuse all"),
    "accept_all": _l("Button: accept all"),
    "customize": _l("Button: choose in detail"),
    "close": _l("Link: go on without accepting"),
    "settings_title": _l("Title of the settings"),
    "settings_intro": _l("Introduction of the settings"),
    "save": _l("Button: save my choices"),
    "withdraw": _l("Button: withdraw"),
    "reopen": _l("Button that opens the settings again"),
}
PART_LABELS = {"title": _l("Title"), "description": _l("One sentence"), "details": _l("In detail")}


def _form_for(design: Design) -> Any:
    """Return the form of a site: it has as many texts as the site has languages and purposes."""
    members: dict[str, Any] = {
        "controller": StringField(
            _l("Who asks"),
            [DataRequired(), Length(max=200)],
            description=_l("The name of the company behind the site."),
        ),
        "privacy_url": StringField(_l("Address of the privacy policy"), [Optional(), Length(max=2000)]),
        "layout": RadioField(_l("Shape"), choices=choices({each: _LAYOUT_LABELS[each] for each in LAYOUTS})),
        "position": SelectField(
            _l("Where a box stands"), choices=choices({each: _POSITION_LABELS[each] for each in POSITIONS})
        ),
        "radius": NumberField(_l("Round corners, in pixels"), [InputRequired(), NumberRange(0, 40)]),
        "close": BooleanField(_l("Also offer “go on without accepting”, which refuses all")),
        "has_dark": BooleanField(_l("Other colours where the visitor's device is dark")),
    }
    for scheme in ("light", "dark"):
        for colour in COLOURS:
            members[f"{scheme}_{colour}"] = ColorField(_COLOUR_LABELS[colour])
    for language in design.texts:
        for key in TEXTS:
            kind = TextAreaField if key in ("intro", "consequences", "withdraw_how", "settings_intro") else StringField
            members[f"text_{language}_{key}"] = kind(_TEXT_LABELS[key], [Length(max=LONGEST)])
    for place, purpose in enumerate(design.purposes):
        members[f"order_{purpose.id}"] = NumberField(_l("Place"), [Optional(), NumberRange(1, 99)], default=place + 1)
        for language in design.texts:
            for part in PARTS:
                kind = StringField if part == "title" else TextAreaField
                members[f"purpose_{purpose.id}_{language}_{part}"] = kind(PART_LABELS[part], [Length(max=LONGEST)])
    return type("DesignForm", (FlaskForm,), members)(data=_values(design))


def _values(design: Design) -> dict[str, Any]:
    theme = design.theme
    found: dict[str, Any] = {
        "controller": design.controller,
        "privacy_url": design.privacy_url,
        "layout": design.layout,
        "close": design.close,
        "position": theme.position,
        "radius": theme.radius,
        "has_dark": theme.dark is not None,
    }
    for scheme, palette in (("light", theme.light), ("dark", theme.dark or DARK)):
        found.update({f"{scheme}_{colour}": value for colour, value in asdict(palette).items()})
    for language, texts in design.texts.items():
        found.update({f"text_{language}_{key}": text for key, text in texts.items()})
    for place, purpose in enumerate(design.purposes):
        found[f"order_{purpose.id}"] = place + 1
        for part, said in purpose.words.items():
            found.update({f"purpose_{purpose.id}_{language}_{part}": text for language, text in said.items()})
    return found


def _design_from(form: Any, before: Design) -> Design:
    def colours(scheme: str) -> Palette:
        return Palette(**{colour: form[f"{scheme}_{colour}"].data or "" for colour in COLOURS})

    def purpose(found: PurposeWords) -> PurposeWords:
        words = {
            part: {
                language: (form[f"purpose_{found.id}_{language}_{part}"].data or "").strip()
                for language in before.texts
            }
            for part in PARTS
        }
        return PurposeWords(found.id, words)

    dark = colours("dark") if form.has_dark.data else None
    design = Design(
        (form.controller.data or "").strip(),
        (form.privacy_url.data or "").strip() or None,
        form.layout.data,
        bool(form.close.data),
        Theme(colours("light"), dark, form.radius.data or 0, form.position.data),
        {
            language: {key: (form[f"text_{language}_{key}"].data or "").strip() for key in TEXTS}
            for language in before.texts
        },
        tuple(purpose(each) for each in before.purposes),
    )
    places = {each.id: form[f"order_{each.id}"].data or 99 for each in before.purposes}
    return reordered(design, sorted(places, key=lambda each: places[each]))


@blueprint.route("/", methods=["GET", "POST"])
@needs(Permission.EDIT)
def page(site_key: str) -> str | AnyResponse | tuple[str, int]:
    """Show the designer, and keep what was designed."""
    site = this_site()
    before = designing.current_design(site)
    form = _form_for(before)
    problems: dict[str, Any] = {}
    if form.validate_on_submit():
        try:
            if designing.keep_design(db.session(), site, _design_from(form, before), actor(), clock.now()):
                flash(_("Kept in the draft. Visitors see it once it is published."), "success")
            else:
                flash(_("Nothing was different."))
            return redirect(url_for("admin_design.page", site_key=site_key), 303)
        except Invalid as invalid:
            problems = _in_words(invalid)
    wrong = bool(problems or form.errors)
    found = () if wrong else designing.try_design(db.session(), site, before, clock.now()).findings
    shown = render_template(
        "admin/design.html",
        site=site,
        form=form,
        design=before,
        languages_of_site=tuple(before.texts),
        texts=TEXTS,
        parts=PARTS,
        colours=COLOURS,
        problems=problems,
        findings=found,
        logo=branding.current_logo(site),
        **history(),
    )
    return (shown, 422) if wrong else shown


@blueprint.post("/preview")
@needs(Permission.EDIT)
def preview(site_key: str) -> Response:
    """Give a page with the banner of the form as it stands; nothing is kept."""
    site = this_site()
    before = designing.current_design(site)
    form = _form_for(before)
    nonce = secrets.token_urlsafe(16)
    script, problems = "", {}
    if form.validate():
        try:
            trial = designing.try_design(db.session(), site, _design_from(form, before), clock.now())
            script = trial.candidate.script.decode().replace("</script", "<\\/script").replace("<!--", "<\\!--")
        except Invalid as invalid:
            problems = _in_words(invalid)
    else:
        problems = dict(form.errors)
    settings: Settings = current_app.extensions["settings"]
    folder = f"{settings.public_url}/admin/sites/{site_key}/banner/shown/{_serializer().dumps(site.id)}/"
    response = Response(
        render_template(
            "admin/preview.html",
            nonce=nonce,
            script=script,
            problems=problems,
            folder=folder,
            language=_one_of(request.form.get("preview_language"), before.texts),
            dark=request.form.get("preview_scheme") == "dark",
        )
    )
    response.headers["Content-Security-Policy"] = (
        f"sandbox allow-scripts; default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        f"img-src {folder}; connect-src {folder}policy.json; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
    return response


@blueprint.post("/check")
@needs(Permission.EDIT)
def check(site_key: str) -> str:
    """Give what speaks against the form as it stands, as a piece of the page."""
    site = this_site()
    before = designing.current_design(site)
    form = _form_for(before)
    try:
        valid = form.validate()
        findings = (
            designing.try_design(db.session(), site, _design_from(form, before), clock.now()).findings if valid else ()
        )
        return render_template("admin/findings.html", findings=findings, problems=form.errors)
    except Invalid as invalid:
        return render_template("admin/findings.html", findings=(), problems=_in_words(invalid))


@blueprint.get("/shown/<token>/policy.json")
@everybody
def declaration(site_key: str, token: str) -> Response:
    """Give the cookie declaration of a draft to its preview, which has no session."""
    site = _site_of_preview(site_key, token)
    configuration = candidate(db.session(), site, clock.now()).configuration
    response = jsonify(asdict(declare(configuration, configuration.document["default_language"])))
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/shown/<token>/logo.<digest>.webp")
@everybody
def logo_of_preview(site_key: str, token: str, digest: str) -> Response:
    """Give the logo of a draft to its preview."""
    webp = branding.logo_of_draft(db.session(), _site_of_preview(site_key, token), f"sha256:{digest}")
    response = Response(webp, mimetype="image/webp")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # a sandboxed frame is of no origin
    return response


def editor() -> Editor:
    """Return who works on which site."""
    return Editor(db.session(), this_site().key, actor(), clock.now())


def history() -> dict[str, Any]:
    """Return what a page needs to offer taking the last change back."""
    named = {code: language.name for code, language in load_languages().items()}
    return {"words": words, "last": last_change(db.session(), this_site().id), "named": named}


def _site_of_preview(site_key: str, token: str) -> sites.Site:
    try:
        site_id = _serializer().loads(token, max_age=PREVIEW_S)
    except BadData:
        raise NotFound from None
    site = sites.find_site(db.session(), site_key)
    if site.id != site_id:
        raise NotFound
    return site


def _in_words(invalid: Invalid) -> dict[str, list[str]]:
    return {place: [told(message) for message in messages] for place, messages in invalid.problems.items()}


def _one_of(wanted: str | None, known: Mapping[str, object]) -> str:
    return wanted if wanted in known else next(iter(known))  # type: ignore[return-value]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), "preview")
