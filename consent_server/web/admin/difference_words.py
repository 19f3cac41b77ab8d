"""A difference between two configurations, as a sentence that a lawyer reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from consent_server.domain.configuration import Configuration
from consent_server.domain.difference import Difference
from consent_server.storage.texts import load_languages
from consent_server.web.admin.catalogue.words import duration, language

NONE = "–"

SENTENCES: Mapping[str, Callable[[], str]] = {
    "purpose added": lambda: _("Visitors are asked about a further purpose: %(subject)s."),
    "purpose removed": lambda: _("Visitors are no longer asked about %(subject)s."),
    "service added": lambda: _("%(subject)s is added, for the purpose %(after)s."),
    "service removed": lambda: _("%(subject)s is removed; it served the purpose %(before)s."),
    "service moved": lambda: _("%(subject)s moves from the purpose %(before)s to %(after)s."),
    "service changed": lambda: _("%(subject)s: “%(before)s” becomes “%(after)s”."),
    "tracker added": lambda: _("A tracker is added: %(subject)s, for the purpose %(after)s."),
    "tracker removed": lambda: _("A tracker is removed: %(subject)s, of the purpose %(before)s."),
    "tracker moved": lambda: _("The tracker %(subject)s moves from the purpose %(before)s to %(after)s."),
    "tracker exempted": lambda: _("The tracker %(subject)s no longer needs consent, on the ground %(after)s."),
    "tracker no longer exempt": lambda: _("The tracker %(subject)s needs consent again; its ground was %(before)s."),
    "tracker changed": lambda: _("What is said of the tracker %(subject)s: “%(before)s” becomes “%(after)s”."),
    "lifetime": lambda: _("The declared lifetime of %(subject)s becomes %(after)s; it was %(before)s."),
    "purpose text": lambda: _("What is said of the purpose %(subject)s: “%(before)s” becomes “%(after)s”."),
    "signal added": lambda: _("Choices are told by or heard from another party: %(subject)s."),
    "signal removed": lambda: _("Choices are no longer told by or heard from %(subject)s."),
    "signal changed": lambda: _("How choices are told by or heard from %(subject)s is different."),
    "setting": lambda: _("Setting “%(subject)s”: “%(before)s” becomes “%(after)s”."),
    "text": lambda: _("Text %(subject)s: “%(before)s” becomes “%(after)s”."),
    "logo added": lambda: _("The banner shows a logo, which says: %(after)s"),
    "logo removed": lambda: _("The banner no longer shows a logo; it said: %(before)s"),
    "logo changed": lambda: _(
        "The logo is another picture, or says something else. Before: %(before)s. Now: %(after)s"
    ),
    "look": lambda: _("Look, %(subject)s: “%(before)s” becomes “%(after)s”."),
    "script": lambda: _("The banner's script is another version."),
}


SETTINGS: Mapping[str, Any] = {
    "choice_lifetime": _l("how long a choice is kept"),
    "languages": _l("languages"),
    "default_language": _l("default language"),
    "unknown_third_parties": _l("third parties nobody declared"),
    "unknown_cookies": _l("cookies nobody declared"),
    "reload_on_withdrawal": _l("load the page again after a withdrawal"),
    "count_notices": _l("count how often the notice is shown"),
    "controller": _l("who asks"),
    "privacy_url": _l("address of the privacy policy"),
}
ABOUT_PURPOSES = {
    "service added",
    "service removed",
    "service moved",
    "tracker added",
    "tracker removed",
    "tracker moved",
}


def sentence(found: Difference, configuration: Configuration) -> str:
    """Return the sentence, in the language of this request; ``configuration`` is the later one of the two."""
    titles = _titles(configuration)
    subject, before, after = found.subject, found.before, found.after
    if found.kind in ABOUT_PURPOSES:
        before, after = titles.get(before or "", before), titles.get(after or "", after)
    elif found.kind in ("purpose added", "purpose removed"):
        subject = titles.get(subject, subject)
    elif found.kind == "lifetime" or subject == "choice_lifetime":
        before, after = duration(before), duration(after)
    if found.kind == "setting":
        subject = str(SETTINGS.get(subject, subject))
    return SENTENCES[found.kind]() % {"subject": subject, "before": before or NONE, "after": after or NONE}


def purpose_titles(ids: Iterable[str], configuration: Configuration) -> list[str]:
    """Return what purposes are called, in the language of this request when the site has it."""
    titles = _titles(configuration)
    return [titles.get(each, each) for each in ids]


def _titles(configuration: Configuration) -> Mapping[str, str]:
    document = configuration.document
    shown = language() if language() in document["languages"] else document["default_language"]
    shipped = {id_: words["title"] for id_, words in load_languages()[shown].purposes.items()}
    return {**shipped, **{each["id"]: each["title"].get(shown, each["id"]) for each in document["purposes"]}}
