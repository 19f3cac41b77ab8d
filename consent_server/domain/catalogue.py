"""The draft an editor works on, read from a site file (CONTRACT 4) with every mistake told at once.

A service may name a ``library`` entry and say only what differs. The document stays as it was written; reading it
again resolves it against the library of the day, so that corrected facts come in at the next publication.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from consent_server.domain.document import Problems, Reader
from consent_server.domain.errors import Invalid
from consent_server.domain.exemption import Exemption, exemption_problems, read_exemption
from consent_server.domain.library import Library
from consent_server.domain.lifetime import MAX_LIFETIME_SECONDS, Lifetime, parse_lifetime
from consent_server.domain.logo import Logo, is_named, read_logo
from consent_server.domain.name_pattern import parse_name_pattern
from consent_server.domain.purpose import DEFAULT_PURPOSES, NECESSARY, Purpose, parse_purpose_id
from consent_server.domain.retention import DEFAULT_PROOF_TTL, parse_proof_ttl
from consent_server.domain.signals import SIGNALS, read_signals
from consent_server.domain.theme import Theme, read_theme
from consent_server.domain.tracker import KINDS, OWN_SITE, SETTERS, Service, Tracker
from consent_server.domain.url_pattern import parse_url_pattern

LAYOUTS = ("bar", "box", "modal")

_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")
_SERVICE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")

_SIGNALS = tuple(signal.name for signal in SIGNALS)

NAMELESS_KINDS = frozenset({"pixel", "script", "iframe"})


class LanguageTexts(Protocol):
    """The shipped texts of one language: what the banner says, and the default purposes."""

    @property
    def banner(self) -> Mapping[str, str]: ...

    @property
    def purposes(self) -> Mapping[str, Mapping[str, str]]: ...


@dataclass(frozen=True)
class BannerDesign:
    """How the banner looks and who asks; ``texts`` holds only what differs from the shipped ones."""

    controller: str
    layout: str = "box"
    theme: Theme = field(default_factory=Theme)
    close: bool = True
    privacy_url: str | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    logo: Logo | None = None


@dataclass(frozen=True)
class Catalogue:
    """A site's purposes, services, trackers, texts and theme, resolved and checked."""

    site_key: str
    name: str
    origins: tuple[str, ...]
    default_language: str
    languages: tuple[str, ...]
    choice_lifetime: Lifetime
    proof_ttl: Lifetime
    unknown_third_parties: str
    unknown_cookies: str
    reload_on_withdrawal: bool
    count_notices: bool
    purposes: tuple[Purpose, ...]
    services: tuple[Service, ...]
    banner: BannerDesign
    signals: Mapping[str, Any] = field(default_factory=dict)

    def trackers(self) -> tuple[Tracker, ...]:
        """Return every tracker of every service."""
        return tuple(tracker for service in self.services for tracker in service.trackers)


def is_site_key(text: str) -> bool:
    """Return whether ``text`` can be a site key."""
    return _SITE_KEY.match(text) is not None


def parse_site_key(text: str) -> str:
    """Return ``text`` when it can be a site key; raise ``Invalid`` otherwise."""
    if not is_site_key(text):
        raise Invalid.because("A site key has 2 to 63 characters: a to z, 0 to 9 and -, and does not begin with -.")
    return text


