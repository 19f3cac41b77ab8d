"""The choice a visitor made with the platform that asked on this site before, and what its names mean here.

One list, ``PLATFORMS``; how each keeps a choice is a file of the banner (``banner/src/importers``). Off unless a site
says so under ``signals.import``: only its owner knows what was asked then, and whether it was asked lawfully.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from consent_server.domain.document import Reader
from consent_server.domain.errors import Invalid
from consent_server.domain.purpose import NECESSARY

IMPORT = "import"
LONGEST_NAME = 200
MOST_NAMES = 200

_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}\Z", re.ASCII)


@dataclass(frozen=True)
class Platform:
    """A consent platform; ``dated``: it keeps when a choice was made."""

    name: str
    dated: bool


PLATFORMS = (
    Platform("axeptio", dated=True),
    Platform("complianz", dated=False),
    Platform("cookiebot", dated=True),
    Platform("didomi", dated=True),
    Platform("klaro", dated=False),
    Platform("onetrust", dated=True),
    Platform("tarteaucitron", dated=False),
    Platform("vanilla_cookieconsent", dated=True),
)


def read_import(reader: Reader, known: Iterable[str]) -> dict[str, Any] | None:
    """Read ``signals.import`` of a site file, None when it is off; problems go to the reader."""
    given = reader.raw(IMPORT)
    if given in (None, False):
        return None
    own = Reader(given, reader.problems, reader.at(IMPORT))
    name = own.one_of("from", (platform.name for platform in PLATFORMS))
    found: dict[str, Any] = {"from": name, "purposes": _purposes(own, set(known) - {NECESSARY})}
    since = own.parsed("since", _day, "")
    if since:
        found["since"] = since
    elif not own.has("since") and any(platform.name == name and not platform.dated for platform in PLATFORMS):
        own.problem("since", f"{name} keeps no dates: say since when its choices may have been made (2026-11-22).")
    if own.has("cookie"):
        found["cookie"] = own.parsed("cookie", _cookie_name, "")
    own.refuse_unknown()
    return found


def importers(signals: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the platform whose choices the banner of such a site has to read, if any."""
    return (signals[IMPORT]["from"],) if IMPORT in signals else ()


def _purposes(own: Reader, known: set[str]) -> dict[str, list[str]]:
    """Return purpose → the names that all must have been accepted for it."""
    given = own.member("purposes")
    found = {}
    for purpose in given.values:
        names = list(given.texts(purpose))
        if purpose not in known:
            given.problem(purpose, f"“{purpose[:60]}” is not a purpose that this site asks for.")
        elif not names or len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
            given.problem(purpose, f"List 1 to {MOST_NAMES} names, of at most {LONGEST_NAME} characters each.")
        found[purpose] = names
    if not found:
        own.problem("purposes", "Say which of its names stand for which of your purposes.")
    return found


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise Invalid.because("Write a day as 2026-11-22.")


def _cookie_name(text: str) -> str:
    if not _COOKIE.match(text):
        raise Invalid.because("This is not the name of a cookie.")
    return text
