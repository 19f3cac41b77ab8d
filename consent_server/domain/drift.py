"""Where three accounts of a site part: what its policy says, what its catalogue declares, what a browser saw.

Known here: how the three are laid side by side, and which differences contradict somebody's words. Not known: browsers,
files, how a policy is read. Any of the first two may be missing: then nothing is said in its name.
Nothing is said about what a scan could not see: who never agreed did not meet what waits for a yes, and what was not
seen was not seen on the pages that were visited; whether it is used elsewhere nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from consent_server.domain import name_pattern
from consent_server.domain.classification import DECLARED, OWN_COOKIES, Classified, Classifier
from consent_server.domain.library import NAMED_KINDS
from consent_server.domain.lifetime import Lifetime, parse_lifetime
from consent_server.domain.policy_text import FoundCookie, FoundService, PolicyFindings, Statement
from consent_server.domain.purpose import NECESSARY
from consent_server.domain.scan import ACCEPTED, BEFORE, ONE_PURPOSE, Scan, SeenCookie
from consent_server.domain.tracker import OWN_SITE, Service, Tracker

NEVER_SEEN, UNDECLARED, NOT_IN_POLICY, NOT_IN_CATALOGUE, TOO_LONG, TOO_EARLY, CONTRADICTED = (
    "never_seen",
    "undeclared",
    "not_in_policy",
    "not_in_catalogue",
    "longer_than_stated",
    "before_consent",
    "statement_contradicted",
)
SORTS = (CONTRADICTED, TOO_EARLY, TOO_LONG, UNDECLARED, NOT_IN_POLICY, NOT_IN_CATALOGUE, NEVER_SEEN)

TOLERANCE_S = 60
"""What a clock may be off between a page's write and the browser's date."""

_DAY = 86_400
_EARLY_WORDS = ("exempt_only_before_consent", "consent_before")


@dataclass(frozen=True)
class Drift:
    """One difference. ``policy`` and ``catalogue`` are None when there is none; ``passage`` is the policy's own words.

    ``contradiction``: somebody's words are wrong, or nobody's words tell of what needs consent.
    """

    sort: str
    contradiction: bool
    kind: str
    name: str
    domain: str
    policy: str | None
    catalogue: str | None
    browser: str
    passage: str = ""
    page: str = ""
    seen_in: str = ""
    set_by: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what one thing is recognised by."""
        return self.kind, self.name, self.domain

    def to_json(self) -> dict[str, Any]:
        """Return the drift as it is printed."""
        return asdict(self)

    def to_row(self) -> dict[str, str]:
        """Return the drift as a line of a table."""
        told = {name: "" if value is None else str(value) for name, value in asdict(self).items()}
        return {**told, "contradiction": "yes" if self.contradiction else "no", "set_by": " ← ".join(self.set_by)}


COLUMNS = tuple(each.name for each in fields(Drift))


@dataclass(frozen=True)
class _Sighting:
    """One thing in all passes: where it was first, where it lasted longest, and everybody's word on it."""

    first: Classified
    longest: Classified
    longest_in: str
    passes: tuple[str, ...]
    named: FoundCookie | None = None
    of_service: FoundService | None = None
    declared: tuple[Service, Tracker] | None = None
    in_catalogue: bool = False

    @property
    def in_policy(self) -> bool:
        return self.named is not None or self.of_service is not None

    @property
    def lifetime(self) -> int | None:
        return self.longest.seen.lifetime if isinstance(self.longest.seen, SeenCookie) else None


class _Policy:
    """What a policy says of a name or of a service."""

    def __init__(self, findings: PolicyFindings) -> None:
        self.findings = findings
        self._itemised = {cookie.service_id for cookie in findings.cookies}

    def cookie(self, name: str) -> FoundCookie | None:
        """Return what is said of a name, the nearest pattern's word; people write names in any case."""
        fitting = [each for each in self.findings.cookies if name_pattern.matches_in_any_case(each.name, name)]
        return max(fitting, key=lambda each: name_pattern.specificity(each.name), default=None)

    def service(self, kind: str, names: set[str]) -> FoundService | None:
        """Return the service that speaks for a thing: for its requests, or for cookies when it names none of them."""
        for each in self.findings.services:
            if {each.id, each.name.casefold()} & names and (kind == "request" or each.id not in self._itemised):
                return each
        return None

    def says_after(self, purpose: str | None) -> Statement | None:
        """Return the claim that what needs consent, of this purpose, comes only after it."""
        for each in self.findings.statements:
            asked = each.details.get("purposes")
            of_it = each.kind == "consent_required" and isinstance(asked, list) and purpose in asked
            if each.kind in _EARLY_WORDS or of_it:
                return each
        return None

    def claims(self, kind: str) -> Iterator[Statement]:
        """Yield the statements of a kind."""
        return (each for each in self.findings.statements if each.kind == kind)


