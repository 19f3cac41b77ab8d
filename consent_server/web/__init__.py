"""How the outside talks to us over HTTP: one line per audience. Flask and marshmallow live here.

A view parses, calls one deed of ``services``, and answers; it decides nothing and never touches a session's commit.
"""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from consent_server.config import Settings
from consent_server.web import (
    admin,
    api,
    demo,
    errors,
    limits,
    observing,
    operations,
    proof_log,
    reading,
    security,
    visitor,
)


class NamedAnswers(Api):  # type: ignore[misc]  # flask-smorest has no types
    """An API whose every answer is named: a ``default`` one would describe whatever comes."""

    DEFAULT_ERROR_RESPONSE_NAME = None


def register(app: Flask) -> None:
    """Put every audience on the application."""
    app.config.update(
        API_TITLE="Consent Server",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    security.register(app)
    reading.register(app)
    limits.register(app)
    described = NamedAnswers(app)
    described.spec.components.security_scheme("bearer", api.BEARER)
    errors.register(app)  # after flask-smorest, whose own error answers are not RFC 9457
    for blueprint in (*visitor.BLUEPRINTS, *proof_log.BLUEPRINTS, *operations.BLUEPRINTS, *api.BLUEPRINTS):
        described.register_blueprint(blueprint)
    admin.register(app)
    visitor.register(app)
    settings: Settings = app.extensions["settings"]
    if settings.demo:
        demo.register(app)
    observing.register(app)
