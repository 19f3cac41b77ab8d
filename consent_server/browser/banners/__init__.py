"""Banners that a scan knows how to answer: one file each, one list. The last one goes by words alone."""

from __future__ import annotations

from consent_server.browser.banners import (
    axeptio,
    by_words,
    complianz,
    consent_server,
    cookiebot,
    didomi,
    klaro,
    onetrust,
    tarteaucitron,
    vanilla_cookieconsent,
)
from consent_server.browser.banners.kind import BannerKind

KINDS: tuple[BannerKind, ...] = tuple(
    module.KIND
    for module in (
        consent_server,
        axeptio,
        didomi,
        cookiebot,
        onetrust,
        tarteaucitron,
        klaro,
        complianz,
        vanilla_cookieconsent,
        by_words,
    )
)

__all__ = ["KINDS", "BannerKind"]