class _Comparison:
    """The three accounts, each thing that was seen laid beside what is said of it."""

    def __init__(
        self,
        scan: Scan,
        classifier: Classifier,
        findings: PolicyFindings | None,
        services: Sequence[Service] | None,
    ) -> None:
        self._scan = scan
        self._classifier = classifier
        self._policy = None if findings is None else _Policy(findings)
        self._services = services
        self._ids = {service.name.casefold(): service.id for service in services or ()}
        self.pages = len({page for each in scan.passes for page in each.pages})
        self.sightings = list(self._sightings())

    def drifts(self) -> Iterator[Drift]:
        """Yield every difference."""
        if self._policy is None and self._services is None:
            return
        too_long = [drift for each in self.sightings for drift in self._too_long(each)]
        yield from too_long
        yield from self._contradicted({drift.key for drift in too_long})
        for each in self.sightings:
            yield from self._too_early(each)
            yield from self._missing(each)
        if self.pages:
            yield from self._never_seen()

    def _sightings(self) -> Iterator[_Sighting]:
        found: dict[tuple[str, str, str], list[tuple[str, Classified]]] = {}
        for each in self._scan.passes:
            for thing in self._classifier.of_pass(each):
                found.setdefault(_identity(thing), []).append((each.name, thing))
        for times in found.values():
            longest_in, longest = max(times, key=lambda time: _lasting(time[1]))
            passes = tuple(name for name, _ in times)
            yield self._beside(_Sighting(times[0][1], longest, longest_in, passes))

    def _beside(self, each: _Sighting) -> _Sighting:
        """Return a sighting with what the policy and the catalogue say of it."""
        thing, names = each.first, self._names_of(each.first.service)
        asked = thing.kind == "request"
        declared = None if asked else self._classifier.declaration(thing.kind, thing.name, thing.domain)
        by_name = asked and bool(thing.service) and (thing.service or "").casefold() in self._ids
        policy = self._policy
        named = None if policy is None or asked else policy.cookie(thing.name)
        service = policy.service(thing.kind, names) if policy and named is None else None
        known = declared is not None or by_name or (asked and thing.confidence == DECLARED)
        return replace(each, named=named, of_service=service, declared=declared, in_catalogue=known)

    def _names_of(self, service: str | None) -> set[str]:
        folded = (service or "").casefold()
        return {folded, self._ids.get(folded, folded)} - {""}

    def _too_long(self, each: _Sighting) -> Iterator[Drift]:
        """Yield what outlives its own statement, in the policy or in the catalogue, the applied cap included."""
        stated = [parse_lifetime(each.named.lifetime)] if each.named and each.named.lifetime else []
        declared = each.declared[1].lifetime if each.declared else None
        if each.declared and declared:
            stated.append(parse_lifetime(_applied(each.declared[1], declared)))
        if any(_outlives(each.lifetime, lifetime) for lifetime in stated):
            yield self._drift(TOO_LONG, each, contradiction=True, thing=each.longest)

    def _too_early(self, each: _Sighting) -> Iterator[Drift]:
        """Yield what needs consent and came before it, though the policy or the catalogue says after."""
        if BEFORE not in each.passes or not each.first.needs_consent:
            return
        said = self._policy.says_after(each.first.purpose) if self._policy else None
        if each.first.confidence == DECLARED or said is not None:
            yield self._drift(TOO_EARLY, each, contradiction=True, statement=said)

    def _missing(self, each: _Sighting) -> Iterator[Drift]:
        """Yield what somebody does not tell of; the banner's own memory of the answer is nobody's omission."""
        if any(name_pattern.matches(pattern, each.first.name) for pattern in OWN_COOKIES):
            return
        silent_policy = self._policy is not None and not each.in_policy
        silent_catalogue = self._services is not None and not each.in_catalogue
        if not each.in_policy and not each.in_catalogue:
            yield self._drift(UNDECLARED, each, contradiction=bool(each.first.needs_consent))
        elif silent_policy:
            yield self._drift(NOT_IN_POLICY, each)
        elif silent_catalogue:
            yield self._drift(NOT_IN_CATALOGUE, each)

    def _contradicted(self, told: set[tuple[str, str, str]]) -> Iterator[Drift]:
        """Yield what breaks a claim about all cookies; what already broke its own statement is ``told``."""
        if self._policy is None:
            return
        cookies = [each for each in self.sightings if each.first.kind == "cookie"]
        none = next(self._policy.claims("no_cookie_used"), None)
        longest = self._policy.findings.max_lifetime_claim
        limit = parse_lifetime(longest) if longest else None
        claim = next((s for s in self._policy.claims("max_lifetime") if s.details["lifetime"] == longest), None)
        for each in cookies:
            if none is not None:
                yield self._drift(CONTRADICTED, each, contradiction=True, statement=none)
            if limit and _outlives(each.lifetime, limit) and _identity(each.first) not in told:
                yield self._drift(CONTRADICTED, each, contradiction=True, statement=claim, thing=each.longest)

    def _never_seen(self) -> Iterator[Drift]:
        """Yield what is declared, could have been seen, and was not; told once where both declare it."""
        told: set[str] = set()
        for service, tracker in self._unseen_trackers():
            named = self._policy.cookie(tracker.name) if self._policy else None
            told |= {named.name} if named else set()
            yield self._unseen(tracker.kind, tracker.name, tracker.domain, named, _declared_as(service, tracker))
        yield from self._unseen_in_policy(told)
        yield from self._unseen_services()

    def _unseen_trackers(self) -> Iterator[tuple[Service, Tracker]]:
        for service in self._services or ():
            for tracker in service.trackers:
                if tracker.kind not in NAMED_KINDS or not self._could_be_seen(tracker.purpose, tracker.exemption):
                    continue
                things = (each.first for each in self.sightings)
                if not any(self._classifier.declares(tracker, t.kind, t.name, t.domain) for t in things):
                    yield service, tracker

    def _unseen_in_policy(self, told: set[str]) -> Iterator[Drift]:
        for cookie in self._policy.findings.cookies if self._policy else ():
            seen = any(
                each.first.kind != "request" and name_pattern.matches_in_any_case(cookie.name, each.first.name)
                for each in self.sightings
            )
            if not seen and cookie.name not in told and self._could_be_seen(cookie.purpose):
                silent = None if self._services is None else "not declared"
                yield self._unseen("cookie", cookie.name, "", cookie, silent)

    def _unseen_services(self) -> Iterator[Drift]:
        """Yield the services of which nothing came, where no name of theirs is declared that would tell it."""
        seen = {name for each in self.sightings for name in self._names_of(each.first.service)}
        itemised = {cookie.service_id for cookie in self._policy.findings.cookies} if self._policy else set()
        for found in self._policy.findings.services if self._policy else ():
            absent = not {found.id, found.name.casefold()} & seen
            if absent and found.id not in itemised and self._could_be_seen(found.purpose):
                yield self._unseen_service(found.name, found)
                seen |= {found.id, found.name.casefold()}
        for service in self._services or ():
            bare = service.url_patterns and not any(tracker.kind in NAMED_KINDS for tracker in service.trackers)
            absent = not {service.id, service.name.casefold()} & seen
            if bare and absent and self._could_be_seen(service.purpose, service.exempt):
                yield self._unseen_service(service.name, None)

    def _could_be_seen(self, purpose: str | None, exempt: object = None) -> bool:
        """Whether a pass was made in which this would have come: what is exempt comes in any, the rest after a yes."""
        if exempt or purpose == NECESSARY:
            return True
        made = (self._scan.of(ACCEPTED), self._scan.of(f"{ONE_PURPOSE}{purpose}"))
        return any(each and each.pages and each.banner and each.banner.could_accept for each in made)

    def _unseen(self, kind: str, name: str, domain: str, named: FoundCookie | None, catalogue: str | None) -> Drift:
        policy = self._words_of_policy(named, None)
        passage = named.evidence if named else ""
        return Drift(NEVER_SEEN, False, kind, name, domain, policy, catalogue, self._not_seen, passage)

    def _unseen_service(self, name: str, found: FoundService | None) -> Drift:
        declared = name.casefold() in self._ids or (found is not None and found.id in self._ids.values())
        catalogue = None if self._services is None else "declared" if declared else "not declared"
        policy, passage = self._words_of_policy(None, found), found.evidence if found else ""
        return Drift(NEVER_SEEN, False, "service", name, "", policy, catalogue, self._not_seen, passage)

    @property
    def _not_seen(self) -> str:
        return f"not seen on the {self.pages} pages visited" if self.pages != 1 else "not seen on the page visited"

    def _drift(
        self,
        sort: str,
        each: _Sighting,
        contradiction: bool = False,
        statement: Statement | None = None,
        thing: Classified | None = None,
    ) -> Drift:
        thing = thing or each.first
        policy = self._words_of_policy(each.named, each.of_service, statement)
        own = each.named or each.of_service
        passage = statement.evidence if statement else own.evidence if own else ""
        return Drift(
            sort,
            contradiction,
            thing.kind,
            _identity(thing)[1],
            thing.domain,
            policy,
            self._words_of_catalogue(each),
            _seen(each),
            passage,
            thing.seen.page,
            each.longest_in if thing is each.longest else each.passes[0],
            thing.seen.who,
        )

    def _words_of_policy(
        self, named: FoundCookie | None, service: FoundService | None, statement: Statement | None = None
    ) -> str | None:
        if self._policy is None:
            return None
        own = f"names {named.name}, {named.lifetime or 'no lifetime said'}" if named else ""
        own = own or (f"names the service {service.name}" if service else "")
        claim = _claim(statement) if statement else ""
        return "; ".join(filter(None, (own, claim))) or "not named"

    def _words_of_catalogue(self, each: _Sighting) -> str | None:
        if self._services is None:
            return None
        if each.declared:
            return _declared_as(*each.declared)
        return "declared" if each.in_catalogue else "not declared"


