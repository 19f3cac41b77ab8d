"""The visitor's choice as the browser sends it: the cookie ``eu-consent``, read as strictly as the banner reads it.

Anything wrong is no choice, and no choice grants nothing. ``tests/vectors/saved_choices.json`` holds both readers
together. Global Privacy Control is not read here: it only ever says no, which is what no answer says already, and an
explicit yes on this site overrides it (GPC-03, GPC-04).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_to_bytes

from consent_server.domain.errors import ConsentServerError
from consent_server.domain.lifetime import Lifetime
from consent_server.domain.strict_json import parse_json
from consent_server.domain.times import parse_rfc3339
from consent_server.guard.cookie_header import as_browsers_read, values_of

COOKIE = "eu-consent"
LONGEST = 4096
TOMORROW = timedelta(days=1)
"""How wrong a clock may be before a choice made in the future is a forgery."""

OURS = frozenset({COOKIE, f"{COOKIE}-outbox", f"{COOKIE}-writes", f"{COOKIE}-receipt", f"{COOKIE}-probe"})

# What the banner writes, and nothing else: every key, every value, their order (banner/src/saved-choice.ts).
_ANSWERS = r'\{("[a-z0-9][a-z0-9_-]{0,62}":(true|false),?)*\}'
_ID = r'"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"'
_TIME = r'"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z"'
_CHOICE = re.compile(
    rf'\{{"purposes":{_ANSWERS},("services":{_ANSWERS},)?"version":[1-9]\d{{0,14}},"id":{_ID},"time":{_TIME}\}}\Z',
    re.ASCII,
)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)


@dataclass(frozen=True)
class SavedChoice:
    """What was answered; ``time`` is when, ``text`` is the cookie's value as it was sent."""

    purposes: Mapping[str, bool]
    services: Mapping[str, bool]
    version: int
    id: str
    time: datetime
    text: str


def read_choice(cookie_header: str, lifetime: Lifetime, now: datetime) -> SavedChoice | None:
    """Return the choice that counts: of several sound ones the newest, and only while it lasts (KEEP-03)."""
    found = [choice for value in values_of(cookie_header, COOKIE) if (choice := parse_choice(value, now))]
    newest = max(found, key=lambda choice: choice.time, default=None)
    return newest if newest and lifetime.end(newest.time) > now else None


def parse_choice(text: str, now: datetime) -> SavedChoice | None:
    """Read the cookie's value; None unless every part is what the banner would have written."""
    try:
        spelled = _decode(as_browsers_read(text)) if len(text) <= LONGEST else b""
        if not _CHOICE.match(spelled.decode("utf-8")):
            return None
        document = parse_json(spelled)
        time = parse_rfc3339(document["time"])
    except (ConsentServerError, ValueError):
        return None
    if time > now + TOMORROW:
        return None
    return SavedChoice(
        document["purposes"], document.get("services", {}), document["version"], document["id"], time, text
    )


def _decode(text: str) -> bytes:
    """Undo encodeURIComponent; ``ValueError`` where decodeURIComponent would throw."""
    if _BAD_ESCAPE.search(text):
        raise ValueError("not percent-encoded")
    return unquote_to_bytes(text)
