"""Taking the pictures of a configuration before it is published, so that their digests are part of it (PRF-02).

What the browser made of it is measured in the same sitting: what is not fair is not published.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from consent_server.browser.screenshot import Scene, photograph
from consent_server.domain.configuration import Configuration
from consent_server.domain.errors import Unavailable
from consent_server.domain.notice import banner_texts, declare
from consent_server.domain.picture import Picture
from consent_server.domain.rendering import Layer


class NoPictures(Unavailable):
    """There is no browser to take them with, or it shows no banner; the sentence says which."""


@dataclass(frozen=True)
class Sitting:
    """The pictures, and each layer as measured; there are no measures of pictures that were taken elsewhere."""

    pictures: tuple[Picture, ...]
    layers: tuple[Layer, ...] = ()


def photograph_configuration(configuration: Configuration, script: bytes, logo: bytes | None = None) -> Sitting:
    """Return both layers, in every language, on a phone and a desktop.

    ``script`` and ``logo`` are what visitors will be sent. Raises ``NoPictures``.
    """
    languages = configuration.document["languages"]
    scenes = [_scene(configuration, language, script.decode(), logo) for language in languages]
    with ThreadPoolExecutor(1) as alone:  # Playwright wants a thread without an event loop
        try:
            taken = alone.submit(photograph, scenes).result()
        except Unavailable as away:
            raise NoPictures(str(away)) from None
    return Sitting(tuple(picture for picture, _ in taken), tuple(layer for _, layer in taken))


def _scene(configuration: Configuration, language: str, script: str, logo: bytes | None) -> Scene:
    declaration = json.dumps(asdict(declare(configuration, language)), ensure_ascii=False)
    customize = banner_texts(configuration, language)["customize"]
    return Scene(configuration.site_key, language, script, declaration, customize, logo)
