"""A difference between two configurations, as a sentence that a lawyer reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from consent_server.domain.difference import Difference

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
    "setting": lambda: _("Setting %(subject)s: “%(before)s” becomes “%(after)s”."),
    "text": lambda: _("Text %(subject)s: “%(before)s” becomes “%(after)s”."),
    "look": lambda: _("Look, %(subject)s: “%(before)s” becomes “%(after)s”."),
    "script": lambda: _("The banner's script is another version."),
}


def sentence(found: Difference) -> str:
    """Return the sentence, in the language of this request."""
    words = {"subject": found.subject, "before": found.before or NONE, "after": found.after or NONE}
    return SENTENCES[found.kind]() % words
