"""What the things that a scan saw probably are: a proposal with its evidence, never a decision.

The site's own catalogue goes before the library, a name together with its script's address before a name alone.
Nobody's guess makes something exempt: what is unknown stays unknown, and blocked, until an editor decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from consent_server.domain import name_pattern
from consent_server.domain.library import Library, LibraryService, LibraryTracker
from consent_server.domain.purpose import NECESSARY
from consent_server.domain.scan import Pass, SeenCookie, SeenRequest, SeenStorage, host_of, same_site
from consent_server.domain.tracker import OWN_SITE, Service, Tracker
from consent_server.domain.url_pattern import parse_url_pattern

DECLARED, SURE, LIKELY, POSSIBLE, UNKNOWN = "declared", "sure", "likely", "possible", "unknown"
"""How far a proposal can be trusted, the site's own declaration first."""

OWN_COOKIES = ("eu-consent", "eu-consent-*")
"""What our own banner keeps: the choice (EXM-01)."""


@dataclass(frozen=True)
class Classified:
    """One thing with what it probably is. ``needs_consent`` None: nobody knows."""

    kind: str
    name: str
    domain: str
    purpose: str | None
    service: str | None
    needs_consent: bool | None
    confidence: str
    because: str
    seen: SeenCookie | SeenStorage | SeenRequest

    @property
    def label(self) -> str:
        """Return how a report calls it."""
        return f"{self.name} ({self.service})" if self.service else self.name


