"""A numbered, immutable, published catalogue: the canonical text that is hashed, logged and served.

``text`` is canonical JSON (ledger section 4) of everything but ``digest``; ``digest`` is its SHA-256. Visitors are sent
that document with the digest added (``GET …/config``); what stands in front of the runtime is a projection of it
(``domain/embedding.py``) without what can wait. The shape is CONTRACT 1, with these additions: ``since`` per purpose,
``exempt`` and ``preload`` per service, ``known_trackers``, ``unknown_*``, ``reload_on_withdrawal``,
``runtime_digest``, ``screenshots``, ``banner.controller``, ``banner.close`` and ``banner.logo``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from consent_server.domain import canonical_json
from consent_server.domain.catalogue import BannerDesign, Catalogue, LanguageTexts
from consent_server.domain.exemption import AUDIENCE_CONDITIONS, AUDIENCE_GROUND, Exemption
from consent_server.domain.lifetime import MAX_LIFETIME, MAX_LIFETIME_SECONDS, Lifetime, parse_lifetime
from consent_server.domain.logo import write_logo
from consent_server.domain.purpose import NECESSARY, Purpose
from consent_server.domain.signals import loads_before_consent
from consent_server.domain.times import rfc3339
from consent_server.domain.tracker import Service, Tracker


@dataclass(frozen=True)
class Screenshot:
    """What a layer looked like in one language on one device; ``digest`` is that of the PNG (PRF-02)."""

    language: str
    layer: int
    device: str
    digest: str


@dataclass(frozen=True)
class Configuration:
    """A published configuration; ``document`` is ``text`` parsed, to read from, never to hash."""

    site_key: str
    version: int
    digest: str
    text: str
    document: Mapping[str, Any]

    @property
    def asked_purposes(self) -> tuple[str, ...]:
        """The purposes a choice must answer: every one that is not exempt, in the order shown."""
        return tuple(purpose["id"] for purpose in self.document["purposes"] if not purpose["exempt"])

    @property
    def service_ids(self) -> frozenset[str]:
        """The ids of its services."""
        return frozenset(service["id"] for service in self.document["services"])

    @property
    def runtime_digest(self) -> str:
        """``sha256:`` digest of the runtime that it was published with."""
        return str(self.document["runtime_digest"])

    @property
    def choice_lifetime(self) -> str:
        """How long a choice is kept, as an ISO 8601 duration."""
        return str(self.document["choice_lifetime"])

    @property
    def screenshots(self) -> tuple[Screenshot, ...]:
        """The pictures that were taken before it was published."""
        return tuple(Screenshot(**each) for each in self.document.get("screenshots", ()))

    @property
    def logo_digest(self) -> str | None:
        """The digest of its logo's picture."""
        logo = self.document["banner"].get("logo")
        return str(logo["digest"]) if logo else None

    def served(self) -> dict[str, Any]:
        """Return the document of ``GET …/config``: everything, and the digest."""
        return {**self.document, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer to a configuration is checked against: a few hundred bytes of it, to remember thousands of."""

    version: int
    digest: str
    runtime_digest: str
    asked_purposes: tuple[str, ...]
    service_ids: frozenset[str]
    languages: frozenset[str]
    choice_lifetime: Lifetime


def asked_of(configuration: Configuration) -> Asked:
    """Return what answers to a configuration are checked against."""
    return Asked(
        configuration.version,
        configuration.digest,
        configuration.runtime_digest,
        configuration.asked_purposes,
        configuration.service_ids,
        frozenset(configuration.document["languages"]),
        parse_lifetime(configuration.choice_lifetime),
    )


def digest_of(data: bytes) -> str:
    """Return ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def read_configuration(text: str) -> Configuration:
    """Return the configuration whose canonical text this is."""
    document = canonical_json.decode(text)
    return Configuration(document["site_key"], document["version"], digest_of(text.encode()), text, document)


def build_configuration(
    catalogue: Catalogue,
    *,
    version: int,
    previous: Configuration | None,
    runtime_digest: str,
    published_at: datetime,
    texts: Mapping[str, LanguageTexts],
    known_trackers: Iterable[str],
) -> Configuration:
    """Return the next configuration of a site; pure, so that the same inputs give the same digest.

    It has no screenshots yet: they are of what it looks like.
    """
    services = [_service(service, catalogue.signals) for service in catalogue.services]
    document = {
        "site_key": catalogue.site_key,
        "version": version,
        "published_at": rfc3339(published_at),
        "runtime_digest": runtime_digest,
        "default_language": catalogue.default_language,
        "languages": list(catalogue.languages),
        "max_lifetime": MAX_LIFETIME,
        "max_lifetime_seconds": MAX_LIFETIME_SECONDS,
        "choice_lifetime": catalogue.choice_lifetime.text,
        "unknown_third_parties": catalogue.unknown_third_parties,
        "unknown_cookies": catalogue.unknown_cookies,
        "reload_on_withdrawal": catalogue.reload_on_withdrawal,
        "known_trackers": sorted(known_trackers),
        "purposes": _purposes(catalogue, services, version, previous),
        "services": services,
        "banner": _banner(catalogue.banner, catalogue.languages, texts),
        "signals": dict(catalogue.signals),
        "screenshots": [],
        **({"count_notices": True} if catalogue.count_notices else {}),
    }
    return read_configuration(canonical_json.encode(document))


def with_screenshots(configuration: Configuration, taken: Iterable[Screenshot]) -> Configuration:
    """Return the same configuration with the digests of its pictures in it: what is logged names them."""
    listed = [asdict(each) for each in sorted(taken, key=lambda each: (each.language, each.layer, each.device))]
    return read_configuration(canonical_json.encode({**configuration.document, "screenshots": listed}))


def content(configuration: Configuration) -> dict[str, Any]:
    """Return what a configuration says apart from its number, time and consequences: equal means nothing changed."""
    left_out = {"version", "published_at", "purposes", "screenshots"}
    said = {key: value for key, value in configuration.document.items() if key not in left_out}
    said["purposes"] = [
        {k: v for k, v in purpose.items() if k != "since"} for purpose in configuration.document["purposes"]
    ]
    return said


def _purposes(
    catalogue: Catalogue, services: list[dict[str, Any]], version: int, previous: Configuration | None
) -> list[dict[str, Any]]:
    """Return ``necessary`` and every purpose that something active serves (CAT-03), each with its ``since``."""
    used = {NECESSARY}.union(*(service.purposes for service in catalogue.services))
    meaning_before = _meanings(previous.document["services"]) if previous else {}
    since_before = {p["id"]: int(p["since"]) for p in previous.document["purposes"]} if previous else {}
    meaning_now = _meanings(services)
    found = []
    for purpose in catalogue.purposes:
        if purpose.id not in used:
            continue
        wider = meaning_now.get(purpose.id, frozenset()) - meaning_before.get(purpose.id, frozenset())
        unchanged = purpose.id in since_before and not wider
        found.append(_purpose(purpose, since_before[purpose.id] if unchanged else version))
    return found


def _meanings(services: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[tuple[str, str]]]:
    """Return per purpose what a yes to it lets in: services, and trackers that moved there.

    Something new under a purpose makes the earlier yes not cover it (UI-14); something removed does not.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for service in services:
        if service["purpose"]:
            found.setdefault(service["purpose"], set()).add(("service", service["id"]))
        for tracker in service["trackers"]:
            if tracker["purpose"] and not tracker["exemption"]:
                found.setdefault(tracker["purpose"], set()).add((service["id"], f"{tracker['kind']} {tracker['name']}"))
    return {purpose: frozenset(meaning) for purpose, meaning in found.items()}


def _purpose(purpose: Purpose, since: int) -> dict[str, Any]:
    return {
        "id": purpose.id,
        "exempt": purpose.exempt,
        "since": since,
        "title": dict(purpose.title),
        "description": dict(purpose.description),
        "details": dict(purpose.details),
    }


def _service(service: Service, signals: Mapping[str, Any]) -> dict[str, Any]:
    before_consent = {"preload": True} if loads_before_consent(service, signals) else {}
    return {
        **before_consent,
        "id": service.id,
        "name": service.name,
        "vendor": service.vendor,
        "policy_url": service.policy_url,
        "purpose": service.purpose,
        "exempt": service.exempt,
        "exemption": _exemption(service.exemption),
        "url_patterns": list(service.url_patterns),
        "trackers": [_tracker(tracker) for tracker in service.trackers],
    }


def _tracker(tracker: Tracker) -> dict[str, Any]:
    lifetime = tracker.lifetime
    return {
        "name": tracker.name,
        "kind": tracker.kind,
        "purpose": tracker.purpose,
        "domain": tracker.domain,
        "declared_lifetime": lifetime.text if lifetime else None,
        "lifetime": lifetime.applied if lifetime else None,
        "lifetime_seconds": lifetime.applied_seconds if lifetime else None,
        "capped": lifetime.capped if lifetime else False,
        "exemption": _exemption(tracker.exemption),
        "description": dict(tracker.description),
    }


def _exemption(exemption: Exemption | None) -> dict[str, Any] | None:
    """Return the public part: who decided stays in the catalogue, it is nobody's business on a public page."""
    if exemption is None:
        return None
    found: dict[str, Any] = {"ground": exemption.ground, "justification": dict(exemption.justification)}
    if exemption.ground == AUDIENCE_GROUND:
        found["conditions"] = {key: exemption.conditions[key] for key in AUDIENCE_CONDITIONS}
    return found


def _banner(design: BannerDesign, languages: tuple[str, ...], texts: Mapping[str, LanguageTexts]) -> dict[str, Any]:
    theme = {**asdict(design.theme.light), "radius": design.theme.radius, "position": design.theme.position}
    if design.theme.dark:
        theme["dark"] = asdict(design.theme.dark)
    return {
        "layout": design.layout,
        "theme": theme,
        "close": design.close,
        "controller": design.controller,
        "privacy_url": design.privacy_url,
        "texts": {language: {**texts[language].banner, **design.texts.get(language, {})} for language in languages},
        **({"logo": write_logo(design.logo)} if design.logo else {}),
    }