def parse_origin(text: str) -> str:
    """Return an origin (RFC 6454: scheme, host, port; nothing else); raise ``Invalid`` otherwise."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = (parts.hostname or "").lower()
    bare = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.scheme not in ("http", "https") or not _HOST.match(host) or text.lower() != bare:
        raise Invalid.because(
            f"“{text[:80]}” is not an origin: write https://www.example.fr without path or final slash."
        )
    default = {"http": 80, "https": 443}[parts.scheme]
    return bare.removesuffix(f":{default}")


def parse_web_address(text: str) -> str:
    """Return an http(s) address, or a path on the site itself; raise ``Invalid`` otherwise (no ``javascript:``)."""
    scheme = text.partition(":")[0].lower()
    ok = text.startswith(("https://", "http://")) or (text.startswith("/") and not text.startswith("//"))
    if not ok or any(ord(c) <= 32 or ord(c) == 127 for c in text) or "\\" in text:
        raise Invalid.because(f"“{scheme[:20]}…” is not a web address: write https://… or /path.")
    return text


def parse_catalogue(document: object, library: Library, texts: Mapping[str, LanguageTexts]) -> Catalogue:
    """Read a site file against the library and the shipped languages.

    Raises ``Invalid`` with every problem at once, each under its path.
    """
    problems = Problems()
    reader = Reader(document, problems)
    languages = _languages(reader, texts)
    purposes = _purposes(reader, languages, texts)
    known = {purpose.id for purpose in purposes}
    owner = str(reader.values.get("name") or "")
    services = tuple(_service(item, library, languages, known, owner) for item in reader.objects("services"))
    _refuse_doubles(services, problems)
    catalogue = Catalogue(
        site_key=reader.parsed("site_key", parse_site_key, "", required=True),
        name=reader.text("name", longest=200),
        origins=tuple(parse_origin(origin) for origin in reader.texts("origins", parse_origin)),
        default_language=reader.one_of("default_language", languages, languages[0]),
        languages=languages,
        choice_lifetime=reader.parsed("choice_lifetime", _choice_lifetime, parse_lifetime("P6M")),
        proof_ttl=reader.parsed("proof_ttl", parse_proof_ttl, parse_proof_ttl(DEFAULT_PROOF_TTL)),
        unknown_third_parties=reader.one_of("unknown_third_parties", ("allow", "block"), "allow"),
        unknown_cookies=reader.one_of("unknown_cookies", ("allow", "block"), "allow"),
        reload_on_withdrawal=reader.boolean("reload_on_withdrawal", True),
        count_notices=reader.boolean("count_notices", False),
        purposes=purposes,
        services=services,
        banner=_banner(reader.member("banner"), languages, texts, str(reader.values.get("name", ""))),
        signals=read_signals(reader.member("signals"), services, known),
    )
    if not catalogue.origins:
        reader.problem("origins", "Name at least one origin, such as https://www.example.fr.")
    reader.refuse_unknown()
    problems.raise_if_any()
    return catalogue


def _languages(reader: Reader, texts: Mapping[str, LanguageTexts]) -> tuple[str, ...]:
    found = []
    for number, language in enumerate(reader.texts("languages")):
        if language not in texts:
            reader.problem(
                f"languages.{number}", f"“{language[:20]}” is not shipped; there are: {', '.join(sorted(texts))}."
            )
        elif language not in found:
            found.append(language)
    return tuple(found) or ("fr",)


def _choice_lifetime(text: str) -> Lifetime:
    lifetime = parse_lifetime(text)
    if lifetime.is_session or lifetime.capped or lifetime.nominal_seconds > MAX_LIFETIME_SECONDS:
        raise Invalid.because("The choice is kept for a number of months, 13 at the most (DUR-08); the CNIL advises 6.")
    if lifetime.nominal_seconds < 86_400:
        raise Invalid.because(
            "The choice is kept for a day at least: asking on every page is not asking fairly (KEEP-02)."
        )
    return lifetime


def _purposes(reader: Reader, languages: tuple[str, ...], texts: Mapping[str, LanguageTexts]) -> tuple[Purpose, ...]:
    own: dict[str, Purpose] = {}
    for item in reader.objects("purposes"):
        purpose_id = item.parsed("id", parse_purpose_id, "", required=True)
        default = purpose_id in DEFAULT_PURPOSES
        own[purpose_id] = Purpose(
            purpose_id,
            _default_texts(texts, languages, purpose_id, "title")
            | item.texts_by_language("title", languages, required=not default),
            _default_texts(texts, languages, purpose_id, "description")
            | item.texts_by_language("description", languages, required=not default),
            _default_texts(texts, languages, purpose_id, "details") | item.texts_by_language("details", languages),
        )
        for derived in ("exempt", "since"):
            item.raw(derived)  # a configuration's own words; worked out again, never taken over
        item.refuse_unknown()
    shipped = {
        purpose_id: Purpose(
            purpose_id,
            _default_texts(texts, languages, purpose_id, "title"),
            _default_texts(texts, languages, purpose_id, "description"),
            _default_texts(texts, languages, purpose_id, "details"),
        )
        for purpose_id in DEFAULT_PURPOSES
        if purpose_id not in own
    }
    order = list(dict.fromkeys([NECESSARY, *own, *shipped]))
    return tuple((own | shipped)[purpose_id] for purpose_id in order if purpose_id)


def _default_texts(
    texts: Mapping[str, LanguageTexts], languages: tuple[str, ...], purpose_id: str, part: str
) -> dict[str, str]:
    return {
        language: texts[language].purposes[purpose_id][part]
        for language in languages
        if language in texts and part in texts[language].purposes.get(purpose_id, {})
    }


def _service(reader: Reader, library: Library, languages: tuple[str, ...], known: set[str], owner: str) -> Service:
    """Read one service; without a vendor it is the site's own."""
    entry = None
    if reader.has("library"):
        name = reader.text("library")
        entry = library.entry(name)
        if entry is None:
            reader.problem("library", f"The library has no service “{name[:60]}”.")
    else:
        reader.raw("library")
    base = entry.service if entry else None
    purpose = _purpose(reader, base.purpose if base else None, known)
    never_exempt = entry.never_exempt if entry else None
    exemption = base.exemption if base else None
    if reader.has("exemption"):
        exemption = read_exemption(reader.member("exemption"), languages, exemption)
    elif "exemption" in reader.values:
        reader.raw("exemption")
        exemption = None
    trackers: tuple[Tracker, ...]
    if reader.has("trackers"):
        trackers = tuple(
            _tracker(item, languages, known, purpose, exemption, library, base) for item in reader.objects("trackers")
        )
    else:
        reader.raw("trackers")
        trackers = _adopted(base.trackers if base else (), base, purpose, exemption)
    service = Service(
        id=reader.parsed("id", _service_id, base.id if base else "", required=base is None),
        name=reader.text("name", base.name if base else None, 200),
        vendor=reader.text("vendor", base.vendor if base else owner or None, 200),
        purpose=purpose,
        policy_url=reader.parsed("policy_url", parse_web_address, (base.policy_url or "") if base else "") or None,
        url_patterns=reader.texts("url_patterns", parse_url_pattern)
        if reader.has("url_patterns")
        else (reader.raw("url_patterns") or (base.url_patterns if base else ())),
        trackers=trackers,
        exemption=exemption,
        signal=reader.one_of("signal", _SIGNALS) if reader.has("signal") else base.signal if base else None,
    )
    for derived in ("exempt", "preload"):
        reader.raw(derived)  # a configuration's own words; they follow from the exemptions and the signals
    _check_exemption(reader, service, never_exempt)
    reader.refuse_unknown()
    return service


