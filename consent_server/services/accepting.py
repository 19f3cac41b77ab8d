"""Taking up into the catalogue's draft what a scan proposes: an editor's act, one thing at a time.

What the library knows comes in as the library has it; what nobody knows comes in unclassified, and is blocked until
somebody says what it is for (CAT-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consent_server.domain import catalogue_edits as edits
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_files import OWN_SERVICE
from consent_server.domain.catalogue_rows import write_tracker
from consent_server.domain.classification import DECLARED, Classified
from consent_server.domain.errors import NotFound
from consent_server.domain.library import Library, LibraryService
from consent_server.domain.scan import SeenCookie, host_of, same_site
from consent_server.domain.tracker import OWN_SITE
from consent_server.services.auditing import Audited, Sighting, sightings
from consent_server.services.cataloguing import Editor
from consent_server.services.editing import Draft, free_id
from consent_server.storage.draft_changes import DraftChange
from consent_server.storage.library import load_library

DAY_S = 86_400


@dataclass(frozen=True)
class Proposal:
    """What accepting a thing adds: a ``service`` of the library, or the thing alone, unclassified."""

    service: LibraryService | None


def proposal_of(sighting: Sighting, library: Library) -> Proposal | None:
    """Return what can be accepted of a thing; None when it is declared already, or nobody's request."""
    thing = sighting.thing
    if thing.confidence == DECLARED:
        return None
    if thing.service is None:
        return Proposal(None) if thing.kind != "request" else None
    named = (service for service in library.services if service.name == thing.service)
    return Proposal(next(named, None))


def accept(editor: Editor, audited: Audited, kind: str, name: str, domain: str) -> DraftChange | None:
    """Take up what a scan proposes for one thing. Raises ``NotFound`` when it saw none, ``Invalid`` of a mistake."""
    library, host = load_library(), host_of(audited.seen.address)
    sighting = next((each for each in sightings(audited) if _is(each.thing, kind, name, domain)), None)
    proposal = proposal_of(sighting, library) if sighting else None
    if sighting is None or proposal is None:
        raise NotFound("This scan proposes nothing of that name.")
    service = proposal.service

    def edit(draft: Draft, found: Catalogue) -> Draft:
        return _added(draft, found, library, service, sighting, host)

    return editor.change(*(("service.added", service.name) if service else ("tracker.added", name)), edit)


def _is(thing: Classified, kind: str, name: str, domain: str) -> bool:
    return (thing.kind, thing.name, thing.domain) == (kind, name, domain)


def _added(
    draft: Draft, found: Catalogue, library: Library, service: LibraryService | None, sighting: Sighting, host: str
) -> Draft:
    thing = sighting.thing
    if service is None:
        return _own(draft, found, thing, sighting.lifetime, host)
    if all(each.id != service.id for each in found.services):
        return edits.add_services(draft, found, [{"library": service.id}])
    own = same_site(thing.domain, host)
    known = library.find_tracker(thing.name, None if own else thing.domain, thing.kind)
    if known is None or known.service != service.id:
        return draft  # the editor left it out of a service that is there: nothing to add
    return edits.add_tracker(draft, found, service.id, write_tracker(known.tracker))


def _own(draft: Draft, found: Catalogue, thing: Classified, lifetime: int | None, host: str) -> Draft:
    """Add an unclassified tracker to the service that holds such, which is made when there is none."""
    tracker: dict[str, Any] = {"name": thing.name, "kind": thing.kind}
    tracker["domain"] = OWN_SITE if same_site(thing.domain, host) else thing.domain
    if isinstance(thing.seen, SeenCookie):
        days = max(round((lifetime or 0) / DAY_S), 1)
        tracker["declared_lifetime"] = f"P{days}D" if lifetime else "session"
    holding = next((each for each in found.services if each.id == OWN_SERVICE and each.purpose is None), None)
    if holding is not None:
        return edits.add_tracker(draft, found, holding.id, {**tracker, "purpose": None})
    service_id = free_id(OWN_SERVICE, {each.id for each in found.services})
    about = {"id": service_id, "name": found.name, "vendor": found.name, "purpose": None, "trackers": [tracker]}
    return edits.add_services(draft, found, [about])
