"""Reading a vendor's file of the library: one document per vendor, every mistake told at once.

A necessary tracker inherits its service's exemption; one without any is a mistake (EXM-10), and so is an exemption for
advertising or embeds (EXM-08). An alias that begins with ``=`` (``=Segment``, ``=X``) is also an ordinary word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from consent_server.domain.document import Problems, Reader
from consent_server.domain.errors import Invalid
from consent_server.domain.exemption import AUDIENCE_GROUND, GROUNDS, Exemption
from consent_server.domain.library import LibraryService, LibraryTracker
from consent_server.domain.lifetime import Lifetime, parse_lifetime
from consent_server.domain.name_pattern import parse_name_pattern
from consent_server.domain.purpose import DEFAULT_PURPOSES, NECESSARY
from consent_server.domain.signals import SIGNALS
from consent_server.domain.tracker import KINDS, OWN_SITE
from consent_server.domain.url_pattern import parse_url_pattern

AUTHOR = "Consent Server library"
"""Who proposes the library's exemptions; an editor who changes one signs it."""

LANGUAGES = ("fr", "en")

SETTERS = ("script", "http")

_SIGNALS = tuple(signal.name for signal in SIGNALS)

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\Z")
_ADDRESS = re.compile(r"https://[^\s/?#]+\.[^\s]+\Z")


def parse_vendor(document: Mapping[str, object], origin: str) -> tuple[LibraryService, ...]:
    """Return the services of one vendor's file; raise ``Invalid`` with every problem, under ``origin`` and its path."""
    problems = Problems()
    reader = Reader(document, problems, origin)
    vendor = reader.text("vendor", longest=200)
    country = reader.parsed("country", _country, "", required=True)
    policy_url = reader.parsed("policy_url", _address, "", required=True)
    namespaces = reader.texts("namespaces", parse_name_pattern)
    services = tuple(
        replace(_service(item, vendor, country, policy_url), namespaces=namespaces)
        for item in reader.objects("services")
    )
    if not services:
        reader.problem("services", "A vendor has at least one service.")
    reader.refuse_unknown()
    problems.raise_if_any()
    return services


def _service(reader: Reader, vendor: str, country: str, policy_url: str) -> LibraryService:
    service_id = reader.parsed("id", _service_id, "", required=True)
    purpose = reader.one_of("purpose", DEFAULT_PURPOSES)
    exemption = _exemption(reader, purpose)
    aliases = reader.texts("aliases")
    service = LibraryService(
        id=service_id,
        name=reader.text("name", longest=100),
        vendor=vendor,
        country=country,
        policy_url=policy_url,
        aliases=tuple(alias.removeprefix("=") for alias in aliases),
        whole_names=frozenset(alias[1:] for alias in aliases if alias.startswith("=")),
        purpose=purpose,
        stated_never_exempt=reader.text("never_exempt", "") or None,
        description=reader.texts_by_language("description", LANGUAGES, required=True),
        url_patterns=reader.texts("url_patterns", parse_url_pattern),
        exemption=exemption,
        trackers=tuple(_tracker(item, service_id, purpose, exemption) for item in reader.objects("trackers")),
        source=reader.text("source"),
        verified_at=_day(reader, "verified_at"),
        signal=reader.one_of("signal", _SIGNALS) if reader.has("signal") else None,
    )
    if exemption and service.stated_never_exempt:
        reader.problem("exemption", "It cannot be exempt and never exempt.")
    reader.refuse_unknown()
    return service


def _tracker(reader: Reader, service_id: str, service_purpose: str, inherited: Exemption | None) -> LibraryTracker:
    purpose = reader.one_of("purpose", DEFAULT_PURPOSES, service_purpose)
    tracker = LibraryTracker(
        service=service_id,
        name=reader.parsed("name", parse_name_pattern, "", required=True),
        kind=reader.one_of("kind", KINDS),
        domain=reader.parsed("domain", _domain, OWN_SITE, required=True),
        lifetime=_lifetime(reader),
        set_by=reader.one_of("set_by", SETTERS),
        http_only=reader.boolean("http_only", False),
        purpose=purpose,
        exemption=_exemption(reader, purpose, inherited),
        description=reader.texts_by_language("description", LANGUAGES, required=True),
    )
    if tracker.http_only and tracker.set_by == "script":
        reader.problem("http_only", "A script cannot write an HttpOnly cookie.")
    reader.refuse_unknown()
    return tracker


def _exemption(reader: Reader, purpose: str, inherited: Exemption | None = None) -> Exemption | None:
    if not reader.has("exemption"):
        reader.raw("exemption")
        if purpose == NECESSARY and inherited is None:
            reader.problem("exemption", "What is necessary needs a ground and a justification (EXM-10).")
        return inherited if purpose == NECESSARY else None
    if purpose != NECESSARY:
        reader.problem("exemption", "The library proposes exemptions only for what is necessary (EXM-08).")
    own = reader.member("exemption")
    ground = own.one_of("ground", tuple(ground for ground in GROUNDS if ground != AUDIENCE_GROUND))
    justification = own.texts_by_language("justification", LANGUAGES, required=True)
    own.refuse_unknown()
    return Exemption(ground, justification, AUTHOR)


def _lifetime(reader: Reader) -> Lifetime | None:
    """Read the lifetime; ``null`` must be written: that nobody states it is a statement too."""
    if "lifetime" not in reader.values:
        reader.problem("lifetime", "This is required; write null when nobody states it.")
    return reader.parsed("lifetime", _optional_lifetime, None)


def _optional_lifetime(text: str) -> Lifetime | None:
    return parse_lifetime(text)


def _day(reader: Reader, key: str) -> date:
    value = reader.raw(key)
    if type(value) is date:
        return value
    reader.problem(key, "This must be a day, such as 2026-11-22.")
    return date.min


def _service_id(text: str) -> str:
    if not _ID.match(text):
        raise Invalid.because(f"“{text[:60]}” is not an id: a to z, 0 to 9 and single hyphens.")
    return text


def _country(text: str) -> str:
    if not _COUNTRY.match(text):
        raise Invalid.because(f"“{text[:10]}” is not a country: write the two letters of ISO 3166.")
    return text


def _domain(text: str) -> str:
    if text != OWN_SITE and not _HOST.match(text):
        raise Invalid.because(f"“{text[:60]}” is not a domain: write “site”, or a host in lower case, no leading dot.")
    return text


def _address(text: str) -> str:
    if not _ADDRESS.match(text):
        raise Invalid.because(f"“{text[:80]}” is not an https address.")
    return text
