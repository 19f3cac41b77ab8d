"""The composition root: the one module that sees every floor. ``create_app`` is an explicit, ordered list."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.orm import Session

from consent_server import cli, web
from consent_server.config import Settings, read_settings
from consent_server.services.anchoring import Anchorer, Anchoring
from consent_server.services.counting import Counting
from consent_server.services.following import Follower
from consent_server.services.gauging import Overview
from consent_server.services.keyring import read_keyring, secret_key
from consent_server.services.limiting import Limiter
from consent_server.services.logging_entries import anchor_origin
from consent_server.services.mailing import read_mailbox
from consent_server.services.making_months import MonthMaker
from consent_server.services.noticing import Noticing
from consent_server.services.printing import print_audit
from consent_server.services.publishing import published
from consent_server.services.purging import WHOLE_MONTH, Purger
from consent_server.services.readiness import Readiness
from consent_server.services.receiving import Addresses
from consent_server.services.recording import Recorder
from consent_server.services.sequencing import Sequencer
from consent_server.services.showing import Shelf
from consent_server.services.surveying import Surveyor, may_be_private
from consent_server.services.sweeping import Sweeper
from consent_server.services.time_stamping import read_authority
from consent_server.services.warning import Warner
from consent_server.services.witnessing import read_witnesses
from consent_server.storage import tables
from consent_server.storage.announcements import Announcements
from consent_server.storage.database import db, engine_options, guard_connecting

MIGRATIONS = Path(__file__).parents[1] / "migrations"

migrate = Migrate(directory=str(MIGRATIONS), render_as_batch=True)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application: settings, database, keys, the long-lived deeds, then every audience."""
    settings = settings or read_settings()
    app = Flask("consent_server", static_folder=None)
    app.extensions["settings"] = settings
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url, settings.threads),
        SECRET_KEY=secret_key(settings) or None,
        MAX_CONTENT_LENGTH=1024 * 1024,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    if settings.sqlite and settings.database_url.startswith("sqlite:///"):
        Path(settings.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    migrate.init_app(app, db)
    _start_deeds(app, settings)
    web.register(app)
    cli.register(app)
    return app


def _start_deeds(app: Flask, settings: Settings) -> None:
    """Make the objects that outlive a request. Their threads start on first use, in the process that uses them."""
    with app.app_context():
        engine = db.engine
    guard_connecting(engine)

    def sessions() -> Session:
        return Session(engine, expire_on_commit=False)

    keyring = read_keyring(settings)
    sequencer = Sequencer(sessions, keyring, settings.high_water_mark, settings.sequencer_interval)
    anchoring = Anchoring(
        sessions,
        keyring,
        settings.high_water_mark,
        anchor_origin(settings.public_url),
        read_authority(settings),
        read_mailbox(settings),
        read_witnesses(settings),
    )
    app.extensions["anchoring"] = anchoring
    app.extensions["anchorer"] = Anchorer(anchoring)
    app.extensions["keyring"] = keyring
    app.extensions["sequencer"] = sequencer
    app.extensions["sessions"] = sessions
    missing = tuple(
        name for name, key in (("SECRET_KEY", secret_key(settings)), ("LOG_KEY", keyring.promise)) if not key
    )
    app.extensions["readiness"] = Readiness(MIGRATIONS, missing)
    app.extensions["shelf"] = shelf = Shelf(settings.shown_mb * 1024 * 1024)
    announcements = Announcements(settings.redis_url) if settings.redis_url else None
    app.extensions["follower"] = Follower(sessions, shelf, announcements, settings.follow_interval)
    published.connect(shelf.doubt)
    if announcements:
        published.connect(announcements.announce)
    app.extensions["addresses"] = Addresses(settings.public_url)
    app.extensions["sweeper"] = sweeper = Sweeper(engine)
    app.extensions["counter"] = Counting(sessions)
    app.extensions["noticing"] = Noticing(sessions)
    app.extensions["overview"] = Overview(sessions, settings)
    app.extensions["limiter"] = Limiter(settings.redis_url, secret_key(settings))
    grace = WHOLE_MONTH if settings.purge_by_month else timedelta()
    app.extensions["months"] = MonthMaker(sessions)
    app.extensions["purger"] = Purger(sessions, sweeper.wake, grace=grace)
    app.extensions["surveyor"] = Surveyor(sessions, private=may_be_private(settings), printer=print_audit)
    app.extensions["warner"] = Warner(sessions, settings, private=may_be_private(settings))
    app.extensions["recorder"] = Recorder(sessions, keyring, sequencer.wake, settings.threads)


def main() -> None:
    """Run the command line; the console script ``consent-server``."""
    sys.exit(cli.main(create_app))


__all__ = ["create_app", "main", "tables"]
