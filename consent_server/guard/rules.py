"""The configuration, compiled: what may be set and asked, under what the visitor answered.

Reads the document of ``GET …/config`` and believes none of its shapes. Decides as the banner does (``choice.ts``,
``rules.ts``): the most specific name wins, one yes among equals is enough, unclassified is never granted. A cookie that
nobody declared is the site's own affair, since its own server sets it; names that the library knows are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from consent_server.domain import name_pattern
from consent_server.domain.errors import Invalid
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, Lifetime, parse_lifetime
from consent_server.domain.name_pattern import parse_name_pattern
from consent_server.domain.tracker import OWN_SITE
from consent_server.domain.url_pattern import UrlPattern, parse_url_pattern
from consent_server.guard.choice import OURS, SavedChoice

T = TypeVar("T")


@dataclass(frozen=True)
class RuledPurpose:
    """A purpose; ``since`` is the version that last changed what a yes to it means (UI-14)."""

    id: str
    exempt: bool
    since: int


@dataclass(frozen=True)
class RuledService:
    """A service and the URLs that are its."""

    id: str
    purpose: str | None
    exempt: bool
    patterns: tuple[UrlPattern, ...]


@dataclass(frozen=True)
class RuledCookie:
    """A cookie that somebody declared; ``lifetime`` in seconds, 0 for the browser session, None when nobody says."""

    service: RuledService
    purpose: str | None
    domain: str
    exempt: bool
    lifetime: int | None

    def covers(self, host: str) -> bool:
        """Whether it is this host's, or one of its parents'."""
        return self.domain == OWN_SITE or host == self.domain or host.endswith("." + self.domain)


@dataclass(frozen=True)
class Verdict:
    """``lifetime`` is the longest it may live, in seconds; 0: the browser session. ``ruled``: somebody declared it."""

    allowed: bool
    lifetime: int = MAX_LIFETIME_SECONDS
    ruled: bool = False


class NameIndex(Generic[T]):
    """Name patterns, found by name: exact ones at once, the others by their first letter."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[T]] = {}
        self._patterns: dict[str, list[tuple[str, T]]] = {}
        for pattern, what in entries:
            if "*" in pattern:
                self._patterns.setdefault(pattern[0], []).append((pattern, what))
            else:
                self._exact.setdefault(pattern, []).append(what)

    def matching(self, name: str) -> Iterator[tuple[tuple[int, int], T]]:
        """Yield everything whose pattern matches, with how specific the pattern is."""
        for what in self._exact.get(name, ()):
            yield name_pattern.specificity(name), what
        for first in {name[:1], "*"}:
            for pattern, what in self._patterns.get(first, ()):
                if name_pattern.matches(pattern, name):
                    yield name_pattern.specificity(pattern), what


@dataclass(frozen=True)
class Rules:
    """A compiled configuration. Immutable; one serves every thread."""

    site_key: str
    version: int
    choice_lifetime: Lifetime
    blocks_unknown: bool
    purposes: Mapping[str, RuledPurpose]
    services: tuple[RuledService, ...]
    cookies: NameIndex[RuledCookie]
    known: NameIndex[None]

    def cookie(self, name: str, hosts: Iterable[str], choice: SavedChoice | None) -> Verdict:
        """Judge a cookie of ours by its name (as scripts read it) and the hosts it is for."""
        if name in OURS:
            return Verdict(True)
        hosts = tuple(hosts)
        found = [each for each in self.cookies.matching(name) if any(map(each[1].covers, hosts))]
        if found:
            most = max(weight for weight, _ in found)
            return self._best([cookie for weight, cookie in found if weight == most], choice)
        return Verdict(next(self.known.matching(name), None) is None)

    def service_granted(self, choice: SavedChoice | None, service: RuledService) -> bool:
        """May this service's URLs be requested? Unclassified is no, whatever was answered."""
        if service.exempt or service.purpose is None:
            return service.exempt
        answer = choice.services.get(service.id) if choice else None
        return self.purpose_granted(choice, service.purpose) if answer is None else answer

    def purpose_granted(self, choice: SavedChoice | None, id: str | None) -> bool:
        """Whether a purpose is exempt or was answered with yes."""
        purpose = self.purposes.get(id or "")
        return purpose is not None and (
            purpose.exempt or (choice is not None and choice.purposes.get(purpose.id) is True)
        )

    def still_answered(self, choice: SavedChoice) -> SavedChoice:
        """Forget the answers to purposes that mean something else since they were given (UI-14)."""
        held = {each.id for each in self.purposes.values() if not each.exempt and each.since <= choice.version}
        asked = {service.id for service in self.services if service.purpose in held}
        return replace(
            choice,
            purposes={id: answer for id, answer in choice.purposes.items() if id in held},
            services={id: answer for id, answer in choice.services.items() if id in asked},
        )

    def _best(self, cookies: list[RuledCookie], choice: SavedChoice | None) -> Verdict:
        granted = [cookie for cookie in cookies if self._granted(choice, cookie)]
        if not granted:
            return Verdict(False, 0, True)
        first = granted[0]
        # What is exempt keeps the site working: it is held to the law's limit, not to what somebody wrote about it.
        exempt = first.exempt or self.purpose_granted(None, first.purpose)
        declared = None if exempt else first.lifetime
        return Verdict(True, MAX_LIFETIME_SECONDS if declared is None else min(declared, MAX_LIFETIME_SECONDS), True)

    def _granted(self, choice: SavedChoice | None, cookie: RuledCookie) -> bool:
        """May it be read and written? Its own purpose counts, not its service's."""
        granted = self.purpose_granted(choice, cookie.purpose)
        answer = choice.services.get(cookie.service.id) if choice else None
        if cookie.exempt:
            # Exempt audience measurement may run before the choice, and stops at an explicit no (AUD-09).
            refused = choice is not None and choice.purposes.get(cookie.purpose or "") is False
            return granted or answer is True or not (refused or answer is False)
        if cookie.purpose is None or cookie.purpose != cookie.service.purpose or answer is None:
            return granted
        return answer or self.purpose_granted(None, cookie.purpose)


