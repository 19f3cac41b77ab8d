"""The pages of the five demo sites: small, real ones, with their vendors' tags pasted as site owners paste them.

No script is tagged for consent: the recommended snippet, first in the head, is all that is ours. Frames and images that
stand in the markup are tagged, because browsers may ask for those before any script can see them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Flask, Response, abort, redirect, render_template, request
from jinja2 import TemplateNotFound
from markupsafe import Markup

from consent_server.config import Settings
from consent_server.domain.tag import tag
from consent_server.services.demonstrating import LOOPBACK, demo_origin

DAY_S = 86_400

SESSIONS = {"ubiq": ("PHPSESSID", None), "imope": ("imope_session", None), "alterce": ("token", DAY_S)}
"""The cookies that the sites' own servers set, out of reach of scripts: name, and seconds when it is no session's."""

LANGUAGES = ("fr", "en")

MENUS = {
    "ubiq": {
        "": {"fr": "Accueil", "en": "Home"},
        "bureaux": {"fr": "Bureaux", "en": "Offices"},
        "espace": {"fr": "Mon espace", "en": "My account"},
    },
    "aquao": {
        "": {"fr": "Accueil", "en": "Home"},
        "agences": {"fr": "Agences", "en": "Agencies"},
        "services": {"fr": "Services", "en": "Services"},
    },
    "imope": {
        "": {"fr": "Accueil", "en": "Home"},
        "observatoire": {"fr": "Observatoire", "en": "Observatory"},
        "contact": {"fr": "Contact", "en": "Contact"},
    },
    "iabako": {
        "": {"fr": "Accueil", "en": "Home"},
        "tarifs": {"fr": "Tarifs", "en": "Pricing"},
        "newsletter": {"fr": "Newsletter", "en": "Newsletter"},
        "paiement": {"fr": "Paiement", "en": "Payment"},
    },
    "alterce": {
        "": {"fr": "Accueil", "en": "Home"},
        "avantages": {"fr": "Avantages", "en": "Benefits"},
        "aide": {"fr": "Aide", "en": "Help"},
    },
}


def make_pages(settings: Settings, names: Mapping[str, str]) -> Flask:
    """Return the sites' pages as an application of its own: no header of ours, as on the customers' servers."""
    pages = Flask(__name__, template_folder="templates", static_folder=None)
    addresses = {key: demo_origin(key, settings.port) for key in names}

    @pages.get("/")
    @pages.get("/<page>")
    def show(page: str = "home") -> Response:
        site = request.host.partition(":")[0].removesuffix(LOOPBACK)
        language = request.args.get("lang") or request.cookies.get("lang", "")
        language = language if language in LANGUAGES else "fr"
        template = "privacy.html" if page == "confidentialite" else f"{site}/{page}.html"
        try:
            html = render_template(
                template,
                site=site,
                name=names[site],
                language=language,
                page=page,
                t=lambda fr, en: en if language == "en" else fr,
                to=lambda address: f"/{address}" + ("?lang=en" if language == "en" else ""),
                menu=[(address, text[language]) for address, text in MENUS[site].items()],
                vendor=lambda address: _vendor(address, settings.port),
                public_url=settings.public_url,
                tag=Markup(tag(f"{settings.public_url}/v1/sites/{site}/banner.js")),
                others={names[key]: address for key, address in addresses.items() if key != site},
            )
        except TemplateNotFound:
            abort(404)
        return _with_own_cookies(Response(html), site)

    @pages.get("/favicon.ico")
    def icon() -> tuple[str, int]:
        return "", 204

    @pages.post("/<page>")
    def thanks(page: str) -> Response:
        back: Response = redirect(f"/{page}")  # type: ignore[assignment]  # Werkzeug's own class
        return back

    return pages


def _vendor(address: str, port: int) -> str:
    """Return the stand-in's address for the vendor's own: the one change made to what site owners paste."""
    host, _, path = address.partition("/")
    return f"//{host}{LOOPBACK}:{port}/{path}"


def _with_own_cookies(response: Response, site: str) -> Response:
    name, seconds = SESSIONS.get(site, (None, None))
    if name and name not in request.cookies:
        response.set_cookie(name, secrets.token_urlsafe(16), max_age=seconds, httponly=True, samesite="Lax")
    if site == "iabako" and request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", request.args["lang"], max_age=365 * DAY_S, samesite="Lax")
    return response
