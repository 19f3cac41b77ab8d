"""UI-02, UI-10, WD-03: everything a visitor must be told is there, in every language of the site."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration


def check_required_texts(configuration: Configuration) -> Iterator[Finding]:
    """Yield a finding for each text that is missing or empty."""
    document = configuration.document
    banner = document["banner"]
    if not banner["controller"].strip():
        yield Finding("UI-10", "banner.controller", "Say who asks: the name of the company behind the site.")
    for language in document["languages"]:
        for key, text in banner["texts"][language].items():
            if not text.strip():
                yield Finding("UI-10", f"banner.texts.{language}.{key}", "This text is empty.")
        for purpose in document["purposes"]:
            for part in ("title", "description"):
                if not purpose[part].get(language, "").strip():
                    yield Finding("UI-02", f"purposes.{purpose['id']}.{part}.{language}", "This text is missing.")
