"""What the pages on scans call things: states, passes, verdicts, kinds, how sure a proposal is, why a scan failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED
from consent_server.domain.audit_reports.captions import caption_of
from consent_server.domain.audit_reports.words import Words, plain
from consent_server.domain.scan import ACCEPTED, BEFORE, NEXT_VISIT, ONE_PURPOSE, REFUSED, UNANSWERED, WITHDRAWN
from consent_server.domain.scan_difference import APPEARED, EARLIER, GONE, LIFETIME, SET_BY
from consent_server.services.surveying import DIED, NO_ANSWER, NO_BROWSER
from consent_server.storage.scans import ASKED, CANCELLED, ENDED, FAILED, RUNNING
from consent_server.storage.watches import (
    DAILY,
    GIVEN_UP,
    MAIL,
    MONTHLY,
    NEVER,
    SENT,
    WAITING,
    WEBHOOK,
    WEEKLY,
)
from consent_server.web.admin.told import GUESSES, told
from consent_server.web.admin.words import language

STATES: Mapping[str, Any] = {
    ASKED: _l("Waiting"),
    RUNNING: _l("Running"),
    ENDED: _l("Ended"),
    FAILED: _l("Failed"),
    CANCELLED: _l("Cancelled"),
}

TROUBLES: Mapping[str, Any] = {
    NO_BROWSER: _l("A browser is missing on the server: install Playwright and Chromium there, then scan again."),
    NO_ANSWER: _l("The site could not be visited."),
    DIED: _l("This scan was begun twice and came to no end: the site may need more memory than there is."),
}

PASSES: Mapping[str, Any] = {
    BEFORE: _l("Before any choice"),
    REFUSED: _l("After a refusal"),
    NEXT_VISIT: _l("Next visit after a refusal"),
    ACCEPTED: _l("After an agreement"),
    WITHDRAWN: _l("After its withdrawal"),
    UNANSWERED: _l("Without an answer, whatever else is done"),
}

VERDICTS: Mapping[str, tuple[Any, str]] = {
    FAILS: (_l("Fails"), "bad"),
    UNDECIDED: (_l("Cannot tell"), "warn"),
    HOLDS: (_l("Holds"), "good"),
}
"""With the class that colours it."""

KINDS: Mapping[str, Any] = {
    "cookie": _l("Cookie"),
    "local_storage": _l("Local storage"),
    "session_storage": _l("Session storage"),
    "indexed_db": _l("Database in the browser"),
    "request": _l("Request"),
}

CONFIDENCES: Mapping[str, Any] = {
    "declared": _l("declared"),
    "sure": _l("sure"),
    "likely": _l("likely"),
    "possible": _l("possible"),
    "unknown": _l("unknown"),
}

NEEDS: Mapping[bool | None, tuple[Any, str]] = {
    True: (_l("Needs consent"), "warn"),
    False: (_l("Exempt"), "good"),
    None: (_l("Unknown"), "warn"),
}

CHANGES: Mapping[str, Any] = {
    APPEARED: _l("New"),
    EARLIER: _l("Before consent now"),
    LIFETIME: _l("Lasts otherwise"),
    SET_BY: _l("Set by somebody else"),
    GONE: _l("Gone"),
}


SCHEDULES: Mapping[str, Any] = {
    NEVER: _l("Never by itself"),
    DAILY: _l("Every day"),
    WEEKLY: _l("Every week"),
    MONTHLY: _l("Every month"),
}

WAYS: Mapping[str, Any] = {MAIL: _l("E-mail"), WEBHOOK: _l("Webhook")}

DELIVERED: Mapping[str, Any] = {WAITING: _l("to be tried again"), SENT: _l("sent"), GIVEN_UP: _l("given up")}

FORMATS: Mapping[str, Any] = {
    "html": _l("Report (HTML)"),
    "pdf": _l("Report (PDF)"),
    "text": _l("Text"),
    "json": "JSON",
    "sarif": "SARIF",
    "junit": "JUnit",
}


def said(sentence: str) -> str:
    """Return what a check or a scan said, in the language of the page, as reports say it."""
    return plain(Words(language()).said(sentence))


def guessed(because: str) -> str:
    """Return why a thing is taken for what it is."""
    return told(because, GUESSES)


def pictured(shows: str) -> str:
    """Return what a picture shows, in the language of the page, as reports say it."""
    return caption_of(shows, Words(language()))


def of_pass(name: str) -> str:
    """Return what a pass is called."""
    if name.startswith(ONE_PURPOSE):
        return str(_("Agreed to “%(purpose)s” alone", purpose=name.removeprefix(ONE_PURPOSE)))
    return str(PASSES.get(name, name))


def lasting(seconds: int | None) -> str:
    """Return how long a cookie lasts, in days above two of them."""
    if seconds is None:
        return str(_("session"))
    if seconds >= 2 * 86_400:
        return str(ngettext("%(num)d day", "%(num)d days", round(seconds / 86_400)))
    if seconds >= 2 * 3_600:
        return str(ngettext("%(num)d hour", "%(num)d hours", round(seconds / 3_600)))
    return str(ngettext("%(num)d minute", "%(num)d minutes", max(round(seconds / 60), 0)))
