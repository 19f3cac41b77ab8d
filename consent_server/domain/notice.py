"""What a configuration tells a visitor in one language, in words: purposes, services, trackers and how long they live.

The banner says the same from the same texts (``banner/src/view``); this is for where no script runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.configuration import Configuration
from consent_server.domain.tracker import OWN_SITE

_PART = re.compile(r"(\d+)([YMWDHS])")


@dataclass(frozen=True)
class DeclaredTracker:
    """One tracker in the visitor's words; ``exempt_because`` is empty when it waits for consent."""

    name: str
    kind: str
    domain: str | None
    lifetime: str
    description: str
    exempt_because: str


@dataclass(frozen=True)
class DeclaredService:
    """A service with the trackers that it has under one purpose."""

    name: str
    vendor: str
    policy_url: str | None
    trackers: tuple[DeclaredTracker, ...]


@dataclass(frozen=True)
class DeclaredPurpose:
    """A purpose with everything that serves it; ``id`` None holds what nobody has classified yet, and is blocked."""

    id: str | None
    title: str
    description: str
    services: tuple[DeclaredService, ...]


@dataclass(frozen=True)
class Declaration:
    """The cookie declaration of one configuration in one language."""

    language: str
    controller: str
    privacy_url: str | None
    version: int
    digest: str
    published_at: str
    purposes: tuple[DeclaredPurpose, ...]


def declare(configuration: Configuration, language: str) -> Declaration:
    """Return the declaration in one of the configuration's languages."""
    document = configuration.document
    banner = document["banner"]
    texts = banner["texts"][language]
    purposes = [
        DeclaredPurpose(
            purpose["id"],
            purpose["title"][language],
            purpose["description"][language],
            tuple(_services(document["services"], purpose["id"], language, texts)),
        )
        for purpose in document["purposes"]
    ]
    unclassified = tuple(_services(document["services"], None, language, texts))
    if unclassified:
        purposes.append(DeclaredPurpose(None, texts["unclassified_title"], texts["unclassified_text"], unclassified))
    return Declaration(
        language,
        banner["controller"],
        banner["privacy_url"],
        configuration.version,
        configuration.digest,
        document["published_at"],
        tuple(purposes),
    )


def _services(
    services: list[Mapping[str, Any]], purpose: str | None, language: str, texts: Mapping[str, str]
) -> Iterator[DeclaredService]:
    """Yield what serves a purpose; a service stands under each purpose that its trackers have (CAT-02)."""
    for service in services:
        trackers = tuple(
            _tracker(tracker, language, texts) for tracker in service["trackers"] if tracker["purpose"] == purpose
        )
        if trackers or service["purpose"] == purpose:
            yield DeclaredService(service["name"], service["vendor"], service["policy_url"], trackers)


def _tracker(tracker: Mapping[str, Any], language: str, texts: Mapping[str, str]) -> DeclaredTracker:
    exemption = tracker["exemption"]
    return DeclaredTracker(
        tracker["name"],
        texts[f"kind_{tracker['kind']}"],
        None if tracker["domain"] == OWN_SITE else tracker["domain"],
        lifetime_in_words(tracker, texts),
        tracker["description"].get(language, ""),
        exemption["justification"].get(language, exemption["ground"]) if exemption else "",
    )


def lifetime_in_words(tracker: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """Return the vendor's lifetime, and ours beside it only where a script can enforce it (DUR-03)."""
    declared = tracker["declared_lifetime"]
    if declared is None:
        return texts["unknown"]
    if tracker["capped"] and tracker["domain"] == OWN_SITE:
        return _fill(
            texts["capped"],
            declared=duration_in_words(declared, texts),
            applied=duration_in_words(tracker["lifetime"], texts),
        )
    return duration_in_words(declared, texts)


def duration_in_words(duration: str, texts: Mapping[str, str]) -> str:
    """Return an ISO 8601 duration or ``session`` in words."""
    if duration == "session":
        return texts["session"]
    date, _, time = duration.partition("T")
    words = [_amount(number, f"duration_{unit}", texts) for number, unit in _PART.findall(date)]
    words += [_amount(number, f"duration_T{unit}", texts) for number, unit in _PART.findall(time)]
    return " ".join(words)


def _amount(number: str, key: str, texts: Mapping[str, str]) -> str:
    one, _, many = texts[key].partition("|")
    return _fill(one if int(number) < 2 else many or one, n=number)


def _fill(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
