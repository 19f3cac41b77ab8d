"""Working on a site's draft: create, import a site file, export it, draft it from a policy, change a part of it.

Whatever changes a draft does it in these steps, so that two editors lose nothing and every change can be taken back:

    1  take the site's row                       nobody else changes it until this is over
    2  make the change from what the draft is now, not from what somebody saw of it
    3  read the whole draft again                what does not hold together → ``Invalid``, nothing kept
    4  keep draft and change together; commit
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain.account import Actor
from consent_server.domain.catalogue import Catalogue, parse_catalogue, parse_site_key
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.errors import Conflict, ConsentServerError, Invalid
from consent_server.domain.json_patch import Step, apply, difference, inverse
from consent_server.domain.name_pattern import matches_in_any_case
from consent_server.domain.policy_text.findings import PolicyFindings
from consent_server.services.noting import note
from consent_server.storage import draft_changes, logos, sites
from consent_server.storage.database import begin_immediate
from consent_server.storage.draft_changes import DraftChange
from consent_server.storage.library import load_library
from consent_server.storage.organisations import FIRST_ORGANISATION
from consent_server.storage.sites import Site
from consent_server.storage.texts import load_languages


def create_site(
    session: Session,
    key: str,
    name: str,
    origins: list[str],
    languages: list[str],
    now: datetime,
    organisation_id: int = FIRST_ORGANISATION,
) -> str:
    """Keep a new site with an empty draft; return its key. Raises ``Invalid`` or ``Conflict``."""
    parse_site_key(key)
    draft = {
        "site_key": key,
        "name": name,
        "origins": origins,
        "default_language": languages[0],
        "languages": languages,
        "services": [],
    }
    return import_site(session, draft, now, replace=False, organisation_id=organisation_id)


def import_site(
    session: Session,
    document: Mapping[str, Any],
    now: datetime,
    *,
    replace: bool = True,
    organisation_id: int = FIRST_ORGANISATION,
) -> str:
    """Keep a site file as the site's draft, creating the site in the organisation when needed; return its key.

    Raises ``Invalid`` with every mistake at once, and then nothing was kept. The same file again changes nothing.
    """
    catalogue = check_draft(document)
    exists = sites.site_exists(session, catalogue.site_key)
    if exists and not replace:
        raise Conflict(f"There is a site “{catalogue.site_key}” already.")
    _refuse_unknown_logo(session, catalogue)
    if exists:
        change_document(session, catalogue.site_key, None, Deed("catalogue.imported"), lambda _draft: document, now)
    else:
        given = catalogue.site_key, catalogue.name, catalogue.origins, document, now, organisation_id
        sites.add_site(session, *given)
        session.commit()
    return catalogue.site_key


@dataclass(frozen=True)
class Deed:
    """What an editor did, for the history: a word, and to what. ``undoes`` is the change taken back."""

    name: str
    subject: str = ""
    undoes: int | None = None


Draft = Mapping[str, Any]
Edit = Callable[[Draft, Catalogue], Draft]

LONGEST_TOLD = 20_000

COMMAND_LINE = ("command line", 0, "command line")


def change_draft(
    session: Session,
    site_key: str,
    actor: Actor | None,
    deed: Deed,
    edit: Edit,
    now: datetime,
    seen: int | None = None,
) -> DraftChange | None:
    """Change a site's draft; return what is kept of that, ``None`` when nothing is different.

    ``edit`` is given the draft as it is now and what it means. Raises what it raises, ``Invalid``, and ``Overtaken``
    when the draft is not of the revision ``seen`` any more.
    """
    return change_document(session, site_key, actor, deed, lambda draft: edit(draft, check_draft(draft)), now, seen)


def replace_draft(
    session: Session, site_key: str, actor: Actor, document: Draft, now: datetime, seen: int | None = None
) -> DraftChange | None:
    """Make a site file the draft, whatever the draft was. Raises ``Invalid``, and ``Overtaken`` as above."""
    return change_document(session, site_key, actor, Deed("catalogue.imported"), lambda _draft: document, now, seen)


def change_document(
    session: Session,
    site_key: str,
    actor: Actor | None,
    deed: Deed,
    edit: Callable[[Draft], Draft],
    now: datetime,
    seen: int | None = None,
) -> DraftChange | None:
    """Change a draft that need not hold together before, only afterwards: the way out of one that does not."""
    session.rollback()
    begin_immediate(session)
    try:
        site = sites.lock_site(session, site_key)
        if seen is not None and site.revision != seen:
            raise Overtaken([])
        change = _kept(session, site, actor, deed, edit(site.draft), now)
    except ConsentServerError:
        session.rollback()
        raise
    session.commit()
    return change


def _kept(
    session: Session, site: Site, actor: Actor | None, deed: Deed, document: Draft, now: datetime
) -> DraftChange | None:
    patch = difference(site.draft, document)
    if not patch:
        return None
    catalogue = check_draft(document)
    if catalogue.site_key != site.key:
        raise Invalid.because("This is the file of another site.", "site_key")
    _refuse_unknown_logo(session, catalogue)
    sites.replace_draft(session, site, catalogue.name, catalogue.origins, document, now)
    who = (actor.kind, actor.id, actor.name) if actor else COMMAND_LINE
    if actor:
        note(session, actor, deed.name, site.key, deed.subject, _told(patch), now)
    return draft_changes.add_change(
        session, site.id, site.revision + 1, now, who, deed.name, deed.subject, patch, deed.undoes
    )


def _refuse_unknown_logo(session: Session, catalogue: Catalogue) -> None:
    """A file names its logo by digest: one that was never drawn here cannot be shown."""
    logo = catalogue.banner.logo
    if logo and not logos.is_kept(session, logo):
        raise Invalid.because("This logo is not kept here: leave it out, and upload the picture.", "banner.logo")


def _told(patch: list[Step]) -> dict[str, Any]:
    """Return a change for the activity: what was and what is, by its place in the site file; a long one counted."""
    told = {".".join(map(str, path)): [before, after] for path, _place, before, after in patch}
    short = len(json.dumps(told)) <= LONGEST_TOLD
    return told if short else {"steps": len(patch)}


def last_change(session: Session, site_id: int) -> DraftChange | None:
    """Return the change that would be taken back next: the newest that was not, and took none back itself."""
    taken_back: set[int] = set()
    for change in draft_changes.list_changes(session, site_id, longest=1_000):
        if change.undoes is not None:
            taken_back.add(change.undoes)
        elif change.id not in taken_back:
            return change
    return None


def undo(session: Session, site_key: str, change_id: int, actor: Actor | None, now: datetime) -> DraftChange | None:
    """Take the last change of a draft back; raise ``Overtaken`` when that is not ``change_id`` any more."""
    site_id = sites.find_site(session, site_key).id
    last = last_change(session, site_id)

    def back(draft: Draft) -> Draft:
        newest = last_change(session, site_id)
        if newest is None or newest.id != change_id:
            raise Overtaken([])
        return apply(draft, inverse(newest.patch))

    return change_document(
        session, site_key, actor, Deed("change.undone", last.deed if last else "", change_id), back, now
    )


def check_draft(document: object) -> Catalogue:
    """Return the draft resolved against the library and the shipped languages; raise ``Invalid``."""
    return parse_catalogue(document, load_library(), load_languages())


def export_site(session: Session, key: str) -> Mapping[str, Any]:
    """Return the draft as a site file."""
    return sites.find_site(session, key).draft


def draft_from_policy(session: Session, site_key: str, findings: PolicyFindings, now: datetime) -> tuple[str, ...]:
    """Add what a policy names to a site's draft; return the ids of the services that came in.

    What the library knows is taken from it; a cookie that nobody knows becomes a service of the site's own without a
    purpose, and stays blocked until an editor says what it is for (CAT-01). What the draft has already is left alone.
    """
    site = sites.find_site(session, site_key)
    draft = dict(site.draft)
    services = list(draft.get("services", []))
    present = {service.get("id") or service.get("library") for service in services}
    added: list[str] = []
    for service_id in named_services(findings):
        if service_id not in present:
            services.append({"library": service_id})
            added.append(service_id)
    declared = [tracker.name for tracker in check_draft({**draft, "services": services}).trackers()]
    unknown = [
        {"name": cookie.name, "kind": "cookie", "declared_lifetime": cookie.lifetime}
        for cookie in findings.cookies
        if not any(matches_in_any_case(name, cookie.name) for name in declared)
    ]
    if unknown:
        services.append(
            {
                "id": free_id("own-cookies", present),
                "name": site.name,
                "vendor": site.name,
                "purpose": None,
                "trackers": unknown,
            }
        )
        added.append(services[-1]["id"])
    draft["services"] = services
    import_site(session, draft, now)
    return tuple(added)


def named_services(findings: PolicyFindings) -> list[str]:
    """Return library ids of the services that a policy names, or whose cookies it names, each once."""
    named = [service.id for service in findings.services]
    named += [cookie.service_id for cookie in findings.cookies if cookie.service_id]
    return list(dict.fromkeys(named))


def free_id(wanted: str, taken: Collection[str | None]) -> str:
    """Return the wanted id, or one with a number behind it that nobody has."""
    numbers = (f"{wanted}-{number}" for number in range(2, 1_000))
    return wanted if wanted not in taken else next(each for each in numbers if each not in taken)
