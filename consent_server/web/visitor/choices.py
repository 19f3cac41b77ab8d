"""The visitor's own page: what I answered and when, my receipts, how to change it, and how to have it erased (UI-13).

No account, no cookie, no session: the consent id is the key. It comes in the fragment of the banner's link or is typed
in, and travels in the bodies of forms alone, so that no address, log, history entry or Referer has it. The one script
moves it from the fragment into the form; without scripts it is typed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, current_app, jsonify, render_template, request
from flask_smorest import Blueprint
from marshmallow import EXCLUDE, Schema, fields, validate

from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import RecordNotFound
from consent_server.domain.notice import duration_in_words, in_words
from consent_server.services import erasing, recalling, receiving
from consent_server.services.showing import Shelf
from consent_server.storage.database import db
from consent_server.storage.texts import Language, load_languages
from consent_server.web.errors import ProblemSchema
from consent_server.web.reading import chosen_language
from consent_server.web.visitor.page_style import FORM_POLICY, STYLE, source_of
from consent_server.web.visitor.receipts import receipt_page

blueprint = Blueprint(
    "choices",
    __name__,
    url_prefix="/v1/sites/<site_key>/choices",
    template_folder="templates",
    description="A visitor's own choices, as pages",
)

PROBLEM = "application/problem+json"
PAGE = "text/html"

MOST_SHOWN = 100

SCRIPT = """
const form = document.forms[0];
const id = location.hash.slice(1);
if (id) {
  history.replaceState(null, '', location.pathname + location.search);
  form.elements.consent_id.value = id;
  form.submit();
}
"""


class LanguageQuery(Schema):
    """Which language: without it, the browser's if the site has it, else the site's own."""

    lang = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}\Z"))


class VisitorForm(Schema):
    """The id that only the visitor's browser knows."""

    class Meta:
        unknown = EXCLUDE

    consent_id = fields.String(required=True, metadata={"format": "uuid"})


class ReceiptForm(VisitorForm):
    """One of the visitor's records, to read or as a file."""

    record_id = fields.String(required=True, metadata={"format": "uuid"})
    format = fields.String(load_default="page", validate=validate.OneOf(("page", "json")))


class EraseForm(VisitorForm):
    """That the visitor has read what goes and what stays."""

    sure = fields.String(metadata={"description": "anything: the box is ticked"})


def _answers_with_pages(*statuses: int) -> Any:
    """Describe answers that are pages for people, beside the problems that every address may answer with."""
    page = {"content": {PAGE: {"schema": {"type": "string"}}}}

    def describe(view: Any) -> Any:
        for status in (404, 411, 422):
            view = blueprint.alt_response(status, schema=ProblemSchema, content_type=PROBLEM)(view)
        return blueprint.doc(responses=dict.fromkeys(statuses, page))(view)

    return describe


@blueprint.get("")
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.response(200, {"type": "string"}, description="a page that asks for the id", content_type=PAGE)
@_answers_with_pages()
def door(query: dict[str, Any], site_key: str) -> Response:
    """Ask for the visitor's id, or take it from the fragment of the address, which browsers send nobody."""
    return _door(site_key, query.get("lang"), "", 200)


@blueprint.post("")
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.arguments(VisitorForm, location="form")
@blueprint.response(200, {"type": "string"}, description="every answer, newest first", content_type=PAGE)
@_answers_with_pages(404, 422)
def page(query: dict[str, Any], form: dict[str, Any], site_key: str) -> Response:
    """Show everything that was recorded under one consent id."""
    return _page(site_key, query.get("lang"), form["consent_id"], 200)


@blueprint.post("/receipt")
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.arguments(ReceiptForm, location="form")
@blueprint.response(200, {"type": "string"}, description="to read", content_type=PAGE)
@_answers_with_pages()
@blueprint.doc(responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}})
def receipt(query: dict[str, Any], form: dict[str, Any], site_key: str) -> Response:
    """Give one receipt, as a page or as a file."""
    session, addresses = db.session(), current_app.extensions["addresses"]
    consent_id, record_id = _identifier(form["consent_id"]), _identifier(form["record_id"])
    if consent_id is None or record_id is None:
        raise RecordNotFound("This site has no such consent record.")
    found = receiving.readable_receipt(session, site_key, record_id, consent_id, addresses)
    if form["format"] == "json":
        return _private(_file(jsonify(found.receipt), f"receipt-{record_id}.json"))
    return _private(receipt_page(found, query.get("lang")))


