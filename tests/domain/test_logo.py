"""A logo in a site file: its picture by digest, its size, and what it says in every language, or nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.catalogue import parse_catalogue
from consent_server.domain.configuration import content
from consent_server.domain.difference import differences
from consent_server.domain.embedding import embedded
from consent_server.domain.errors import Invalid
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests.builders import site_file
from tests.domain.test_configuration import build

ALT = {"fr": "Exemple", "en": "Example"}
LOGO = {"digest": "sha256:" + "ab" * 32, "width": 120, "height": 48, "alt": ALT}
NAMED = {language: {"title": "Example: cookies"} for language in ("fr", "en")}


def _banner(logo: Any, **more: Any) -> dict[str, Any]:
    return {"controller": "Example SAS", "logo": logo, **more}


def _problems(banner: dict[str, Any]) -> set[str]:
    try:
        parse_catalogue(site_file(banner=banner), load_library(), load_languages())
    except Invalid as invalid:
        return set(invalid.problems)
    return set()


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({}, set()),
        ({"digest": "sha256:" + "AB" * 32}, {"banner.logo.digest"}),
        ({"digest": "https://example.org/logo.png"}, {"banner.logo.digest"}),
        ({"digest": None}, {"banner.logo.digest"}),
        ({"width": 201}, {"banner.logo.width"}),
        ({"height": 0}, {"banner.logo.height"}),
        ({"alt": {"fr": "Exemple"}}, {"banner.logo.alt.en"}),
        ({"alt": {"fr": "x" * 201, "en": "x"}}, {"banner.logo.alt.fr"}),
        ({"alt": None}, {"banner.logo.alt", "banner.logo.alt.fr", "banner.logo.alt.en"}),
        ({"alt": {}}, {"banner.logo.alt.fr", "banner.logo.alt.en"}),
        ({"src": "data:image/svg+xml,"}, {"banner.logo.src"}),
    ],
)  # fmt: skip
def test_every_mistake_is_told_by_its_place(changes: dict[str, Any], places: set[str]) -> None:
    assert _problems(_banner({**LOGO, **changes})) == places


def test_a_logo_only_decorates_where_every_title_names_the_site() -> None:
    decorates = {**LOGO, "alt": {}}
    assert _problems(_banner(decorates, texts=NAMED)) == set()
    assert _problems(_banner(decorates, texts={**NAMED, "en": {"title": "{controller} and cookies"}})) == set()
    assert _problems(_banner(decorates, texts={"fr": NAMED["fr"]})) == {"banner.logo.alt.en"}


def test_none_is_none() -> None:
    assert _problems(_banner(None)) == set()
    assert "logo" not in build(banner=_banner(None)).document["banner"]
    assert build(banner=_banner(None)).logo_digest is None


def test_the_configuration_has_it_and_its_digest_covers_it() -> None:
    with_logo = build(banner=_banner(LOGO))
    other = build(banner=_banner({**LOGO, "digest": "sha256:" + "cd" * 32}))
    assert with_logo.document["banner"]["logo"] == embedded(with_logo)["banner"]["logo"] == LOGO
    assert with_logo.logo_digest == LOGO["digest"]
    assert with_logo.digest != other.digest
    assert content(with_logo) != content(other)


def test_what_it_says_in_other_languages_is_published_nowhere() -> None:
    published = build(banner=_banner({**LOGO, "alt": {**ALT, "de": "Beispiel"}}))
    assert published.document["banner"]["logo"] == LOGO


def test_what_is_different_is_told() -> None:
    bare, with_logo = build(banner=_banner(None)), build(banner=_banner(LOGO))
    other = build(banner=_banner({**LOGO, "digest": "sha256:" + "cd" * 32}))
    told = [[(each.kind, each.before, each.after) for each in differences(*pair)]
            for pair in ((bare, with_logo), (with_logo, other), (other, bare), (other, other))]  # fmt: skip
    said = "en: Example, fr: Exemple"
    assert told == [[("logo added", None, said)], [("logo changed", said, said)], [("logo removed", said, None)], []]
