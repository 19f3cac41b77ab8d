"""Five sites as shipped: loaded once, published once, and left alone after that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from consent_server.services import clock, editing
from consent_server.services.demonstrating import load_demo, loopback_pattern
from consent_server.storage import configurations, sites
from consent_server.storage.database import db
from tests import builders

KEYS = ("alterce", "aquao", "iabako", "imope", "ubiq")


def _load(settings: builders.Settings) -> list[str]:
    return list(load_demo(db.session(), settings, clock.now()))


def _versions() -> list[int | None]:
    session = db.session()
    return [configurations.latest_version(session, sites.find_site(session, key).id) for key in KEYS]


def test_loading_again_publishes_nothing_new(app: Flask, settings: builders.Settings) -> None:
    with app.app_context():
        assert _load(settings) == _load(settings)
        assert _versions() == [1] * 5


def test_what_was_changed_meanwhile_is_kept_also_on_another_port(app: Flask, settings: builders.Settings) -> None:
    with app.app_context():
        _load(settings)
        changed = {**editing.export_site(db.session(), "imope"), "choice_lifetime": "P3M"}
        editing.import_site(db.session(), changed, clock.now())
        _load(replace(settings, port=8001))
        draft = editing.export_site(db.session(), "imope")

        assert draft["choice_lifetime"] == "P3M"
        assert draft["origins"][-2:] == ["http://imope.localhost:8000", "http://imope.localhost:8001"]
        assert len(set(draft["origins"])) == len(draft["origins"])
        assert _versions() == [2 if key == "imope" else 1 for key in KEYS]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.google-analytics.com/*", "*.google-analytics.com.localhost/*"),
        ("www.facebook.com/tr*", "www.facebook.com.localhost/tr*"),
    ],
)
def test_every_host_is_ruled_under_localhost_too(pattern: str, expected: str) -> None:
    assert loopback_pattern(pattern) == expected


def test_nobody_is_named_in_what_is_published(app: Flask, settings: builders.Settings) -> None:
    with app.app_context():
        _load(settings)
        session = db.session()
        for key in KEYS:
            site = sites.find_site(session, key)
            document = configurations.find_configuration(session, site.id, 1).document
            trackers = [t for service in document["services"] for t in service["trackers"]]
            assert all(t["exemption"] for t in trackers if t["purpose"] == "necessary")
            assert "Site owner" not in str(document)