@blueprint.post("/receipts")
@blueprint.arguments(VisitorForm, location="form")
@blueprint.response(200, {"type": "array", "items": {"type": "object"}}, description="oldest first")
@_answers_with_pages()
def receipts(form: dict[str, Any], site_key: str) -> Response:
    """Give every full receipt of one consent id as a file."""
    consent_id = _identifier(form["consent_id"])
    if consent_id is None:
        raise RecordNotFound("This site has no record of that consent id.")
    session, addresses = db.session(), current_app.extensions["addresses"]
    found = receiving.full_receipts_of_visitor(session, site_key, consent_id, addresses)
    return _private(_file(jsonify(found), f"receipts-{site_key}.json"))


@blueprint.post("/erase")
@blueprint.arguments(LanguageQuery, location="query")
@blueprint.arguments(EraseForm, location="form")
@blueprint.response(200, {"type": "string"}, description="what went and what stays", content_type=PAGE)
@_answers_with_pages(404, 422)
@blueprint.alt_response(503, schema=ProblemSchema, content_type=PROBLEM)
def erase(query: dict[str, Any], form: dict[str, Any], site_key: str) -> Response:
    """Delete what singles the visitor out in their records, once they have said that they know what that means."""
    lang, consent_id = query.get("lang"), _identifier(form["consent_id"])
    if consent_id is None or "sure" not in form:
        return _page(site_key, lang, form["consent_id"], 422)
    try:
        count = erasing.scrub_visitor(db.session(), site_key, consent_id)
    except RecordNotFound:
        return _door(site_key, lang, form["consent_id"], 404)
    current_app.extensions["sweeper"].wake()
    left = recalling.recall(db.session(), site_key, consent_id)
    configuration, language = _spoken(site_key, lang)
    return _rendered(
        "visitor/erased.html",
        200,
        configuration,
        language,
        counted=in_words(count, language.choices["erased_count"]),
        kept_for=duration_in_words(left.kept_for, language.banner),
    )


def _page(site_key: str, lang: str | None, given: str, status: int) -> Response:
    """Show the answers; the door again when the id is none, or nothing is kept under it."""
    consent_id = _identifier(given)
    found = None if consent_id is None else recalling.recall(db.session(), site_key, consent_id)
    if found is None or not found.answers:
        return _door(site_key, lang, given, 404 if found else 422)
    configuration, language = _spoken(site_key, lang)
    return _rendered(
        "visitor/choices.html",
        status,
        configuration,
        language,
        consent_id=consent_id,
        answers=found.answers[:MOST_SHOWN],
        count=len(found.answers),
        settings=found.settings_url,
        host=urlsplit(found.settings_url).netloc,
        withdraw=configuration.document["banner"]["texts"][language.code]["withdraw"],
        kept_for=duration_in_words(found.kept_for, language.banner),
        unsure=status == 422,
    )


def _door(site_key: str, lang: str | None, given: str, status: int) -> Response:
    configuration, language = _spoken(site_key, lang)
    response = _rendered(
        "visitor/choices_door.html",
        status,
        configuration,
        language,
        given=given[:100],
        trouble={404: language.choices["none"], 422: language.choices["wrong"]}.get(status),
        reopen=configuration.document["banner"]["texts"][language.code]["reopen"],
        script=SCRIPT if status == 200 else None,
    )
    if status == 200:
        response.headers["Content-Security-Policy"] += f"; script-src {source_of(SCRIPT)}"
    return response


def _spoken(site_key: str, lang: str | None) -> tuple[Configuration, Language]:
    """Return the site's current configuration and the language of the page."""
    shelf: Shelf = current_app.extensions["shelf"]
    configuration = shelf.live(db.session(), site_key).configuration
    return configuration, load_languages()[chosen_language(configuration, lang)]


def _rendered(template: str, status: int, configuration: Configuration, language: Language, **values: Any) -> Response:
    controller = configuration.document["banner"]["controller"]
    text = render_template(
        template,
        language=language,
        words=language.choices,
        controller=controller,
        style=STYLE,
        root="" if request.path.endswith("/choices") else "../",
        **values,
    )
    response = Response(text, status, mimetype=PAGE)
    response.headers["Content-Security-Policy"] = FORM_POLICY
    response.headers["Vary"] = "Accept-Language"
    return _private(response)


def _identifier(text: str) -> str | None:
    """Return an id in its one spelling, from what somebody may have typed; ``None`` when it is none."""
    typed = text.strip().lower()
    try:
        return typed if str(UUID(typed)) == typed else None
    except ValueError:
        return None


def _file(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
