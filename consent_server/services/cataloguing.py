"""Working on the catalogue: trackers, services, files of rows. Each deed is one change of a draft (``editing.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from consent_server.domain import catalogue_edits as edits
from consent_server.domain import purpose_edits
from consent_server.domain.account import Actor
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.catalogue_files import OWN_SERVICE, Effect, effect_of, merge_rows
from consent_server.domain.errors import Invalid
from consent_server.domain.policy_text.findings import PolicyFindings
from consent_server.domain.strict_json import MalformedJson, parse_json
from consent_server.services.editing import Deed, Draft, change_document, change_draft, check_draft, free_id
from consent_server.storage import sites
from consent_server.storage.draft_changes import DraftChange

LONGEST_FILE = 900_000
"""Characters of a file that is read; a form that brings it back after its preview is under the limit of a request."""


@dataclass(frozen=True)
class Editor:
    """Who works on which site, and when."""

    session: Session
    site_key: str
    actor: Actor
    now: datetime

    def change(self, deed: str, subject: str, edit: Callable[[Draft, Catalogue], Draft]) -> DraftChange | None:
        """Make one change of the draft."""
        return change_draft(self.session, self.site_key, self.actor, Deed(deed, subject), edit, self.now)


def change_trackers(editor: Editor, seen: Mapping[str, str], changes: Mapping[str, Any], subject: str) -> None:
    """Change rows, given as id → revision seen. Raises ``Overtaken`` or ``Invalid``, and then nothing was changed."""
    editor.change("tracker.changed", subject, lambda draft, found: edits.change_rows(draft, found, seen, changes))


def remove_trackers(editor: Editor, seen: Mapping[str, str], subject: str) -> None:
    """Remove rows. Raises ``Overtaken``."""
    editor.change("tracker.removed", subject, lambda draft, found: edits.remove_rows(draft, found, seen))


def add_tracker(editor: Editor, service_id: str, tracker: Mapping[str, Any]) -> None:
    """Add a tracker to a service of the catalogue; raise ``Invalid``."""
    name = str(tracker.get("name") or tracker.get("kind") or "")
    editor.change("tracker.added", name, lambda draft, found: edits.add_tracker(draft, found, service_id, tracker))


def add_from_library(editor: Editor, service_ids: Iterable[str]) -> None:
    """Add services that the library knows; what the catalogue has already is left alone."""
    wanted = [{"library": service_id} for service_id in service_ids]
    subject = ", ".join(each["library"] for each in wanted)
    editor.change("service.added", subject, lambda draft, found: edits.add_services(draft, found, wanted))


def add_service(editor: Editor, service: Mapping[str, Any]) -> None:
    """Add a service of the site's own."""
    name = str(service.get("name", ""))

    def edit(draft: Draft, found: Catalogue) -> Draft:
        if any(each.id == service.get("id") for each in found.services):
            raise Invalid.because("The catalogue has a service of this id already.", "id")
        return edits.add_services(draft, found, [service])

    editor.change("service.added", name, edit)


def change_service(editor: Editor, service_id: str, revision: str, changes: Mapping[str, Any]) -> None:
    """Change a service; raise ``Overtaken`` or ``Invalid``."""
    editor.change(
        "service.changed",
        service_id,
        lambda draft, found: edits.change_service(draft, found, service_id, revision, changes),
    )


def remove_service(editor: Editor, service_id: str, revision: str) -> None:
    """Remove a service with its trackers; raise ``Overtaken``."""
    editor.change(
        "service.removed",
        service_id,
        lambda draft, found: edits.remove_service(draft, found, service_id, revision),
    )


def add_purpose(editor: Editor, purpose: Mapping[str, Any]) -> None:
    """Add a purpose of the site's own; raise ``Invalid``."""
    editor.change(
        "purpose.added",
        str(purpose.get("id", "")),
        lambda draft, found: purpose_edits.add_purpose(draft, found, purpose),
    )


def remove_purpose(editor: Editor, purpose_id: str) -> None:
    """Remove a purpose of the site's own that nothing serves; raise ``Invalid``."""
    editor.change(
        "purpose.removed", purpose_id, lambda draft, found: purpose_edits.remove_purpose(draft, found, purpose_id)
    )


@dataclass(frozen=True)
class Preview:
    """What a file would change in the draft of that revision, and what the draft would mean ``then``."""

    revision: int
    effect: Effect
    then: Catalogue


def preview_file(session: Session, site_key: str, text: str) -> Preview:
    """Return what reading a file into the draft would change. Raises ``Invalid``.

    Of a draft that does not hold together any more, only a site file can take the place: all of it is new then.
    """
    site = sites.find_site(session, site_key)
    after = _with_file(site.draft, text)
    then = check_draft(after)
    if then.site_key != site.key:
        raise Invalid.because("This is the file of another site.", "site_key")
    try:
        was = check_draft(site.draft)
    except Invalid:
        was = check_draft({**after, "services": []})
    return Preview(site.revision, effect_of(site.draft, was, after, then), then)


def import_file(editor: Editor, text: str, revision: int) -> None:
    """Do what was previewed; raise ``Overtaken`` when the draft is not the one that the preview was of."""

    def edit(draft: Draft) -> Draft:
        if sites.find_site(editor.session, editor.site_key).revision != revision:
            raise Overtaken([])
        return _with_file(draft, text)

    deed = Deed("catalogue.imported")
    change_document(editor.session, editor.site_key, editor.actor, deed, edit, editor.now)


def _with_file(draft: Draft, text: str) -> Draft:
    """Read a file: a site file in JSON replaces the draft, a CSV file of rows is merged into it."""
    if len(text) > LONGEST_FILE:
        raise Invalid.because(f"A file has at most {LONGEST_FILE:,} characters.")
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return merge_rows(draft, check_draft(draft), text, check_draft)
    try:
        document = parse_json(text.lstrip("\ufeff").encode())
    except MalformedJson as wrong:
        raise Invalid.because(str(wrong)) from None
    if not isinstance(document, dict):
        raise Invalid.because("This is JSON, but not a site file: an object is expected.")
    return document


def add_proposals(
    editor: Editor, findings: PolicyFindings, services: Iterable[str], cookies: Iterable[str]
) -> DraftChange | None:
    """Add what was accepted of a policy's findings: services of the library by id, cookies by name.

    A cookie that the library does not know becomes one of the site's own, unclassified: a policy says what a cookie is
    for in its own words, an editor decides (CAT-01).
    """
    wanted, named = list(services), set(cookies)

    def edit(draft: Draft, found: Catalogue) -> Draft:
        changed = edits.add_services(draft, found, [{"library": service_id} for service_id in wanted])
        known = {tracker.name for tracker in check_draft(changed).trackers()}
        own = [
            {"name": cookie.name, "kind": "cookie", "declared_lifetime": cookie.lifetime}
            for cookie in findings.cookies
            if cookie.name in named and cookie.name not in known
        ]
        if not own:
            return changed
        service_id = free_id(OWN_SERVICE, {each.id for each in found.services})
        about = {"id": service_id, "name": found.name, "vendor": found.name, "purpose": None}
        return {**changed, "services": [*changed["services"], {**about, "trackers": own}]}

    return editor.change("service.added", ", ".join([*wanted, *sorted(named)]), edit)
