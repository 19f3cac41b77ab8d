"""Reading a request: its language; its body's type, size and JSON, in the order that CONTRACT's conventions answer."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, request
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Invalid
from consent_server.domain.strict_json import parse_json

JSON_TYPES = frozenset({"application/json", "text/plain"})


def register(app: Flask) -> None:
    """Take only bodies whose length is announced, as every browser and every buffering proxy does."""
    app.before_request(_announced)


def _announced() -> None:
    if "Transfer-Encoding" in request.headers:
        raise LengthRequired("Announce the body's length (Content-Length) instead of sending it in chunks.")


def chosen_language(configuration: Configuration, wanted: str | None) -> str:
    """Return the language that was asked for, else the browser's if the site has it, else the site's own.

    Raises ``Invalid`` for one that the site does not speak.
    """
    languages = configuration.document["languages"]
    if wanted is None:
        wanted = request.accept_languages.best_match(languages, configuration.document["default_language"])
    if wanted not in languages:
        raise Invalid.because(f"This site speaks {', '.join(languages)}.", "lang")
    return wanted


def json_body(most_bytes: int, asked: Request = request) -> Any:
    """Return the body as JSON; raises 413, 415 or ``MalformedJson``.

    ``text/plain`` carries the same JSON, because a page may send it across origins without a preflight.
    """
    if asked.mimetype not in JSON_TYPES:
        raise UnsupportedMediaType("Send application/json, or text/plain with the same JSON.")
    return parse_json(body(most_bytes, asked))


def body(most_bytes: int, asked: Request = request) -> bytes:
    """Return the body; raises 413."""
    asked.max_content_length = most_bytes
    data = asked.get_data(cache=False)
    if len(data) > most_bytes:
        raise RequestEntityTooLarge(f"The body may have {most_bytes} bytes.")
    return data