def compile_rules(document: object) -> Rules:
    """Return the rules of a configuration as ``/config`` serves it; raise ``Invalid`` when it is not one."""
    top = _object(document, "")
    services = [_service(each, f"services.{i}") for i, each in enumerate(_list(top, "services", ""))]
    purposes = [_purpose(each, f"purposes.{i}") for i, each in enumerate(_list(top, "purposes", ""))]
    return Rules(
        site_key=_text(top, "site_key", ""),
        version=_number(top, "version", ""),
        choice_lifetime=parse_lifetime(_text(top, "choice_lifetime", "")),
        blocks_unknown=_one_of(top, "unknown_third_parties", ("allow", "block")) == "block",
        purposes={purpose.id: purpose for purpose in purposes},
        services=tuple(service for service, _ in services),
        cookies=NameIndex(entry for _, cookies in services for entry in cookies),
        known=NameIndex(
            (parse_name_pattern(_is_text(each, "known_trackers")), None) for each in _list(top, "known_trackers", "")
        ),
    )


def _purpose(value: object, where: str) -> RuledPurpose:
    found = _object(value, where)
    return RuledPurpose(_text(found, "id", where), _boolean(found, "exempt", where), _number(found, "since", where))


def _service(value: object, where: str) -> tuple[RuledService, list[tuple[str, RuledCookie]]]:
    found = _object(value, where)
    patterns = tuple(parse_url_pattern(_is_text(each, where)) for each in _list(found, "url_patterns", where))
    service = RuledService(
        _text(found, "id", where), _optional_text(found, "purpose", where), _boolean(found, "exempt", where), patterns
    )
    trackers = [_object(each, f"{where}.trackers.{i}") for i, each in enumerate(_list(found, "trackers", where))]
    return service, [_cookie(each, service, where) for each in trackers if _text(each, "kind", where) == "cookie"]


def _cookie(found: Mapping[str, Any], service: RuledService, where: str) -> tuple[str, RuledCookie]:
    lifetime = found.get("lifetime_seconds")
    if lifetime is not None:
        lifetime = _number(found, "lifetime_seconds", where)
    cookie = RuledCookie(
        service=service,
        purpose=_optional_text(found, "purpose", where),
        domain=_text(found, "domain", where).removeprefix(".").lower(),
        exempt=found.get("exemption") is not None,
        lifetime=lifetime,
    )
    return parse_name_pattern(_text(found, "name", where)), cookie


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid.because("An object was expected.", where)
    return value


def _list(found: Mapping[str, Any], key: str, where: str) -> list[Any]:
    if not isinstance(found.get(key), list | tuple):
        raise Invalid.because("A list was expected.", f"{where}.{key}".lstrip("."))
    return list(found[key])


def _is_text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise Invalid.because("A text was expected.", where)
    return value


def _text(found: Mapping[str, Any], key: str, where: str) -> str:
    return _is_text(found.get(key), f"{where}.{key}".lstrip("."))


def _optional_text(found: Mapping[str, Any], key: str, where: str) -> str | None:
    return None if found.get(key) is None else _text(found, key, where)


def _one_of(found: Mapping[str, Any], key: str, values: tuple[str, ...]) -> str:
    if found.get(key) not in values:
        raise Invalid.because(f"One of {', '.join(values)} was expected.", key)
    return str(found[key])


def _number(found: Mapping[str, Any], key: str, where: str) -> int:
    value = found.get(key)
    if type(value) is not int or value < 0:
        raise Invalid.because("A number was expected.", f"{where}.{key}".lstrip("."))
    return value


def _boolean(found: Mapping[str, Any], key: str, where: str) -> bool:
    value = found.get(key)
    if type(value) is not bool:
        raise Invalid.because("True or false was expected.", f"{where}.{key}".lstrip("."))
    return value
