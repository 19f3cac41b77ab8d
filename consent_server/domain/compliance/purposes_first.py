"""UI-02, UI-05, WD-03: the first layer says what for, can be answered in three ways, and says that one may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from consent_server.domain.compliance.finding import Finding
from consent_server.domain.configuration import Configuration
from consent_server.domain.rendering import Layer

WAYS = ("accept-all", "refuse-all", "customize")


def check_purposes_first(configuration: Configuration, layers: Iterable[Layer]) -> Iterator[Finding]:
    """Yield a finding for each purpose, way or sentence that the first layer lacks."""
    for layer in layers:
        if layer.number == 1:
            yield from _of_first_layer(configuration.document, layer)


def _of_first_layer(document: Mapping[str, Any], layer: Layer) -> Iterator[Finding]:
    shown = _plain(layer.text)
    for purpose in document["purposes"]:
        for part in ("title", "description"):
            said = purpose[part].get(layer.language, "")
            if not purpose["exempt"] and _plain(said) not in shown:
                yield Finding("UI-02", layer.where, f"The {part} of “{purpose['id']}” is not shown: “{said}”.")
    for action in WAYS:
        if layer.control(action) is None:
            yield Finding(
                "UI-05",
                layer.where,
                f"The button “{document['banner']['texts'][layer.language][_key(action)]}” is missing.",
            )
    reopen = document["banner"]["texts"][layer.language]["reopen"]
    if _plain(reopen) not in shown:
        yield Finding("WD-03", layer.where, "It is not said how a visitor can change their mind later.")


def _key(action: str) -> str:
    return action.replace("-", "_")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
