"""What a configuration tells a visitor in one language, in words: purposes, services, trackers and how long they live.

Everything here is worded by the server: the banner carries only the texts that it cannot wait for, and asks for the
declaration when a visitor opens the settings (``banner/src/view/inventory.ts``); the page needs no script at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent_server.domain.configuration import Configuration
from consent_server.domain.purpose import NECESSARY
from consent_server.domain.tracker import OWN_SITE

_PART = re.compile(r"(\d+)([YMWDHS])")
_SERVER_ONLY = ("kind_", "duration_", "capped", "lifetime", "unknown", "session", "objection", "unclassified_text")


@dataclass(frozen=True)
class DeclaredTracker:
    """One tracker in the visitor's words; ``exempt_because`` is empty when it waits for consent.

    ``facts`` says kind, foreign domain and lifetime in one line, for where there is no table.
    """

    name: str
    kind: str
    domain: str | None
    lifetime: str
    facts: str
    description: str
    exempt_because: str


@dataclass(frozen=True)
class DeclaredService:
    """A service with the trackers that it has under one purpose."""

    id: str
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
    details: str
    services: tuple[DeclaredService, ...]


@dataclass(frozen=True)
class Partner:
    """A vendor with its services that need consent (UI-09)."""

    name: str
    policy_url: str | None
    services: tuple[str, ...]


@dataclass(frozen=True)
class Declaration:
    """The cookie declaration of one configuration in one language; ``withdraw`` says how to change one's mind."""

    language: str
    controller: str
    privacy_url: str | None
    version: int
    digest: str
    published_at: str
    purposes: tuple[DeclaredPurpose, ...]
    partners: tuple[Partner, ...]
    withdraw: str


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
            purpose["details"].get(language, ""),
            tuple(_services(document["services"], purpose["id"], language, texts)),
        )
        for purpose in document["purposes"]
    ]
    unclassified = tuple(_services(document["services"], None, language, texts))
    if unclassified:
        title, text = texts["unclassified_title"], texts["unclassified_text"]
        purposes.append(DeclaredPurpose(None, title, text, "", unclassified))
    return Declaration(
        language,
        banner["controller"],
        banner["privacy_url"],
        configuration.version,
        configuration.digest,
        document["published_at"],
        tuple(purposes),
        tuple(_partners(document["services"])),
        fill(texts["withdraw_how"], reopen=texts["reopen"]),
    )


def banner_texts(configuration: Configuration, language: str) -> dict[str, str]:
    """Return the texts that the banner cannot wait for, filled as far as the configuration fills them.

    What stays open is known on the page alone: ``{service}``, ``{purpose}``, ``{vendor}``, ``{id}``.
    """
    document = configuration.document
    texts = document["banner"]["texts"][language]
    filled = {
        "controller": document["banner"]["controller"],
        "duration": duration_in_words(document["choice_lifetime"], texts),
        "reopen": texts["reopen"],
    }
    found = {key: fill(text, **filled) for key, text in texts.items() if not key.startswith(_SERVER_ONLY)}
    partners = len(list(_partners(document["services"])))
    return {**found, "partners": fill(texts["partners"], n=str(partners)) if partners else ""}


def _partners(services: list[Mapping[str, Any]]) -> Iterator[Partner]:
    """Yield each vendor once, in the order of its first service that asks for consent."""
    asking: dict[str, list[Mapping[str, Any]]] = {}
    for service in services:
        if _asks(service):
            asking.setdefault(service["vendor"], []).append(service)
    for vendor, its in asking.items():
        policy = next((service["policy_url"] for service in its if service["policy_url"]), None)
        yield Partner(vendor, policy, tuple(service["name"] for service in its))


def _asks(service: Mapping[str, Any]) -> bool:
    asked = [t["purpose"] for t in service["trackers"] if not t["exemption"]]
    purposes = asked if service["exempt"] else [service["purpose"], *asked]
    return any(purpose not in (None, NECESSARY) for purpose in purposes)


def _services(
    services: list[Mapping[str, Any]], purpose: str | None, language: str, texts: Mapping[str, str]
) -> Iterator[DeclaredService]:
    """Yield what serves a purpose; a service stands under each purpose that its trackers have (CAT-02)."""
    for service in services:
        trackers = tuple(
            _tracker(tracker, language, texts) for tracker in service["trackers"] if tracker["purpose"] == purpose
        )
        if trackers or service["purpose"] == purpose:
            yield DeclaredService(service["id"], service["name"], service["vendor"], service["policy_url"], trackers)


def _tracker(tracker: Mapping[str, Any], language: str, texts: Mapping[str, str]) -> DeclaredTracker:
    kind = texts[f"kind_{tracker['kind']}"]
    domain = None if tracker["domain"] == OWN_SITE else tracker["domain"]
    lifetime = lifetime_in_words(tracker, texts)
    kept = tracker["declared_lifetime"] or tracker["kind"] not in ("script", "iframe", "pixel")
    facts = [kind, domain, fill(texts["lifetime"], lifetime=lifetime) if kept else None]
    return DeclaredTracker(
        tracker["name"],
        kind,
        domain,
        lifetime,
        " · ".join(filter(None, facts)),
        tracker["description"].get(language, ""),
        _exempt_because(tracker["exemption"], language, texts),
    )


def _exempt_because(exemption: Mapping[str, Any] | None, language: str, texts: Mapping[str, str]) -> str:
    """Return the ground in words; measurement that is exempt may be objected to (EXM-07)."""
    if exemption is None:
        return ""
    because = exemption["justification"].get(language, exemption["ground"])
    return f"{because} {texts['objection']}" if exemption["ground"] == "EXM-07" else because


def lifetime_in_words(tracker: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """Return the vendor's lifetime, and ours beside it only where a script can enforce it (DUR-03)."""
    declared = tracker["declared_lifetime"]
    if declared is None:
        return texts["unknown"]
    if tracker["capped"] and tracker["domain"] == OWN_SITE:
        return fill(
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
    return in_words(int(number), texts[key])


def in_words(number: int, text: str) -> str:
    """Return ``one|many`` for a number: French and English say "0" differently, and zero is never asked for."""
    one, _, many = text.partition("|")
    return fill(one if number < 2 else many or one, n=str(number))


def fill(text: str, **values: str) -> str:
    """Return a text with its ``{name}`` filled; others stay."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