def find_drift(
    scan: Scan,
    classifier: Classifier,
    findings: PolicyFindings | None = None,
    services: Sequence[Service] | None = None,
) -> tuple[Drift, ...]:
    """Return where a site's policy, its catalogue and a scan part, contradictions first.

    ``services`` are those that ``classifier`` was made with; None: the site has no catalogue here.
    """
    found = _Comparison(scan, classifier, findings, services).drifts()
    return tuple(sorted(found, key=lambda drift: (not drift.contradiction, SORTS.index(drift.sort))))


def contradictions(drifts: Iterable[Drift]) -> list[Drift]:
    """Return what makes a build fail."""
    return [drift for drift in drifts if drift.contradiction]


def _identity(thing: Classified) -> tuple[str, str, str]:
    """Return what one thing is recognised by in all passes; requests are one for each service."""
    if thing.kind == "request":
        return thing.kind, thing.service or thing.domain, ""
    return thing.kind, thing.name, thing.domain


def _lasting(thing: Classified) -> int:
    return (thing.seen.lifetime or 0) if isinstance(thing.seen, SeenCookie) else 0


def _outlives(seconds: int | None, stated: Lifetime) -> bool:
    """Whether a cookie was to last longer than stated; stated months may be the longest there are, years leap ones."""
    if seconds is None:
        return False
    years, months = divmod(stated.months, 12)
    return seconds > (366 * years + 31 * months) * _DAY + stated.seconds + TOLERANCE_S


