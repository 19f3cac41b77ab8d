"""Every page of the admin, from the URL map: a new one is visited, or says here what its address is filled with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, url_for
from werkzeug.routing import Rule

from consent_server.domain.account import Role, command_line
from consent_server.domain.catalogue_rows import rows_of
from consent_server.services import branding, clock, editing, managing_people, surveying
from consent_server.services.keeping_policies import keep_policy
from consent_server.services.surveying import Surveyor
from consent_server.storage import sites
from consent_server.storage.database import db
from consent_server.storage.organisations import FIRST_ORGANISATION
from tests import pictures
from tests.answers import sequence, visitor_answers
from tests.scans import CLEAN, FAULTY, Visits, pictured

PASSING = {
    "admin.home": "leads on",
    "admin.nothing": "is the page that is not there",
    "admin.static": "is no page",
    "admin_account.code_to_scan": "is a picture",
    "admin_activity.export": "is a file",
    "admin_answers.purposes_chart": "is a picture",
    "admin_answers.table": "is a file",
    "admin_answers.time_chart": "is a picture",
    "admin_catalogue.as_csv": "is a file",
    "admin_catalogue.as_json": "is a file",
    "admin_catalogue.kept_policy": "is a file",
    "admin_catalogue.fragment": "is a piece of a page",
    "admin_design.declaration": "is data for the preview",
    "admin_design.logo_of_preview": "is a picture",
    "admin_links.follow": "needs a link from a mail: tests/web/test_admin_accounts.py",
    "admin_proofs.file": "is a file",
    "admin_proofs.handover": "needs an export: tests/web/test_admin_proofs.py",
    "admin_scans.file": "is a file",
    "admin_scans.picture": "is a picture",
    "admin_sign_in.second": "needs a password before: tests/web/test_admin_accounts.py",
}
"""Endpoints that are not visited, and why."""


def furnish(app: Flask) -> dict[str, Any]:
    """Let every page have something to show of the site ``example``; return what addresses are filled with."""
    record_id = visitor_answers(app.test_client(), action="accept_all")
    with app.app_context():
        session, now = db.session(), clock.now()
        person, _ = managing_people.create_user(
            session, command_line(FIRST_ORGANISATION), "one@example.org", "One", Role.EDITOR, "fr", now
        )
        _brand(app)
        policy = "Nous utilisons le cookie _ga (Google Analytics), conservé 24 heures."
        keep_policy(session, sites.find_site(session, "example"), command_line(FIRST_ORGANISATION), now, policy)
        row = rows_of(editing.check_draft(sites.find_site(session, "example").draft))[0]
    sequence(app)
    return {
        "scan_id": scan_twice(app),
        "site_key": "example",
        "version": 2,
        "record_id": record_id,
        "user_id": person.id,
        "row_id": row.id,
        "service_id": "google-analytics",
    }


def scan_twice(app: Flask) -> int:
    """Let the site be scanned twice, the second time with a fault; return which scan is shown."""
    visits, asked = Visits(CLEAN, pictured(FAULTY)), []
    surveyor = Surveyor(
        app.extensions["sessions"],
        visit=visits,
        printer=lambda _scan, _verdicts, languages: dict.fromkeys(languages, b"%PDF"),
    )
    for _ in range(2):
        with app.app_context():
            session, actor = db.session(), command_line(FIRST_ORGANISATION)
            asked.append(surveying.ask(session, sites.find_site(session, "example"), actor, clock.now()))
        surveyor.turn()
    return asked[-1].id


def _brand(app: Flask) -> None:
    """Give the draft a logo."""
    session, actor, now = db.session(), command_line(FIRST_ORGANISATION), clock.now()
    alt = {"fr": "Exemple", "en": "Example"}
    branding.keep_logo(session, sites.find_site(session, "example"), pictures.encoded(), alt, actor, now)


def pages(app: Flask, filled: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address of each."""
    with app.test_request_context():
        rules: list[Rule] = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for rule in rules:
            if rule.rule.startswith("/admin/") and "GET" in (rule.methods or ()) and rule.endpoint not in PASSING:
                path = url_for(rule.endpoint, **{name: filled[name] for name in rule.arguments})
                yield path + ("?one=1&other=2" if rule.endpoint == "admin_publishing.compare" else "")