def _service_id(text: str) -> str:
    if not _SERVICE_ID.match(text):
        raise Invalid.because("A service id has 1 to 63 characters: a to z, 0 to 9 and -.")
    return text


def _purpose(reader: Reader, default: str | None, known: set[str]) -> str | None:
    if "purpose" not in reader.values:
        return default
    if reader.raw("purpose") is None:
        return None
    purpose = reader.text("purpose", "")
    if purpose and purpose not in known:
        reader.problem("purpose", f"“{purpose[:60]}” is not one of this site's purposes: {', '.join(sorted(known))}.")
        return None
    return purpose or None


def _adopted(
    trackers: tuple[Tracker, ...], base: Service | None, purpose: str | None, exemption: Exemption | None
) -> tuple[Tracker, ...]:
    """Return the library's trackers under the site's own decision about the service's purpose and exemption."""
    if base is None or (purpose == base.purpose and exemption == base.exemption):
        return trackers
    return tuple(replace(t, purpose=purpose, exemption=exemption) if t.purpose == base.purpose else t for t in trackers)


def _tracker(
    reader: Reader,
    languages: tuple[str, ...],
    known: set[str],
    purpose: str | None,
    inherited: Exemption | None,
    library: Library,
    base: Service | None,
) -> Tracker:
    kind = reader.one_of("kind", KINDS, "cookie")
    shipped = _same_tracker(base, reader.values.get("name"), kind)
    purpose = _purpose(reader, purpose, known)
    exemption = inherited
    if reader.has("exemption"):
        exemption = read_exemption(reader.member("exemption"), languages, inherited)
    elif "exemption" in reader.values:
        reader.raw("exemption")
        exemption = None
    tracker = Tracker(
        name=reader.parsed("name", parse_name_pattern, "", required=kind not in NAMELESS_KINDS) or kind,
        kind=kind,
        purpose=purpose,
        domain=reader.parsed("domain", parse_tracker_domain, OWN_SITE),
        lifetime=reader.parsed("declared_lifetime", parse_lifetime, None),
        exemption=exemption,
        description=reader.texts_by_language("description", languages),
        set_by=reader.one_of("set_by", SETTERS) if reader.has("set_by") else shipped.set_by if shipped else None,
        http_only=reader.boolean("http_only", bool(shipped and shipped.http_only)),
    )
    reader.raw("set_by")
    if tracker.http_only and (tracker.kind != "cookie" or tracker.set_by == "script"):
        reader.problem("http_only", "Only a cookie that a server sets can be HttpOnly.")
    for derived in ("lifetime", "lifetime_seconds", "capped"):
        reader.raw(derived)  # a configuration's own words; worked out again, never taken over
    if tracker.purpose == NECESSARY and exemption is None:
        reader.problem("exemption", "A tracker for “necessary” needs a ground, a justification and an author (EXM-10).")
    if exemption:
        never = library.never_exempt(tracker.name) if tracker.domain == OWN_SITE else None
        for problem in exemption_problems(exemption, tracker.purpose, never):
            reader.problem("exemption", problem)
    reader.refuse_unknown()
    return tracker


