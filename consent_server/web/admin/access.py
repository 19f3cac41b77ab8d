"""Who gets in: a view of the admin says which permission it needs, and one that says nothing lets nobody in.

Before any view runs, in this order: the rule is looked up, the session is read, the permission is checked, the request
is checked for forgery, and the site that the address names is looked for among those of the actor's organisation.
What belongs to another organisation does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from consent_server.domain.account import Actor, Permission
from consent_server.services import clock, signing_in
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.sites import Site

View = TypeVar("View", bound=Callable[..., Any])

EVERYBODY = "everybody"
SIGNED_IN = "signed in"

_csrf = CSRFProtect()
_login = LoginManager()


class SignedIn(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """A session that holds: the actor, and the secret that the browser's cookie carries."""

    def __init__(self, token: str, actor: Actor) -> None:
        self.token = token
        self.actor = actor

    def get_id(self) -> str:
        """Return what the cookie carries."""
        return self.token


def _rule(view: View, rule: str) -> View:
    view.rule = rule  # type: ignore[attr-defined]
    return view


def needs(permission: Permission) -> Callable[[View], View]:
    """Let in who is signed in and whose role has the permission."""
    return lambda view: _rule(view, permission)


everybody = partial(_rule, rule=EVERYBODY)
"""Let in anybody: signing in, what is linked from a mail, style sheets."""

signed_in = partial(_rule, rule=SIGNED_IN)
"""Let in every role: what is one's own."""


def register(app: Flask) -> None:
    """Read sessions for the whole application; forgery is checked for the admin alone."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    _csrf.init_app(app)
    # Not init_app: it looks into the session of every answer, and what caches give to everybody would vary by cookie.
    # What it adds is for "remember me", which nobody is offered here.
    app.login_manager = _login  # type: ignore[attr-defined]  # where flask-login looks for it
    _login.user_loader(_signed_in)


def check_access() -> Response | None:
    """Run before every view of the admin; raises ``Forbidden``, ``SiteNotFound`` or what a forged request raises."""
    rule = getattr(current_app.view_functions[request.endpoint or ""], "rule", None)
    if rule is None:
        raise Forbidden("This page says nobody may see it.")
    if rule != EVERYBODY:
        if not current_user.is_authenticated:
            return _to_sign_in()
        if rule != SIGNED_IN and not actor().may(Permission(rule)):
            raise Forbidden("Your role does not permit this.")
    _csrf.protect()
    if rule != EVERYBODY and request.view_args and "site_key" in request.view_args:
        g.site = sites.find_site_of(db.session(), actor().organisation_id, request.view_args["site_key"])
    return None


def actor() -> Actor:
    """Return who is signed in."""
    return cast(Actor, current_user.actor)


def may(permission: str) -> bool:
    """Return whether who is signed in has a permission, for templates."""
    return bool(current_user.is_authenticated) and actor().may(Permission(permission))


def this_site() -> Site:
    """Return the site that the address names."""
    return cast(Site, g.site)


def is_ours(address: str) -> bool:
    """Return whether an address is a path of the admin, and so may be gone on to."""
    return address.startswith("/admin/") and not address.startswith("/admin//") and "\\" not in address


def _signed_in(token: str) -> SignedIn | None:
    found = signing_in.actor_of(db.session(), token, clock.now())
    return SignedIn(token, found) if found else None


def _to_sign_in() -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/admin/"
    return redirect(url_for("admin_sign_in.sign_in", next=wanted if is_ours(wanted) else None), 303)
