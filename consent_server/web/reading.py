"""Reading a request's body: type, size and JSON, in the order that CONTRACT's conventions answer them."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from consent_server.domain.strict_json import parse_json

JSON_TYPES = frozenset({"application/json", "text/plain"})


def json_body(most_bytes: int) -> Any:
    """Return the body as JSON; raises 413, 415 or ``MalformedJson``.

    ``text/plain`` carries the same JSON, because a page may send it across origins without a preflight.
    """
    if request.mimetype not in JSON_TYPES:
        raise UnsupportedMediaType("Send application/json, or text/plain with the same JSON.")
    request.max_content_length = most_bytes
    data = request.get_data(cache=False)
    if len(data) > most_bytes:
        raise RequestEntityTooLarge(f"The body may have {most_bytes} bytes.")
    return parse_json(data)
