"""The shipped knowledge of services and cookies: what a catalogue is filled from, and how to find something in it.

Not known here: what a vendor's file looks like (``vendor_file.py``), where the files are (``storage/library.py``), nor
the catalogue of any site: an entry is a proposal, an editor decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from consent_server.domain import name_pattern
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.exemption import Exemption
from consent_server.domain.lifetime import Lifetime
from consent_server.domain.tracker import OWN_SITE, Service, Tracker
from consent_server.domain.url_pattern import UrlPattern, parse_url_pattern

NAMED_KINDS = frozenset({"cookie", "local_storage", "session_storage", "indexed_db"})

FEWEST_LITERALS = 3
"""A shorter name would claim the cookies of others."""

# A name within an address (www.facebook.com, contact@stripe.com) is a link, not a statement that the service is used.
_BEFORE = r"(?<![\w.@/])"
_AFTER = r"(?!\w|\.(?:com|fr|net|org|io|eu|co|tv|be|de|ms)\b)"


@dataclass(frozen=True)
class LibraryTracker:
    """A thing that a service stores or sends. ``lifetime`` is ``None`` when nobody states it.

    ``domain`` is ``site`` or the host it belongs to, subdomains included. ``exemption`` is our proposal: the tracker's
    own, or its service's when the tracker is necessary. ``set_by`` is ``script`` or ``http``.
    """

    service: str
    name: str
    kind: str
    domain: str
    lifetime: Lifetime | None
    set_by: str
    http_only: bool
    purpose: str
    exemption: Exemption | None
    description: Mapping[str, str]

    @property
    def first_party(self) -> bool:
        """Whether it is kept under the site's own host."""
        return self.domain == OWN_SITE

    @property
    def needs_consent(self) -> bool:
        """Whether we propose that it waits for the visitor's agreement."""
        return self.exemption is None

    @property
    def tracker(self) -> Tracker:
        """The tracker as a catalogue holds it."""
        return Tracker(
            self.name,
            self.kind,
            self.purpose,
            self.domain,
            self.lifetime,
            self.exemption,
            self.description,
            self.set_by,
            self.http_only,
        )

    def lives_on(self, host: str) -> bool:
        """Return whether ``host`` (its leading dot is ignored) is the tracker's domain or below it."""
        host = host.lower().strip(".")
        return host == self.domain or host.endswith("." + self.domain)


@dataclass(frozen=True)
class LibraryService:
    """A vendor's product as it appears on a page.

    ``whole_names`` are the aliases that are ordinary words too (Segment, X): they name the service only when they are
    the whole text. ``stated_never_exempt`` is why it can never be exempt, in its file's words. ``namespaces`` are
    patterns under which the vendor alone names cookies that need consent.
    """

    id: str
    name: str
    vendor: str
    country: str
    policy_url: str
    aliases: tuple[str, ...]
    whole_names: frozenset[str]
    purpose: str
    stated_never_exempt: str | None
    description: Mapping[str, str]
    url_patterns: tuple[str, ...]
    exemption: Exemption | None
    trackers: tuple[LibraryTracker, ...]
    source: str
    verified_at: date
    namespaces: tuple[str, ...] = ()
    signal: str | None = None

    @property
    def never_exempt(self) -> str | None:
        """Why it can never be exempt, whatever purpose a site gives it; ``None`` when it could."""
        if self.purpose == "marketing":
            return self.stated_never_exempt or f"{self.name} serves advertising (EXM-08)."
        return self.stated_never_exempt

    @property
    def names(self) -> tuple[str, ...]:
        """The name and every alias."""
        return (self.name, *self.aliases)

    @cached_property
    def service(self) -> Service:
        """The service as a catalogue holds it."""
        return Service(
            id=self.id,
            name=self.name,
            vendor=self.vendor,
            purpose=self.purpose,
            policy_url=self.policy_url,
            url_patterns=self.url_patterns,
            trackers=tuple(known.tracker for known in self.trackers),
            exemption=self.exemption,
            signal=self.signal,
        )


