"""The catalogue is worked on by parts, and a file does what its preview said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from consent_server.domain.account import Actor, Role
from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_edits import Overtaken
from consent_server.domain.catalogue_files import write_rows
from consent_server.domain.catalogue_rows import Row, rows_of, service_revision
from consent_server.domain.errors import Invalid
from consent_server.domain.policy_text import read_policy
from consent_server.services import cataloguing, editing
from consent_server.services.cataloguing import Editor
from consent_server.storage import draft_changes, sites
from consent_server.storage.library import load_library
from tests.builders import site_file

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADA = Actor("user", 1, "Ada", 1, Role.EDITOR)
OWN = {
    "id": "own",
    "name": "Own",
    "vendor": "Example",
    "purpose": None,
    "trackers": [{"name": "=cmd|'/c calc'!A0"}, {"name": "b", "description": {"fr": "-é", "en": "'=x"}}],
}


@pytest.fixture
def editor(database_url: str) -> Iterator[Editor]:
    engine = create_engine(database_url)
    with Session(engine) as session:
        editing.import_site(session, site_file(services=[{"library": "google-analytics"}, OWN]), NOW)
        yield Editor(session, "example", ADA, NOW)
    engine.dispose()


def catalogue(editor: Editor) -> Catalogue:
    return editing.check_draft(sites.find_site(editor.session, "example").draft)


def rows(editor: Editor) -> dict[str, Row]:
    return {row.tracker.name: row for row in rows_of(catalogue(editor))}


def seen(*found: Row) -> dict[str, str]:
    return {row.id: row.revision for row in found}


def said(editor: Editor) -> dict[str, str]:
    return {row.id: row.revision for row in rows_of(catalogue(editor))}


def do(editor: Editor, text: str) -> cataloguing.Preview:
    preview = cataloguing.preview_file(editor.session, "example", text)
    cataloguing.import_file(editor, text, preview.revision)
    return preview


def test_what_is_exported_changes_nothing_when_it_is_read_again(editor: Editor) -> None:
    text = write_rows(catalogue(editor))
    assert "\"'=cmd|" in text
    assert cataloguing.preview_file(editor.session, "example", text).effect.nothing


def test_a_file_does_exactly_what_its_preview_said(editor: Editor) -> None:
    before = said(editor)
    text = (
        "name;service;purpose;declared_lifetime;ground;author;justification_fr;justification_en;conditions\r\n"
        "b;;marketing;P1M;;;;;\r\n"
        "fresh;;preferences;;;;;;\r\n"
        "_new;google-analytics;audience;session;;;;;\r\n"
        "SID;php-session;necessary;session;EXM-02;Ada;Connexion;Signing in;EXM-02 EXM-08\r\n"
    )
    preview = do(editor, text)
    after = said(editor)

    assert {row.tracker.name for row in preview.effect.added} == {"fresh", "_new", "SID"}
    assert {change.after.tracker.name for change in preview.effect.changed} == {"b"}
    assert preview.effect.changed[0].fields["declared_lifetime"] == (None, "P1M")
    assert {key for key in after if key not in before} == {row.id for row in preview.effect.added}
    assert {k for k in before if after[k] != before[k]} == {change.after.id for change in preview.effect.changed}
    assert preview.effect.removed == ()
    exemption = rows(editor)["SID"].tracker.exemption
    assert exemption is not None
    assert exemption.conditions == {"EXM-02": True, "EXM-08": True}
    assert rows(editor)["fresh"].service.id == "own-cookies"


def test_what_a_file_does_not_mention_stays(editor: Editor) -> None:
    do(editor, "name,purpose\nb,audience\n")
    assert rows(editor)["b"].tracker.description == {"fr": "-é", "en": "'=x"}


def test_every_mistake_of_a_file_is_told_under_its_line_and_nothing_is_kept(editor: Editor) -> None:
    before = sites.find_site(editor.session, "example")
    with pytest.raises(Invalid) as refused:
        cataloguing.preview_file(editor.session, "example", "name,purpose,kind\nb,fun,cookie\n*,audience,cake\n")
    assert {"line 2, purpose", "line 3, name", "line 3, kind"} <= set(refused.value.problems)
    assert sites.find_site(editor.session, "example") == before


def test_a_site_file_replaces_the_draft_and_says_what_else_it_changes(editor: Editor) -> None:
    import json

    draft: dict[str, Any] = dict(editing.export_site(editor.session, "example"))
    changed = {**draft, "choice_lifetime": "P3M", "services": [{"library": "google-analytics", "name": "GA"}]}
    preview = do(editor, json.dumps(changed))
    assert preview.effect.parts == ("choice_lifetime",)
    assert {row.service.id for row in preview.effect.removed} == {"own"}
    assert set(preview.effect.services) == {"GA", "Own"}
    assert editing.export_site(editor.session, "example") == changed


@pytest.mark.parametrize("text", ["[]", '{"site_key": "other"}', "{", '{"a": 1, "a": 2}', "", "colour\nred"])
def test_what_is_no_file_of_this_site_is_refused(editor: Editor, text: str) -> None:
    with pytest.raises(Invalid):
        cataloguing.preview_file(editor.session, "example", text)


def test_a_file_is_not_read_into_another_draft_than_the_one_of_its_preview(editor: Editor) -> None:
    text = "name,purpose\nb,audience\n"
    revision = cataloguing.preview_file(editor.session, "example", text).revision
    cataloguing.change_trackers(editor, seen(rows(editor)["b"]), {"purpose": "social"}, "b")
    with pytest.raises(Overtaken):
        cataloguing.import_file(editor, text, revision)
    assert rows(editor)["b"].tracker.purpose == "social"


def test_trackers_and_services_come_change_and_go(editor: Editor) -> None:
    cataloguing.add_from_library(editor, ["matomo", "google-analytics"])
    cataloguing.add_service(editor, {"id": "chat", "name": "Chat", "vendor": "V", "purpose": "social", "trackers": []})
    cataloguing.add_tracker(editor, "chat", {"name": "c", "purpose": "social"})
    found = next(each for each in catalogue(editor).services if each.id == "chat")
    cataloguing.change_service(editor, "chat", service_revision(found), {"purpose": "preferences"})
    assert rows(editor)["c"].tracker.purpose == "preferences"
    cataloguing.remove_trackers(editor, seen(rows(editor)["c"]), "c")
    assert [each.id for each in catalogue(editor).services] == ["google-analytics", "own", "matomo"]
    with pytest.raises(Invalid):
        cataloguing.add_service(editor, {"id": "own", "name": "Again", "vendor": "V", "purpose": None})
    deeds = [change.deed for change in draft_changes.list_changes(editor.session, 1)]
    assert deeds == ["tracker.removed", "service.changed", "tracker.added", "service.added", "service.added"]


POLICY = """Cookies. We use Google Analytics and Hotjar to measure our audience.
The cookie "PHPSESSID" keeps your session. The cookie "my_own_choice_7" keeps your choice for 6 months."""


def test_of_a_policy_only_what_was_accepted_comes_in(editor: Editor) -> None:
    findings = read_policy(POLICY, load_library())
    assert {service.id for service in findings.services} >= {"google-analytics", "hotjar"}
    cataloguing.add_proposals(editor, findings, ["hotjar"], ["my_own_choice_7"])
    ids = [service.id for service in catalogue(editor).services]
    assert ids == ["google-analytics", "own", "hotjar", "own-cookies"]
    own = rows(editor)["my_own_choice_7"].tracker
    assert (own.purpose, own.lifetime.text if own.lifetime else None) == (None, "P6M")
