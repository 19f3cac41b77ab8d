"""UI-04, UI-12: accepting and refusing are said in plain words of the same weight."""

from __future__ import annotations

from collections.abc import Iterator

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration

MISLEADING = (
    "non essential",
    "non-essential",
    "non essentiel",
    "non-essentiel",
    "finalités non",
    "plus tard",
    "later",
    "no thanks, i",
    "recommandé",
    "recommended",
)

LONGER_THAN_THE_OTHER = 2.5
"""A label so much longer than its counterpart is not its equal on screen."""


def check_plain_labels(configuration: Configuration) -> Iterator[Finding]:
    """Yield a finding for each label that steers or confuses."""
    for language, texts in configuration.document["banner"]["texts"].items():
        accept, refuse = texts.get("accept_all", ""), texts.get("refuse_all", "")
        for key, label in (("accept_all", accept), ("refuse_all", refuse)):
            if any(word in label.casefold() for word in MISLEADING):
                yield Finding(
                    "UI-12", f"banner.texts.{language}.{key}", f"“{label}” is not plain: say accept or refuse."
                )
        lengths = sorted((len(accept), len(refuse)))
        if lengths[0] and lengths[1] / lengths[0] > LONGER_THAN_THE_OTHER:
            yield Finding(
                "UI-04",
                f"banner.texts.{language}.refuse_all",
                "Accept and refuse must be worded alike, one is far longer.",
            )