def _same_tracker(base: Service | None, name: object, kind: str) -> Tracker | None:
    """Return what the library says of a tracker that a file describes in its own words."""
    return next((t for t in base.trackers if (t.name, t.kind) == (name, kind)), None) if base else None


def parse_tracker_domain(text: str) -> str:
    """Return ``site`` or a host without its leading dot; raise ``Invalid`` otherwise."""
    host = text.lower().removeprefix("*").removeprefix(".")
    if host != OWN_SITE and (not _HOST.match(host) or "." not in host):
        raise Invalid.because(
            f"“{text[:60]}” is not a domain: write “site” for the site's own, or a host such as example.com."
        )
    return host


def _check_exemption(reader: Reader, service: Service, never_exempt: str | None) -> None:
    if service.exemption:
        for problem in exemption_problems(service.exemption, service.purpose, never_exempt):
            reader.problem("exemption", problem)
    elif service.purpose == NECESSARY and not service.exempt:
        reader.problem("exemption", "A service for “necessary” needs a ground, a justification and an author (EXM-10).")


def _refuse_doubles(services: tuple[Service, ...], problems: Problems) -> None:
    ids: dict[str, int] = {}
    trackers: dict[tuple[str, str, str], int] = {}
    patterns: dict[str, int] = {}
    for number, service in enumerate(services):
        if service.id and ids.setdefault(service.id, number) != number:
            problems.add(f"services.{number}.id", f"Service {ids[service.id]} has the id “{service.id}” already.")
        for tracker in service.trackers:
            key = (tracker.name, tracker.kind, tracker.domain)
            if tracker.kind not in NAMELESS_KINDS and trackers.setdefault(key, number) != number:
                problems.add(
                    f"services.{number}.trackers",
                    f"“{tracker.name}” belongs to service {trackers[key]} already: a tracker has one owner.",
                )
        for pattern in service.url_patterns:
            if patterns.setdefault(pattern, number) != number:
                problems.add(
                    f"services.{number}.url_patterns", f"“{pattern}” belongs to service {patterns[pattern]} already."
                )


def _banner(reader: Reader, languages: tuple[str, ...], texts: Mapping[str, LanguageTexts], name: str) -> BannerDesign:
    own = reader.member("texts")
    changed: dict[str, dict[str, str]] = {}
    for language in own.values:
        per_language = own.member(language)
        if language not in languages:
            own.problem(language, "This is not one of the site's languages.")
            continue
        allowed = texts[language].banner if language in texts else {}
        changed[language] = {}
        for key in per_language.values:
            if key not in allowed:
                per_language.problem(key, "There is no such text.")
            else:
                changed[language][key] = per_language.text(key, "")
    design = BannerDesign(
        controller=reader.text("controller", name or None, 300),
        layout=reader.one_of("layout", LAYOUTS, "box"),
        theme=read_theme(reader.member("theme")),
        close=reader.boolean("close", True),
        privacy_url=reader.parsed("privacy_url", parse_web_address, "") or None,
        texts=changed,
        logo=read_logo(reader.member("logo"), languages) if reader.has("logo") else None,
    )
    reader.raw("logo")
    if design.logo and not design.logo.alt:
        _need_name_in_title(reader, design, name, {each: texts[each].banner for each in languages if each in texts})
    reader.refuse_unknown()
    return design


def _need_name_in_title(
    reader: Reader, design: BannerDesign, name: str, shipped: Mapping[str, Mapping[str, str]]
) -> None:
    for language, words in shipped.items():
        title = design.texts.get(language, {}).get("title") or words["title"]
        if not is_named(title, (name, design.controller)):
            reader.problem(f"logo.alt.{language}", "Say what the logo says: the title does not name the site.")
