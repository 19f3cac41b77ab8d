"""Somebody who is signed in to the admin: for Flask's test client, and for a browser."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from consent_server.domain.account import Role, command_line
from consent_server.services import clock, managing_people, signing_in
from consent_server.storage import organisations
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION


def other_organisation(app: Flask, name: str = "Elsewhere") -> int:
    """Make another organisation; return its number."""
    with app.app_context():
        made = organisations.add_organisation(db.session(), name, clock.now())
        db.session().commit()
        return made.id


def token_of(app: Flask, role: Role, organisation_id: int = FIRST_ORGANISATION) -> str:
    """Make somebody with a role, and return what their browser's session holds."""
    with app.app_context():
        session, now = db.session(), clock.now()
        address = f"{role}-{secrets.token_hex(4)}@example.org"
        user, _ = managing_people.create_user(
            session, command_line(organisation_id), address, f"The {role}", role, "fr", now
        )
        token = signing_in.open_session(session, user, "Chromium, desktop", now)
        session.commit()
        return token


def sign_in(
    app: Flask, client: FlaskClient, role: Role, *, organisation_id: int = FIRST_ORGANISATION, language: str = "en"
) -> FlaskClient:
    """Sign a client in."""
    with client.session_transaction() as session:
        session["_user_id"] = token_of(app, role, organisation_id)
        session["_fresh"] = True
        session["language"] = language
    return client


def cookie(app: Flask, url: str, role: Role, language: str = "fr") -> Any:
    """Return the cookie of somebody who is signed in, for a browser's context."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    value = signer.dumps({"_user_id": token_of(app, role), "_fresh": True, "language": language})
    return {"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": url, "httpOnly": True}


def csrf_of(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]
