"""Judging what a kept scan saw: by the catalogue's draft as it is now, beside the scan before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Verdict, audit
from consent_server.domain.audit.as_declared import check_as_declared
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.classification import UNKNOWN, Classified, Classifier
from consent_server.domain.drift import find_drift
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.policy_text import read_policy
from consent_server.domain.scan import Pass, Scan, SeenCookie, host_of
from consent_server.domain.scan_difference import (
    APPEARED,
    GONE,
    Change,
    Key,
    compare_scans,
    key_of,
    new_before_consent,
)
from consent_server.domain.tracker import Service
from consent_server.services.editing import check_draft
from consent_server.storage import scan_files, scans
from consent_server.storage.library import load_library
from consent_server.storage.scans import Counts, KeptScan
from consent_server.storage.sites import Site


@dataclass(frozen=True)
class Audited:
    """A scan with what is made of it; ``previous`` is the scan that ``changes`` are measured from."""

    kept: KeptScan
    seen: Scan
    classifier: Classifier
    verdicts: tuple[Verdict, ...]
    previous: KeptScan | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Sighting:
    """One thing in all passes: as it was first, with how long it lasts at most, in seconds."""

    thing: Classified
    passes: tuple[str, ...]
    lifetime: int | None

    @property
    def key(self) -> Key:
        """Return what it is recognised by."""
        return key_of(self.thing.seen)


def sightings(audited: Audited) -> tuple[Sighting, ...]:
    """Return everything that was seen of others and kept by anybody, each once, what needs consent first."""
    found: dict[Key, Sighting] = {}
    for each in audited.seen.passes:
        for thing in _things(each, audited.classifier):
            key = key_of(thing.seen)
            was = found.get(key)
            first = was.thing if was else thing
            passes = tuple(dict.fromkeys((*(was.passes if was else ()), each.name)))
            lasting = [age for age in (was.lifetime if was else None, _lifetime(thing)) if age is not None]
            found[key] = Sighting(first, passes, max(lasting, default=None))
    order = {True: 0, None: 1, False: 2}
    return tuple(sorted(found.values(), key=lambda it: (order[it.thing.needs_consent], it.key)))


def _things(seen: Pass, classifier: Classifier) -> Iterator[Classified]:
    yield from classifier.of_pass(seen)
    for request in seen.requests:
        if request.third_party and classifier.request(request) is None:
            host, why = host_of(request.address), "the library does not know it"
            yield Classified("request", request.address, host, None, None, None, UNKNOWN, why, request)


def _lifetime(thing: Classified) -> int | None:
    return thing.seen.lifetime if isinstance(thing.seen, SeenCookie) else None


def audit_scan(session: Session, site: Site, kept: KeptScan) -> Audited:
    """Return what a scan that ended saw, and what is to say of it. Raises ``NotFound`` when that is not kept."""
    seen = scans.find_seen(session, kept.id)
    if seen is None:
        raise NotFound("What this scan saw is not kept.")
    previous = scans.last_ended(session, site.id, before=kept.id)
    before = scans.find_seen(session, previous.id) if previous else None
    classifier = classifier_of(site, seen)
    verdicts = audit(seen, classifier, load_library())
    return Audited(kept, seen, classifier, verdicts, previous, compare_scans(before, seen) if before else ())


def drift_of(site: Site, audited: Audited, policy: str = "") -> tuple[Verdict, ...]:
    """Return where the policy's text, the catalogue and the browser part; nothing when the first two are missing."""
    findings = read_policy(policy, load_library()) if policy else None
    services = services_of(site) or None
    if findings is None and services is None:
        return ()
    return tuple(check_as_declared(find_drift(audited.seen, audited.classifier, findings, services)))


def write_audit(session: Session, audited: Audited, form: str, language: str) -> bytes:
    """Return the audit of a scan in one of ``FORMATS``, with the pictures that are kept."""
    pictures = scan_files.find_pictures(session, audited.kept.site_id, audited.kept.id)
    seen = replace(audited.seen, pictures=pictures)
    return FORMATS[form](seen, audited.verdicts, language).encode(errors="backslashreplace")


def count(site: Site, before: Scan | None, seen: Scan) -> Counts:
    """Return what a scan comes to, in numbers."""
    classifier = classifier_of(site, seen)
    verdicts = verdicts_of(site, seen)
    changes = compare_scans(before, seen) if before else ()
    sorts = [change.sort for change in changes]
    return Counts(
        _count(verdicts, FAILS),
        _count(verdicts, UNDECIDED),
        _count(verdicts, HOLDS),
        sorts.count(APPEARED),
        sorts.count(GONE),
        len(sorts) - sorts.count(APPEARED) - sorts.count(GONE),
        len(new_before_consent(before, seen, classifier)),
    )


def urgent(site: Site, before: Scan | None, seen: Scan) -> tuple[Classified, ...]:
    """Return what somebody wants to hear of at once: new, in need of consent, and there before it."""
    return new_before_consent(before, seen, classifier_of(site, seen))


def verdicts_of(site: Site, seen: Scan) -> tuple[Verdict, ...]:
    """Return what is to say of what a scan saw, by the draft as it is now."""
    return audit(seen, classifier_of(site, seen), load_library())


def services_of(site: Site) -> tuple[Service, ...]:
    """Return what a site's draft declares; nothing of one that has mistakes."""
    try:
        return tuple(check_draft(site.draft).services)
    except Invalid:
        return ()


def classifier_of(site: Site, seen: Scan) -> Classifier:
    """Return what says what things are, on this site."""
    return Classifier(load_library(), host_of(seen.address), services_of(site))


def _count(verdicts: Sequence[Verdict], which: str) -> int:
    return sum(verdict.verdict == which for verdict in verdicts)
