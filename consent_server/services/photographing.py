"""Taking the pictures of a configuration before it is published, so that their digests are part of it (PRF-02)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from consent_server.browser.screenshot import Scene, photograph
from consent_server.domain.configuration import Configuration
from consent_server.domain.notice import banner_texts, declare
from consent_server.domain.picture import Picture


def photograph_configuration(configuration: Configuration, script: bytes) -> tuple[Picture, ...]:
    """Return pictures of both layers, in every language, on a phone and a desktop.

    ``script`` is what visitors will be sent. Raises ``Unavailable`` where there is no browser.
    """
    scenes = [_scene(configuration, language, script.decode()) for language in configuration.document["languages"]]
    with ThreadPoolExecutor(1) as alone:  # Playwright wants a thread without an event loop
        return alone.submit(photograph, scenes).result()


def _scene(configuration: Configuration, language: str, script: str) -> Scene:
    declaration = json.dumps(asdict(declare(configuration, language)), ensure_ascii=False)
    customize = banner_texts(configuration, language)["customize"]
    return Scene(configuration.site_key, language, script, declaration, customize)
