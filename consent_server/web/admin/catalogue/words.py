"""What the catalogue's pages call things: kinds, grounds, conditions, deeds, and where a lifetime is enforced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.notice import duration_in_words
from consent_server.storage.texts import load_languages

KINDS: Mapping[str, Any] = {
    "cookie": _l("Cookie"),
    "local_storage": _l("Local storage"),
    "session_storage": _l("Session storage"),
    "indexed_db": _l("Database in the browser"),
    "pixel": _l("Pixel"),
    "script": _l("Script"),
    "iframe": _l("Frame"),
}

ENFORCED: Mapping[str, Any] = {
    "script": _l("In the browser"),
    "server": _l("By the guard on your server; in the browser on the next page"),
    "unknown_setter": _l("In the browser; if your server sets it, by the guard"),
    "http_only": _l("By the guard on your server alone: no script in a page can touch it"),
    "swept": _l("In the browser: deleted when too old"),
    "ends_with_tab": _l("Ends with the tab"),
    "elsewhere": _l("Nowhere: it belongs to another site. It is kept away until visitors agree"),
    "nothing_stored": _l("Keeps nothing; held until visitors agree"),
}

ONLY: Mapping[str, Any] = {
    "unclassified": _l("Unclassified"),
    "exempt": _l("Exempt"),
    "unconfirmed": _l("To be confirmed"),
    "over": _l("Over 13 months"),
    "undescribed": _l("Not described"),
}

UNITS: Mapping[str, Any] = {
    "": _l("Unknown"),
    "session": _l("Until the browser is closed"),
    "PT{}M": _l("minutes"),
    "PT{}H": _l("hours"),
    "P{}D": _l("days"),
    "P{}W": _l("weeks"),
    "P{}M": _l("months"),
    "P{}Y": _l("years"),
}

SETTERS: Mapping[str, Any] = {
    "": _l("Nobody knows"),
    "script": _l("A script in the page"),
    "http": _l("A server; scripts can see it"),
    "http_only": _l("A server, hidden from scripts (HttpOnly)"),
}

GROUNDS: Mapping[str, Any] = {
    "EXM-01": _l("Keeps the visitor's choice about trackers"),
    "EXM-02": _l("Signs visitors in, or secures that"),
    "EXM-03": _l("Holds the shopping basket, or serves to invoice what was bought"),
    "EXM-04": _l("Adapts the interface, as part of the service asked for (language, display)"),
    "EXM-05": _l("Balances load between machines"),
    "EXM-06": _l("Limits free access to a paid site"),
    "EXM-07": _l("Measures the audience, and meets every condition of the CNIL"),
}

CONDITIONS: Mapping[str, Any] = {
    "EXM-01": _l("It keeps the visitor's choice and nothing else."),
    "EXM-02": _l("The visitor signs in, or is signed in, and it serves nothing else."),
    "EXM-03": _l("The site sells, and it holds the basket or the invoice."),
    "EXM-04": _l("It holds the value that was chosen, and no identifier."),
    "EXM-05": _l("It serves only to carry requests to the right machine."),
    "EXM-06": _l("The site is paid for, and it counts what was read for free."),
    "EXM-08": _l("It is used for this one purpose only."),
    "AUD-01": _l("It only measures the audience of this site, for its publisher alone."),
    "AUD-02": _l("It produces anonymous statistics only."),
    "AUD-03": _l("It is not combined with other processing, and nothing that is not anonymous goes to third parties."),
    "AUD-04": _l("It does not follow visitors across sites or applications."),
}

DEEDS: Mapping[str, Any] = {
    "tracker.changed": _l("Tracker changed"),
    "tracker.added": _l("Tracker added"),
    "tracker.removed": _l("Tracker removed"),
    "service.added": _l("Service added"),
    "service.changed": _l("Service changed"),
    "service.removed": _l("Service removed"),
    "catalogue.imported": _l("File read"),
    "banner.designed": _l("Banner designed"),
    "purpose.added": _l("Purpose added"),
    "purpose.removed": _l("Purpose removed"),
    "change.undone": _l("Change taken back"),
}

FIELDS: Mapping[str, Any] = {
    "name": _l("Name"),
    "kind": _l("Kind"),
    "domain": _l("Domain"),
    "purpose": _l("Purpose"),
    "declared_lifetime": _l("Lifetime"),
    "exemption": _l("Exemption"),
    "description": _l("Description"),
    "set_by": _l("Set by"),
    "http_only": _l("Hidden from scripts"),
}


def language() -> str:
    """Return the language of the page, for texts that come with the product."""
    found = get_locale()
    return found.language if found else "en"


def duration(text: str | None) -> str:
    """Return a lifetime in words; nothing for none."""
    return duration_in_words(text, load_languages()[language()].banner) if text else ""


def purposes(catalogue: Catalogue) -> dict[str, str]:
    """Return every purpose of a catalogue with its title, as far as it has one in the page's language."""
    shown = language() if language() in catalogue.languages else catalogue.default_language
    return {purpose.id: purpose.title.get(shown, purpose.id) for purpose in catalogue.purposes}