def _applied(tracker: Tracker, lifetime: Lifetime) -> str:
    """Return how long a tracker may last where we enforce it; nobody shortens what another site keeps for itself."""
    return lifetime.applied if tracker.domain == OWN_SITE else lifetime.text


def _declared_as(service: Service, tracker: Tracker) -> str:
    lifetime = tracker.lifetime
    applied = (
        f", applied {_applied(tracker, lifetime)}" if lifetime and _applied(tracker, lifetime) != lifetime.text else ""
    )
    needs = "exempt" if tracker.exemption else "after consent" if tracker.purpose else "unclassified"
    return f"{tracker.name} of {service.name}, {needs}, {lifetime.text if lifetime else 'no lifetime'}{applied}"


def _claim(statement: Statement) -> str:
    lifetime = statement.details.get("lifetime")
    return f"claims {statement.kind}{f' {lifetime}' if lifetime else ''}"


def _seen(each: _Sighting) -> str:
    where = f"seen in {', '.join(dict.fromkeys(each.passes))}"
    if each.first.kind != "cookie":
        return where
    return f"{where}; lasts {_spelled(each.lifetime)}"


def _spelled(seconds: int | None) -> str:
    if seconds is None:
        return "the session"
    return f"{round(seconds / _DAY)} days" if seconds >= _DAY else f"{seconds} seconds"
