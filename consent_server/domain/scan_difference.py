"""What is different between two scans of a site: what appeared, what is gone, what lasts otherwise, who sets it.

Compared is what both scans could see: a pass that one of them did not make says nothing. Things are recognised by kind,
name and domain; what is another in every visitor's browser (a long number, an identifier) is left out of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from consent_server.domain.classification import OWN_COOKIES, Classified, Classifier
from consent_server.domain.name_pattern import matches
from consent_server.domain.scan import BEFORE, Pass, Scan, SeenCookie, SeenRequest, SeenStorage, host_of

APPEARED, EARLIER, LIFETIME, SET_BY, GONE = "appeared", "before_consent_now", "lifetime", "set_by", "gone"
SORTS = (APPEARED, EARLIER, LIFETIME, SET_BY, GONE)

TOLERANCE = 0.02
"""How far two lifetimes may be apart and still be the same: those until a fixed date grow shorter by the day."""
TOLERANCE_S = 2 * 86_400

_OF_A_VISITOR = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,}|\d{8,}", re.I)

Key = tuple[str, str, str]
Seen = SeenCookie | SeenStorage | SeenRequest


@dataclass(frozen=True)
class Change:
    """One difference; of what is gone, ``page``, ``seen_in`` and ``set_by`` say how it was. Lifetimes are seconds."""

    sort: str
    kind: str
    name: str
    domain: str
    seen_in: str
    page: str
    set_by: tuple[str, ...]
    before: int | None = None
    after: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the change as it is told to programs."""
        return asdict(self)


@dataclass(frozen=True)
class _Thing:
    key: Key
    name: str
    seen: Seen
    passes: tuple[str, ...]

    @property
    def lifetime(self) -> int | None:
        return self.seen.lifetime if isinstance(self.seen, SeenCookie) else None

    def change(self, sort: str, was: _Thing | None = None) -> Change:
        """Return a difference of this thing."""
        lifetimes = (was.lifetime, self.lifetime) if was else (None, self.lifetime)
        kind, _, domain = self.key
        return Change(sort, kind, self.name, domain, self.passes[0], self.seen.page, self.seen.who, *lifetimes)


def compare_scans(before: Scan, after: Scan) -> tuple[Change, ...]:
    """Return what is different, what appeared first."""
    common = {each.name for each in before.passes if each.pages} & {each.name for each in after.passes if each.pages}
    then, now = _things(before, common), _things(after, common)
    return tuple(sorted(_changes(then, now), key=lambda change: SORTS.index(change.sort)))


def new_before_consent(before: Scan | None, after: Scan, classifier: Classifier) -> tuple[Classified, ...]:
    """Return what needs consent and came before it now, and did not then; without a scan of before, all of it."""
    known = _keys(before.of(BEFORE)) if before else set()
    found: dict[Key, Classified] = {}
    first = after.of(BEFORE)
    for each in classifier.of_pass(first) if first else ():
        if each.needs_consent and key_of(each.seen) not in known:
            found.setdefault(key_of(each.seen), each)
    return tuple(found.values())


def key_of(seen: Seen) -> Key:
    """Return what a thing is recognised by from scan to scan; requests are one for each host."""
    if isinstance(seen, SeenRequest):
        return "request", host_of(seen.address), ""
    if isinstance(seen, SeenCookie):
        return "cookie", folded(seen.name), seen.domain.lstrip(".")
    return seen.kind, folded(seen.name), host_of(seen.origin)


def _keys(seen: Pass | None) -> set[Key]:
    return {key_of(each) for each in _of_pass(seen)} if seen else set()


def _of_pass(seen: Pass) -> Iterator[Seen]:
    """Yield what a pass saw, but for the site's own requests and what our banner keeps."""
    named: tuple[SeenCookie | SeenStorage, ...] = (*seen.cookies, *seen.storage)
    yield from (each for each in named if not any(matches(pattern, each.name) for pattern in OWN_COOKIES))
    yield from (each for each in seen.requests if each.third_party)


def _things(scan: Scan, names: Iterable[str]) -> Mapping[Key, _Thing]:
    """Return each thing as it was first, with the passes that it came in; a cookie as it lasted longest."""
    found: dict[Key, _Thing] = {}
    for each in scan.passes:
        for seen in _of_pass(each) if each.name in names else ():
            key, was = key_of(seen), found.get(key_of(seen))
            name = host_of(seen.address) if isinstance(seen, SeenRequest) else seen.name
            longer = was is None or (isinstance(seen, SeenCookie) and (seen.lifetime or 0) > (was.lifetime or 0))
            passes = (*(was.passes if was else ()), each.name)
            found[key] = _Thing(key, name, seen if longer or was is None else was.seen, passes)
    return found


def _changes(then: Mapping[Key, _Thing], now: Mapping[Key, _Thing]) -> Iterator[Change]:
    for key, thing in now.items():
        was = then.get(key)
        if was is None:
            yield thing.change(APPEARED)
            continue
        if BEFORE in thing.passes and BEFORE not in was.passes:
            yield thing.change(EARLIER, was)
        if _differ(was.lifetime, thing.lifetime):
            yield thing.change(LIFETIME, was)
        if _hand(was) and _hand(thing) and _hand(was) != _hand(thing):
            yield thing.change(SET_BY, was)
    yield from (was.change(GONE) for key, was in then.items() if key not in now)


def _differ(before: int | None, after: int | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > max(TOLERANCE_S if min(before, after) > TOLERANCE_S else 60, TOLERANCE * before)


def _hand(thing: _Thing) -> str:
    """Return the host of who did it; nothing where that is not known, or for a request, which has many reasons."""
    return host_of(thing.seen.who[0]) if thing.seen.who and thing.key[0] != "request" else ""


def folded(name: str) -> str:
    """Return a name without what is another in every visitor's browser."""
    return _OF_A_VISITOR.sub("*", name)