@dataclass(frozen=True)
class Library:
    """Every service we know, and the ways to find one."""

    services: tuple[LibraryService, ...]

    def entry(self, service_id: str) -> LibraryService | None:
        """Return the service of that id, or ``None``."""
        return self._by_id.get(service_id)

    def service(self, service_id: str) -> LibraryService:
        """Return the service of that id; raise ``NotFound`` when there is none."""
        found = self.entry(service_id)
        if found is None:
            raise NotFound(f"The library has no service “{service_id[:60]}”.")
        return found

    def find_by_name(self, text: str) -> tuple[LibraryService, ...]:
        """Return the services that ``text`` names, in the order in which it does, each once.

        The longest name wins. Case, hyphens and runs of white space do not matter; a name is a whole word and not part
        of an address.
        """
        plain = _plain(text)
        if plain in self._by_name:
            return (self._by_name[plain],)
        found = (self._by_name[match.group()] for match in self._any_name.finditer(plain))
        return tuple({service.id: service for service in found}.values())

    def find_tracker(self, name: str, host: str | None = None, kind: str | None = None) -> LibraryTracker | None:
        """Return the tracker that ``name`` most specifically is, in any case, or ``None`` (CAT-04).

        With a ``kind``, trackers of another kind are none: a vendor may write one name as a cookie and as a key.

        With a ``host``, a tracker of that host goes before one of the site's own, and those of other hosts are none.
        Without one (a policy text), the more specific name wins, then the site's own.
        """
        candidates = [t for t in self._named if kind in {None, t.kind} and _can_be(t, name, host)]
        return max(candidates, key=lambda t: _closeness(t, name, host), default=None)

    def find_by_url(self, url: str, matched: Collection[UrlPattern] = ()) -> LibraryService | None:
        """Return the service whose URL pattern most specifically matches ``url``, or ``None``.

        ``matched`` are patterns that the address is known to match, though its query is not.
        """
        candidates = [
            (pattern.specificity, service)
            for pattern, service in self._by_url
            if pattern in matched or pattern.matches(url)
        ]
        return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else None

    def never_exempt(self, tracker_name: str) -> str | None:
        """Return why a first-party tracker of this name can never be exempt, or ``None``.

        A third party's name (``uid``, ``ts``) says nothing about a cookie of the site's own, nor does a service's
        reason about a tracker to which it gives another purpose (CAT-02).
        """
        found = self.find_tracker(tracker_name)
        if found is None or not found.first_party:
            return None
        service = self.service(found.service)
        if found.purpose == "marketing":
            return f"{found.name} of {service.name} serves advertising (EXM-08)."
        return service.never_exempt if found.purpose == service.purpose else None

    def known_tracker_patterns(self, declared: Collection[str] = ()) -> tuple[str, ...]:
        """Return the first-party cookie names that need consent, sorted: what the banner blocks until classified.

        A vendor's namespace stands for its names, except where a site has ``declared`` some of them: what a granted
        service writes besides is not refused for its name. What another pattern says already is left out.
        """
        names = {t.name for t in self._named if t.kind == "cookie" and t.first_party and t.needs_consent}
        spaces = {space for service in self.services for space in service.namespaces}
        whole = {space for space in spaces if not any(name_pattern.matches(space, name) for name in declared)}
        known = {n for n in names | whole if len(n.replace("*", "")) >= FEWEST_LITERALS} - set(declared)
        wide = [pattern for pattern in known if "*" in pattern]
        return tuple(sorted(n for n in known if not any(w != n and name_pattern.matches(w, n) for w in wide)))

    @cached_property
    def _by_id(self) -> Mapping[str, LibraryService]:
        return {service.id: service for service in self.services}

    @cached_property
    def _by_name(self) -> Mapping[str, LibraryService]:
        return {_plain(name): service for service in self.services for name in service.names}

    @cached_property
    def _any_name(self) -> re.Pattern[str]:
        names = {_plain(name) for service in self.services for name in service.names if name not in service.whole_names}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        return re.compile(f"{_BEFORE}(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'}){_AFTER}")

    @cached_property
    def _by_url(self) -> tuple[tuple[UrlPattern, LibraryService], ...]:
        return tuple((parse_url_pattern(text), service) for service in self.services for text in service.url_patterns)

    @cached_property
    def _named(self) -> tuple[LibraryTracker, ...]:
        return tuple(t for service in self.services for t in service.trackers if t.kind in NAMED_KINDS)


def make_library(services: Iterable[LibraryService]) -> Library:
    """Return the library of ``services``; raise ``Invalid`` with everything that is claimed twice.

    Nothing may be: ids, names, URL patterns, and trackers (name, domain and kind).
    """
    library = Library(tuple(services))
    owners: dict[str, str] = {}
    problems: dict[str, list[str]] = {}
    for service in library.services:
        for claim in _claims(service):
            if claim in owners:
                problems.setdefault(service.id, []).append(f"{claim} is already claimed by {owners[claim]}.")
            owners.setdefault(claim, service.id)
    if problems:
        raise Invalid(problems)
    return library


def _claims(service: LibraryService) -> Iterator[str]:
    yield f"The id {service.id}"
    yield from dict.fromkeys(f"The name “{_plain(name)}”" for name in service.names)
    for pattern in service.url_patterns:
        yield f"The URL pattern {pattern.lower()}"
    for t in service.trackers:
        if t.kind in NAMED_KINDS:
            yield f"The {t.kind} {t.name} on {t.domain}"


def _can_be(tracker: LibraryTracker, name: str, host: str | None) -> bool:
    somewhere = host is None or tracker.first_party or tracker.lives_on(host)
    return somewhere and name_pattern.matches_in_any_case(tracker.name, name)


def _closeness(tracker: LibraryTracker, name: str, host: str | None) -> tuple[int, tuple[int, int], bool, bool]:
    on_host = 0 if host is None or tracker.first_party else len(tracker.domain)
    same_case = name_pattern.matches(tracker.name, name)
    return on_host, name_pattern.specificity(tracker.name), same_case, tracker.first_party


def _plain(text: str) -> str:
    """Return ``text`` as names are compared: case, hyphens, white space and the shape of apostrophes do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.sub(r"[\s\u2010-\u2015-]+", " ", folded).strip()