class Classifier:
    """What one site declares, and what the library knows."""

    def __init__(self, library: Library, site: str, services: Sequence[Service] = ()) -> None:
        self._library = library
        self._site = site
        self._services = services
        self._patterns = [(parse_url_pattern(text), service) for service in services for text in service.url_patterns]

    def of_pass(self, seen: Pass) -> Iterator[Classified]:
        """Yield every cookie and storage key of a pass, every request of somebody known, and each unknown host once."""
        unknown: dict[str, SeenRequest] = {}
        kept = [*map(self.cookie, seen.cookies), *map(self.key, seen.storage)]
        exempt = {f"{each.kind} {each.name}" for each in kept if each.needs_consent is False}
        yield from kept
        for request in seen.requests:
            found = self.request(request)
            if found is not None:
                yield found
            elif request.third_party and not _of_our_banner(request):
                sent = unknown.get(host_of(request.address))
                if sent is None or set(request.carries) - exempt > set(sent.carries) - exempt:
                    unknown[host_of(request.address)] = request
        for host, request in unknown.items():
            because, carries = "the library does not know its host", set(request.carries) - exempt
            if carries:  # whoever it is, an id was read from the visitor's device for somebody else
                because = f"{because}, which is sent an id kept here: {', '.join(sorted(carries))}"
            confidence = POSSIBLE if carries else UNKNOWN
            yield Classified("request", host, host, None, None, bool(carries) or None, confidence, because, request)

    def cookie(self, cookie: SeenCookie) -> Classified:
        """Return what a cookie probably is."""
        return self._named(cookie, "cookie", cookie.name, cookie.domain.lstrip("."))

    def key(self, key: SeenStorage) -> Classified:
        """Return what a storage key or a database probably is."""
        return self._named(key, key.kind, key.name, host_of(key.origin))

    def request(self, request: SeenRequest) -> Classified | None:
        """Return whose request it is; None when it is the site's own, or nobody's that is known."""
        matched = {parse_url_pattern(text) for text in request.matches}
        fitting = [each for each in self._patterns if each[0] in matched or each[0].matches(request.address)]
        if fitting:
            pattern, service = max(fitting, key=lambda each: each[0].specificity)
            needs = None if service.purpose is None else not service.exempt
            return self._asked(request, service.purpose, service.name, needs, DECLARED, f"matches {pattern.host}")
        known = self._library.find_by_url(request.address, matched)
        if known is None:
            return self._cloaked(request)
        return self._asked(
            request, known.purpose, known.name, known.exemption is None, SURE, f"is an address of {known.name}"
        )

    def _cloaked(self, request: SeenRequest) -> Classified | None:
        """Return whose a request is by the other name of its host: trackers are put behind one of the site's own.

        The host of the site itself may be another name of whoever hosts it, and so may a page that is gone to.
        """
        host = host_of(request.address)
        if not request.known_as or request.kind == "document" or host in {self._site, f"www.{self._site}"}:
            return None
        known = self._library.find_by_url(request.address.replace(host, request.known_as, 1))
        if known is None or known.exemption is not None:
            return None
        because = f"{host} is another name of {request.known_as}, of {known.name}"
        return self._asked(request, known.purpose, known.name, True, SURE, because)

    def _asked(
        self,
        request: SeenRequest,
        purpose: str | None,
        service: str,
        needs: bool | None,
        confidence: str,
        because: str,
    ) -> Classified:
        host = host_of(request.address)
        return Classified("request", request.address, host, purpose, service, needs, confidence, because, request)

    def _named(self, seen: SeenCookie | SeenStorage, kind: str, name: str, domain: str) -> Classified:
        own = same_site(domain, self._site)
        if any(name_pattern.matches(pattern, name) for pattern in OWN_COOKIES):
            because = "keeps the visitor's choice (EXM-01)"
            return Classified(kind, name, domain, NECESSARY, "Consent Server", False, DECLARED, because, seen)
        declared = self.declaration(kind, name, domain)
        if declared is not None:
            service, tracker = declared
            needs = None if tracker.purpose is None else tracker.exemption is None
            because = f"declared as {tracker.name}"
            return Classified(kind, name, domain, tracker.purpose, service.name, needs, DECLARED, because, seen)
        known = self._library.find_tracker(name, None if own else domain, kind)
        if known is None or (own and not known.first_party):
            return Classified(kind, name, domain, None, None, None, UNKNOWN, "the library does not know it", seen)
        service_of_it = self._library.service(known.service)
        confidence, because = _trust(known, service_of_it, seen, name)
        return Classified(
            kind, name, domain, known.purpose, service_of_it.name, known.needs_consent, confidence, because, seen
        )

    def declaration(self, kind: str, name: str, domain: str) -> tuple[Service, Tracker] | None:
        """Return what the site itself declares of a name, the nearest pattern's word."""
        fitting = [
            (name_pattern.specificity(tracker.name), service, tracker)
            for service in self._services
            for tracker in service.trackers
            if self.declares(tracker, kind, name, domain)
        ]
        return max(fitting, key=lambda each: each[0])[1:] if fitting else None

    def declares(self, tracker: Tracker, kind: str, name: str, domain: str) -> bool:
        """Whether a tracker of the site's catalogue is what was seen."""
        if tracker.kind != kind or not name_pattern.matches(tracker.name, name):
            return False
        return same_site(domain, self._site if tracker.domain == OWN_SITE else tracker.domain)


def _of_our_banner(request: SeenRequest) -> bool:
    """Whether it asks for our banner, or tells it the visitor's choice (EXM-01), on whatever host that is."""
    return urlsplit(request.address).path.startswith("/v1/sites/")


def _trust(
    known: LibraryTracker, service: LibraryService, seen: SeenCookie | SeenStorage, name: str
) -> tuple[str, str]:
    """Return how sure it is, and why: whose script wrote it says more than its name."""
    patterns = [parse_url_pattern(text) for text in service.url_patterns]
    by = next((a for a in seen.set_by.addresses if any(pattern.matches(a) for pattern in patterns)), None)
    if by is not None:
        return SURE, f"{known.name} of {service.name}, written by {host_of(by)}"
    if known.domain != OWN_SITE:
        return SURE, f"{known.name} of {service.name} on {known.domain}"
    if "*" not in known.name and len(name) > 4:
        return LIKELY, f"the name of {service.name}'s {known.name}"
    return POSSIBLE, f"a name like {service.name}'s {known.name}"
