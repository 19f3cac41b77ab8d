"""The admin's languages: English in the source, French beside it (``translations/``, written by ``make words``)."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, request, session
from flask_babel import Babel, get_locale

LANGUAGES = {"fr": "Français", "en": "English"}
TIME_ZONE = "Europe/Paris"


def register(app: Flask) -> None:
    """Answer in the language that was chosen, else in the browser's, else in French."""
    Babel(
        app,
        default_locale="en",
        default_translation_directories=str(Path(__file__).parent / "translations"),
        locale_selector=language,
        default_timezone=TIME_ZONE,
    )
    app.jinja_env.globals.update(get_locale=get_locale)


def language() -> str:
    """Return the language of this request."""
    if session.get("language") in LANGUAGES:
        return str(session["language"])
    return request.accept_languages.best_match(LANGUAGES, "fr") or "fr"


def speak(wanted: str) -> None:
    """Remember a language for this browser."""
    if wanted in LANGUAGES:
        session["language"] = wanted
