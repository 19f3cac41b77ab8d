"""What a designer decides of a banner, read from a draft and written back: looks, texts, and what purposes are called.

What a draft does not say is as shipped, in every language; only what differs from that is written, so that a text that
is corrected in a later version reaches everybody who did not change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from consent_server.domain.catalogue import Catalogue, LanguageTexts
from consent_server.domain.logo import Logo, write_logo
from consent_server.domain.theme import Theme

TEXTS = (
    "title",
    "intro",
    "consequences",
    "withdraw_how",
    "refuse_all",
    "accept_all",
    "customize",
    "close",
    "settings_title",
    "settings_intro",
    "save",
    "withdraw",
    "reopen",
)
"""The texts that a designer may word; the rest names facts, and is as shipped."""

PARTS = ("title", "description", "details")


@dataclass(frozen=True)
class PurposeWords:
    """What a purpose is called and how it is explained: part → language → text."""

    id: str
    words: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Design:
    """All of it; ``texts`` has language → key → text, and ``purposes`` the order in which they are shown."""

    controller: str
    privacy_url: str | None
    layout: str
    close: bool
    theme: Theme
    texts: Mapping[str, Mapping[str, str]]
    purposes: tuple[PurposeWords, ...]


def design_of(catalogue: Catalogue, shipped: Mapping[str, LanguageTexts]) -> Design:
    """Return the design of a draft, shipped texts filled in."""
    banner = catalogue.banner
    texts = {
        language: {**_chosen(shipped[language].banner), **_chosen(banner.texts.get(language, {}))}
        for language in catalogue.languages
    }
    purposes = tuple(
        PurposeWords(purpose.id, {part: dict(getattr(purpose, part)) for part in PARTS})
        for purpose in catalogue.purposes
    )
    return Design(banner.controller, banner.privacy_url, banner.layout, banner.close, banner.theme, texts, purposes)


def with_design(draft: Mapping[str, Any], design: Design, shipped: Mapping[str, LanguageTexts]) -> dict[str, Any]:
    """Return the draft with a design; whether it holds together is for ``parse_catalogue`` to say."""
    before = draft.get("banner") or {}
    texts = {
        language: {**_others((before.get("texts") or {}).get(language, {})), **_own(words, shipped[language].banner)}
        for language, words in design.texts.items()
    }
    banner = {
        **before,
        "controller": design.controller,
        "layout": design.layout,
        "close": design.close,
        "theme": write_theme(design.theme),
        "texts": {language: words for language, words in texts.items() if words},
    }
    banner.pop("privacy_url", None)
    if design.privacy_url:
        banner["privacy_url"] = design.privacy_url
    if not banner["texts"]:
        del banner["texts"]
    purposes = [_purpose(purpose, shipped) for purpose in design.purposes]
    return {**draft, "banner": banner, "purposes": purposes}


def write_theme(theme: Theme) -> dict[str, Any]:
    """Return a theme as a site file says it, with nothing left to be as shipped."""
    dark = asdict(theme.dark) if theme.dark else None
    return {**asdict(theme.light), "radius": theme.radius, "position": theme.position, "dark": dark}


def with_theme(draft: Mapping[str, Any], theme: Mapping[str, Any]) -> dict[str, Any]:
    """Return the draft with a theme; what it does not say is as shipped."""
    return _with_banner(draft, "theme", theme if theme != write_theme(Theme()) else {})


def with_logo(draft: Mapping[str, Any], logo: Logo | None) -> dict[str, Any]:
    """Return the draft with a logo, or without one."""
    return _with_banner(draft, "logo", write_logo(logo) if logo else {})


def all_texts(catalogue: Catalogue, shipped: Mapping[str, LanguageTexts]) -> dict[str, dict[str, str]]:
    """Return every text of the banner in every language of the site, shipped ones filled in."""
    own = catalogue.banner.texts
    return {language: {**shipped[language].banner, **own.get(language, {})} for language in catalogue.languages}


def with_texts(
    draft: Mapping[str, Any], texts: Mapping[str, Mapping[str, str]], shipped: Mapping[str, LanguageTexts]
) -> dict[str, Any]:
    """Return the draft with these texts; those that are left out are as shipped."""
    own = {
        language: {key: text for key, text in words.items() if text != shipped[language].banner.get(key)}
        if language in shipped
        else words
        for language, words in texts.items()
    }
    return _with_banner(draft, "texts", {language: words for language, words in own.items() if words})


def _with_banner(draft: Mapping[str, Any], part: str, value: Mapping[str, Any]) -> dict[str, Any]:
    banner = {key: said for key, said in (draft.get("banner") or {}).items() if key != part}
    return {**draft, "banner": {**banner, part: value} if value else banner}


def reordered(design: Design, order: Sequence[str]) -> Design:
    """Return the design with its purposes in another order; one that is not named keeps its place at the end."""
    places = {purpose_id: place for place, purpose_id in enumerate(order)}
    return replace(
        design, purposes=tuple(sorted(design.purposes, key=lambda purpose: places.get(purpose.id, len(places))))
    )


def _purpose(purpose: PurposeWords, shipped: Mapping[str, LanguageTexts]) -> dict[str, Any]:
    written: dict[str, Any] = {"id": purpose.id}
    for part in PARTS:
        own = {
            language: text
            for language, text in purpose.words.get(part, {}).items()
            if text and text != shipped[language].purposes.get(purpose.id, {}).get(part)
        }
        if own:
            written[part] = own
    return written


def _chosen(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if key in TEXTS}


def _others(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in texts.items() if key not in TEXTS}


def _own(words: Mapping[str, str], shipped: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in words.items() if text and text != shipped.get(key)}
