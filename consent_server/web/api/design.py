"""How the banner of a draft speaks and looks: its texts, its theme and its logo, each read and replaced whole."""

from __future__ import annotations

import base64
import binascii
from dataclasses import fields as members
from typing import Any

from marshmallow import Schema, fields, validate

from consent_server.domain.account import Permission
from consent_server.domain.design import all_texts, write_theme
from consent_server.domain.errors import Invalid
from consent_server.domain.logo import Logo, write_logo
from consent_server.domain.theme import POSITIONS, Palette
from consent_server.services import branding, clock, designing
from consent_server.services.editing import check_draft
from consent_server.services.redrawing import LARGEST_UPLOAD
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.sites import Site
from consent_server.storage.texts import load_languages
from consent_server.web.api.access import TAGGED, WHEN_SEEN, Operations, actor, draft_tag, seen_revision, this_site
from consent_server.web.visitor.schemas import LogoSchema

blueprint = Operations("design", "/sites/<site_key>", "Texts, theme and logo of the banner")

LARGEST_LOGO = LARGEST_UPLOAD * 3 // 2
"""Bytes of a body that holds a picture: base64 makes four of three."""

Answer = tuple[dict[str, Any], int, dict[str, str]]


class TextsSchema(Schema):
    """Every text of the banner by language and key; ``PUT``: what is left out is as shipped."""

    texts = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.String(validate=validate.Length(1, 4000))),
        required=True,
        metadata={"description": "language → key → text"},
    )


def _colours() -> dict[str, fields.Field[Any]]:
    return {token.name: fields.String(metadata={"description": "#rrggbb"}) for token in members(Palette)}


PaletteSchema = Schema.from_dict(_colours(), name="PaletteSchema")


class ThemeSchema(PaletteSchema):  # type: ignore[valid-type,misc]  # made of the domain's tokens
    """Colours, round corners in pixels, where a box stands; ``dark`` null: no other colours on a dark device."""

    radius = fields.Integer(strict=True, validate=validate.Range(0, 40))
    position = fields.String(validate=validate.OneOf(POSITIONS))
    dark = fields.Nested(PaletteSchema, allow_none=True)


class NewLogoSchema(Schema):
    """A picture, which is drawn anew, and what it says in every language; nothing where the title names the site."""

    image = fields.String(required=True, metadata={"format": "byte", "description": "PNG, JPEG or WebP, in base64"})
    alt = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.Length(1, 200)),
        load_default=dict,
        metadata={"description": "language → text; empty: it only decorates"},
    )


class DraftLogoSchema(Schema):
    """The logo of the draft; null where there is none."""

    logo = fields.Nested(LogoSchema, required=True, allow_none=True)


@blueprint.get("/texts")
@blueprint.response(200, TextsSchema, headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def show_texts(site_key: str) -> Answer:
    """Give the banner's texts, shipped ones filled in."""
    return _texts(this_site())


@blueprint.put("/texts")
@blueprint.doc(parameters=WHEN_SEEN)
@blueprint.response(200, TextsSchema, headers=TAGGED)
@blueprint.needs(Permission.EDIT, 404, 412)
@blueprint.takes(TextsSchema)
def replace_texts(given: dict[str, Any], site_key: str) -> Answer:
    """Make these the banner's texts."""
    designing.keep_texts(db.session(), this_site(), given["texts"], actor(), clock.now(), seen_revision())
    return _texts(sites.find_site(db.session(), this_site().key))


@blueprint.get("/theme")
@blueprint.response(200, ThemeSchema, headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def show_theme(site_key: str) -> Answer:
    """Give the banner's theme."""
    return _theme(this_site())


@blueprint.put("/theme")
@blueprint.doc(parameters=WHEN_SEEN)
@blueprint.response(200, ThemeSchema, headers=TAGGED)
@blueprint.needs(Permission.EDIT, 404, 412)
@blueprint.takes(ThemeSchema)
def replace_theme(given: dict[str, Any], site_key: str) -> Answer:
    """Make this the banner's theme; what it does not say is as shipped."""
    designing.keep_theme(db.session(), this_site(), given, actor(), clock.now(), seen_revision())
    return _theme(sites.find_site(db.session(), this_site().key))


@blueprint.get("/logo")
@blueprint.response(200, DraftLogoSchema, headers=TAGGED)
@blueprint.needs(Permission.SEE, 404, 422)
def show_logo(site_key: str) -> Answer:
    """Give the banner's logo."""
    return _logo(this_site())


@blueprint.put("/logo")
@blueprint.doc(parameters=WHEN_SEEN)
@blueprint.response(200, DraftLogoSchema, headers=TAGGED)
@blueprint.needs(Permission.EDIT, 404, 412)
@blueprint.takes(NewLogoSchema, largest=LARGEST_LOGO)
def replace_logo(given: dict[str, Any], site_key: str) -> Answer:
    """Make a picture the banner's logo: drawn anew, no larger than the banner shows it, with nothing but its pixels."""
    image = _bytes(given["image"])
    branding.keep_logo(db.session(), this_site(), image, given["alt"], actor(), clock.now(), seen_revision())
    return _logo(sites.find_site(db.session(), this_site().key))


@blueprint.delete("/logo")
@blueprint.doc(parameters=WHEN_SEEN)
@blueprint.response(200, DraftLogoSchema, headers=TAGGED)
@blueprint.needs(Permission.EDIT, 404, 412, 422)
def remove_logo(site_key: str) -> Answer:
    """Take the logo out of the draft; what was published keeps its own."""
    branding.remove_logo(db.session(), this_site(), actor(), clock.now(), seen_revision())
    return _logo(sites.find_site(db.session(), this_site().key))


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Invalid.because("This is not base64.", "image") from None


def _logo(site: Site) -> Answer:
    logo: Logo | None = check_draft(site.draft).banner.logo
    return {"logo": write_logo(logo) if logo else None}, 200, _tag(site)


def _texts(site: Site) -> Answer:
    return {"texts": all_texts(check_draft(site.draft), load_languages())}, 200, _tag(site)


def _theme(site: Site) -> Answer:
    return write_theme(check_draft(site.draft).banner.theme), 200, _tag(site)


def _tag(site: Site) -> dict[str, str]:
    return {"ETag": f'"{draft_tag(site)}"'}
