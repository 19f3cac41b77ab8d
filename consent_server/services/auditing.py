"""Judging what a kept scan saw: by the catalogue's draft and the policy's text of now, beside the scan before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy.orm import Session

from consent_server.domain.audit import FAILS, HOLDS, UNDECIDED, Verdict, audit
from consent_server.domain.audit.as_declared import check_as_declared
from consent_server.domain.audit_reports import FORMATS
from consent_server.domain.classification import UNKNOWN, Classified, Classifier
from consent_server.domain.drift import TOO_EARLY, Drift, contradictions, find_drift
from consent_server.domain.errors import Invalid, NotFound
from consent_server.domain.policy_text import PolicyFindings, read_policy
from consent_server.domain.scan import Pass, Scan, SeenCookie, host_of
from consent_server.domain.scan_difference import (
    APPEARED,
    GONE,
    Change,
    Key,
    compare_scans,
    folded,
    key_of,
    new_before_consent,
)
from consent_server.domain.tracker import Service
from consent_server.services.editing import check_draft
from consent_server.storage import policy_texts, scan_files, scans
from consent_server.storage.library import load_library
from consent_server.storage.policy_texts import PolicyText
from consent_server.storage.scans import Counts, KeptScan
from consent_server.storage.sites import Site


@dataclass(frozen=True)
class Audited:
    """A scan with what is made of it; ``previous`` is the scan that ``changes`` are measured from.

    ``policy`` is the text that the site keeps, which the verdicts compare, too.
    """

    kept: KeptScan
    seen: Scan
    classifier: Classifier
    verdicts: tuple[Verdict, ...]
    previous: KeptScan | None
    changes: tuple[Change, ...]
    policy: PolicyText | None


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
    policy = policy_texts.find_policy_text(session, site.id)
    verdicts = verdicts_of(site, seen, policy)
    changes = compare_scans(before, seen) if before else ()
    return Audited(kept, seen, classifier, verdicts, previous, changes, policy)


def drift_of(site: Site, audited: Audited, policy: str = "") -> tuple[Verdict, ...]:
    """Return where a policy's text, the catalogue and the browser part; nothing when the first two are missing.

    Without a text it is the one that the site keeps.
    """
    text = policy or (audited.policy.text if audited.policy else "")
    if not text and not services_of(site):
        return ()
    return tuple(check_as_declared(_drifts(site, audited.seen, audited.classifier, text)))


def write_audit(session: Session, audited: Audited, form: str, language: str) -> bytes:
    """Return the audit of a scan in one of ``FORMATS``, with the pictures that are kept."""
    pictures = scan_files.find_pictures(session, audited.kept.site_id, audited.kept.id)
    seen = replace(audited.seen, pictures=pictures)
    return FORMATS[form](seen, audited.verdicts, language).encode(errors="backslashreplace")


def count(site: Site, before: Scan | None, seen: Scan, policy: PolicyText | None = None) -> Counts:
    """Return what a scan comes to, in numbers."""
    classifier = classifier_of(site, seen)
    verdicts = verdicts_of(site, seen, policy)
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


def verdicts_of(site: Site, seen: Scan, policy: PolicyText | None = None) -> tuple[Verdict, ...]:
    """Return what is to say of what a scan saw, by the draft and the policy's text as they are now."""
    classifier = classifier_of(site, seen)
    drifts = _drifts(site, seen, classifier, policy.text) if policy else None
    return audit(seen, classifier, load_library(), drifts)


def newly_contradicted(
    site: Site, previous: KeptScan | None, before: Scan | None, seen: Scan, policy: PolicyText
) -> tuple[Drift, ...]:
    """Return what contradicts a site's words and did not in the scan before; of a text that is newer than that, all.

    What comes too early is not among it: that is ``urgent``, and told there.
    """
    compared = previous is not None and previous.finished_at is not None and previous.finished_at >= policy.kept_at
    known = _contradictions(site, before, policy.text) if compared and before else {}
    return tuple(each for key, each in _contradictions(site, seen, policy.text).items() if key not in known)


def services_of(site: Site) -> tuple[Service, ...]:
    """Return what a site's draft declares; nothing of one that has mistakes."""
    try:
        return tuple(check_draft(site.draft).services)
    except Invalid:
        return ()


def classifier_of(site: Site, seen: Scan) -> Classifier:
    """Return what says what things are, on this site."""
    return Classifier(load_library(), host_of(seen.address), services_of(site))


def _drifts(site: Site, seen: Scan, classifier: Classifier, text: str) -> tuple[Drift, ...]:
    return find_drift(seen, classifier, _findings(text) if text else None, services_of(site) or None)


def _contradictions(site: Site, seen: Scan, text: str) -> dict[tuple[str, ...], Drift]:
    drifts = contradictions(_drifts(site, seen, classifier_of(site, seen), text))
    return {(each.sort, each.kind, folded(each.name), each.domain): each for each in drifts if each.sort != TOO_EARLY}


@lru_cache(maxsize=4)
def _findings(text: str) -> PolicyFindings:
    """Return what a policy says; a long one takes a while to read, and every page on a scan asks."""
    return read_policy(text, load_library())


def _count(verdicts: Sequence[Verdict], which: str) -> int:
    return sum(verdict.verdict == which for verdict in verdicts)
