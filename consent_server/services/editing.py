"""Working on a site's draft: create, import a site file, export it, draft it from a policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain.catalogue import Catalogue, parse_catalogue, parse_site_key
from consent_server.domain.errors import Conflict
from consent_server.domain.name_pattern import matches_in_any_case
from consent_server.domain.policy_text.findings import PolicyFindings
from consent_server.storage import sites
from consent_server.storage.library import load_library
from consent_server.storage.organisations import FIRST_ORGANISATION
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
    if not exists:
        given = catalogue.site_key, catalogue.name, catalogue.origins, document, now, organisation_id
        sites.add_site(session, *given)
    else:
        site = sites.find_site(session, catalogue.site_key)
        if site.draft != document:
            sites.replace_draft(session, site, catalogue.name, catalogue.origins, document, now)
    session.commit()
    return catalogue.site_key


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
    for service_id in _named_services(findings):
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
                "id": _free_id("own-cookies", present),
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


def _named_services(findings: PolicyFindings) -> list[str]:
    """Return library ids of the services that a policy names, or whose cookies it names, each once."""
    named = [service.id for service in findings.services]
    named += [cookie.service_id for cookie in findings.cookies if cookie.service_id]
    return list(dict.fromkeys(named))


def _free_id(wanted: str, taken: set[str | None]) -> str:
    numbers = (f"{wanted}-{number}" for number in range(2, 1_000))
    return wanted if wanted not in taken else next(each for each in numbers if each not in taken)
